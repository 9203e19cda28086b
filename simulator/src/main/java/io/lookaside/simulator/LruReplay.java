package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.LruArray;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.traces.PackedReference;
import io.lookaside.traces.ReferenceBatch;
import java.io.IOException;
import java.io.InputStream;
import java.lang.constant.ConstantDescs;
import java.lang.invoke.MethodHandles;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * The replay for the common machine: 4 KiB pages that the user may read, write and execute, true
 * LRU wherever such a page or a table is cached, levels that evict independently. It counts, bit
 * for bit, what {@link Replay} counts with the MMU, the TLBs and the walker behind it, which stay
 * the model that this is tested against.
 */
final class LruReplay implements ReplayEngine {
  /*
   * Four things make it fast. Most references touch the page that their set of the first level used
   * last: they hit and change nothing, so the loop only compares and adds (see Replay, which does
   * the same). What else happens is stated here in one place, without the ports between MMU, TLBs
   * and walker, and only what cannot be derived is counted: hits are translations less misses, the
   * look-ups of the second level are the misses of the first, and so on. Pages have numbers, and the
   * word of a page says where in each structure it is, if it is there, and whether its D bit is set
   * (see PageNumbers and PageSets): nothing is searched. What page tables hold is no business of the
   * caches: TouchedPages tells of each reference how far walks get and what its D bit is, once for
   * all machines that have the same tables, and what is left are places in sets. And where walks are
   * dense, references go by blocks: words are read ahead in a loop of nothing else, so that many of
   * the host's cache misses are under way at once.
   *
   * An invalidation by the kernel would have to be carried out here. There is none: the kernel maps
   * and never unmaps, so a page fault finds nothing of its page in a TLB, and what a walk has found
   * of the upper tables is found again. The D bit of a page's word is that of every entry that
   * stores use: they fetch it from memory, and an assist sets it in both.
   */

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** References in one pass of the loop: a short one is compiled early, see Replay. */
  private static final int CHUNK = 256;

  /** So many references on one page, or more, are worth to be looked for. */
  private static final int LONG_RUN = 32;

  /** They are looked for so often in vain. */
  private static final int TRIES = 2;

  /** References of them that are looked at together. */
  private static final int BLOCK = 128;

  /** One walk, or miss, for so many references, or more, makes it worth while to read ahead. */
  static final int DENSE = 8;

  /**
   * Misses of up to 255 look-ups are counted in one word: of the first level, above them the
   * second.
   */
  private static final int MISSES_BITS = 8;

  private static final int MISSES_MASK = (1 << MISSES_BITS) - 1;
  private static final int SECOND_SHIFT = AccessKind.COUNT * MISSES_BITS;

  /** Beside what a reference missed: its PD entry still has to become the one used last. */
  private static final long RAISES_PDE = 1L << 63;

  /** In place of what a reference missed: that it was left out. */
  private static final long NOT_NEAR = RAISES_PDE | 1L << 62;

  /** A reference is not near with the D bit in its event, unless its word has it too, or above. */
  private static final int NEAR_MASK = PageReferences.DIRTY | -1 << PageReferences.MISSING_SHIFT;

  private static final int PAGE_LEVEL = 3;
  private static final int PDE_LEVEL = PAGE_LEVEL - 1;
  private static final int LEVEL_BITS = 9;

  /** What no gigabyte has for a number. */
  private static final int NO_GIGABYTE = -1;

  /** What is kept of an upper entry: that it is there. */
  private static final long THERE = 1;

  /** In a class of its own for one machine: the parts of its only replay. Else {@code null}. */
  private static final @Nullable ReplayParts ONLY = only();

  /** In a class of its own for one machine: its only replay. Else {@code null}. */
  @SuppressWarnings("UnusedVariable") // inClassOfItsOwn reads it
  private static final @Nullable ReplayEngine ENGINE = ONLY == null ? null : new LruReplay(ONLY);

  private final ReplayParts parts;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;

  /** The gigabyte of the PDPT entry used last, if it is the front of its set; or NO_GIGABYTE. */
  private int lastGigabyte = NO_GIGABYTE;

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  /** Where {@link #runNear} ended. */
  private int next;

  /** The sum of {@link PackedReference#COUNTED} bits of a chunk. */
  private long counted;

