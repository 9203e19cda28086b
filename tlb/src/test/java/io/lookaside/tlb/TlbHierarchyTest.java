package io.lookaside.tlb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.tlb.TlbConfig.Inclusion;
import io.lookaside.tlb.TlbModel.Entry;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.MethodSource;

class TlbHierarchyTest {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final long ABSENT = 0;
  private static final Set<PageSize> ONLY_4K = Set.of(PageSize.SIZE_4K);
  private static final Set<PageSize> ONLY_2M = Set.of(PageSize.SIZE_2M);
  private static final Set<PageSize> ONLY_1G = Set.of(PageSize.SIZE_1G);
  private static final Set<PageSize> UP_TO_2M = Set.of(PageSize.SIZE_4K, PageSize.SIZE_2M);
  private static final Set<PageSize> ALL_SIZES = EnumSet.allOf(PageSize.class);
  private static final Set<AccessKind> ALL_KINDS = EnumSet.allOf(AccessKind.class);

  private static TlbStructureConfig structure(
      String name, int entries, int ways, Set<PageSize> sizes, Set<AccessKind> kinds) {
    return new TlbStructureConfig(
        name, new Geometry(entries, ways, ReplacementPolicy.Kind.LRU), sizes, kinds);
  }

  private static TlbStructureConfig structure(
      String name, int entries, int ways, Set<PageSize> sizes) {
    return structure(name, entries, ways, sizes, ALL_KINDS);
  }

  private static TlbLevelConfig level(String name, TlbStructureConfig... structures) {
    return new TlbLevelConfig(name, 1, List.of(structures));
  }

  private static TlbConfig separateStructures(Inclusion inclusion) {
    return new TlbConfig(
        level("l1i", structure("i4", 64, 8, ONLY_4K), structure("i2", 8, 8, ONLY_2M)),
        level(
            "l1d",
            structure("d4", 64, 4, ONLY_4K),
            structure("d2", 8, 4, ONLY_2M),
            structure("d1", 2, 2, ONLY_1G)),
        level("stlb", structure("s42", 96, 12, UP_TO_2M), structure("s1", 4, 4, ONLY_1G)),
        inclusion);
  }

  private static TlbConfig mixedSizes(Inclusion inclusion) {
    return new TlbConfig(
        level("l1i", structure("i", 12, 4, ALL_SIZES)),
        level("l1d", structure("d", 72, 72, ALL_SIZES)),
        level("stlb", structure("s", 64, 8, ALL_SIZES)),
        inclusion);
  }

  private static TlbConfig splitByKind(Inclusion inclusion) {
    return new TlbConfig(
        level("l1i", structure("i", 8, 2, ONLY_4K)),
        level(
            "l1d",
            structure("ld", 16, 4, ALL_SIZES, Set.of(AccessKind.LOAD)),
            structure("st", 6, 6, ALL_SIZES, Set.of(AccessKind.STORE))),
        level("stlb", structure("s", 48, 4, UP_TO_2M)),
        inclusion);
  }

  private static TlbConfig piecesInFront(Inclusion inclusion) {
    return new TlbConfig(
        level("l1i", structure("i", 8, 8, ONLY_4K)),
        level("l1d", structure("d", 16, 4, ONLY_4K)),
        level("stlb", structure("s", 24, 6, ALL_SIZES)),
        inclusion);
  }

  private static TlbConfig piecesBehind(Inclusion inclusion) {
    return new TlbConfig(
        level("l1i", structure("i", 4, 2, ONLY_2M)),
        level("l1d", structure("d", 6, 2, ALL_SIZES)),
        level("stlb", structure("s", 32, 4, ONLY_4K)),
        inclusion);
  }

  /** As on Sunny Cove: both halves of the second level hold 4K pages. */
  private static TlbConfig sharedBetweenHalves(Inclusion inclusion) {
    return new TlbConfig(
        level("l1i", structure("i", 8, 2, UP_TO_2M)),
        level("l1d", structure("d4", 12, 4, ONLY_4K), structure("d4b", 4, 2, ALL_SIZES)),
        level(
            "stlb",
            structure("s42", 24, 4, UP_TO_2M),
            structure("s41", 24, 4, Set.of(PageSize.SIZE_4K, PageSize.SIZE_1G)),
            structure("s4", 10, 2, ONLY_4K)),
        inclusion);
  }

