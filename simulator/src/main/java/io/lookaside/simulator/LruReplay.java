package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.LruArray;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.traces.CompactBatch;
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
   * (see PageNumbers and PageSets): nothing is searched. And where walks are dense, references go by
   * blocks: what they may need of words and page tables is read ahead in loops of nothing else, so
   * that many of the host's cache misses are under way at once.
   *
   * An invalidation by the kernel would have to be carried out here. There is none: the kernel maps
   * and never unmaps, so a page fault finds nothing of its page in a TLB, and what a walk has found
   * of the upper tables is found again. The D bit of a page is that of every entry that stores use:
   * they fetch it from memory, and an assist sets it in both.
   */

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  private static final int SLOT_SHIFT = ReplayParts.SLOT_SHIFT;

  /** References in one pass of the loop: a short one is compiled early, see Replay. */
  private static final int CHUNK = 256;

  /** One walk for so many references, or more, makes it worth while to read ahead. */
  private static final int DENSE = 8;

  private static final int BLOCK = ReplayParts.BLOCK;

  /** Stores and, above these bits, twice the fetches of a chunk are counted in one word. */
  private static final int COUNT_BITS = 15;

  private static final int COUNT_MASK = (1 << COUNT_BITS) - 1;

  /** A tag is the block number, the PCID above it, and a one so that it is never 0. */
  private static final int PCID_SHIFT = 45;

  private static final long VALID = 1L << 60;

  private static final long USER_PAGE = Pte.PRESENT | Pte.WRITABLE | Pte.USER;
  private static final long USER_PAGE_MASK = USER_PAGE | Pte.EXECUTE_DISABLE | Pte.GLOBAL;
  private static final long TABLE_MASK = USER_PAGE | Pte.EXECUTE_DISABLE | Pte.PAGE_SIZE;
  private static final int PAGE_LEVEL = 3;
  private static final int PDE_LEVEL = PAGE_LEVEL - 1;
  private static final int LEVEL_BITS = 9;
  private static final int INDEX_MASK = (1 << LEVEL_BITS) - 1;

  /** What no block of an address has for a number. */
  private static final long NO_BLOCK = -1;

  /** In a class of its own for one machine: the parts of its only replay. Else {@code null}. */
  private static final @Nullable ReplayParts ONLY = only();

  /** In a class of its own for one machine: its only replay. Else {@code null}. */
  @SuppressWarnings("UnusedVariable") // inClassOfItsOwn reads it
  private static final @Nullable ReplayEngine ENGINE = ONLY == null ? null : new LruReplay(ONLY);

  private final ReplayParts parts;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;

  /** The block of the PDPT entry that was used last, if it is the front of its set; or NO_BLOCK. */
  private long lastPdpte = NO_BLOCK;

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  /** Whether walks are so many that references go by blocks. */
  private boolean dense;

  private long root;
  private long pcidTag;

  // Since the last flush. The look-ups are worked out in it.
  private final long[] lookups = new long[AccessKind.COUNT];
  private final long[] secondLookups = new long[AccessKind.COUNT];
  private final long[] crossings = new long[AccessKind.COUNT];
  private final long[] notCanonical = new long[AccessKind.COUNT];
  private final long[] references = new long[AccessKind.COUNT];
  private long accessedBitsSet;
  private long dirtyBitsSet;
  private long assists;
  private long pageFaults;

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
    root = Cr3.tableAddress(p.machine().mmu().registers().cr3());
    pcidTag = VALID | (long) p.machine().mmu().registers().pcid() << PCID_SHIFT;
    p.pages().enter(pcidTag);
    lastPdpte = NO_BLOCK;
    for (int slot = 0; slot < p.recent().length; slot += 2) {
      forget(slot);
    }
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
    runAll(batch, null, from, to);
    flush();
    return to;
  }

  /**
   * By blocks or, where walks are not dense, by chunks.
   *
   * @param repeats by reference: how often its page counts once more in the sum; or {@code null}
   */
  private void runAll(ReferenceBatch batch, int @Nullable [] repeats, int from, int to) {
    long[] addresses = batch.addresses;
    int[] descriptors = batch.descriptors;
    int i = from;
    while (i < to) {
      if (dense) {
        i += runBlock(addresses, descriptors, repeats, i, to);
      } else {
        int stop = Math.min(to, i + CHUNK);
        long before = walks();
        if (repeats == null) {
          runChunk(addresses, descriptors, i, stop);
        } else {
          runRecords(addresses, descriptors, repeats, i, stop);
        }
        dense = walks() - before > CHUNK / DENSE;
        i = stop;
      }
    }
  }

  private long walks() {
    long[] misses = parts().secondMisses();
    return misses[LOAD] + misses[STORE] + misses[FETCH];
  }

  @Override
  public boolean takesCompacted() {
    return true;
  }

  /*
   * What was left out hits the entry that its set used last, and a store among it an entry with D
   * set: the machines that fit here are LRU, and a page stays where it is mapped. So it adds only to
   * the references and, each as far from its page as its record's last page is, to the sum.
   */
  @Override
  public void run(CompactBatch batch) {
    runAll(batch.records, batch.repeats, 0, batch.records.count());
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      references[kind] += batch.leftOut(kind);
    }
    physicalAddressSum += batch.leftOutAddressSum();
    flush();
  }

  private void runRecords(long[] addresses, int[] descriptors, int[] repeats, int from, int to) {
    long[] remembered = parts().recent();
    int[] masks = parts().classMasks();
    long sum = 0;
    for (int i = from; i < to; i++) {
      long va = addresses[i];
      int descriptor = descriptors[i];
      int kind = descriptor & 3;
      references[kind]++;
      int slot = slot(va, kind, masks);
      long offset = va - remembered[slot];
      if ((offset & ~VirtualAddress.OFFSET_4K) == 0
          && (int) offset + (descriptor >>> 2) <= VirtualAddress.OFFSET_4K) {
        sum += offset + remembered[slot + 1];
      } else {
        long last = va + (descriptor >>> 2);
        sum += access(va, last, kind);
        slot = slot(last, kind, masks);
      }
      // A page that was just used is remembered; where it was none, nothing repeats it.
      sum += repeats[i] * (remembered[slot + 1] - remembered[slot]);
    }
    physicalAddressSum += sum;
  }

  private void runChunk(long[] addresses, int[] descriptors, int from, int to) {
    countKinds(descriptors, from, to);
    int i = passRepeats(addresses, descriptors, from, to);
    while (i < to) {
      long va = addresses[i];
      int descriptor = descriptors[i];
      physicalAddressSum += access(va, va + (descriptor >>> 2), descriptor & 3);
      i = passRepeats(addresses, descriptors, i + 1, to);
    }
  }

  /**
   * Passes over references that repeat the last page of their class. There is no call in it, and it
   * is compiled for itself, which keeps all that it needs in registers; the mask, which changes
   * nothing, spares tests of bounds.
   *
   * @return the place of the first that does not, or {@code to}
   */
  private int passRepeats(long[] addresses, int[] descriptors, int from, int to) {
    long[] remembered = parts().recent();
    int[] masks = parts().classMasks();
    long sum = 0;
    int i = from;
    for (; i < to; i++) {
      long va = addresses[i];
      int descriptor = descriptors[i];
      int slot = slot(va, descriptor & 3, masks) & (remembered.length - 1);
      long offset = va - remembered[slot];
      if ((offset & ~VirtualAddress.OFFSET_4K) != 0
          || (int) offset + (descriptor >>> 2) > VirtualAddress.OFFSET_4K) {
        break;
      }
      sum += offset + remembered[slot | 1];
    }
    physicalAddressSum += sum;
    return i;
  }

  private void countKinds(int[] descriptors, int from, int to) {
    int kinds = 0;
    for (int i = from; i < to; i++) {
      int descriptor = descriptors[i];
      kinds += (descriptor & 1) | (descriptor & 2) << COUNT_BITS;
    }
    int stores = kinds & COUNT_MASK;
    int fetches = kinds >>> (COUNT_BITS + 1);
    references[LOAD] += to - from - stores - fetches;
    references[STORE] += stores;
    references[FETCH] += fetches;
  }

  /** Where the last page of a class is remembered. */
  private static int slot(long va, int kind, int[] masks) {
    return ((int) (va >>> (PAGE_SHIFT - SLOT_SHIFT)) & masks[kind & (masks.length - 1)])
        | kind << 1;
  }

  /**
   * A block of references where walks are dense, and the one after it if it does not stay in one
   * page. Nothing is remembered, since what repeats is rare.
   *
   * @param repeats by reference: how often its page counts once more in the sum; or {@code null}
   * @return how many were done
   */
  private int runBlock(
      long[] addresses, int[] descriptors, int @Nullable [] repeats, int from, int to) {
    ReplayParts p = parts();
    long before = walks();
    int n = inOnePage(addresses, descriptors, from, Math.min(to, from + BLOCK));
    int[] numbers = p.numbers();
    if (!p.pages().numbers(addresses, from, n, numbers, p.entries())) {
      for (int i = 0; i < n; i++) {
        numbers[i] = p.pages().number(addresses[from + i]);
      }
    }
    countKinds(descriptors, from, from + n);
    readAhead += p.words().touch(numbers, n) + p.memory().touch(p.entries(), n);
    long sum = 0;
    for (int i = 0; i < n; i++) {
      long va = addresses[from + i];
      long frame = frame(va, numbers[i], descriptors[from + i] & 3);
      sum += frame | (va & VirtualAddress.OFFSET_4K);
      if (repeats != null) {
        sum += repeats[from + i] * (frame - (va & ~VirtualAddress.OFFSET_4K));
      }
    }
    physicalAddressSum += sum;
    dense = walks() - before > n / DENSE;
    if (!dense) {
      for (int slot = 0; slot < p.recent().length; slot += 2) {
        forget(slot);
      }
    }
    if (n < BLOCK && from + n < to) {
      runOther(addresses, descriptors, repeats, from + n);
      n++;
    }
    return n;
  }

  /** How many references from one on, up to the end or one that does not, stay in one page. */
  private static int inOnePage(long[] addresses, int[] descriptors, int from, int to) {
    int i = from;
    for (; i < to; i++) {
      long va = addresses[i];
      long last = va + (descriptors[i] >>> 2);
      if ((va ^ last) >>> PAGE_SHIFT != 0 || !VirtualAddress.isCanonical(va)) {
        break;
      }
    }
    return i - from;
  }

  /** A reference that no block takes. */
  private void runOther(long[] addresses, int[] descriptors, int @Nullable [] repeats, int i) {
    long va = addresses[i];
    int kind = descriptors[i] & 3;
    references[kind]++;
    long last = va + (descriptors[i] >>> 2);
    long sum = access(va, last, kind);
    if (repeats != null) {
      int slot = slot(last, kind, parts().classMasks());
      sum += repeats[i] * (parts().recent()[slot + 1] - parts().recent()[slot]);
    }
    physicalAddressSum += sum;
  }

  /**
   * One reference that does not repeat the last page of its class.
   *
   * @return the sum of its physical addresses
   */
  private long access(long va, long last, int kind) {
    if ((va ^ last) >>> PAGE_SHIFT != 0 || !VirtualAddress.isCanonical(va)) {
      return accessElsewhere(va, last, kind);
    }
    return translate(va, kind);
  }

  /** A reference to several pages, or to none. */
  private long accessElsewhere(long va, long last, int kind) {
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      notCanonical[kind]++;
      return 0;
    }
    long sum = translate(va, kind);
    long more = ((last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT)) & (~0L >>> PAGE_SHIFT);
    crossings[kind] += more;
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
    int page = p.pages().number(va);
    long frame = frame(va, page, kind);
    boolean isDirty = (p.words().get(page) & p.dirty()) != 0;
    remember(
        va,
        kind,
        kind == FETCH ? p.fetches() : kind == STORE ? p.stores() : p.loads(),
        frame,
        isDirty);
    return frame | (va & VirtualAddress.OFFSET_4K);
  }

  /** One translation; returns its frame. */
  private long frame(long va, int page, int kind) {
    // Each call is compiled into this method, for the structures of its kind.
    ReplayParts p = parts();
    if (kind == FETCH) {
      return frame(va, page, FETCH, p.fetches(), p.secondFetches());
    }
    if (kind == LOAD || p.dataShares()) {
      return frame(va, page, kind, p.loads(), p.secondLoads());
    }
    return frame(va, page, STORE, p.stores(), p.secondStores());
  }

  private long frame(long va, int page, int kind, PageSets l1, PageSets l2) {
    ReplayParts p = parts();
    long vpn = VirtualAddress.vpn(va, PAGE_SHIFT);
    int word = p.words().get(page);
    int set = l1.setOf(vpn);
    long frame;
    if (l1.holds(set, page, word)) {
      frame = l1.use(set, word);
    } else {
      p.firstMisses()[kind]++;
      int secondSet = l2.setOf(vpn);
      if (l2.holds(secondSet, page, word)) {
        frame = l2.use(secondSet, word);
      } else {
        p.secondMisses()[kind]++;
        long leaf = walkOrFault(va, page >>> PageNumbers.INDEX_BITS, kind);
        frame = Pte.tableAddress(leaf);
        word |= Pte.isDirty(leaf) ? p.dirty() : 0;
        word = l2.enter(secondSet, page, word, frame);
      }
      word = l1.enter(set, page, word, frame);
      p.words().set(page, word);
    }
    if (kind == STORE && (word & p.dirty()) == 0) {
      assist(va, page, word | p.dirty());
    }
    return frame;
  }

  private void assist(long va, int page, int word) {
    assists++;
    walk(va, page >>> PageNumbers.INDEX_BITS, STORE);
    parts().words().set(page, word);
  }

  private void remember(long va, int kind, PageSets l1, long frame, boolean isDirty) {
    ReplayParts p = parts();
    int slot = slot(va, kind, p.classMasks());
    long page = va & ~VirtualAddress.OFFSET_4K;
    boolean share = kind != FETCH && p.loadsAndStoresShare();
    if (l1.classes() == 1) {
      // Pages of both classes share a set, so one replaces the other.
      int other = slot ^ 1 << SLOT_SHIFT;
      forget(other);
      if (share) {
        forget(other ^ STORE << 1);
      }
    }
    long[] places = p.recent();
    if (share) {
      // One structure: the places of loads and stores change together.
      int load = slot & ~(STORE << 1);
      places[load] = page;
      places[load + 1] = frame;
      places[load + 2] = isDirty ? page : nothing(load);
      places[load + 3] = frame;
    } else {
      places[slot] = page;
      places[slot + 1] = frame;
    }
  }

  /** Makes a slot remember nothing. */
  private void forget(int slot) {
    parts().recent()[slot] = nothing(slot);
  }

  /** A page of another class, which therefore no address meets in this slot. */
  private static long nothing(int slot) {
    return (slot >>> SLOT_SHIFT ^ 1L) << PAGE_SHIFT;
  }

  private long walkOrFault(long va, int region, int kind) {
    long leaf = walk(va, region, kind);
    return leaf == 0 ? walkAfterFault(va, region, kind) : leaf;
  }

  private long walkAfterFault(long va, int region, int kind) {
    pageFaults++;
    ReplayParts p = parts();
    for (int level = 0; level < p.upperCaches().length; level++) {
      LruArray cache = p.upperCaches()[level];
      if (cache != null) {
        long block = block(va, level);
        cache.remove(block, pcidTag | block);
      }
    }
    lastPdpte = NO_BLOCK;
    PageSets pdes = p.pdeCache();
    if (pdes != null) {
      pdes.remove(pdes.setOf(block(va, PDE_LEVEL)), region, p.pages().regionWord(region));
    }
    int code = PageFaultCode.USER;
    code |= kind == STORE ? PageFaultCode.WRITE : 0;
    code |= kind == FETCH ? PageFaultCode.FETCH : 0;
    long leaf = p.machine().kernel().handlePageFault(va, code) ? walk(va, region, kind) : 0;
    if (leaf == 0) {
      throw unexpected(va, leaf);
    }
    return leaf;
  }

  /** The number of what an entry of a level covers; level 0 is the PML4. */
  private static long block(long va, int level) {
    return VirtualAddress.vpn(va, PAGE_SHIFT + LEVEL_BITS * (PAGE_LEVEL - level));
  }

  /** Walks the tables; returns the leaf as it then stands in memory, or 0 for a page fault. */
  private long walk(long va, int region, int kind) {
    ReplayParts p = parts();
    PageSets pdes = p.pdeCache();
    long block = block(va, PDE_LEVEL);
    int word = p.pages().regionWord(region);
    int reads = 1;
    if (pdes != null && pdes.holds(pdes.setOf(block), region, word)) {
      pdes.use(pdes.setOf(block), word);
      p.starts()[PAGE_LEVEL]++;
    } else {
      if (block >>> LEVEL_BITS == lastPdpte && p.pages().table(region) != 0) {
        // The front of the PDPTE cache leads to a PD entry that was read before, its A bit set.
        p.starts()[PDE_LEVEL]++;
        reads = 2;
      } else {
        reads = walkToTable(va, region);
        if (reads < 0) {
          return 0;
        }
      }
      if (pdes != null) {
        p.pages().setRegionWord(region, pdes.enter(pdes.setOf(block), region, word, 0));
      }
    }
    long address = p.pages().table(region) + (((va >>> PAGE_SHIFT) & INDEX_MASK) << 3);
    long entry = p.memory().read(address);
    if ((entry & USER_PAGE_MASK) != USER_PAGE) {
      return notPresent(va, entry, reads - 1);
    }
    p.lengths()[reads]++;
    long used = entry | Pte.ACCESSED | (kind == STORE ? Pte.DIRTY : 0);
    if (used != entry) {
      p.memory().write(address, used);
      accessedBitsSet += Pte.isAccessed(entry) ? 0 : 1;
      dirtyBitsSet += Pte.isDirty(entry) == Pte.isDirty(used) ? 0 : 1;
    }
    return used;
  }

  /**
   * Walks to the page table of a region, from where the caches of upper entries allow.
   *
   * @return the entries that the whole walk reads, or -1 for a page fault
   */
  private int walkToTable(long va, int region) {
    ReplayParts p = parts();
    long table = root;
    int level = 0;
    for (int i = PDE_LEVEL - 1; i >= 0; i--) {
      LruArray cache = p.upperCaches()[i];
      if (cache != null) {
        long block = block(va, i);
        long cached = cache.lookup(block, pcidTag | block);
        if (cached != LruArray.ABSENT) {
          table = cached;
          level = i + 1;
          break;
        }
      }
    }
    p.starts()[level]++;
    int start = level;
    for (; level < PAGE_LEVEL; level++) {
      long block = block(va, level);
      long address = table + ((block & INDEX_MASK) << 3);
      long entry = p.memory().read(address);
      if ((entry & TABLE_MASK) != USER_PAGE) {
        notPresent(va, entry, level - start);
        return -1;
      }
      if (!Pte.isAccessed(entry)) {
        p.memory().write(address, entry | Pte.ACCESSED);
        accessedBitsSet++;
      }
      table = Pte.tableAddress(entry);
      if (level < PDE_LEVEL) {
        LruArray cache = p.upperCaches()[level];
        if (cache != null) {
          cache.insert(block, pcidTag | block, table);
        }
      }
    }
    p.pages().setTable(region, table);
    lastPdpte = p.upperCaches()[PDE_LEVEL - 1] == null ? NO_BLOCK : block(va, PDE_LEVEL - 1);
    return PAGE_LEVEL + 1 - start;
  }

  /** Ends a walk after its read of {@code entry}, before which it has read others. */
  private long notPresent(long va, long entry, int readsBefore) {
    if (Pte.isPresent(entry)) {
      throw unexpected(va, entry);
    }
    parts().lengths()[readsBefore + 1]++;
    return 0;
  }

  private static IllegalStateException unexpected(long va, long entry) {
    return new IllegalStateException(
        "not a page that user code may read, write and execute: entry 0x"
            + Long.toHexString(entry)
            + " for address 0x"
            + Long.toHexString(va));
  }

  private void flush() {
    ReplayParts p = parts();
    long translationsLost = 0;
    for (int k = 0; k < AccessKind.COUNT; k++) {
      long n = references[k];
      counters.add(ReferenceMetric.REFERENCES, n);
      counters.add(
          k == LOAD
              ? ReferenceMetric.LOADS
              : k == STORE ? ReferenceMetric.STORES : ReferenceMetric.FETCHES,
          n);
      counters.add(ReferenceMetric.PAGE_CROSSINGS, crossings[k]);
      lookups[k] = n + crossings[k] - notCanonical[k];
      translationsLost += notCanonical[k];
    }
    counters.add(ReferenceMetric.GENERAL_PROTECTION, translationsLost);
    counters.add(ReferenceMetric.PAGE_FAULTS, pageFaults);
    Arrays.fill(references, 0);
    Arrays.fill(crossings, 0);
    Arrays.fill(notCanonical, 0);
    long walks = 0;
    for (int k = 0; k < AccessKind.COUNT; k++) {
      secondLookups[k] = p.firstMisses()[k];
      walks += p.secondMisses()[k];
    }
    p.second().flush(secondLookups);
    p.l1i().flush(lookups);
    p.l1d().flush(lookups);
    Arrays.fill(p.firstMisses(), 0);
    Arrays.fill(p.secondMisses(), 0);
    Counters<WalkMetric> w = p.machine().walker().counters();
    w.add(WalkMetric.WALKS, walks);
    w.add(WalkMetric.RETRIES, pageFaults);
    w.add(WalkMetric.DIRTY_ASSISTS, assists);
    for (int reads = 1; reads < p.lengths().length; reads++) {
      w.add(WalkMetric.MEMORY_READS, reads * p.lengths()[reads]);
      w.add(WalkMetric.LENGTHS.get(reads), p.lengths()[reads]);
    }
    w.add(WalkMetric.ACCESSED_BITS_SET, accessedBitsSet);
    w.add(WalkMetric.DIRTY_BITS_SET, dirtyBitsSet);
    w.add(WalkMetric.ROOT_STARTS, p.starts()[0]);
    w.add(WalkMetric.PML4E_HITS, p.starts()[1]);
    w.add(WalkMetric.PDPTE_HITS, p.starts()[2]);
    w.add(WalkMetric.PDE_HITS, p.starts()[3]);
    pageFaults = 0;
    assists = 0;
    accessedBitsSet = 0;
    dirtyBitsSet = 0;
    Arrays.fill(p.starts(), 0);
    Arrays.fill(p.lengths(), 0);
  }
}