  /** Whether the last chunk was on one page for long. */
  private boolean onePage;

  /** Whether walks are so many that references go by blocks. */
  private boolean dense;

  // Of the regions that have room in the words.
  private long[] regionVpns = new long[0];
  private long[] regionTags = new long[0];

  // Since the last flush. The look-ups are worked out in it.
  private final long[] lookups = new long[AccessKind.COUNT];
  private final long[] secondLookups = new long[AccessKind.COUNT];
  private final long[] taken = new long[AccessKind.COUNT];
  private long assists;

  /** A replay in place of the TLBs and the walker of a machine that fits. */
  LruReplay(ReplayParts parts) {
    this.parts = parts;
    addressSpaceChanged();
  }

  /**
   * A replay in a class of its own, made of this one: its parts are constants to the compiler, so
   * that no size, mask or array is looked up in memory and no test of the machine's shape is left.
   * The class has to be compiled for itself.
   */
  static ReplayEngine inClassOfItsOwn(ReplayParts parts) {
    try (InputStream in = LruReplay.class.getResourceAsStream("LruReplay.class")) {
      if (in == null) {
        throw new IllegalStateException("no class file of " + LruReplay.class);
      }
      MethodHandles.Lookup its =
          MethodHandles.lookup().defineHiddenClassWithClassData(in.readAllBytes(), parts, true);
      return (ReplayEngine)
          its.findStaticVarHandle(its.lookupClass(), "ENGINE", ReplayEngine.class).get();
    } catch (IOException | IllegalAccessException | NoSuchFieldException e) {
      throw new IllegalStateException(e);
    }
  }

