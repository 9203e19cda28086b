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
import org.jspecify.annotations.Nullable;

/**
 * The replay for the common machine: 4 KiB pages that the user may read, write and execute, true
 * LRU wherever such a page or a table is cached, levels that evict independently. It counts, bit
 * for bit, what {@link Replay} counts with the MMU, the TLBs and the walker behind it, which stay
 * the model that this is tested against.
 */
final class LruReplay implements ReplayEngine {
  /*
   * Three things make it fast. Most references touch the page that their set of the first level used
   * last: they hit and change nothing, so the loop only compares and adds (see Replay, which does
   * the same). What else happens is stated here in one place, without the ports between MMU, TLBs
   * and walker, and only what cannot be derived is counted: hits are translations less misses, the
   * look-ups of the second level are the misses of the first, and so on. And when a walk has to read
   * a page-table entry, the entries that the references after it may need are read ahead, so that
   * the host's cache misses overlap.
   *
   * An invalidation by the kernel would have to be carried out here. There is none: the kernel maps
   * and never unmaps, so a page fault finds nothing of its page in a TLB.
   */

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** A slot is two words for each of four kinds for each class. */
  private static final int SLOT_SHIFT = 3;

  /** Page numbers fall into 64 classes by their low bits. */
  private static final int CLASS_MASK = 63 << SLOT_SHIFT;

  /** References in one pass of the loop: a short one is compiled early, see Replay. */
  private static final int CHUNK = 256;

  /** Walks this many references apart, or fewer, make it worth while to read ahead. */
  private static final int DENSE = 8;

  /** For so many references page-table entries are read ahead at a time. */
  private static final int AHEAD = 32;

  /** Stores and, above these bits, twice the fetches of a chunk are counted in one word. */
  private static final int COUNT_BITS = 15;

  private static final int COUNT_MASK = (1 << COUNT_BITS) - 1;

  /** A tag is the page or block number, the PCID above it, and a one so that it is never 0. */
  private static final int PCID_SHIFT = 45;

  private static final long VALID = 1L << 60;

  private static final long USER_PAGE = Pte.PRESENT | Pte.WRITABLE | Pte.USER;
  private static final long USER_PAGE_MASK = USER_PAGE | Pte.EXECUTE_DISABLE | Pte.GLOBAL;
  private static final long TABLE_MASK = USER_PAGE | Pte.EXECUTE_DISABLE | Pte.PAGE_SIZE;
  private static final int PAGE_LEVEL = 3;
  private static final int LEVEL_BITS = 9;
  private static final int INDEX_MASK = (1 << LEVEL_BITS) - 1;
  private static final int TABLE_HINTS = 1 << 10;

  private final Machine machine;
  private final Kernel kernel;
  private final PhysicalMemory memory;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;

  /** What a level keeps 4 KiB pages in, for each kind of access, and what it has counted. */
  private static final class Level {
    final TlbLevel level;
    final AccessKind[] kinds;
    final LruArray[] arrays = new LruArray[AccessKind.COUNT];
    final SetAssociativeTlb[] structures = new SetAssociativeTlb[AccessKind.COUNT];

    /** By kind and set: the slot of the page that is remembered for it. */
    final int[][] slots = new int[AccessKind.COUNT][];

    final long[] misses = new long[AccessKind.COUNT];
    final long[] evictions = new long[AccessKind.COUNT];

