package io.lookaside.pagewalker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.ReferenceWalker.Mode;
import java.util.HashSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class HardwarePageWalkerReferenceTest {
  /** What structure caches are told apart by is the same for every MAXPHYADDR. */
  private static final PagingFormat FORMAT =
      PagingFormat.of(PagingMode.FOUR_LEVEL, true, true, CpuFeatures.ALL);

  private static final int[] NO_CACHES = {0, 0, 0};
  private static final int[] NO_WAYS = {1, 1, 1};

  private static @Nullable Geometry geometry(int entries, int ways) {
    return entries == 0 ? null : new Geometry(entries, ways, ReplacementPolicy.Kind.LRU);
  }

  private static HardwarePageWalker walker(PhysicalMemory memory, int[] entries, int[] ways) {
    WalkerConfig config =
        new WalkerConfig(
            1,
            null,
            geometry(entries[0], ways[0]),
            geometry(entries[1], ways[1]),
            geometry(entries[2], ways[2]),
            TableUpdates.AS_WALKED);
    return new HardwarePageWalker(config, memory, 1);
  }

  private static Mode randomMode(SplittableRandom random, long root, int pcid, boolean noExecute) {
    return new Mode(
        root,
        pcid,
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean(),
        random.nextBoolean(),
        noExecute,
        random.nextBoolean());
  }

  /** The mode in control registers, by the SDM's bit numbers. */
  private static PagingContext context(Mode mode, int physicalAddressBits) {
    long cr0 = 1L << 31 | 1;
    cr0 |= mode.writeProtect() ? 1L << 16 : 0;
    long cr4 = 1L << 5 | 1L << 17;
    cr4 |= mode.globalPages() ? 1L << 7 : 0;
    cr4 |= mode.smep() ? 1L << 20 : 0;
    cr4 |= mode.smap() ? 1L << 21 : 0;
    long efer = 1L << 8 | 1L << 10;
    efer |= mode.noExecute() ? 1L << 11 : 0;
    return PagingContext.of(
        new ControlRegisters(cr0, mode.root() | mode.pcid(), cr4, efer),
        new CpuFeatures(physicalAddressBits, true, false),
        mode.user() ? AccessMode.USER : AccessMode.SUPERVISOR,
        mode.alignmentCheck());
  }

  private static void walkAlike(
      HardwarePageWalker walker,
      ReferenceWalker reference,
      PhysicalMemory memory,
      RandomTables tables,
      SplittableRandom random,
      Mode mode,
      Set<Integer> codes) {
    long va = tables.address();
    AccessKind kind = AccessKind.ofCode(random.nextInt(3));
    PageWalker.Cause cause = PageWalker.Cause.values()[random.nextInt(3)];
    long expected = reference.walk(va, kind, mode);
    long actual =
        walker.walk(va, kind.ordinal(), context(mode, reference.physicalAddressBits), cause);
    assertEquals(
        Long.toHexString(expected),
        Long.toHexString(actual),
        () -> kind + " of 0x" + Long.toHexString(va) + " in " + mode);
    for (long address : tables.entries) {
      assertEquals(reference.read(address), memory.read(address));
    }
    codes.add((expected & 1) != 0 ? -1 - (int) (expected >>> 9 & 3) : (int) (expected >>> 16));
  }

  private static void compareCounts(
      HardwarePageWalker walker, ReferenceWalker reference, long walks) {
    Snapshot<WalkMetric> counts = walker.snapshot();
    assertEquals(reference.reads, counts.get(WalkMetric.MEMORY_READS));
    assertEquals(reference.accessedSet, counts.get(WalkMetric.ACCESSED_BITS_SET));
    assertEquals(reference.dirtySet, counts.get(WalkMetric.DIRTY_BITS_SET));
    assertEquals(reference.starts[0], counts.get(WalkMetric.ROOT_STARTS));
    assertEquals(reference.starts[1], counts.get(WalkMetric.PML4E_HITS));
    assertEquals(reference.starts[2], counts.get(WalkMetric.PDPTE_HITS));
    assertEquals(reference.starts[3], counts.get(WalkMetric.PDE_HITS));
    assertEquals(
        walks,
        counts.get(WalkMetric.WALKS)
            + counts.get(WalkMetric.RETRIES)
            + counts.get(WalkMetric.DIRTY_ASSISTS));
    long walksByLength = 0;
    long readsByLength = 0;
    for (int n = 0; n < WalkMetric.LENGTHS.size(); n++) {
      long ofThisLength = counts.get(WalkMetric.LENGTHS.get(n));
      assertEquals(reference.lengths[n], ofThisLength);
      walksByLength += ofThisLength;
      readsByLength += n * ofThisLength;
    }
    assertEquals(walks, walksByLength);
    assertEquals(counts.get(WalkMetric.MEMORY_READS), readsByLength);
    assertEquals(
        walks,
        counts.get(WalkMetric.ROOT_STARTS)
            + counts.get(WalkMetric.PML4E_HITS)
            + counts.get(WalkMetric.PDPTE_HITS)
            + counts.get(WalkMetric.PDE_HITS));
  }

  @ParameterizedTest
  @ValueSource(ints = {32, 36, 39, 40, 46, 48, 51, 52})
  void agreesWithTheReferenceOnRandomTables(int physicalAddressBits) {
    Set<Integer> outcomes = new HashSet<>();
    for (int seed = 0; seed < 24; seed++) {
      SplittableRandom random = new SplittableRandom(seed * 100L + physicalAddressBits);
      PhysicalMemory memory = new PhysicalMemory();
      ReferenceWalker reference = new ReferenceWalker(physicalAddressBits);
      boolean noExecute = seed % 3 != 0;
      RandomTables tables = new RandomTables(random, memory, reference, noExecute);
      HardwarePageWalker walker = walker(memory, NO_CACHES, NO_WAYS);
      for (int i = 0; i < 150; i++) {
        Mode mode = randomMode(random, tables.root(), 0, noExecute);
        walkAlike(walker, reference, memory, tables, random, mode, outcomes);
      }
      compareCounts(walker, reference, 150);
    }
    // Not present, rights and reserved, by loads of both modes, stores and fetches.
    assertTrue(outcomes.containsAll(Set.of(0, 2, 4, 6, 1, 3, 5, 7, 9, 11, 13, 15, 20, 21, 29)));
    assertTrue(outcomes.containsAll(Set.of(-1, -2, -4)), "every page size must succeed");
  }

  @ParameterizedTest
  @ValueSource(ints = {36, 46, 52})
  void cachesChangeNoResultWhileTheTablesStay(int physicalAddressBits) {
    for (int seed = 0; seed < 12; seed++) {
      SplittableRandom random = new SplittableRandom(seed * 100L + physicalAddressBits);
      PhysicalMemory memory = new PhysicalMemory();
      ReferenceWalker reference = new ReferenceWalker(physicalAddressBits);
      RandomTables tables = new RandomTables(random, memory, reference, true);
      int[] entries = {2, 6, 32};
      int[] ways = {2, 2, 4};
      HardwarePageWalker walker = walker(memory, entries, ways);
      long[] roots = {tables.root(), tables.root(), tables.root()};
      for (int i = 0; i < 400; i++) {
        int process = random.nextInt(3);
        Mode mode = randomMode(random, roots[process], process * 2047, true);
        walkAlike(walker, reference, memory, tables, random, mode, new HashSet<>());
      }
      assertTrue(walker.snapshot().get(WalkMetric.MEMORY_READS) < reference.reads);
    }
  }

  @Test
  void agreesWithTheReferenceOnStaleCachesWhileTheTablesChange() {
    int[][] entries = {{4, 4, 32}, {2, 6, 12}, {0, 4, 0}, {1, 0, 8}, {0, 0, 3}, {16, 16, 128}};
    int[][] ways = {{4, 4, 4}, {1, 2, 4}, {1, 1, 1}, {1, 1, 8}, {1, 1, 3}, {16, 4, 2}};
    for (int shape = 0; shape < entries.length; shape++) {
      for (int seed = 0; seed < 4; seed++) {
        SplittableRandom random = new SplittableRandom(seed * 10L + shape);
        PhysicalMemory memory = new PhysicalMemory();
        ReferenceWalker reference = new ReferenceWalker(46, entries[shape], ways[shape]);
        RandomTables tables = new RandomTables(random, memory, reference, true);
        HardwarePageWalker walker = walker(memory, entries[shape], ways[shape]);
        for (int i = 0; i < 1500; i++) {
          int pcid = random.nextInt(3) * 2047;
          change(walker, reference, tables, random, pcid);
          // The root depends on nothing: another one under the same PCID is stale as well.
          Mode mode = randomMode(random, tables.root(), pcid, true);
          walkAlike(walker, reference, memory, tables, random, mode, new HashSet<>());
        }
        compareCounts(walker, reference, 1500);
      }
    }
  }

  private static void change(
      HardwarePageWalker walker,
      ReferenceWalker reference,
      RandomTables tables,
      SplittableRandom random,
      int pcid) {
    int action = random.nextInt(100);
    if (action < 10) {
      tables.rewriteOne();
    } else if (action < 25) {
      long va = tables.address();
      walker.invalidateAddress(va, pcid, FORMAT);
      reference.invalidateAddress(va, pcid);
    } else if (action < 28) {
      walker.invalidatePcid(pcid);
      reference.invalidatePcid(pcid);
    } else if (action == 28) {
      walker.invalidateAll();
      reference.invalidateAll();
    }
  }
}