  private static @Nullable ReplayParts only() {
    try {
      return MethodHandles.classData(
          MethodHandles.lookup(), ConstantDescs.DEFAULT_NAME, ReplayParts.class);
    } catch (IllegalAccessException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The parts, as a constant where they are one. */
  private ReplayParts parts() {
    return ONLY == null ? parts : ONLY;
  }

  @Override
  public void addressSpaceChanged() {
    ReplayParts p = parts();
    p.touched().enter(p.machine().mmu().registers().cr3());
    p.block().setRegions(p.touched().numbers());
    know(p.block());
    forgetAll();
  }

  @Override
  public Snapshot<ReferenceMetric> snapshot() {
    return counters.snapshot();
  }

  @Override
  public long physicalAddressSum() {
    return physicalAddressSum;
  }

  @Override
  public int run(ReferenceBatch batch, int from, int to) {
    PageReferences tables = parts().block();
    int i = from;
    while (i < to) {
      if (dense) {
        tables.rewind();
        i += parts().touched().block(batch, null, i, to, tables);
        know(tables);
        runBlock(tables, 0, tables.count());
        if (!dense) {
          forgetAll();
        }
      } else {
        int stop = Math.min(to, i + CHUNK);
        long before = walks();
        runChunk(batch, i, stop);
        dense = walks() - before > CHUNK / DENSE;
        i = stop;
      }
    }
    flush(tables);
    tables.clear();
    return to;
  }

  private long walks() {
    long[] misses = parts().secondMisses();
    return misses[LOAD] + misses[STORE] + misses[FETCH];
  }

  @Override
  public void run(PageReferences references) {
    ReplayParts p = parts();
    know(references);
    if (references.isBehindFirst()) {
      runBehindFirst(references);
      return;
    }
    p.recentPages().clear();
    int to = references.count();
    for (int i = 0; i < to; ) {
      if (dense) {
        int stop = Math.min(to, i + TouchedPages.BLOCK);
        runBlock(references, i, stop);
        if (!dense) {
          p.recentPages().clear();
        }
        i = stop;
      } else {
        int stop = Math.min(to, i + CHUNK);
        long before = walks();
        runPages(references.pages(), references.events(), i, stop);
        dense = walks() - before > CHUNK / DENSE;
        i = stop;
      }
    }
    flush(references);
  }

  /** Pages that the second level is looked up for, and those whose D bit is to be set. */
  private void runBehindFirst(PageReferences references) {
    ReplayParts p = parts();
    int[] pages = references.pages();
    byte[] events = references.events();
    int to = references.count();
    for (int i = 0; i < to; ) {
      int stop = Math.min(to, i + TouchedPages.BLOCK);
      if (dense) {
        readAhead += p.words().touch(pages, i, stop - i);
      }
      long before = walks();
      long misses = 0;
      next = i;
      while (next < stop) {
        misses += runNearBehindFirst(pages, events, next, stop);
        if (next < stop) {
          misses += lookUpBehindFirst(pages[next], events[next]);
          next++;
        }
      }
      count(misses);
      dense = walks() - before > (stop - i) / DENSE;
      i = stop;
    }
    System.arraycopy(references.firstMisses(), 0, p.firstMisses(), 0, AccessKind.COUNT);
    flush(references);
  }

  /** As {@link #runNear}, for what missed a first level. */
  private long runNearBehindFirst(int[] pages, byte[] events, int from, int to) {
    long misses = 0;
    long missed = 0;
    int i = from;
    for (; i < to; i++) {
      missed = lookUpNearBehindFirst(pages[i], events[i]);
      if (missed < 0) {
        break;
      }
      misses += missed;
    }
    return misses + endNear(pages, i, missed);
  }

  /** As {@link #lookUpNear}, for what missed a first level. */
  private long lookUpNearBehindFirst(int page, int event) {
    ReplayParts p = parts();
    if (event >>> PageReferences.CHANGE_SHIFT != 0) {
      return NOT_NEAR;
    }
    int kind = PageReferences.kind(event);
    PageSets l2 =
        kind == FETCH ? p.secondFetches() : kind == LOAD ? p.secondLoads() : p.secondStores();
    return lookUpNearBehindFirst(page, kind, l2);
  }

  private long lookUpNearBehindFirst(int page, int kind, PageSets l2) {
    ReplayParts p = parts();
    int word = p.words().get(page);
    int region = page >>> PageNumbers.INDEX_BITS;
    int set = l2.setOf(page, regionVpns, region);
    if (l2.holds(set, page, word)) {
      if (ONLY == null) {
        l2.use(set, word);
      } else if (!l2.useIfPacked(set, word)) {
        return NOT_NEAR;
      }
      return 0;
    }
    long walked = walkNear(region);
    if (walked == NOT_NEAR) {
      return NOT_NEAR;
    }
    p.words().set(page, l2.enter(set, page, word));
    return walked | miss(kind) << SECOND_SHIFT;
  }

  /** One look-up of the second level, or an assist of what hit the first. */
  private long lookUpBehindFirst(int page, int event) {
    ReplayParts p = parts();
    int region = page >>> PageNumbers.INDEX_BITS;
    int kind = PageReferences.kind(event);
    if ((event & PageReferences.HITS_FIRST) == 0) {
      PageSets l2 =
          kind == FETCH ? p.secondFetches() : kind == LOAD ? p.secondLoads() : p.secondStores();
      int word = p.words().get(page);
      int set = l2.setOf(page, regionVpns, region);
      if (!l2.holds(set, page, word)) {
        walkForMiss(region, event);
        p.words().set(page, l2.enter(set, page, word));
        return miss(kind) << SECOND_SHIFT;
      }
      l2.use(set, word);
    }
    // What these tables tell of is the only core's: a D bit that is clear in memory is so in a TLB.
    if ((event & PageReferences.SETS_DIRTY) != 0) {
      assists++;
      walk(region);
    }
    return 0;
  }

  /** Pages of which many were used last by their sets. */
  private void runPages(int[] pages, byte[] events, int from, int to) {
    RecentPages recent = parts().recentPages();
    int[] recentPages = recent.pages();
    int[] masks = recent.masks();
    int[] bases = recent.bases();
    for (int i = from; i < to; i++) {
      int page = pages[i];
      int event = events[i];
      int kind = PageReferences.kind(event);
      int slot = (page & masks[kind]) + bases[kind];
      if (recentPages[slot] != page || event >>> PageReferences.CHANGE_SHIFT != 0) {
        recentPages[slot] = page;
        countOne(lookUp(page, event), kind);
      }
    }
  }

  /** Pages of which most are walked for. Nothing is remembered, since what repeats is rare. */
  private void runBlock(PageReferences references, int from, int to) {
    int[] pages = references.pages();
    byte[] events = references.events();
    readAhead += parts().words().touch(pages, from, to - from);
    long misses = 0;
    next = from;
    while (next < to) {
      misses += runNear(pages, events, next, to);
      if (next < to) {
        misses += lookUp(pages[next], events[next]);
        next++;
      }
    }
    long before = walks();
    count(misses);
    dense = walks() - before > (to - from) / DENSE;
  }

  /**
   * Takes references up to one that {@link #lookUpNear} does not, which becomes {@link #next}. In a
   * class of its own no call is left in the loop, so that what does not change in it is looked up
   * once and kept in registers; in shared code, which has more of it than there are registers,
   * calls are the lesser evil.
   *
   * @return what they missed
   */
  private long runNear(int[] pages, byte[] events, int from, int to) {
    long misses = 0;
    long missed = 0;
    int i = from;
    for (; i < to; i++) {
      missed = lookUpNear(pages[i], events[i]);
      if (missed < 0) {
        break;
      }
      misses += missed;
    }
    return misses + endNear(pages, i, missed);
  }

  /**
   * Sees to what is left of a reference that ended a loop, or to its being the {@link #next}.
   *
   * @param i its place, or that behind the last
   * @param missed what its look-up returned, or the last one's
   * @return what of that is not counted yet
   */
  private long endNear(int[] pages, int i, long missed) {
    next = i;
    if (missed >= 0 || missed == NOT_NEAR) {
      return 0;
    }
    usePde(pages[i] >>> PageNumbers.INDEX_BITS);
    next = i + 1;
    return missed & ~RAISES_PDE;
  }

  /** Makes the PD entry of a region, which is in its cache, the one used last. */
  private void usePde(int region) {
    ReplayParts p = parts();
    PageSets pdes = p.pdeCache();
    if (pdes != null) {
      int set = pdeSet(pdes, region);
      pdes.use(set, p.regionWords().get(region));
    }
  }

  /** Counts what up to 255 look-ups missed. */
  private void count(long misses) {
    if (misses != 0) {
      count(misses, parts().firstMisses());
      count(misses >>> SECOND_SHIFT, parts().secondMisses());
    }
  }

  private static void count(long misses, long[] into) {
    long stores = (misses >>> (STORE * MISSES_BITS)) & MISSES_MASK;
    into[LOAD] += (misses & MISSES_MASK) - stores;
    into[STORE] += stores;
    into[FETCH] += (misses >>> (FETCH * MISSES_BITS)) & MISSES_MASK;
  }

  /** Counts what one look-up missed. */
  private void countOne(long misses, int kind) {
    if (misses != 0) {
      parts().firstMisses()[kind]++;
      parts().secondMisses()[kind] += misses >>> SECOND_SHIFT == 0 ? 0 : 1;
    }
  }

  private void runChunk(ReferenceBatch batch, int from, int to) {
    long[] words = batch.words;
    int tries = onePage ? TRIES : 0;
    int accesses = 0;
    onePage = false;
    counted = 0;
    int i = from;
    while (true) {
      if (tries > 0) {
        int end = passOnePage(words, i, to);
        tries--;
        if (end > i) {
          onePage = true;
          tries = TRIES;
          i = end;
        }
      }
      i = passRepeats(words, i, to);
      if (i == to) {
        break;
      }
      counted += words[i] & PackedReference.COUNTED;
      access(batch, i);
      accesses++;
      i++;
    }
    TouchedPages.addKinds(counted, to - from, parts().block().references());
    onePage |= accesses <= 1 && PackedReference.isOn(words[to - 1], words[from]);
  }

  /**
   * Passes over references that repeat one page, if it is the last of their class, a block at a
   * time: what {@link #passRepeats} does, with less work for each where such runs are long.
   *
   * @return the place behind the last block that does
   */
  private int passOnePage(long[] words, int from, int to) {
    int i = from;
    while (to - i >= LONG_RUN) {
      int end = to - i < 2 * BLOCK ? to : i + BLOCK;
      if (!passBlock(words, i, end)) {
        break;
      }
      i = end;
    }
    return i;
  }

  /** Passes over a block of references if all of it, of one size and side, repeats one page. */
  private boolean passBlock(long[] words, int from, int to) {
    ReplayParts p = parts();
    long first = words[from];
    int slot = slot(first) & (p.lastPages().length - 1);
    long page = p.lastPages()[slot];
    if (!PackedReference.isOn(first, page)) {
      return false;
    }
    // A store is the same as a load, and a bit, which the sum of offsets does not reach.
    long begin = first & ~(PackedReference.STORE | VirtualAddress.OFFSET_4K);
    // Two at a time: what waits for the sum is half as much.
    int n = to - from;
    int half = n >>> 1;
    long last = words[to - 1] - begin;
    long any = last;
    long sum = (n & 1) == 0 ? 0 : last;
    for (int i = from; i < from + half; i++) {
      long offset = words[i] - begin;
      long other = words[i + half] - begin;
      any |= offset | other;
      sum += offset + other;
    }
    long stores = sum & -PackedReference.STORE;
    boolean mix = stores != 0 && stores != n * PackedReference.STORE;
    if ((any & ~(PackedReference.STORE | VirtualAddress.OFFSET_4K)) != 0
        || (mix && (p.lastPages()[slot ^ STORE] ^ page) != PackedReference.STORE)) {
      return false;
    }
    counted += stores + (PackedReference.kind(first) == FETCH ? PackedReference.fetched(n) : 0);
    physicalAddressSum += sum - stores + n * p.lastFrames()[slot];
    return true;
  }

  /**
   * Passes over references that repeat the last page of their class. There is no call in it, and it
   * is compiled for itself, which keeps all that it needs in registers; the masks of the slot,
   * which change nothing, spare tests of bounds.
   *
   * @return the place of the first that does not, or {@code to}
   */
  private int passRepeats(long[] words, int from, int to) {
    ReplayParts p = parts();
    long[] pages = p.lastPages();
    long[] frames = p.lastFrames();
    long kinds = 0;
    long sum = 0;
    int i = from;
    for (; i < to; i++) {
      long word = words[i];
      int slot = slot(word) & (pages.length - 1) & (frames.length - 1);
      if (!PackedReference.isOn(word, pages[slot])) {
        break;
      }
      sum += PackedReference.offset(word) + frames[slot];
      kinds += word & PackedReference.COUNTED;
    }
    counted += kinds;
    physicalAddressSum += sum;
    return i;
  }

  /** Where the last page of a class and kind is remembered, in an array of any length. */
  private static int slot(long word) {
    return (int) word >>> PackedReference.KIND_SHIFT;
  }

  /** One reference that does not repeat the last page of its class. */
  private void access(ReferenceBatch batch, int i) {
    long word = batch.words[i];
    int kind = PackedReference.kind(word);
    physicalAddressSum +=
        (word & PackedReference.APART) == 0
            ? translate(PackedReference.address(word), kind)
            : accessElsewhere(batch.address(i), batch.descriptor(i) >>> 2, kind);
  }

  /** A reference to several pages, or to none. */
  private long accessElsewhere(long va, int sizeLessOne, int kind) {
    long last = va + sizeLessOne;
    PageReferences tables = parts().block();
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      tables.notCanonical()[kind]++;
      return 0;
    }
    long sum = translate(va, kind);
    long more = TouchedPages.pagesAfterTheFirst(va, last);
    tables.crossings()[kind] += more;
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long i = 0; i < more; i++) {
      next += 1L << PAGE_SHIFT;
      sum += translate(next, kind);
    }
    return sum;
  }