  static Stream<Arguments> machines() {
    List<Arguments> machines = new ArrayList<>();
    for (Inclusion inclusion : Inclusion.values()) {
      machines.add(Arguments.of("separate", separateStructures(inclusion)));
      machines.add(Arguments.of("mixed", mixedSizes(inclusion)));
      machines.add(Arguments.of("split", splitByKind(inclusion)));
      machines.add(Arguments.of("shared between halves", sharedBetweenHalves(inclusion)));
      machines.add(Arguments.of("pieces in front", piecesInFront(inclusion)));
      machines.add(Arguments.of("pieces behind", piecesBehind(inclusion)));
      if (inclusion != Inclusion.EXCLUSIVE) {
        TlbConfig pieces = splitByKind(inclusion);
        TlbConfig whole = new TlbConfig(pieces.l1i(), pieces.l1d(), pieces.stlb(), inclusion, true);
        machines.add(Arguments.of("whole again", whole));
      }
    }
    return machines.stream();
  }

  @ParameterizedTest
  @MethodSource("machines")
  void agreesWithTheModelOnRandomStreams(String name, TlbConfig config) {
    for (int seed = 0; seed < 3; seed++) {
      TlbHierarchy tlbs = new TlbHierarchy(config, seed);
      TlbModel.Hierarchy model = new TlbModel.Hierarchy(config);
      SplittableRandom random = new SplittableRandom(seed + name.length() * 1000L);
      for (int step = 0; step < 20_000; step++) {
        step(tlbs, model, random, step / 3000);
      }
      compareCounts(tlbs, model);
    }
  }

  private static void step(
      TlbHierarchy tlbs, TlbModel.Hierarchy model, SplittableRandom random, int epoch) {
    long va = TlbModel.address(random, 16);
    int pcid = random.nextInt(3) * 77;
    int action = random.nextInt(400);
    if (action < 8) {
      tlbs.invalidatePage(va, pcid);
      model.invalidatePage(va, pcid);
    } else if (action == 8) {
      tlbs.invalidatePcid(pcid);
      model.invalidatePcid(pcid);
    } else if (action == 9 && random.nextInt(10) == 0) {
      tlbs.invalidateAll();
      model.invalidateAll();
    } else {
      AccessKind kind = AccessKind.ofCode(random.nextInt(3));
      boolean store = kind == AccessKind.STORE;
      long expected = model.lookup(va, pcid, kind);
      assertEquals(
          expected,
          tlbs.lookup(va, pcid, kind.ordinal()),
          () -> kind + " at 0x" + Long.toHexString(va));
      Entry page = TlbModel.page(va, pcid, epoch, store);
      if (expected == ABSENT && random.nextInt(16) == 0) {
        // A fault that stays: the page is not mapped, and nothing is filled.
        model.missOfNoPage(kind);
      } else if (expected == ABSENT) {
        tlbs.fill(va, pcid, kind.ordinal(), page.word());
        model.fillAfterMiss(va, kind, page);
      } else if (store && (expected & TlbModel.DIRTY) == 0) {
        tlbs.update(va, pcid, page.word(), page.word());
        model.update(va, pcid, page);
      }
    }
  }

