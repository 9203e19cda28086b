package io.lookaside.pagewalker;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.TableMemory;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The page walker of all paging modes: reads paging-structure entries from physical memory, judges
 * them, sets A and D there, and keeps the paging-structure caches.
 *
 * <p>A walk starts at the longest match of the structure caches: PDE, PDPTE, PML4E, PML5E, else the
 * table that CR3 or a PDPTE register names. The modes differ in the table of levels that {@link
 * PagingFormat} gives, and in nothing here.
 *
 * <p>Source: Intel SDM Vol. 3A, "32-Bit Paging", "PAE Paging", "4-Level Paging and 5-Level Paging",
 * "Access Rights", "Accessed and Dirty Flags", "Caches for Paging Structures".
 */
public final class HardwarePageWalker implements PageWalker {
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long BOTH = Pte.WRITABLE | Pte.USER; // rights that are ANDed
  private static final long WORD_MASK = -Long.BYTES; // of an address: that of its 64-bit word

  private final TableMemory memory;
  private final @Nullable WalkObserver observer;
  private final boolean updatesAsWalked;
  private final boolean updatesNever;

  /** Binary logarithm of the most pages whose entries a walk looks at. */
  private final int mostSpan;

  /** By level; {@code null} where the machine has no cache for it, and always at level 0. */
  private final @Nullable PagingStructureCache[] caches;

  /** By level, for {@link TableUpdates#AT_END}: an entry whose A is still to be set, or -1. */
  private final long[] pendingAddress = new long[PagingFormat.MAX_LEVELS];

  private final long[] pendingPointer = new long[PagingFormat.MAX_LEVELS];

  private final Counters<WalkMetric> counters = new Counters<>(WalkMetric.class);
  private final long[] counts = counters.values();

  /** Counts as they were before a walk ahead. */
  private final long[] saved = new long[counts.length];

  private static final int PREFETCH_WALKS = WalkMetric.PREFETCH_WALKS.ordinal();
  private static final int PREFETCH_READS = WalkMetric.PREFETCH_READS.ordinal();
  private static final int MEMORY_READS = WalkMetric.MEMORY_READS.ordinal();
  private static final int ACCESSED_BITS_SET = WalkMetric.ACCESSED_BITS_SET.ordinal();
  private static final int DIRTY_BITS_SET = WalkMetric.DIRTY_BITS_SET.ordinal();
  private static final int ROOT_STARTS = WalkMetric.ROOT_STARTS.ordinal();
  private static final int LENGTH_0 = WalkMetric.LENGTH_0.ordinal();

  /** By the level at which a walk starts, which is one below the cached entry's. */
  private static final int[] STARTS = {
    WalkMetric.PDE_HITS.ordinal(),
    WalkMetric.PDPTE_HITS.ordinal(),
    WalkMetric.PML4E_HITS.ordinal(),
    WalkMetric.PML5E_HITS.ordinal()
  };

  /** By the ordinal of a {@link Cause}. */
  private static final int[] CAUSES = {
    WalkMetric.WALKS.ordinal(), WalkMetric.RETRIES.ordinal(), WalkMetric.DIRTY_ASSISTS.ordinal()
  };

  private HardwarePageWalker(
      @Nullable PagingStructureCache[] caches,
      TableUpdates updates,
      TableMemory memory,
      int coalescedPages,
      @Nullable WalkObserver observer) {
    this.mostSpan = Integer.numberOfTrailingZeros(coalescedPages);
    this.caches = caches;
    this.updatesAsWalked = updates == TableUpdates.AS_WALKED;
    this.updatesNever = updates == TableUpdates.NEVER;
    this.memory = memory;
    this.observer = observer;
  }

  /**
   * A walker with empty caches.
   *
   * @param seed for random replacement
   */
  public HardwarePageWalker(WalkerConfig config, TableMemory memory, long seed) {
    this(config, memory, seed, null);
  }

  /**
   * A walker with empty caches that tells what it does.
   *
   * @param seed for random replacement
   */
  public HardwarePageWalker(
      WalkerConfig config, TableMemory memory, long seed, @Nullable WalkObserver observer) {
    this(config, memory, seed, 1, observer);
  }

  /**
   * A walker with empty caches for TLBs that coalesce: it tells of a page of 4 KiB how many around
   * it are mapped alike, as far as their entries lie in the same line of 64 bytes.
   *
   * @param coalescedPages the most pages of a group: 1, 2, 4 or 8
   */
  public HardwarePageWalker(
      WalkerConfig config,
      TableMemory memory,
      long seed,
      int coalescedPages,
      @Nullable WalkObserver observer) {
    this(caches(config, seed), config.tableUpdates(), memory, coalescedPages, observer);
  }