  /** One translation, whose page is remembered; returns its physical address. */
  private long translate(long va, int kind) {
    ReplayParts p = parts();
    TouchedPages touched = p.touched();
    int page = touched.numbers().number(va);
    long leaf = touched.leaf(va, page, kind, p.block());
    if (page >>> PageNumbers.INDEX_BITS >= p.regionWords().count()) {
      p.block().setRegions(touched.numbers()); // there is a new one
      know(p.block());
    }
    countOne(lookUp(page, touched.event()), kind);
    long frame = Pte.tableAddress(leaf);
    remember(va, kind, frame, Pte.isDirty(leaf));
    return frame | (va & VirtualAddress.OFFSET_4K);
  }

  /** Makes room for what is to be kept of regions. */
  private void know(PageReferences references) {
    ReplayParts p = parts();
    regionVpns = references.regionVpns();
    regionTags = references.regionTags();
    p.regionWords().know(references);
    p.words().growFor(references);
  }

  /**
   * What {@link #lookUp} does, for references whose page is in the tables, with a known D bit, and
   * which walk no further up than to the PDPT entry that was used last.
   *
   * @return what it missed; or less than 0 for another reference, with nothing done
   */
  private long lookUpNear(int page, int event) {
    ReplayParts p = parts();
    int kind = PageReferences.kind(event);
    if (kind == FETCH) {
      return lookUpNear(page, event, FETCH, p.fetches(), p.secondFetches());
    }
    if (kind == LOAD || p.dataShares()) {
      return lookUpNear(page, event, kind, p.loads(), p.secondLoads());
    }
    return lookUpNear(page, event, STORE, p.stores(), p.secondStores());
  }