  private static void compareCounts(TlbHierarchy tlbs, TlbModel.Hierarchy model) {
    long firstMisses = 0;
    for (int i = 0; i < 3; i++) {
      TlbLevel level = tlbs.levels().get(i);
      TlbModel.Level expected = model.levels().get(i);
      TlbCounts counts = level.snapshot();
      assertEquals(expected.lookups, counts.get(TlbMetric.LOOKUPS));
      assertEquals(expected.hits, counts.get(TlbMetric.HITS));
      assertEquals(expected.misses, counts.get(TlbMetric.MISSES));
      assertEquals(
          counts.get(TlbMetric.LOOKUPS), counts.get(TlbMetric.HITS) + counts.get(TlbMetric.MISSES));
      compareBreakdown(counts, expected);
      long structureHits = 0;
      for (int j = 0; j < level.structures().size(); j++) {
        Snapshot<TlbStructureMetric> s = level.structures().get(j).snapshot();
        TlbModel.Structure m = expected.structures.get(j);
        assertEquals(m.hits, s.get(TlbStructureMetric.HITS));
        assertEquals(m.fills, s.get(TlbStructureMetric.FILLS));
        assertEquals(m.evictions, s.get(TlbStructureMetric.EVICTIONS));
        structureHits += s.get(TlbStructureMetric.HITS);
      }
      assertEquals(counts.get(TlbMetric.HITS), structureHits);
      assertTrue(counts.get(TlbMetric.HITS) > 0, "the stream must hit every level");
      assertTrue(counts.get(TlbMetric.MISSES) > 0, "the stream must miss every level");
      if (i < 2) {
        firstMisses += counts.get(TlbMetric.MISSES);
      } else {
        assertEquals(firstMisses, counts.get(TlbMetric.LOOKUPS));
      }
    }
  }

  private static void compareBreakdown(TlbCounts counts, TlbModel.Level expected) {
    long hits = 0;
    long misses = 0;
    for (AccessKind kind : AccessKind.values()) {
      for (PageSize page : PageSize.values()) {
        String cell = kind + " " + page;
        assertEquals(expected.cell("hit " + cell), counts.hits(kind, page), cell);
        assertEquals(expected.cell("miss " + cell), counts.misses(kind, page), cell);
        hits += counts.hits(kind, page);
        misses += counts.misses(kind, page);
      }
      assertEquals(expected.cell("unmapped " + kind), counts.unmappedMisses(kind));
      misses += counts.unmappedMisses(kind);
      assertEquals(
          counts.get(TlbMetric.LOOKUPS, kind),
          counts.get(TlbMetric.HITS, kind) + counts.get(TlbMetric.MISSES, kind));
    }
    assertEquals(counts.get(TlbMetric.HITS), hits);
    assertEquals(counts.get(TlbMetric.MISSES), misses);
  }

  /** First levels with 2 entries each, a second level of the given size, all fully associative. */
  private static TlbHierarchy small(int secondEntries, Inclusion inclusion) {
    return new TlbHierarchy(
        new TlbConfig(
            level("l1i", structure("i", 2, 2, ONLY_4K)),
            level("l1d", structure("d", 2, 2, ONLY_4K)),
            level("stlb", structure("s", secondEntries, secondEntries, ONLY_4K)),
            inclusion),
        1);
  }

  private static long word(long va) {
    return new Entry(PageSize.SIZE_4K, PageSize.SIZE_4K, va, 0, false, va << 4, TlbModel.WRITABLE)
        .word();
  }

  /** An access as the MMU makes it; returns whether it hit in either level. */
  private static boolean access(TlbHierarchy tlbs, long va, int kind) {
    if (tlbs.lookup(va, 0, kind) != ABSENT) {
      return true;
    }
    tlbs.fill(va, 0, kind, word(va));
    return false;
  }

  private static long levelCount(TlbHierarchy tlbs, int level, TlbMetric metric) {
    return tlbs.levels().get(level).snapshot().get(metric);
  }

  private static long fills(TlbHierarchy tlbs, int level) {
    return tlbs.levels().get(level).structures().get(0).snapshot().get(TlbStructureMetric.FILLS);
  }

  @ParameterizedTest
  @EnumSource(
      value = Inclusion.class,
      names = {"NON_INCLUSIVE", "INCLUSIVE"})
  void aWalkFillsBothLevels(Inclusion inclusion) {
    TlbHierarchy tlbs = small(8, inclusion);
    access(tlbs, 0x1000, LOAD);
    assertEquals(0, fills(tlbs, 0));
    assertEquals(1, fills(tlbs, 1));
    assertEquals(1, fills(tlbs, 2));
  }

