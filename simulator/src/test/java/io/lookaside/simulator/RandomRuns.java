package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.PrefetchConfig;
import io.lookaside.tlb.SizePredictionConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.traces.ReferenceBatch;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.function.ObjIntConsumer;
import tools.jackson.databind.node.JsonNodeFactory;

/** Seeded random machines and traces. */
final class RandomRuns {
  private static final Set<AccessKind> DATA = EnumSet.of(AccessKind.LOAD, AccessKind.STORE);

  private RandomRuns() {}

  static final CpuFeatures FEATURES = new CpuFeatures(46, true, true);

  static MachineConfig machine(
      Random random, ReplacementPolicy.Kind policy, TlbConfig.Inclusion inclusion) {
    boolean coalesce = inclusion == TlbConfig.Inclusion.NON_INCLUSIVE && random.nextInt(3) == 0;
    TlbConfig tlb =
        new TlbConfig(
            level("l1i", EnumSet.of(AccessKind.FETCH), 4, policy, coalesce, random),
            level("l1d", DATA, 4, policy, coalesce, random),
            level("stlb", EnumSet.allOf(AccessKind.class), 32, policy, coalesce, random),
            inclusion,
            false,
            random.nextInt(4) == 0 ? prefetch(random) : null);
    WalkerConfig walker =
        new WalkerConfig(
            random.nextInt(3),
            null,
            random.nextInt(4) == 0 ? null : geometry(2, policy, random),
            random.nextInt(4) == 0 ? null : geometry(4, policy, random),
            random.nextInt(4) == 0 ? null : geometry(8, policy, random),
            TableUpdates.AS_WALKED);
    return new MachineConfig(
        "random",
        FEATURES,
        tlb,
        walker,
        random.nextInt(100),
        null,
        JsonNodeFactory.instance.objectNode());
  }

  private static PrefetchConfig prefetch(Random random) {
    return random.nextBoolean()
        ? new PrefetchConfig(PrefetchConfig.Kind.NEXT_PAGE, 1 + random.nextInt(8), 0)
        : new PrefetchConfig(
            PrefetchConfig.Kind.STRIDE, 1 + random.nextInt(8), 1 + random.nextInt(4));
  }

  private static TlbLevelConfig level(
      String name,
      Set<AccessKind> kinds,
      int size,
      ReplacementPolicy.Kind policy,
      boolean coalesce,
      Random random) {
    List<TlbStructureConfig> structures = new ArrayList<>();
    boolean splitKinds = kinds.equals(DATA) && random.nextInt(3) == 0;
    List<Set<AccessKind>> groups =
        splitKinds
            ? List.of(EnumSet.of(AccessKind.LOAD), EnumSet.of(AccessKind.STORE))
            : List.of(kinds);
    int layout = random.nextInt(6);
    for (Set<AccessKind> group : groups) {
      switch (layout) {
        case 0 -> add(structures, name, size, EnumSet.of(PageSize.SIZE_4K), group, policy, random);
        case 1 -> add(structures, name, size, EnumSet.allOf(PageSize.class), group, policy, random);
        case 3 -> {
          // Pages of 4K find no place in such a level.
          Set<PageSize> large = EnumSet.of(PageSize.SIZE_2M, PageSize.SIZE_1G);
          add(structures, name, size, large, group, policy, random);
        }
        case 2 -> {
          for (PageSize s : PageSize.values()) {
            add(structures, name, size, EnumSet.of(s), group, policy, random);
          }
        }
        case 4 -> {
          // Two structures for pages of 4K.
          Set<PageSize> small = EnumSet.of(PageSize.SIZE_4K, PageSize.SIZE_2M);
          Set<PageSize> outer = EnumSet.of(PageSize.SIZE_4K, PageSize.SIZE_1G);
          add(structures, name, size, small, group, policy, random);
          add(structures, name, size, outer, group, policy, random);
        }
        default -> {
          Set<PageSize> small = EnumSet.of(PageSize.SIZE_4K, PageSize.SIZE_2M);
          add(structures, name, size, small, group, policy, random);
          add(structures, name, size, EnumSet.of(PageSize.SIZE_1G), group, policy, random);
        }
      }
    }
    int latency = random.nextInt(10);
    if (layout != 4) {
      boolean predict = name.equals("stlb") && random.nextBoolean();
      structures.replaceAll(s -> withOptions(s, coalesce, predict, random));
    }
    return new TlbLevelConfig(name, latency, structures);
  }