  private long lookUpNear(int page, int event, int kind, PageSets l1, PageSets l2) {
    ReplayParts p = parts();
    int word = p.words().get(page);
    if ((event & ~(word & PageReferences.DIRTY) & NEAR_MASK) != 0) {
      return NOT_NEAR;
    }
    int region = page >>> PageNumbers.INDEX_BITS;
    int set = l1.setOf(page, regionVpns, region);
    if (l1.holds(set, page, word)) {
      if (ONLY == null) {
        l1.use(set, word);
      } else if (!l1.useIfPacked(set, word)) {
        return NOT_NEAR;
      }
      return 0;
    }
    long misses = miss(kind);
    int secondSet = l2.setOf(page, regionVpns, region);
    if (l2.holds(secondSet, page, word)) {
      if (ONLY == null) {
        l2.use(secondSet, word);
      } else if (!l2.useIfPacked(secondSet, word)) {
        return NOT_NEAR;
      }
    } else {
      misses |= misses << SECOND_SHIFT;
      long walked = walkNear(region);
      if (walked == NOT_NEAR) {
        return NOT_NEAR;
      }
      misses |= walked;
      word = l2.enter(secondSet, page, word);
    }
    p.words().set(page, l1.enter(set, page, word));
    return misses;
  }

  /**
   * What {@link #walk} does, from no further up than the PDPT entry that was used last.
   *
   * @return {@link #RAISES_PDE} if that is left to do, {@link #NOT_NEAR} if nothing was done
   */
  private long walkNear(int region) {
    ReplayParts p = parts();
    PageSets pdes = p.pdeCache();
    int word = p.regionWords().get(region);
    if (pdes == null) {
      if (!RegionWords.isIn(word, lastGigabyte)) {
        return NOT_NEAR;
      }
      p.starts()[PDE_LEVEL]++;
      return 0;
    }
    int set = pdeSet(pdes, region);
    if (pdes.holds(set, region, word)) {
      p.starts()[PAGE_LEVEL]++;
      if (ONLY == null) {
        pdes.use(set, word);
        return 0;
      }
      return pdes.useIfPacked(set, word) ? 0 : RAISES_PDE;
    }
    if (!RegionWords.isIn(word, lastGigabyte)) {
      return NOT_NEAR;
    }
    p.starts()[PDE_LEVEL]++;
    p.regionWords().set(region, pdes.enter(set, region, word));
    return 0;
  }