  @Test
  void aWalkFillsOnlyTheFirstLevelWhenExclusive() {
    TlbHierarchy tlbs = small(8, Inclusion.EXCLUSIVE);
    access(tlbs, 0x1000, LOAD);
    assertEquals(1, fills(tlbs, 1));
    assertEquals(0, fills(tlbs, 2));
    access(tlbs, 0x2000, LOAD);
    access(tlbs, 0x3000, LOAD); // evicts 0x1000 into the second level
    assertEquals(1, fills(tlbs, 2));
    assertTrue(access(tlbs, 0x1000, LOAD)); // and moves back; 0x2000 leaves for the second
    assertEquals(1, levelCount(tlbs, 2, TlbMetric.HITS));
    // The entry has moved: a fetch of it, which the data side cannot answer, misses everywhere.
    assertEquals(ABSENT, tlbs.lookup(0x1000, 0, FETCH));
    assertTrue(tlbs.lookup(0x2000, 0, FETCH) != ABSENT);
  }

  @Test
  void anEvictionFromTheSecondLevelLeavesTheFirstAloneWhenNonInclusive() {
    TlbHierarchy tlbs = small(3, Inclusion.NON_INCLUSIVE);
    access(tlbs, 0x1000, LOAD);
    for (long va = 0x2000; va <= 0x4000; va += 0x1000) {
      access(tlbs, va, FETCH);
    }
    assertTrue(access(tlbs, 0x1000, LOAD));
    assertEquals(1, levelCount(tlbs, 1, TlbMetric.HITS));
  }

  @Test
  void anEvictionFromTheSecondLevelIsOneFromTheFirstWhenInclusive() {
    TlbHierarchy tlbs = small(3, Inclusion.INCLUSIVE);
    access(tlbs, 0x1000, LOAD);
    for (long va = 0x2000; va <= 0x4000; va += 0x1000) {
      access(tlbs, va, FETCH);
    }
    assertEquals(ABSENT, tlbs.lookup(0x1000, 0, LOAD));
    assertEquals(0, levelCount(tlbs, 1, TlbMetric.HITS));
  }

  @Test
  void anInclusiveEvictionOfALargePageDropsItsPieces() {
    TlbHierarchy tlbs =
        new TlbHierarchy(
            new TlbConfig(
                level("l1i", structure("i", 8, 8, ONLY_4K)),
                level("l1d", structure("d", 8, 8, ONLY_4K)),
                level("stlb", structure("s", 1, 1, UP_TO_2M)),
                Inclusion.INCLUSIVE),
            1);
    Entry large = new Entry(PageSize.SIZE_2M, PageSize.SIZE_2M, 0x20_0000, 0, false, 0x40_0000, 0);
    tlbs.fill(0x20_1000, 0, LOAD, large.word());
    // What a look-up returns after a hit in the second level is the entry of that level.
    assertEquals(large.word(), tlbs.lookup(0x20_2000, 0, LOAD));
    assertEquals(large.piece(0x20_2000, PageSize.SIZE_4K).word(), tlbs.lookup(0x20_2000, 0, LOAD));
    access(tlbs, 0x9000, FETCH);
    assertEquals(ABSENT, tlbs.lookup(0x20_1000, 0, LOAD));
    assertEquals(ABSENT, tlbs.lookup(0x20_2000, 0, LOAD));
  }