  /** The same structure with entries for groups of pages, and one size looked up after another. */
  private static TlbStructureConfig withOptions(
      TlbStructureConfig s, boolean coalesce, boolean predict, Random random) {
    boolean groups = coalesce && s.pageSizes().contains(PageSize.SIZE_4K);
    SizePredictionConfig prediction =
        predict && s.pageSizes().size() > 1
            ? new SizePredictionConfig(1 << random.nextInt(6), random.nextInt(4))
            : null;
    return new TlbStructureConfig(
        s.name(),
        s.geometry(),
        s.pageSizes(),
        s.accesses(),
        groups ? 1 << random.nextInt(4) : 1,
        prediction);
  }

  private static void add(
      List<TlbStructureConfig> structures,
      String level,
      int size,
      Set<PageSize> sizes,
      Set<AccessKind> kinds,
      ReplacementPolicy.Kind policy,
      Random random) {
    structures.add(
        new TlbStructureConfig(
            level + "-" + structures.size(), geometry(size, policy, random), sizes, kinds));
  }

  private static Geometry geometry(int size, ReplacementPolicy.Kind policy, Random random) {
    int ways = 1 + random.nextInt(random.nextInt(5) == 0 ? 20 : 4);
    int sets = 1 + random.nextInt(size);
    return new Geometry(sets * ways, ways, policy);
  }

  /** A reference of a random trace. */
  record Reference(long va, int kind, int size) {}

  /** A trace with runs, strides, jumps, page crossings and addresses that are not canonical. */
  static List<Reference> trace(Random random, int count) {
    long[] regions = new long[6];
    for (int i = 0; i < regions.length; i++) {
      regions[i] = random.nextLong() & 0x7fff_ffff_f000L;
    }
    regions[0] = regions[1] + (1 << 21) - 4096;
    regions[2] = 0x7fff_ffff_0000L; // runs out of the lower half now and then
    regions[3] = -(1L << 30); // kernel half; may wrap to 0
    regions[4] = random.nextInt(2) == 0 ? 0x1234_5678_9abc_def0L : regions[4];
    long[] here = {regions[0], regions[1], regions[5]};
    List<Reference> references = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      int kind = random.nextInt(AccessKind.COUNT);
      switch (random.nextInt(12)) {
        case 0 -> here[kind] = regions[random.nextInt(regions.length)];
        case 1 -> here[kind] += 4096L * random.nextInt(64);
        case 2 -> here[kind] = here[random.nextInt(AccessKind.COUNT)];
        case 3 -> here[kind] += random.nextInt(1 << 22);
        default -> here[kind] += random.nextInt(200) - 60;
      }
      int size = random.nextInt(50) == 0 ? 1 + random.nextInt(9000) : 1 + random.nextInt(64);
      references.add(new Reference(here[kind], kind, size));
    }
    return references;
  }

  /**
   * A trace that first touches rows of pages, in their order, some by stores, and then mixes
   * references to them with those of another trace. Where frames are given in the order of first
   * touch, whole groups of pages are mapped to groups of frames.
   */
  static List<Reference> withRowsOfPages(Random random, List<Reference> others) {
    int rows = 6;
    int pages = 64;
    long[] starts = new long[rows];
    List<Reference> references = new ArrayList<>();
    for (int row = 0; row < rows; row++) {
      starts[row] = random.nextLong() & 0x7fff_ffff_f000L & -(4096L * pages);
      int kind = random.nextInt(2);
      for (int page = 0; page < pages; page++) {
        references.add(new Reference(starts[row] + 4096L * page, kind, 8));
      }
    }
    for (long start : starts) {
      for (int page = 0; page < pages; page++) {
        references.add(new Reference(start + 4096L * page, 0, 8));
      }
    }
    for (Reference other : others) {
      int kind = random.nextInt(20) == 0 ? 1 : random.nextInt(10) == 0 ? 2 : 0;
      long page = random.nextInt(3) == 0 ? random.nextInt(pages) : random.nextInt(pages / 8);
      references.add(new Reference(starts[random.nextInt(rows)] + 4096L * page, kind, 8));
      if (random.nextInt(4) == 0) {
        references.add(other);
      }
    }
    return references;
  }

  /** Replays a trace in batches. */
  static void replay(Replay replay, List<Reference> references) {
    replay(replay, references, (batch, count) -> {});
  }

  /** Replays a trace in batches; {@code before} is told of each and of how many it has. */
  static void replay(
      Replay replay, List<Reference> references, ObjIntConsumer<ReferenceBatch> before) {
    ReferenceBatch batch = new ReferenceBatch();
    for (int from = 0; from < references.size(); from += ReferenceBatch.CAPACITY) {
      int to = Math.min(references.size(), from + ReferenceBatch.CAPACITY);
      for (int i = from; i < to; i++) {
        Reference r = references.get(i);
        batch.set(i - from, r.va(), ReferenceBatch.descriptor(r.kind(), r.size()));
      }
      before.accept(batch, to - from);
      replay.run(batch, 0, to - from);
    }
  }
}
