package io.lookaside.pagewalker;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/**
 * The page walker: reads paging-structure entries from physical memory, judges them, sets A and D
 * there, and keeps the paging-structure caches.
 *
 * <p>A walk starts at the longest match of the structure caches: PDE, PDPTE, PML4E, else the table
 * that CR3 names. Of the choices that the SDM leaves open it sets A in non-leaf entries as it
 * descends, also when it faults later; the leaf's A and D are set only by an access that succeeds.
 *
 * <p>Source: Intel SDM Vol. 3A, "4-Level Paging and 5-Level Paging", "Access Rights", "Accessed and
 * Dirty Flags", "Caches for Paging Structures".
 */
public final class HardwarePageWalker implements PageWalker {
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long BOTH = Pte.WRITABLE | Pte.USER; // rights that are ANDed

  private final PhysicalMemory memory;
  private final PagingLevel[] levels;

  /** By level; {@code null} where the machine has no cache for it, and always at the last. */
  private final @Nullable PagingStructureCache[] caches;

  private final @Nullable WalkObserver observer;
  private final Counters<WalkMetric> counters = new Counters<>(WalkMetric.class);
  private final long[] counts = counters.values();

  private static final int MEMORY_READS = WalkMetric.MEMORY_READS.ordinal();
  private static final int ACCESSED_BITS_SET = WalkMetric.ACCESSED_BITS_SET.ordinal();
  private static final int DIRTY_BITS_SET = WalkMetric.DIRTY_BITS_SET.ordinal();

  private static final int LENGTH_0 = WalkMetric.LENGTH_0.ordinal();

  /** By the level at which a walk starts. */
  private static final int[] STARTS = {
    WalkMetric.ROOT_STARTS.ordinal(),
    WalkMetric.PML4E_HITS.ordinal(),
    WalkMetric.PDPTE_HITS.ordinal(),
    WalkMetric.PDE_HITS.ordinal()
  };

  /** By the ordinal of a {@link Cause}. */
  private static final int[] CAUSES = {
    WalkMetric.WALKS.ordinal(), WalkMetric.RETRIES.ordinal(), WalkMetric.DIRTY_ASSISTS.ordinal()
  };

  /**
   * A walker with empty caches.
   *
   * @param seed for random replacement
   */
  public HardwarePageWalker(WalkerConfig config, PhysicalMemory memory, long seed) {
    this(config, memory, seed, null);
  }

  /**
   * A walker with empty caches that tells what it does.
   *
   * @param seed for random replacement
   */
  public HardwarePageWalker(
      WalkerConfig config, PhysicalMemory memory, long seed, @Nullable WalkObserver observer) {
    this.observer = observer;
    this.memory = memory;
    this.levels = PagingLevel.fourLevels(config.physicalAddressBits());
    this.caches = new @Nullable PagingStructureCache[levels.length];
    @Nullable Geometry[] shapes = {config.pml4eCache(), config.pdpteCache(), config.pdeCache()};
    for (int i = 0; i < shapes.length; i++) {
      Geometry shape = shapes[i];
      if (shape != null) {
        caches[i] = new PagingStructureCache(shape, levels[i].shift, seed ^ (i + 1L) << 32);
      }
    }
  }

  public Snapshot<WalkMetric> snapshot() {
    return counters.snapshot();
  }

  /** The counts themselves, for a replay that stands in for this walker. */
  public Counters<WalkMetric> counters() {
    return counters;
  }

  @Override
  public long walk(long va, int kind, PagingContext context, Cause cause) {
    counts[CAUSES[cause.ordinal()]]++;
    long readsBefore = counts[MEMORY_READS];
    long outcome = walk(va, kind, context);
    counts[LENGTH_0 + (int) (counts[MEMORY_READS] - readsBefore)]++;
    if (observer != null) {
      observer.onEnd(outcome);
    }
    return outcome;
  }

  private long walk(long va, int kind, PagingContext context) {
    int pcid = context.pcid();
    // Where the walk stands: the next table's address with the rights of the levels so far.
    long pointer = context.tableBase() | BOTH | Pte.PRESENT;
    int level = 0;
    for (int i = caches.length - 2; i >= 0; i--) {
      PagingStructureCache cache = caches[i];
      long cached = cache == null ? PagingStructureCache.MISS : cache.lookup(va, pcid);
      if (cached != PagingStructureCache.MISS) {
        pointer = cached;
        level = i + 1;
        break;
      }
    }
    counts[STARTS[level]]++;
    if (observer != null) {
      observer.onStart(va, levels.length - 1 - level, pointer);
    }

    long reservedByMode = context.noExecuteEnabled() ? 0 : Pte.EXECUTE_DISABLE;
    while (true) {
      PagingLevel description = levels[level];
      long address =
          Pte.tableAddress(pointer) + ((long) VirtualAddress.index(va, description.shift) << 3);
      long entry = memory.read(address);
      counts[MEMORY_READS]++;
      if (observer != null) {
        observer.onEntry(levels.length - 1 - level, address, entry);
      }
      if (!Pte.isPresent(entry)) {
        return Translation.pageFault(context.rights().faultCode(kind));
      }
      boolean leaf = (entry & description.leafBit) != 0;
      long reserved = leaf ? description.reservedInLeaf : description.reservedInTable;
      if ((entry & (reserved | reservedByMode)) != 0) {
        return Translation.pageFault(
            context.rights().faultCode(kind) | PageFaultCode.PRESENT | PageFaultCode.RESERVED);
      }
      long rights = (pointer & entry & BOTH) | ((pointer | entry) & Pte.EXECUTE_DISABLE);
      if (leaf) {
        return finish(address, entry, description, rights, kind, context);
      }
      if (!Pte.isAccessed(entry)) {
        memory.write(address, entry | Pte.ACCESSED);
        counts[ACCESSED_BITS_SET]++;
      }
      pointer = Pte.tableAddress(entry) | rights | Pte.PRESENT;
      PagingStructureCache cache = caches[level];
      if (cache != null) {
        cache.insert(va, pcid, pointer);
      }
      level++;
    }
  }

  @Override
  public void invalidateAddress(long va, int pcid) {
    for (PagingStructureCache cache : caches) {
      if (cache != null) {
        cache.invalidateAddress(va, pcid);
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

  private long finish(
      long address,
      long entry,
      PagingLevel description,
      long rights,
      int kind,
      PagingContext context) {
    if (!context.rights().permits(rights, kind)) {
      return Translation.pageFault(context.rights().faultCode(kind) | PageFaultCode.PRESENT);
    }
    long used = entry | Pte.ACCESSED | (kind == STORE ? Pte.DIRTY : 0);
    if (used != entry) {
      memory.write(address, used);
      if (!Pte.isAccessed(entry)) {
        counts[ACCESSED_BITS_SET]++;
      }
      if (kind == STORE && !Pte.isDirty(entry)) {
        counts[DIRTY_BITS_SET]++;
      }
    }
    return Translation.ofLeaf(
        used, Objects.requireNonNull(description.leafSize), rights, context.globalPages());
  }
}