  /** A walker whose structure caches hold everything until it is invalidated. */
  public static HardwarePageWalker unbounded(TableUpdates updates, TableMemory memory) {
    @Nullable PagingStructureCache[] caches =
        new @Nullable PagingStructureCache[PagingFormat.MAX_LEVELS];
    for (int level = 1; level < caches.length; level++) {
      caches[level] = new UnboundedStructureCache();
    }
    return new HardwarePageWalker(caches, updates, memory, 1, null);
  }

  private static @Nullable PagingStructureCache[] caches(WalkerConfig config, long seed) {
    @Nullable Geometry[] shapes = {
      null, config.pdeCache(), config.pdpteCache(), config.pml4eCache(), config.pml5eCache()
    };
    @Nullable PagingStructureCache[] caches = new @Nullable PagingStructureCache[shapes.length];
    for (int level = 0; level < shapes.length; level++) {
      Geometry shape = shapes[level];
      if (shape != null) {
        // A stream of its own for each cache, numbered from the PML4E cache on.
        long stream = PagingFormat.MAX_LEVELS - 1L - level;
        caches[level] = new SetAssociativeStructureCache(shape, seed ^ stream << 32);
      }
    }
    return caches;
  }

  public Snapshot<WalkMetric> snapshot() {
    return counters.snapshot();
  }

  /** The counts themselves, for a replay that stands in for this walker. */
  public Counters<WalkMetric> counters() {
    return counters;
  }

  @Override
  public long readWord(long pa) {
    return memory.read(pa);
  }

  @Override
  public long walk(long va, int kind, PagingContext context, Cause cause) {
    if (cause == Cause.PREFETCH) {
      return walkAhead(va, kind, context);
    }
    counts[CAUSES[cause.ordinal()]]++;
    long readsBefore = counts[MEMORY_READS];
    long outcome = walk(va, kind, context);
    counts[LENGTH_0 + (int) (counts[MEMORY_READS] - readsBefore)]++;
    if (observer != null) {
      observer.onEnd(outcome);
    }
    return outcome;
  }

  /** A walk that counts A bits where others do, and the rest apart. */
  private long walkAhead(long va, int kind, PagingContext context) {
    System.arraycopy(counts, 0, saved, 0, counts.length);
    long outcome = walk(va, kind, context);
    long reads = counts[MEMORY_READS] - saved[MEMORY_READS];
    saved[ACCESSED_BITS_SET] = counts[ACCESSED_BITS_SET];
    System.arraycopy(saved, 0, counts, 0, counts.length);
    counts[PREFETCH_WALKS]++;
    counts[PREFETCH_READS] += reads;
    if (observer != null) {
      observer.onEnd(outcome);
    }
    return outcome;
  }

  private long walk(long va, int kind, PagingContext context) {
    PagingFormat format = context.format();
    int pcid = context.pcid();
    // Where the walk stands: the next table's address with the rights of the levels so far.
    long pointer = PagingStructureCache.MISS;
    int number = 0;
    for (; number < format.top(); number++) {
      PagingStructureCache cache = caches[number + 1];
      if (cache != null) {
        pointer = cache.lookup(va, format.level(number + 1).shift(), pcid);
        if (pointer != PagingStructureCache.MISS) {
          break;
        }
      }
    }
    if (pointer == PagingStructureCache.MISS) {
      pointer = context.root(va);
      counts[ROOT_STARTS]++;
    } else {
      counts[STARTS[number]]++;
    }
    if (observer != null) {
      observer.onStart(va, number, pointer);
    }
    if (!Pte.isPresent(pointer)) {
      return Translation.pageFault(context.rights().faultCode(kind)); // a PDPTE register
    }

    int firstPending = number;
    while (true) {
      PagingLevel level = format.level(number);
      long address = level.entryAddress(Pte.tableAddress(pointer), va);
      long word = memory.read(address & WORD_MASK);
      long entry = word >>> bitInWord(address) & level.entryMask();
      counts[MEMORY_READS]++;
      if (observer != null) {
        observer.onEntry(number, address, entry);
      }
      if (!Pte.isPresent(entry)) {
        return Translation.pageFault(context.rights().faultCode(kind));
      }
      if ((entry & level.reserved(entry)) != 0) {
        return Translation.pageFault(
            context.rights().faultCode(kind) | PageFaultCode.PRESENT | PageFaultCode.RESERVED);
      }
      long rights = (pointer & entry & BOTH) | ((pointer | entry) & Pte.EXECUTE_DISABLE);
      if (level.isLeaf(entry)) {
        rights |= shadowStack(pointer, entry);
        long t = finish(address, word, entry, level, rights, kind, context);
        if (Translation.isValid(t) && !updatesAsWalked) {
          settle(va, number, firstPending, format, pcid);
        }
        return t;
      }
      pointer = Pte.tableAddress(entry) | rights | Pte.PRESENT;
      boolean used = Pte.isAccessed(entry);
      if (!used && updatesAsWalked) {
        setBits(address, word, Pte.ACCESSED);
        counts[ACCESSED_BITS_SET]++;
        used = true;
      }
      if (used) {
        pendingAddress[number] = -1;
        enter(va, number, format, pcid, pointer);
      } else {
        pendingAddress[number] = address;
        pendingPointer[number] = pointer;
      }
      number--;
    }
  }