  /** One miss of a kind; a store's is counted as one of all data and again for itself. */
  private static long miss(int kind) {
    return kind == FETCH ? 1L << (FETCH * MISSES_BITS) : (1L << (STORE * MISSES_BITS)) * kind + 1;
  }

  /** One look-up, of a page in the state that an event tells; returns what it missed. */
  private long lookUp(int page, int event) {
    // Each call is compiled into this method, for the structures of its kind.
    ReplayParts p = parts();
    int kind = PageReferences.kind(event);
    if (kind == FETCH) {
      return lookUp(page, event, FETCH, p.fetches(), p.secondFetches());
    }
    if (kind == LOAD || p.dataShares()) {
      return lookUp(page, event, kind, p.loads(), p.secondLoads());
    }
    return lookUp(page, event, STORE, p.stores(), p.secondStores());
  }

  private long lookUp(int page, int event, int kind, PageSets l1, PageSets l2) {
    ReplayParts p = parts();
    int word = p.words().get(page);
    int region = page >>> PageNumbers.INDEX_BITS;
    int set = l1.setOf(page, regionVpns, region);
    long misses = 0;
    if (l1.holds(set, page, word)) {
      l1.use(set, word);
    } else {
      misses = miss(kind);
      int secondSet = l2.setOf(page, regionVpns, region);
      if (l2.holds(secondSet, page, word)) {
        l2.use(secondSet, word);
      } else {
        misses |= misses << SECOND_SHIFT;
        walkForMiss(region, event);
        word |= event & PageReferences.DIRTY;
        word = l2.enter(secondSet, page, word);
      }
      word = l1.enter(set, page, word);
      p.words().set(page, word);
    }
    // One test: that it is a store is hard to foresee, that it finds D clear is not.
    if (((event >>> PageReferences.KIND_SHIFT) & STORE & ~word & PageReferences.DIRTY) != 0) {
      assists++;
      walk(region);
      p.words().set(page, word | PageReferences.DIRTY);
    }
    return misses;
  }