  @Test
  void aSmashedPageComesBackWholeOnlyWhereTheMachineSaysSo() {
    long gib = 1L << 30;
    Entry page = new Entry(PageSize.SIZE_1G, PageSize.SIZE_1G, gib, 0, false, 5 * gib, 0);
    for (boolean whole : new boolean[] {false, true}) {
      TlbHierarchy tlbs =
          new TlbHierarchy(
              new TlbConfig(
                  level("l1i", structure("i", 1, 1, ONLY_4K)),
                  level("l1d", structure("d", 1, 1, ALL_SIZES)),
                  level("stlb", structure("s", 8, 8, UP_TO_2M)),
                  Inclusion.NON_INCLUSIVE,
                  whole),
              1);
      long va = gib + 0x40_0000;
      tlbs.lookup(va, 0, LOAD);
      tlbs.fill(va, 0, LOAD, page.word());
      access(tlbs, 0x1000, LOAD); // evicts the page from the first level
      long expected = (whole ? page : page.piece(va, PageSize.SIZE_2M)).word();
      assertEquals(expected, tlbs.lookup(va, 0, LOAD));
      // Another 2 MiB of it: in the first level only if that has the page whole.
      assertEquals(whole ? page.word() : ABSENT, tlbs.lookup(gib, 0, LOAD));
    }
  }

  @Test
  void anUpdateSetsDirtyInBothLevels() {
    TlbHierarchy tlbs = small(3, Inclusion.NON_INCLUSIVE);
    access(tlbs, 0x1000, LOAD);
    access(tlbs, 0x2000, LOAD);
    long dirty = word(0x1000) | TlbModel.DIRTY;
    tlbs.update(0x1000, 0, dirty, dirty);
    // The second level's copy, seen through the other first level.
    assertEquals(word(0x2000), tlbs.lookup(0x2000, 0, LOAD));
    assertEquals(dirty, tlbs.lookup(0x1000, 0, FETCH));
    assertEquals(dirty, tlbs.lookup(0x1000, 0, LOAD));
    assertEquals(2, levelCount(tlbs, 1, TlbMetric.MISSES)); // the two accesses that filled it
  }

  @Test
  void anUpdatedEntryIsStillTheNextVictimOfBothLevels() {
    TlbHierarchy tlbs = small(3, Inclusion.NON_INCLUSIVE);
    access(tlbs, 0x1000, STORE);
    access(tlbs, 0x2000, STORE);
    tlbs.update(0x1000, 0, word(0x1000), word(0x1000) | TlbModel.DIRTY);
    access(tlbs, 0x3000, STORE); // the first level is full: 0x1000 must go
    tlbs.update(0x1000, 0, word(0x1000), word(0x1000) | TlbModel.DIRTY);
    assertEquals(ABSENT, tlbs.levels().get(1).structures().get(0).lookup(0x1000, 0));
    access(tlbs, 0x4000, FETCH); // the second level is full: 0x1000 must go
    assertEquals(ABSENT, tlbs.lookup(0x1000, 0, STORE));
    assertTrue(tlbs.lookup(0x2000, 0, STORE) != ABSENT);
  }

  @Test
  void anUpdateFillsNothingWhereThePageIsAbsent() {
    TlbHierarchy tlbs = small(4, Inclusion.NON_INCLUSIVE);
    tlbs.update(0x1000, 0, word(0x1000), word(0x1000) | TlbModel.DIRTY);
    assertEquals(ABSENT, tlbs.lookup(0x1000, 0, STORE));
    assertEquals(ABSENT, tlbs.lookup(0x1000, 0, FETCH));
    assertEquals(0, fills(tlbs, 1) + fills(tlbs, 2));
  }

  @Test
  void anUpdateLeavesTheInstructionSideAsItIs() {
    TlbHierarchy tlbs = small(4, Inclusion.NON_INCLUSIVE);
    access(tlbs, 0x1000, FETCH);
    access(tlbs, 0x1000, STORE);
    tlbs.update(0x1000, 0, word(0x1000), word(0x1000) | TlbModel.DIRTY);
    assertEquals(word(0x1000), tlbs.lookup(0x1000, 0, FETCH));
    assertEquals(word(0x1000) | TlbModel.DIRTY, tlbs.lookup(0x1000, 0, STORE));
  }

