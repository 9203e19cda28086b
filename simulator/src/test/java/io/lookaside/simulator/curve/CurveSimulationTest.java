package io.lookaside.simulator.curve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.curve.CurveOptions.Side;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

/** One pass counts what an obvious model of each geometry counts. */
class CurveSimulationTest {
  private static final int REFERENCES = 12_000;
  private static final int MAX_SETS = 64;
  private static final int MAX_WAYS = 16;

  @ParameterizedTest
  @EnumSource(Side.class)
  void everyGeometryEqualsASlowModelOfIt(Side side) throws IOException {
    for (PageSize size : PageSize.values()) {
      List<PageStream.Reference> references = PageStream.random(7, REFERENCES, 90);
      CurveResult result = run(references, side, size, MAX_SETS, MAX_WAYS);
      List<Long> pages = PageStream.pages(references, side, size.shift());
      assertEquals(pages.size(), result.lookups());
      assertEquals(new HashSet<>(pages).size(), result.distinctPages());
      for (int sets = 1; sets <= MAX_SETS; sets *= 2) {
        for (int ways = 1; ways <= MAX_WAYS; ways++) {
          String which = side + " " + size + " " + sets + " x " + ways;
          assertEquals(PageStream.misses(pages, sets, ways), result.misses().of(sets, ways), which);
        }
      }
    }
  }

  @ParameterizedTest
  @EnumSource(Side.class)
  void everyFullyAssociativeSizeEqualsASlowModelOfIt(Side side) throws IOException {
    List<PageStream.Reference> references = PageStream.random(8, 5_000, 90);
    CurveResult result = run(references, side, PageSize.SIZE_4K, 4, 4);
    List<Long> pages = PageStream.pages(references, side, 12);
    assertTrue(result.distinctPages() > 40, "a stream with many pages");
    for (int entries = 1; entries <= result.distinctPages() + 3; entries++) {
      long expected = PageStream.misses(pages, 1, entries);
      assertEquals(expected, result.misses().fullyAssociative(entries), side + " " + entries);
    }
  }

  @Test
  void oneWayAndOneSetAreTheSmallestSurface() throws IOException {
    List<PageStream.Reference> references = PageStream.random(9, 2_000, 20);
    List<Long> pages = PageStream.pages(references, Side.ALL, 12);
    CurveResult result = run(references, Side.ALL, PageSize.SIZE_4K, 1, 1);
    assertEquals(PageStream.misses(pages, 1, 1), result.misses().of(1, 1));
    assertEquals(PageStream.misses(pages, 1, 2), result.misses().fullyAssociative(2));
    assertEquals(PageStream.misses(pages, 1, 3), result.misses().fullyAssociative(3));
  }

  @Test
  void skippedReferencesAreNotLookedUp() throws IOException {
    List<PageStream.Reference> references = PageStream.random(10, 9_000, 20);
    List<PageStream.Reference> middle = references.subList(5_000, 7_000);
    CurveOptions options =
        new CurveOptions("-", null, Side.ALL, PageSize.SIZE_4K, 4, 4, 5_000, 2_000, null, true);
    CurveResult result = run(references, options);
    List<Long> pages = PageStream.pages(middle, Side.ALL, 12);
    assertEquals(2_000, result.references());
    assertEquals(pages.size(), result.lookups());
    assertEquals(PageStream.misses(pages, 4, 3), result.misses().of(4, 3));
  }

  @Test
  void behindAFirstLevelOnlyItsMissesAreLookedUp() throws Exception {
    // First levels whose repetitions may be left out, and one where they may not.
    for (String replacement : List.of("lru", "fifo", "srrip")) {
      MachineConfig machine =
          MachineLibrary.load(
              "reference",
              List.of(
                  "l1i.entries=4",
                  "l1i.ways=2",
                  "l1d.entries=8",
                  "l1d.ways=4",
                  "l1i.replacement=" + replacement,
                  "l1d.replacement=" + replacement));
      List<PageStream.Reference> references = PageStream.random(11, 8_000, 40);
      for (Side side : Side.values()) {
        CurveOptions options =
            new CurveOptions(
                "-", null, side, PageSize.SIZE_4K, 16, 4, 0, Long.MAX_VALUE, machine, true);
        CurveResult result = run(references, options);
        if (replacement.equals("lru") && side == Side.DATA) {
          List<Long> data = PageStream.pages(references, side, 12);
          assertEquals(PageStream.misses(data, 2, 4), result.lookups());
        }
        assertTrue(result.lookups() > 100, "enough misses to tell geometries apart");
      }
    }
  }

  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void anySurfaceEqualsSlowModelsBehindAFirstLevelToo(long seed) throws Exception {
    Random random = new Random(seed);
    List<PageStream.Reference> references = PageStream.random(100 + seed, 6_000, 60);
    for (int round = 0; round < 4; round++) {
      int maxSets = 1 << random.nextInt(8);
      int maxWays = 1 + random.nextInt(round == 0 ? 40 : 16);
      Side side = Side.values()[random.nextInt(3)];
      PageSize size = random.nextBoolean() ? PageSize.SIZE_4K : PageSize.SIZE_2M;
      boolean behind = random.nextBoolean();
      int sets = 1 << random.nextInt(3);
      int ways = 1 + random.nextInt(4);
      MachineConfig machine = behind ? firstLevel(sets, ways) : null;
      CurveOptions options =
          new CurveOptions(
              "-", null, side, size, maxSets, maxWays, 0, Long.MAX_VALUE, machine, true);
      CurveResult result = run(references, options);
      List<Long> pages =
          behind
              ? PageStream.firstLevelMisses(references, side, size.shift(), sets, ways)
              : PageStream.pages(references, side, size.shift());
      String which = side + " " + size + (behind ? " behind " + sets + " x " + ways : "");
      assertEquals(pages.size(), result.lookups(), which);
      for (int s = 1; s <= maxSets; s *= 2) {
        for (int w = 1; w <= maxWays; w += 1 + random.nextInt(3)) {
          long expected = PageStream.misses(pages, s, w);
          assertEquals(expected, result.misses().of(s, w), which + " " + s + " x " + w);
        }
      }
      for (int entries = 1; entries <= result.distinctPages() + 1; entries += 7) {
        long expected = PageStream.misses(pages, 1, entries);
        assertEquals(expected, result.misses().fullyAssociative(entries), which + " " + entries);
      }
    }
  }

  /** A machine whose L1I and L1D have this geometry, for pages of 4K and 2M. */
  private static MachineConfig firstLevel(int sets, int ways) throws Exception {
    return MachineLibrary.load(
        "reference",
        List.of(
            "l1i.entries=" + sets * ways,
            "l1i.ways=" + ways,
            "l1d.entries=" + sets * ways,
            "l1d.ways=" + ways,
            "l1i.pageSizes=[4K, 2M]",
            "l1d.pageSizes=[4K, 2M]",
            "stlb.pageSizes=[4K, 2M]"));
  }

  private static CurveResult run(
      List<PageStream.Reference> references, Side side, PageSize size, int sets, int ways)
      throws IOException {
    return run(
        references,
        new CurveOptions("-", null, side, size, sets, ways, 0, Long.MAX_VALUE, null, true));
  }

  private static CurveResult run(List<PageStream.Reference> references, CurveOptions options)
      throws IOException {
    return new CurveSimulation(
            options,
            new ByteArrayInputStream(PageStream.lackey(references)),
            (r, bytes, total) -> {},
            new StageTimes(false))
        .run();
  }
}