    Level(TlbLevel level, List<AccessKind> kinds) {
      this.level = level;
      this.kinds = kinds.toArray(AccessKind[]::new);
      for (AccessKind kind : kinds) {
        int k = kind.ordinal();
        SetAssociativeTlb holder = holder(kind);
        int same = Arrays.asList(structures).indexOf(holder);
        structures[k] = holder;
        if (same >= 0) {
          arrays[k] = arrays[same];
          slots[k] = slots[same];
        } else {
          arrays[k] = LruArray.of(holder.config().geometry());
          slots[k] = new int[holder.config().geometry().sets()];
        }
      }
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
          own.add(TlbStructureMetric.EVICTIONS, evictions[k]);
        }
      }
      Arrays.fill(misses, 0);
      Arrays.fill(evictions, 0);
    }
  }

  private final Level l1i;
  private final Level l1d;
  private final Level second;

  /** The first level of each kind of access. */
  private final Level[] first;

  private final boolean loadsAndStoresShare;

  /** The caches of PML4, PDPT and PD entries; {@code null} where there is none. */
  private final @Nullable LruArray[] structureCaches;

  /**
   * By class and kind (with places for the code 3 that no reference has): a page that its set of
   * the first level used last, and that serves such an access as it is; and its physical page.
   */
  private final long[] recent = new long[CLASS_MASK + (1 << SLOT_SHIFT)];

  /** By low bits of the number of a 2 MiB region: the address of a page table, to read ahead. */
  private final long[] tableHints = new long[TABLE_HINTS];

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
        && fits(walker.pdeCache());
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
    l1i = new Level(tlbs.levels().get(0), List.of(AccessKind.FETCH));
    l1d = new Level(tlbs.levels().get(1), List.of(AccessKind.LOAD, AccessKind.STORE));
    second = new Level(tlbs.levels().get(2), List.of(AccessKind.values()));
    first = new Level[] {l1d, l1d, l1i};
    loadsAndStoresShare = l1d.arrays[LOAD] == l1d.arrays[STORE];
    WalkerConfig walker = machine.config().walker();
    structureCaches =
        new @Nullable LruArray[] {
          cache(walker.pml4eCache()), cache(walker.pdpteCache()), cache(walker.pdeCache())
        };
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
    long sum = 0;
    for (int i = 0; i < n; i++) {
      long va = addresses[i];
      int descriptor = descriptors[i];
      int kind = descriptor & 3;
      references[kind]++;
      int slot = slot(va, kind);
      long offset = va - remembered[slot];
      if ((offset & ~VirtualAddress.OFFSET_4K) == 0
          && (int) offset + (descriptor >>> 2) <= VirtualAddress.OFFSET_4K) {
        sum += offset + remembered[slot + 1];
      } else {
        long last = va + (descriptor >>> 2);
        sum += access(va, last, kind, addresses, i);
        slot = slot(last, kind);
      }
      // A page that was just used is remembered; where it was none, nothing repeats it.
      sum += repeats[i] * (remembered[slot + 1] - remembered[slot]);
    }
    physicalAddressSum += sum;
  }

  private void runChunk(long[] addresses, int[] descriptors, int from, int to) {
    long[] remembered = recent;
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
        int slot = slot(va, descriptor & 3);
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
  private static int slot(long va, int kind) {
    return ((int) (va >>> (PAGE_SHIFT - SLOT_SHIFT)) & CLASS_MASK) | kind << 1;
  }

  /**
   * One reference that does not repeat the last page of its class.
   *
   * @param addresses those of the batch
   * @param i the place of this one
   * @return the sum of its physical addresses
   */
  private long access(long va, long last, int kind, long[] addresses, int i) {
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      notCanonical[kind]++;
      return 0;
    }
    long sum = translate(va, kind, addresses, i);
    if (va >>> PAGE_SHIFT != last >>> PAGE_SHIFT) {
      sum += crossPages(va, last, kind, addresses, i);
    }
    return sum;
  }

  private long crossPages(long va, long last, int kind, long[] addresses, int at) {
    long sum = 0;
    long more = ((last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT)) & (~0L >>> PAGE_SHIFT);
    crossings[kind] += more;
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long i = 0; i < more; i++) {
      next += 1L << PAGE_SHIFT;
      sum += translate(next, kind, addresses, at);
    }
    return sum;
  }

  /** One translation; returns its physical address. */
  private long translate(long va, int kind, long[] addresses, int at) {
    long vpn = VirtualAddress.vpn(va, PAGE_SHIFT);
    long tag = pcidTag | vpn;
    Level level = first[kind];
    LruArray l1 = level.arrays[kind];
    long leaf = l1.lookup(vpn, tag);
    if (leaf == LruArray.ABSENT) {
      level.misses[kind]++;
      LruArray l2 = second.arrays[kind];
      leaf = l2.lookup(vpn, tag);
      if (leaf == LruArray.ABSENT) {
        second.misses[kind]++;
        if (at - lastWalk <= DENSE && at >= readAheadTo) {
          readAhead(addresses, at + 1);
        }
        lastWalk = at;
        leaf = walk(va, vpn, kind);
        if (leaf == 0) {
          leaf = walkAfterFault(va, vpn, kind);
        }
        if (l2.insert(vpn, tag, leaf)) {
          second.evictions[kind]++;
        }
      }
      if (l1.insert(vpn, tag, leaf)) {
        level.evictions[kind]++;
      }
    }
    if (kind == STORE && !Pte.isDirty(leaf)) {
      assists++;
      leaf = walk(va, vpn, STORE);
      l1.update(vpn, tag, leaf);
      second.arrays[STORE].update(vpn, tag, leaf);
    }
    long pa = Pte.tableAddress(leaf) | (va & VirtualAddress.OFFSET_4K);
    remember(va, kind, pa, Pte.isDirty(leaf));
    return pa;
  }

  private void remember(long va, int kind, long pa, boolean dirty) {
    long page = va & ~VirtualAddress.OFFSET_4K;
    long frame = pa & ~VirtualAddress.OFFSET_4K;
    int slot = slot(va, kind);
    Level level = first[kind];
    int[] used = level.slots[kind];
    int set = level.arrays[kind].setOf(VirtualAddress.vpn(va, PAGE_SHIFT));
    int old = used[set];
    if (kind == FETCH || !loadsAndStoresShare) {
      forget(old);
      recent[slot] = page;
      recent[slot + 1] = frame;
    } else {
      // One structure: the places of loads and stores change together.
      int load = slot & ~(STORE << 1);
      int store = load | STORE << 1;
      forget(old & ~(STORE << 1));
      forget(old | STORE << 1);
      recent[load] = page;
      recent[load + 1] = frame;
      if (dirty) {
        recent[store] = page;
        recent[store + 1] = frame;
      } else {
        forget(store);
      }
    }
    used[set] = slot;
  }

  /** Puts a page of another class there, which therefore no address meets in this slot. */
  private void forget(int slot) {
    recent[slot] = (slot >>> SLOT_SHIFT ^ 1L) << PAGE_SHIFT;
  }

  /** Reads page-table entries that the references from {@code from} on may need. */
  private void readAhead(long[] addresses, int from) {
    int to = Math.min(from + AHEAD, end);
    long read = 0;
    for (int i = from; i < to; i++) {
      long vpn = VirtualAddress.vpn(addresses[i], PAGE_SHIFT);
      long table = tableHints[(int) (vpn >>> LEVEL_BITS) & (TABLE_HINTS - 1)];
      read += memory.read(table + ((vpn & INDEX_MASK) << 3));
    }
    readAhead += read;
    readAheadTo = to;
  }

  private long walkAfterFault(long va, long vpn, int kind) {
    pageFaults++;
    for (int level = 0; level < PAGE_LEVEL; level++) {
      LruArray cache = structureCaches[level];
      if (cache != null) {
        long block = block(vpn, level);
        cache.remove(block, pcidTag | block);
      }
    }
    int code = PageFaultCode.USER;
    code |= kind == STORE ? PageFaultCode.WRITE : 0;
    code |= kind == FETCH ? PageFaultCode.FETCH : 0;
    long leaf = kernel.handlePageFault(va, code) ? walk(va, vpn, kind) : 0;
    if (leaf == 0) {
      throw unexpected(va, leaf);
    }
    return leaf;
  }

  /** The number of what an entry of a level covers; level 0 is the PML4. */
  private static long block(long vpn, int level) {
    return vpn >>> (LEVEL_BITS * (PAGE_LEVEL - level));
  }

  /** Walks the tables; returns the leaf as it then stands in memory, or 0 for a page fault. */
  private long walk(long va, long vpn, int kind) {
    long table = root;
    int level = 0;
    for (int i = PAGE_LEVEL - 1; i >= 0; i--) {
      LruArray cache = structureCaches[i];
      if (cache != null) {
        long block = block(vpn, i);
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
      long block = block(vpn, level);
      long address = table + ((block & INDEX_MASK) << 3);
      long entry = memory.read(address);
      if ((entry & TABLE_MASK) != USER_PAGE) {
        return notPresent(va, entry, level - start);
      }
      if (!Pte.isAccessed(entry)) {
        memory.write(address, entry | Pte.ACCESSED);
        accessedBitsSet++;
      }
      table = Pte.tableAddress(entry);
      LruArray cache = structureCaches[level];
      if (cache != null) {
        cache.insert(block, pcidTag | block, table);
      }
      if (level == PAGE_LEVEL - 1) {
        tableHints[(int) block & (TABLE_HINTS - 1)] = table;
      }
    }
    long address = table + ((vpn & INDEX_MASK) << 3);
    long entry = memory.read(address);
    if ((entry & USER_PAGE_MASK) != USER_PAGE) {
      return notPresent(va, entry, PAGE_LEVEL - start);
    }
    lengths[PAGE_LEVEL + 1 - start]++;
    long used = entry | Pte.ACCESSED | (kind == STORE ? Pte.DIRTY : 0);
    if (used != entry) {
      memory.write(address, used);
      accessedBitsSet += Pte.isAccessed(entry) ? 0 : 1;
      dirtyBitsSet += Pte.isDirty(entry) == Pte.isDirty(used) ? 0 : 1;
    }
    return used;
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