  private int pdeSet(PageSets pdes, int region) {
    return pdes.sets() == 1 ? 0 : pdes.setOf(block(region, PDE_LEVEL));
  }

  private void remember(long va, int kind, long frame, boolean isDirty) {
    ReplayParts p = parts();
    boolean share = kind != FETCH && p.loadsAndStoresShare();
    int mask = p.lastPages().length - 1;
    int slot = slot(PackedReference.page(va, kind)) & mask;
    // Pages of other slots share a set where another kind has more sets, so one replaces the other.
    int step = p.slotSteps()[kind];
    for (int other = (slot + step) & mask; other != slot; other = (other + step) & mask) {
      forget(other);
      if (share) {
        forget(other ^ STORE);
      }
    }
    if (share) {
      // One structure: the places of loads and stores change together.
      remember(slot & ~STORE, PackedReference.page(va, LOAD), frame);
      long stores = isDirty ? PackedReference.page(va, STORE) : PackedReference.NO_PAGE;
      remember(slot | STORE, stores, frame);
    } else {
      remember(slot, PackedReference.page(va, kind), frame);
    }
  }

  private void remember(int slot, long page, long frame) {
    parts().lastPages()[slot] = page;
    parts().lastFrames()[slot] = frame;
  }

  /** Makes all slots remember nothing. */
  private void forgetAll() {
    Arrays.fill(parts().lastPages(), PackedReference.NO_PAGE);
  }

  /** Makes a slot remember nothing. */
  private void forget(int slot) {
    parts().lastPages()[slot] = PackedReference.NO_PAGE;
  }

  /** The walk of a miss, after one in vain where an entry was missing. */
  private void walkForMiss(int region, int event) {
    if (event >>> PageReferences.MISSING_SHIFT != 0) {
      walkInVain(region, (event >>> PageReferences.MISSING_SHIFT) - 1);
    }
    walk(region);
  }

  /** A walk that finds an entry missing, and what a page fault then makes the caches forget. */
  private void walkInVain(int region, int missing) {
    ReplayParts p = parts();
    if (missing == PAGE_LEVEL) {
      walk(region); // as far as one that finds it
    } else {
      int start = walkFrom(region, missing);
      p.vainStarts()[start]++;
      p.vainReads()[missing - start + 1]++;
    }
    for (int level = 0; level < p.upperCaches().length; level++) {
      LruArray cache = p.upperCaches()[level];
      if (cache != null) {
        long block = block(region, level);
        cache.remove(block, regionTags[region] | block);
      }
    }
    lastGigabyte = NO_GIGABYTE;
    PageSets pdes = p.pdeCache();
    if (pdes != null) {
      pdes.remove(pdeSet(pdes, region), region, p.regionWords().get(region));
    }
  }

  /** The number of what an entry of a level covers, one above pages; level 0 is the PML4. */
  private long block(int region, int level) {
    return regionVpns[region] >>> (LEVEL_BITS * (PAGE_LEVEL - level));
  }

  /** Walks to the entry of a page in a region whose page table is there. */
  private void walk(int region) {
    ReplayParts p = parts();
    PageSets pdes = p.pdeCache();
    int word = p.regionWords().get(region);
    if (pdes != null) {
      int set = pdeSet(pdes, region);
      if (pdes.holds(set, region, word)) {
        pdes.use(set, word);
        p.starts()[PAGE_LEVEL]++;
        return;
      }
      p.regionWords().set(region, pdes.enter(set, region, word));
    }
    boolean last = RegionWords.isIn(word, lastGigabyte);
    p.starts()[last ? PDE_LEVEL : walkFrom(region, PAGE_LEVEL)]++;
  }