  @Test
  void repeatedHitsCountInTheirLevelAndStructureAlone() {
    TlbHierarchy tlbs = new TlbHierarchy(separateStructures(Inclusion.NON_INCLUSIVE), 1);
    tlbs.countRepeatedHits(LOAD, PageSize.SIZE_1G, PageSize.SIZE_2M, 5);
    tlbs.countRepeatedHits(STORE, PageSize.SIZE_4K, PageSize.SIZE_4K, 7);
    tlbs.countRepeatedHits(FETCH, PageSize.SIZE_4K, PageSize.SIZE_4K, 11);
    assertEquals(11, levelCount(tlbs, 0, TlbMetric.LOOKUPS));
    assertEquals(11, levelCount(tlbs, 0, TlbMetric.HITS));
    assertEquals(12, levelCount(tlbs, 1, TlbMetric.LOOKUPS));
    assertEquals(12, levelCount(tlbs, 1, TlbMetric.HITS));
    assertEquals(0, levelCount(tlbs, 1, TlbMetric.MISSES));
    assertEquals(0, levelCount(tlbs, 2, TlbMetric.LOOKUPS));
    TlbCounts data = tlbs.levels().get(1).snapshot();
    assertEquals(5, data.hits(AccessKind.LOAD, PageSize.SIZE_1G)); // the page that the tables map
    assertEquals(7, data.hits(AccessKind.STORE, PageSize.SIZE_4K));
    long[][] expected = {{11, 0}, {7, 5, 0}, {0, 0}};
    for (int i = 0; i < 3; i++) {
      List<SetAssociativeTlb> structures = tlbs.levels().get(i).structures();
      for (int j = 0; j < structures.size(); j++) {
        assertEquals(expected[i][j], structures.get(j).snapshot().get(TlbStructureMetric.HITS));
      }
    }
  }

  @Test
  void repeatedHitsCountInTheStructureOfTheirKind() {
    TlbHierarchy tlbs = new TlbHierarchy(splitByKind(Inclusion.NON_INCLUSIVE), 1);
    tlbs.countRepeatedHits(STORE, PageSize.SIZE_2M, PageSize.SIZE_2M, 3);
    List<SetAssociativeTlb> data = tlbs.levels().get(1).structures();
    assertEquals(0, data.get(0).snapshot().get(TlbStructureMetric.HITS));
    assertEquals(3, data.get(1).snapshot().get(TlbStructureMetric.HITS));
  }

  @Test
  void neighbouringPagesFillAllHalvesOfTheSecondLevel() {
    // Two structures of 4 sets of 2 ways: 16 entries for 4K pages in all. Pages 0 to 15 number
    // their
    // sets 0 to 3 four times over; the bits above are 0, 1, 2, 3, of parity 0, 1, 1, 0.
    TlbHierarchy tlbs =
        new TlbHierarchy(
            new TlbConfig(
                level("l1i", structure("i", 1, 1, ONLY_4K)),
                level("l1d", structure("d", 1, 1, ONLY_4K)),
                level(
                    "stlb",
                    structure("a", 8, 2, UP_TO_2M),
                    structure("b", 8, 2, Set.of(PageSize.SIZE_4K, PageSize.SIZE_1G))),
                Inclusion.NON_INCLUSIVE),
            1);
    for (int round = 0; round < 2; round++) {
      for (long page = 0; page < 16; page++) {
        assertEquals(round == 1, access(tlbs, page << 12, LOAD));
      }
    }
    List<SetAssociativeTlb> halves = tlbs.levels().get(2).structures();
    assertEquals(8, halves.get(0).snapshot().get(TlbStructureMetric.FILLS));
    assertEquals(8, halves.get(1).snapshot().get(TlbStructureMetric.FILLS));
    assertEquals(8, halves.get(0).snapshot().get(TlbStructureMetric.HITS));
    assertEquals(8, halves.get(1).snapshot().get(TlbStructureMetric.HITS));
    assertTrue(halves.get(0).lookup(0x3000, 0) != ABSENT);
    assertEquals(ABSENT, halves.get(1).lookup(0x3000, 0));
    assertTrue(halves.get(1).lookup(0x4000, 0) != ABSENT);
    assertTrue(halves.get(1).lookup(0xb000, 0) != ABSENT);
    assertTrue(halves.get(0).lookup(0xc000, 0) != ABSENT);
    tlbs.invalidatePage(0xb000, 0);
    assertEquals(ABSENT, tlbs.lookup(0xb000, 0, LOAD));
  }

