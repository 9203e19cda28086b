package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.LruArray;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.Kernel;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.SetAssociativeTlb;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbHierarchy;
import io.lookaside.tlb.TlbLevel;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.ReferenceBatch;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Stream;
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
   * (see PageNumbers and PageSets): nothing is searched. And when walks are dense, the words and
   * page-table entries that the references after them may need are read ahead, so that the host's
   * cache misses overlap.
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

  /** A slot is two words for each of four kinds for each class. */
  private static final int SLOT_SHIFT = 3;

  /**
   * Pages fall into classes by low bits of their numbers: as many as a kind's first level has sets,
   * 2 at least, and no more than this.
   */
  private static final int MAX_CLASSES = 64;

  /** References in one pass of the loop: a short one is compiled early, see Replay. */
  private static final int CHUNK = 256;

  /** Walks this many references apart, or fewer, make it worth while to read ahead. */
  private static final int DENSE = 8;

  /** For so many references page-table entries are read ahead at a time. */
  private static final int AHEAD = 32;

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

  private final Machine machine;
  private final Kernel kernel;
  private final PhysicalMemory memory;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;

  /** What a level keeps 4 KiB pages in, for each kind of access, and what it has counted. */
  private static final class Level {
    final TlbLevel level;
    final AccessKind[] kinds;
    final PageSets[] sets = new PageSets[AccessKind.COUNT];
    final SetAssociativeTlb[] structures = new SetAssociativeTlb[AccessKind.COUNT];
    final long[] misses = new long[AccessKind.COUNT];

    /** Where in a page's word the fields of the next level begin. */
    final int endShift;

    Level(TlbLevel level, List<AccessKind> kinds, int firstShift) {
      int shift = firstShift;
      this.level = level;
      this.kinds = kinds.toArray(AccessKind[]::new);
      for (AccessKind kind : kinds) {
        int k = kind.ordinal();
        SetAssociativeTlb holder = holder(kind);
        int same = Arrays.asList(structures).indexOf(holder);
        structures[k] = holder;
        if (same >= 0) {
          sets[k] = sets[same];
        } else {
          Geometry geometry = holder.config().geometry();
          sets[k] = PageSets.of(geometry, shift);
          shift += PageSets.fieldBits(geometry);
        }
      }
      endShift = shift;
    }

    private SetAssociativeTlb holder(AccessKind kind) {
      return level.structures().stream()
          .filter(s -> holds(s.config(), kind))
          .findFirst()
          .orElseThrow();
    }

    /** Adds to the level's own counters: this many look-ups by kind, and what was counted here. */
    void flush(long[] lookups) {
      for (AccessKind kind : kinds) {
        int k = kind.ordinal();
        if (lookups[k] != 0) {
          long hits = lookups[k] - misses[k];
          level.count(kind, PageSize.SIZE_4K, hits, misses[k]);
          Counters<TlbStructureMetric> own = structures[k].counters();
          own.add(TlbStructureMetric.HITS, hits);
          own.add(TlbStructureMetric.FILLS, misses[k]);
          // What was put into a way that was not free.
          own.add(TlbStructureMetric.EVICTIONS, misses[k] - sets[k].takeTaken());
        }
      }
      Arrays.fill(misses, 0);
    }
  }

  private final Level l1i;
  private final Level l1d;
  private final Level second;

  /** The first level of each kind of access. */
  private final Level[] first;

  private final boolean loadsAndStoresShare;

  /** By kind: which bits of a slot are the class. */
  private final int[] classMasks = new int[1 << 2];

  /** By kind: whether pages of different classes share a set, so that one replaces the other. */
  private final boolean[] classesShare = new boolean[AccessKind.COUNT];

  private final PageNumbers pages;

  /** The bit of a page's word that is its D bit. */
  private final int dirty;

  /** The caches of PML4 and PDPT entries; {@code null} where there is none. */
  private final @Nullable LruArray[] upperCaches;

  /** The cache of PD entries, by the numbers of regions. */
  private final @Nullable PageSets pdeCache;

  /** The block of the PDPT entry that was used last, if it is the front of its set; or NO_BLOCK. */
  private long lastPdpte = NO_BLOCK;

  /**
   * By class and kind (with places for the code 3 that no reference has): a page that its set of
   * the first level used last, and that serves such an access as it is; and its physical page.
   */
  private final long[] recent = new long[MAX_CLASSES << SLOT_SHIFT];

  /** Numbers of pages, by the place in the batch modulo its length, up to readAheadTo. */
  private final int[] pagesAhead = new int[AHEAD];

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("UnusedVariable")
  private long readAhead;

  // Places in the batch: of the last walk, of what was not read ahead yet, and the end.
  private int lastWalk;
  private int readAheadTo;
  private int end;

  private long root;
  private long pcidTag;

  // Since the last flush. The look-ups are worked out in it.
  private final long[] lookups = new long[AccessKind.COUNT];
  private final long[] secondLookups = new long[AccessKind.COUNT];
  private final long[] crossings = new long[AccessKind.COUNT];
  private final long[] notCanonical = new long[AccessKind.COUNT];
  private final long[] starts = new long[PAGE_LEVEL + 1];
  private final long[] lengths = new long[PAGE_LEVEL + 2];
  private final long[] references = new long[AccessKind.COUNT];
  private long accessedBitsSet;
  private long dirtyBitsSet;
  private long assists;
  private long pageFaults;

  /** Whether this replay counts what a machine's parts would. */
  static boolean fits(MachineConfig config, PageSize pageSize) {
    TlbConfig tlb = config.tlb();
    WalkerConfig walker = config.walker();
    return pageSize == PageSize.SIZE_4K
        && tlb.inclusion() == TlbConfig.Inclusion.NON_INCLUSIVE
        && tlb.coalescedPages() == 1
        && tlb.prefetch() == null
        && !tlb.stlb().predictsSizes()
        && walker.tableUpdates() == TableUpdates.AS_WALKED
        && !config.features().overFlush()
        && fits(tlb.l1i(), List.of(AccessKind.FETCH))
        && fits(tlb.l1d(), List.of(AccessKind.LOAD, AccessKind.STORE))
        && fits(tlb.stlb(), List.of(AccessKind.values()))
        && fits(walker.pml4eCache())
        && fits(walker.pdpteCache())
        && fits(walker.pdeCache())
        && fieldBits(tlb) < Integer.SIZE;
  }

  /** The bits of a page's word that say where it is. */
  private static int fieldBits(TlbConfig tlb) {
    return Stream.of(tlb.l1i(), tlb.l1d(), tlb.stlb())
        .flatMap(level -> level.structures().stream())
        .filter(s -> s.pageSizes().contains(PageSize.SIZE_4K))
        .mapToInt(s -> PageSets.fieldBits(s.geometry()))
        .sum();
  }

  private static boolean fits(TlbLevelConfig level, List<AccessKind> kinds) {
    for (AccessKind kind : kinds) {
      List<TlbStructureConfig> holders =
          level.structures().stream().filter(s -> holds(s, kind)).toList();
      if (holders.size() != 1 || !fits(holders.get(0).geometry())) {
        return false;
      }
    }
    return true;
  }

  private static boolean fits(@Nullable Geometry geometry) {
    return geometry == null || geometry.replacement() == ReplacementPolicy.Kind.LRU;
  }

  private static boolean holds(TlbStructureConfig s, AccessKind kind) {
    return s.accesses().contains(kind) && s.pageSizes().contains(PageSize.SIZE_4K);
  }

  /** A replay in place of the TLBs and the walker of a machine that fits. */
  LruReplay(Machine machine) {
    this.machine = machine;
    kernel = machine.kernel();
    memory = machine.memory();
    TlbHierarchy tlbs = machine.tlbs();
    l1i = new Level(tlbs.levels().get(0), List.of(AccessKind.FETCH), 0);
    l1d =
        new Level(
            tlbs.levels().get(1), List.of(AccessKind.LOAD, AccessKind.STORE), l1i.endShift);
    second = new Level(tlbs.levels().get(2), List.of(AccessKind.values()), l1d.endShift);
    first = new Level[] {l1d, l1d, l1i};
    loadsAndStoresShare = l1d.sets[LOAD] == l1d.sets[STORE];
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      int sets = first[kind].sets[kind].classes();
      classesShare[kind] = sets == 1;
      classMasks[kind] = (Math.max(2, Math.min(MAX_CLASSES, sets)) - 1) << SLOT_SHIFT;
    }
    pages = new PageNumbers(second.endShift + 1);
    dirty = 1 << second.endShift;
    WalkerConfig walker = machine.config().walker();
    upperCaches =
        new @Nullable LruArray[] {cache(walker.pml4eCache()), cache(walker.pdpteCache())};
    pdeCache = walker.pdeCache() == null ? null : PageSets.of(walker.pdeCache(), 0);
    addressSpaceChanged();
  }

  private static @Nullable LruArray cache(@Nullable Geometry geometry) {
    return geometry == null ? null : LruArray.of(geometry);
  }

  @Override
  public void addressSpaceChanged() {
    long cr3 = machine.mmu().registers().cr3();
    root = Cr3.tableAddress(cr3);
    pcidTag = VALID | (long) machine.mmu().registers().pcid() << PCID_SHIFT;
    pages.enter(pcidTag);
    lastPdpte = NO_BLOCK;
    for (int slot = 0; slot < recent.length; slot += 2) {
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
    lastWalk = from - DENSE - 1;
    readAheadTo = from;
    end = to;
    for (int i = from; i < to; i += CHUNK) {
      runChunk(batch.addresses, batch.descriptors, i, Math.min(to, i + CHUNK));
    }
    flush();
    return to;
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
    int n = batch.records.count();
    lastWalk = -DENSE - 1;
    readAheadTo = 0;
    end = n;
    runRecords(batch, n);
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      references[kind] += batch.leftOut(kind);
    }
    physicalAddressSum += batch.leftOutAddressSum();
    flush();
  }

  private void runRecords(CompactBatch batch, int n) {
    long[] addresses = batch.records.addresses;
    int[] descriptors = batch.records.descriptors;
    int[] repeats = batch.repeats;
    long[] remembered = recent;
    int[] masks = classMasks;
    long sum = 0;
    for (int i = 0; i < n; i++) {
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
        sum += access(va, last, kind, addresses, i);
        slot = slot(last, kind, masks);
      }
      // A page that was just used is remembered; where it was none, nothing repeats it.
      sum += repeats[i] * (remembered[slot + 1] - remembered[slot]);
    }
    physicalAddressSum += sum;
  }

  private void runChunk(long[] addresses, int[] descriptors, int from, int to) {
    long[] remembered = recent;
    int[] masks = classMasks;
    long sum = 0;
    int kinds = 0;
    for (int i = from; i < to; i++) {
      int descriptor = descriptors[i];
      kinds += (descriptor & 1) | (descriptor & 2) << COUNT_BITS;
    }
    int i = from;
    while (i < to) {
      // This inner loop has no call in it, which keeps all that it needs in registers.
      int descriptor = 0;
      long va = 0;
      for (; i < to; i++) {
        va = addresses[i];
        descriptor = descriptors[i];
        int slot = slot(va, descriptor & 3, masks);
        long offset = va - remembered[slot];
        if ((offset & ~VirtualAddress.OFFSET_4K) != 0
            || (int) offset + (descriptor >>> 2) > VirtualAddress.OFFSET_4K) {
          break;
        }
        sum += offset + remembered[slot + 1];
      }
      if (i < to) {
        sum += access(va, va + (descriptor >>> 2), descriptor & 3, addresses, i);
        i++;
      }
    }
    int stores = kinds & COUNT_MASK;
    int fetches = kinds >>> (COUNT_BITS + 1);
    references[LOAD] += to - from - stores - fetches;
    references[STORE] += stores;
    references[FETCH] += fetches;
    physicalAddressSum += sum;
  }

  /** Where the last page of a class is remembered. */
  private static int slot(long va, int kind, int[] masks) {
    return ((int) (va >>> (PAGE_SHIFT - SLOT_SHIFT)) & masks[kind & (masks.length - 1)])
        | kind << 1;
  }

  /**
   * One reference that does not repeat the last page of its class.
   *
   * @param addresses those of the batch
   * @param i the place of this one
   * @return the sum of its physical addresses
   */
  private long access(long va, long last, int kind, long[] addresses, int i) {
    if ((va ^ last) >>> PAGE_SHIFT != 0 || !VirtualAddress.isCanonical(va)) {
      return accessElsewhere(va, last, kind, addresses, i);
    }
    int page = i < readAheadTo ? pagesAhead[i & (AHEAD - 1)] : 0;
    if (page >>> PageNumbers.INDEX_BITS == PageNumbers.NO_REGION) {
      page = pages.number(va);
    }
    return translate(va, page, kind, addresses, i);
  }

  /** A reference to several pages, or to none. */
  private long accessElsewhere(long va, long last, int kind, long[] addresses, int at) {
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      notCanonical[kind]++;
      return 0;
    }
    long sum = translate(va, pages.number(va), kind, addresses, at);
    long more = ((last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT)) & (~0L >>> PAGE_SHIFT);
    crossings[kind] += more;
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long i = 0; i < more; i++) {
      next += 1L << PAGE_SHIFT;
      sum += translate(next, pages.number(next), kind, addresses, at);
    }
    return sum;
  }

  /** One translation; returns its physical address. */
  private long translate(long va, int page, int kind, long[] addresses, int at) {
    long vpn = VirtualAddress.vpn(va, PAGE_SHIFT);
    int word = pages.word(page);
    Level level = first[kind];
    PageSets l1 = level.sets[kind];
    int set = l1.setOf(vpn);
    long frame;
    if (l1.holds(set, page, word)) {
      frame = l1.use(set, word);
    } else {
      level.misses[kind]++;
      PageSets l2 = second.sets[kind];
      int secondSet = l2.setOf(vpn);
      if (l2.holds(secondSet, page, word)) {
        frame = l2.use(secondSet, word);
      } else {
        second.misses[kind]++;
        if (at - lastWalk <= DENSE && at >= readAheadTo) {
          readAhead(addresses, at + 1);
        }
        lastWalk = at;
        long leaf = walk(va, page >>> PageNumbers.INDEX_BITS, kind);
        if (leaf == 0) {
          leaf = walkAfterFault(va, page >>> PageNumbers.INDEX_BITS, kind);
        }
        frame = Pte.tableAddress(leaf);
        word |= Pte.isDirty(leaf) ? dirty : 0;
        word = l2.enter(secondSet, page, word, frame);
      }
      word = l1.enter(set, page, word, frame);
      pages.setWord(page, word);
    }
    if (kind == STORE && (word & dirty) == 0) {
      assists++;
      walk(va, page >>> PageNumbers.INDEX_BITS, STORE);
      word |= dirty;
      pages.setWord(page, word);
    }
    remember(va, kind, frame, (word & dirty) != 0);
    return frame | (va & VirtualAddress.OFFSET_4K);
  }

  private void remember(long va, int kind, long frame, boolean isDirty) {
    int slot = slot(va, kind, classMasks);
    long page = va & ~VirtualAddress.OFFSET_4K;
    long[] r = recent;
    if (classesShare[kind]) {
      int other = slot ^ 1 << SLOT_SHIFT;
      forget(other);
      if (kind != FETCH && loadsAndStoresShare) {
        forget(other ^ STORE << 1);
      }
    }
    if (kind == FETCH || !loadsAndStoresShare) {
      r[slot] = page;
      r[slot + 1] = frame;
    } else {
      // One structure: the places of loads and stores change together.
      int load = slot & ~(STORE << 1);
      r[load] = page;
      r[load + 1] = frame;
      r[load + 2] = isDirty ? page : nothing(load);
      r[load + 3] = frame;
    }
  }

  /** Makes a slot remember nothing. */
  private void forget(int slot) {
    recent[slot] = nothing(slot);
  }

  /** A page of another class, which therefore no address meets in this slot. */
  private static long nothing(int slot) {
    return (slot >>> SLOT_SHIFT ^ 1L) << PAGE_SHIFT;
  }

  /** Finds the pages of the references from {@code from} on, and reads what they may need. */
  private void readAhead(long[] addresses, int from) {
    readAheadTo = Math.min(from + AHEAD, end);
    pages.numbers(addresses, from, readAheadTo, pagesAhead);
    readAhead += touch(pagesAhead);
  }

  private long touch(int[] ahead) {
    long read = 0;
    for (int page : ahead) {
      long table = pages.table(page >>> PageNumbers.INDEX_BITS);
      read += pages.word(page) + memory.read(table + ((page & INDEX_MASK) << 3));
    }
    return read;
  }

  private long walkAfterFault(long va, int region, int kind) {
    pageFaults++;
    for (int level = 0; level < upperCaches.length; level++) {
      LruArray cache = upperCaches[level];
      if (cache != null) {
        long block = block(va, level);
        cache.remove(block, pcidTag | block);
      }
    }
    lastPdpte = NO_BLOCK;
    if (pdeCache != null) {
      int set = pdeCache.setOf(block(va, PDE_LEVEL));
      pdeCache.remove(set, region, pages.regionWord(region));
    }
    int code = PageFaultCode.USER;
    code |= kind == STORE ? PageFaultCode.WRITE : 0;
    code |= kind == FETCH ? PageFaultCode.FETCH : 0;
    long leaf = kernel.handlePageFault(va, code) ? walk(va, region, kind) : 0;
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
    PageSets pdes = pdeCache;
    long block = block(va, PDE_LEVEL);
    int word = pages.regionWord(region);
    int reads = 1;
    if (pdes != null && pdes.holds(pdes.setOf(block), region, word)) {
      pdes.raise(pdes.setOf(block), word);
      starts[PAGE_LEVEL]++;
    } else {
      if (block >>> LEVEL_BITS == lastPdpte && pages.table(region) != 0) {
        // The front of the PDPTE cache leads to a PD entry that was read before, its A bit set.
        starts[PDE_LEVEL]++;
        reads = 2;
      } else {
        reads = walkToTable(va, region);
        if (reads < 0) {
          return 0;
        }
      }
      if (pdes != null) {
        pages.setRegionWord(region, pdes.enter(pdes.setOf(block), region, word, 0));
      }
    }
    long address = pages.table(region) + (((va >>> PAGE_SHIFT) & INDEX_MASK) << 3);
    long entry = memory.read(address);
    if ((entry & USER_PAGE_MASK) != USER_PAGE) {
      return notPresent(va, entry, reads - 1);
    }
    lengths[reads]++;
    long used = entry | Pte.ACCESSED | (kind == STORE ? Pte.DIRTY : 0);
    if (used != entry) {
      memory.write(address, used);
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
    long table = root;
    int level = 0;
    for (int i = PDE_LEVEL - 1; i >= 0; i--) {
      LruArray cache = upperCaches[i];
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
    starts[level]++;
    int start = level;
    for (; level < PAGE_LEVEL; level++) {
      long block = block(va, level);
      long address = table + ((block & INDEX_MASK) << 3);
      long entry = memory.read(address);
      if ((entry & TABLE_MASK) != USER_PAGE) {
        notPresent(va, entry, level - start);
        return -1;
      }
      if (!Pte.isAccessed(entry)) {
        memory.write(address, entry | Pte.ACCESSED);
        accessedBitsSet++;
      }
      table = Pte.tableAddress(entry);
      if (level < PDE_LEVEL) {
        LruArray cache = upperCaches[level];
        if (cache != null) {
          cache.insert(block, pcidTag | block, table);
        }
      }
    }
    pages.setTable(region, table);
    lastPdpte = upperCaches[PDE_LEVEL - 1] == null ? NO_BLOCK : block(va, PDE_LEVEL - 1);
    return PAGE_LEVEL + 1 - start;
  }

  /** Ends a walk after its read of {@code entry}, before which it has read others. */
  private long notPresent(long va, long entry, int readsBefore) {
    if (Pte.isPresent(entry)) {
      throw unexpected(va, entry);
    }
    lengths[readsBefore + 1]++;
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
      secondLookups[k] = first[k].misses[k];
      walks += second.misses[k];
    }
    second.flush(secondLookups);
    l1i.flush(lookups);
    l1d.flush(lookups);
    Counters<WalkMetric> w = machine.walker().counters();
    w.add(WalkMetric.WALKS, walks);
    w.add(WalkMetric.RETRIES, pageFaults);
    w.add(WalkMetric.DIRTY_ASSISTS, assists);
    for (int reads = 1; reads < lengths.length; reads++) {
      w.add(WalkMetric.MEMORY_READS, reads * lengths[reads]);
      w.add(WalkMetric.LENGTHS.get(reads), lengths[reads]);
    }
    w.add(WalkMetric.ACCESSED_BITS_SET, accessedBitsSet);
    w.add(WalkMetric.DIRTY_BITS_SET, dirtyBitsSet);
    w.add(WalkMetric.ROOT_STARTS, starts[0]);
    w.add(WalkMetric.PML4E_HITS, starts[1]);
    w.add(WalkMetric.PDPTE_HITS, starts[2]);
    w.add(WalkMetric.PDE_HITS, starts[3]);
    pageFaults = 0;
    assists = 0;
    accessedBitsSet = 0;
    dirtyBitsSet = 0;
    Arrays.fill(starts, 0);
    Arrays.fill(lengths, 0);
  }
}