  /**
   * Walks from where the caches of upper entries allow.
   *
   * @param end the level of the table that it ends with, or of the entry that is missing
   * @return the level at which it starts
   */
  private int walkFrom(int region, int end) {
    ReplayParts p = parts();
    long tag = regionTags[region];
    int start = 0;
    for (int level = PDE_LEVEL - 1; level >= 0; level--) {
      LruArray cache = p.upperCaches()[level];
      if (cache != null) {
        long block = block(region, level);
        if (cache.lookup(block, tag | block) != LruArray.ABSENT) {
          start = level + 1;
          break;
        }
      }
    }
    for (int level = start; level < Math.min(end, PDE_LEVEL); level++) {
      LruArray cache = p.upperCaches()[level];
      if (cache != null) {
        long block = block(region, level);
        cache.insert(block, tag | block, THERE);
      }
    }
    if (end == PAGE_LEVEL) {
      lastGigabyte =
          p.upperCaches()[PDE_LEVEL - 1] == null
              ? NO_GIGABYTE
              : RegionWords.gigabyte(p.regionWords().get(region));
    }
    return start;
  }

  /** Adds to all counters, whatever the tables counted included. */
  private void flush(PageReferences tables) {
    ReplayParts p = parts();
    long translationsLost = 0;
    for (int k = 0; k < AccessKind.COUNT; k++) {
      long n = tables.references()[k];
      counters.add(ReferenceMetric.REFERENCES, n);
      counters.add(
          k == LOAD
              ? ReferenceMetric.LOADS
              : k == STORE ? ReferenceMetric.STORES : ReferenceMetric.FETCHES,
          n);
      counters.add(ReferenceMetric.PAGE_CROSSINGS, tables.crossings()[k]);
      translationsLost += tables.notCanonical()[k];
    }
    counters.add(ReferenceMetric.GENERAL_PROTECTION, translationsLost);
    counters.add(ReferenceMetric.PAGE_FAULTS, tables.pageFaults);
    long walks = 0;
    for (int k = 0; k < AccessKind.COUNT; k++) {
      secondLookups[k] = p.firstMisses()[k];
      walks += p.secondMisses()[k];
    }
    p.second().takeTaken(taken);
    p.second().flush(secondLookups, taken);
    tables.lookups(lookups);
    long[] firstTaken = taken;
    if (tables.isBehindFirst()) {
      firstTaken = tables.firstTaken();
    } else {
      p.l1i().takeTaken(taken);
      p.l1d().takeTaken(taken);
    }
    p.l1i().flush(lookups, firstTaken);
    p.l1d().flush(lookups, firstTaken);
    Arrays.fill(p.firstMisses(), 0);
    Arrays.fill(p.secondMisses(), 0);
    Counters<WalkMetric> w = p.machine().walker().counters();
    w.add(WalkMetric.WALKS, walks);
    w.add(WalkMetric.RETRIES, tables.pageFaults);
    w.add(WalkMetric.DIRTY_ASSISTS, assists);
    for (int start = 0; start <= PAGE_LEVEL; start++) {
      int reads = PAGE_LEVEL + 1 - start;
      long n = p.starts()[start] + p.vainReads()[reads];
      w.add(WalkMetric.MEMORY_READS, reads * n);
      w.add(WalkMetric.LENGTHS.get(reads), n);
    }
    w.add(WalkMetric.ACCESSED_BITS_SET, tables.accessedBitsSet);
    w.add(WalkMetric.DIRTY_BITS_SET, tables.dirtyBitsSet);
    w.add(WalkMetric.ROOT_STARTS, p.starts()[0] + p.vainStarts()[0]);
    w.add(WalkMetric.PML4E_HITS, p.starts()[1] + p.vainStarts()[1]);
    w.add(WalkMetric.PDPTE_HITS, p.starts()[2] + p.vainStarts()[2]);
    w.add(WalkMetric.PDE_HITS, p.starts()[3] + p.vainStarts()[3]);
    physicalAddressSum += tables.physicalAddressSum;
    assists = 0;
    Arrays.fill(p.starts(), 0);
    Arrays.fill(p.vainStarts(), 0);
    Arrays.fill(p.vainReads(), 0);
  }
}