  @Test
  void largePagesGoToTheHalfThatHoldsTheirSize() {
    TlbHierarchy tlbs = new TlbHierarchy(sharedBetweenHalves(Inclusion.NON_INCLUSIVE), 1);
    Entry page2M = new Entry(PageSize.SIZE_2M, PageSize.SIZE_2M, 0, 0, false, 0x40_0000, 0);
    Entry page1G = new Entry(PageSize.SIZE_1G, PageSize.SIZE_1G, 1L << 30, 0, false, 1L << 31, 0);
    tlbs.lookup(0x1000, 0, LOAD);
    tlbs.fill(0x1000, 0, LOAD, page2M.word());
    tlbs.lookup(1L << 30, 0, LOAD);
    tlbs.fill(1L << 30, 0, LOAD, page1G.word());
    List<SetAssociativeTlb> parts = tlbs.levels().get(2).structures();
    assertEquals(page2M.word(), parts.get(0).lookup(0, 0));
    assertEquals(page1G.word(), parts.get(1).lookup(1L << 30, 0));
    assertEquals(0, parts.get(2).snapshot().get(TlbStructureMetric.FILLS));
  }

  @Test
  void pagesOfTwoStructuresOfTheFirstLevelAreNotRepeatable() {
    TlbHierarchy tlbs = new TlbHierarchy(sharedBetweenHalves(Inclusion.NON_INCLUSIVE), 1);
    assertEquals(0, tlbs.repetitionClasses(LOAD, PageSize.SIZE_4K));
    assertEquals(2, tlbs.repetitionClasses(LOAD, PageSize.SIZE_2M)); // 2 sets
    assertEquals(4, tlbs.repetitionClasses(FETCH, PageSize.SIZE_4K)); // 4 sets
    assertEquals(false, tlbs.loadsAndStoresShare());
  }

  @Test
  void aFillThatFollowsAHitIsNoMissOfAPage() {
    // A store finds an entry without the right, the kernel mends the tables, the walk is repeated.
    TlbHierarchy tlbs = small(4, Inclusion.NON_INCLUSIVE);
    access(tlbs, 0x1000, STORE);
    assertTrue(tlbs.lookup(0x1000, 0, STORE) != ABSENT);
    tlbs.invalidatePage(0x1000, 0);
    tlbs.fill(0x1000, 0, STORE, word(0x1000));
    TlbCounts data = tlbs.levels().get(1).snapshot();
    assertEquals(1, data.misses(AccessKind.STORE, PageSize.SIZE_4K));
    assertEquals(0, data.unmappedMisses(AccessKind.STORE));
  }

  @Test
  void aMissWhoseFaultStaysIsOneOfNoPage() {
    TlbHierarchy tlbs = small(4, Inclusion.NON_INCLUSIVE);
    tlbs.lookup(0x1000, 0, LOAD);
    access(tlbs, 0x2000, LOAD);
    for (int level = 1; level < 3; level++) {
      TlbCounts counts = tlbs.levels().get(level).snapshot();
      assertEquals(2, counts.get(TlbMetric.MISSES, AccessKind.LOAD));
      assertEquals(1, counts.misses(AccessKind.LOAD, PageSize.SIZE_4K));
      assertEquals(1, counts.unmappedMisses(AccessKind.LOAD));
      assertEquals(0, counts.unmappedMisses(AccessKind.STORE));
    }
  }

  @Test
  void invalidatingAPageDropsItInEveryLevel() {
    for (Inclusion inclusion : Inclusion.values()) {
      TlbHierarchy tlbs = small(4, inclusion);
      access(tlbs, 0x1000, LOAD);
      access(tlbs, 0x1000, FETCH);
      tlbs.invalidatePage(0x1abc, 0);
      assertEquals(ABSENT, tlbs.lookup(0x1000, 0, LOAD));
      assertEquals(ABSENT, tlbs.lookup(0x1000, 0, FETCH));
    }
  }
}