  @Override
  public void invalidateAddress(long va, int pcid, PagingFormat format) {
    for (int number = 1; number <= format.top(); number++) {
      PagingStructureCache cache = caches[number];
      if (cache != null) {
        cache.invalidateAddress(va, format.level(number).shift(), pcid);
      }
    }
  }

  @Override
  public void invalidatePcid(int pcid) {
    for (PagingStructureCache cache : caches) {
      if (cache != null) {
        cache.invalidatePcid(pcid);
      }
    }
  }

  @Override
  public void invalidateAll() {
    for (PagingStructureCache cache : caches) {
      if (cache != null) {
        cache.invalidateAll();
      }
    }
  }

  /**
   * The shadow-stack right of a leaf: R/W is set in all entries above, the leaf is read-only and
   * dirty (SDM Vol. 3A, "Determination of Access Rights", on shadow-stack addresses).
   */
  private static long shadowStack(long pointer, long leaf) {
    boolean readOnlyAndDirty = (leaf & (Pte.WRITABLE | Pte.DIRTY)) == Pte.DIRTY;
    return readOnlyAndDirty && (pointer & Pte.WRITABLE) != 0 ? Translation.SHADOW_STACK : 0;
  }

  private long finish(
      long address,
      long word,
      long entry,
      PagingLevel level,
      long rights,
      int kind,
      PagingContext context) {
    long used = entry | Pte.ACCESSED | (kind == STORE ? Pte.DIRTY : 0);
    long t =
        Translation.ofLeaf(
            used, Objects.requireNonNull(level.leafSize()), rights, context.globalPages());
    if (!context.rights().permits(t, kind)) {
      return Translation.pageFault(context.rights().violationCode(t, kind));
    }
    if (used != entry && !updatesNever) {
      setBits(address, word, used);
      if (!Pte.isAccessed(entry)) {
        counts[ACCESSED_BITS_SET]++;
      }
      if (kind == STORE && !Pte.isDirty(entry)) {
        counts[DIRTY_BITS_SET]++;
      }
    }
    boolean groups = mostSpan != 0 && level.leafSize() == PageSize.SIZE_4K;
    return groups && level.entryMask() == -1 ? Translation.withSpan(t, span(address, used)) : t;
  }

  /**
   * Binary logarithm of the pages of the largest aligned group that is mapped like the page of
   * {@code leaf}: present and accessed, with the same rights, D, G, memory type and key, and to an
   * aligned group of frames in the same order. The line of the table that holds the leaf has been
   * read, so its other entries cost nothing.
   */
  private int span(long address, long leaf) {
    int span = 0;
    while (span < mostSpan && isGroup(address, leaf, 1 << (span + 1))) {
      span++;
    }
    return span;
  }

  private boolean isGroup(long address, long leaf, int pages) {
    int bytes = pages * Long.BYTES;
    long first = address & -bytes;
    long within = (address - first) / Long.BYTES;
    long frames = PageSize.SIZE_4K.bytes();
    long expected = (leaf & ~Pte.IGNORED_IN_LEAF) - within * frames;
    if ((expected & Pte.FRAME & (pages * frames - 1)) != 0) {
      return false;
    }
    for (int i = 0; i < pages; i++) {
      long entry = memory.read(first + (long) i * Long.BYTES) & ~Pte.IGNORED_IN_LEAF;
      if (i != within && entry != expected + i * frames) {
        return false;
      }
    }
    return true;
  }

  /** At the end of a walk that succeeded: sets A, from the top down, where that is still to do. */
  private void settle(long va, int leaf, int first, PagingFormat format, int pcid) {
    for (int number = first; number > leaf && !updatesNever; number--) {
      long address = pendingAddress[number];
      if (address != -1) {
        long word = memory.read(address & WORD_MASK);
        if (!Pte.isAccessed(word >>> bitInWord(address))) { // tables may contain themselves
          setBits(address, word, Pte.ACCESSED);
          counts[ACCESSED_BITS_SET]++;
        }
        enter(va, number, format, pcid, pendingPointer[number]);
      }
    }
  }

  private void enter(long va, int number, PagingFormat format, int pcid, long pointer) {
    PagingStructureCache cache = caches[number];
    if (cache != null) {
      cache.insert(va, format.level(number).shift(), pcid, pointer);
    }
  }

  /** Sets bits of an entry whose 64-bit word is known. */
  private void setBits(long address, long word, long bits) {
    memory.write(address & WORD_MASK, word | bits << bitInWord(address));
  }

  /** The lowest bit of an entry in its 64-bit word: 32 for the second of two 32-bit entries. */
  private static int bitInWord(long address) {
    return (int) (address & (Long.BYTES - 1)) << 3;
  }
}
