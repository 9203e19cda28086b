package io.lookaside.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.timing.Story.Passage;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Cycles that can be told by arithmetic. Throughout, a look-up of the first level takes 1 cycle, of
 * the second 7, of the structure caches 1, a read of a table entry 50, an assist 10, a fault 100.
 */
class ExactCyclesTest {
  private static final Latencies LATENCIES = new Latencies(1, 1, 7, 1);
  private static final MemoryConfig FIXED = MemoryConfig.fixed(50);
  private static final int READ = Served.UNCACHED;
  private static final int NOWHERE = Served.UNCACHED;

  /** A core that has plenty of everything. */
  private static CoreConfig core(int walkers, int missRegisters, int l1dPorts, int stlbPorts) {
    return new CoreConfig(
        4, 512, 512, 512, 4, l1dPorts, stlbPorts, missRegisters, missRegisters, walkers, 10, 100);
  }

  private static final CoreConfig PLENTY = core(4, 16, 4, 4);

  private static long total(
      Overlap overlap, CoreConfig core, MemoryConfig memory, Story... stories) {
    return SlowTimingTest.play(overlap, core, LATENCIES, memory, List.of(stories)).totalCycles();
  }

  /** The cycles in which the steps of a kind end, by reference. */
  private static Map<Long, List<Long>> ends(
      Step step, Overlap overlap, CoreConfig core, MemoryConfig memory, List<Story> stories) {
    Map<Long, List<Long>> ends = new HashMap<>();
    TimingObserver observer =
        (number, reference, access, kind, argument, address, unit, from, to) -> {
          if (kind == step) {
            ends.computeIfAbsent(reference, r -> new ArrayList<>()).add(to);
          }
        };
    Scheduler scheduler = new Scheduler(memory.dram());
    CoreTiming timing = scheduler.addCore(overlap, core, LATENCIES, memory, observer);
    for (Story story : stories) {
      timing.announce(story.kind(), story.startsInstruction(), story.registers());
      scheduler.nextCore();
      story.tell(timing.recipe());
      timing.accept();
    }
    timing.end();
    scheduler.nextCore();
    return ends;
  }

  private static Story walk(long page, int reads) {
    int[] served = new int[reads];
    Arrays.fill(served, READ);
    return Story.load(Passage.walk(page, NOWHERE, served));
  }

  private static Story hit(long page) {
    return Story.load(Passage.hit(page, NOWHERE));
  }

  @ParameterizedTest
  @EnumSource(Overlap.class)
  void firstLevelHitTakesItsLookup(Overlap overlap) {
    assertEquals(1, total(overlap, PLENTY, FIXED, hit(1)));
  }

  @ParameterizedTest
  @CsvSource({"1, 59", "2, 109", "3, 159", "4, 209"})
  void missTakesBothLookupsTheStructureCachesAndTheReadsThatTheyLeave(int reads, long cycles) {
    // 1 + 7 + 1 + 50 for each read: from the PDE, PDPTE, PML4E cache, and from the root.
    for (Overlap overlap : Overlap.values()) {
      assertEquals(cycles, total(overlap, PLENTY, FIXED, walk(1, reads)));
    }
  }

  /**
   * What a load takes, as a load sees it that needs its result: it starts in the cycle in which the
   * result is there, and not in the one before. Its own look-up takes one more.
   */
  @Test
  void resultIsThereInItsCycleAndNotInTheOneBefore() {
    Map<Story, Long> cycles = new LinkedHashMap<>();
    cycles.put(hit(1), 1L);
    cycles.put(Story.load(Passage.secondLevelHit(1, NOWHERE)), 1L + 7);
    for (int reads = 1; reads <= 4; reads++) {
      // From the PDE, PDPTE and PML4E caches, and from the root.
      cycles.put(walk(1, reads), 1L + 7 + 1 + 50L * reads);
    }
    Passage clean = new Passage(1, true, null, null, List.of(READ), NOWHERE);
    cycles.put(Story.load(clean), 1L + 1 + 10 + 50);
    Passage fault = new Passage(1, false, List.of(READ), List.of(READ), null, NOWHERE);
    cycles.put(Story.load(fault), 1L + 7 + 51 + 100 + 51);
    cycles.forEach((story, done) -> assertReadyAt(done, story, FIXED, 1));

    int[] places = {
      Served.L1, Served.L2, Served.LAST_LEVEL, Served.dram(true, 0), Served.dram(false, 0)
    };
    int[] reads = {5, 14, 40, 100, 130};
    for (int i = 0; i < places.length; i++) {
      // The entry from that place, then the data from L1D, looked up after the TLB.
      Story story = Story.load(Passage.walk(1, Served.L1, places[i]));
      assertReadyAt(1 + 7 + 1 + reads[i] + 5, story, caches(false), 1);
    }
  }

  private static void assertReadyAt(long cycle, Story story, MemoryConfig memory, int lookup) {
    long writes5 = 5;
    long reads5 = 5L << 16;
    List<Story> stories = List.of(story.withRegisters(writes5), hit(9).withRegisters(reads5));
    Map<Long, List<Long>> ends = ends(Step.LOOKUP, Overlap.DATAFLOW, PLENTY, memory, stories);
    assertEquals(List.of(cycle + lookup), ends.get(1L), story.toString());
  }

  /** The only miss register is given back at 8, by the first. One reference enters in a cycle. */
  @ParameterizedTest
  @CsvSource({"1, 15", "6, 15", "7, 15", "8, 16", "9, 17"})
  void missRegisterThatComesFreeIsTakenInThatCycleAndNotBefore(int entry, long translated) {
    CoreConfig narrow = new CoreConfig(1, 512, 512, 512, 4, 4, 4, 1, 1, 4, 10, 100);
    List<Story> stories = new ArrayList<>();
    stories.add(Story.load(Passage.secondLevelHit(1, NOWHERE)));
    stories.addAll(Collections.nCopies(entry - 1, hit(9)));
    stories.add(Story.load(Passage.secondLevelHit(2, NOWHERE)));
    Map<Long, List<Long>> ends = ends(Step.TRANSLATED, Overlap.WINDOW, narrow, FIXED, stories);
    assertEquals(List.of(translated), ends.get((long) entry));
  }

  @Test
  void serialReferencesStartWhenTheOneBeforeIsComplete() {
    assertEquals(
        59 + 8 + 1,
        total(
            Overlap.SERIAL,
            PLENTY,
            FIXED,
            walk(1, 1),
            Story.load(Passage.secondLevelHit(2, NOWHERE)),
            hit(1)));
  }

  @ParameterizedTest
  // The walk of page 1 is over at 209. One reference enters in a cycle, its look-up ends in the
  // next.
  @CsvSource({"206, 209, 1", "207, 209, 1", "208, 209, 1", "209, 210, 0", "210, 211, 0"})
  void hitInAPageOnItsWayCompletesWithTheWalk(int entry, long translated, long merged) {
    CoreConfig narrow = new CoreConfig(1, 512, 512, 512, 4, 4, 4, 16, 16, 4, 10, 100);
    List<Story> stories = new ArrayList<>(List.of(walk(1, 4)));
    stories.addAll(Collections.nCopies(entry - 1, hit(2)));
    stories.add(hit(1));
    Map<Long, List<Long>> ends = ends(Step.TRANSLATED, Overlap.WINDOW, narrow, FIXED, stories);
    assertEquals(List.of(translated), ends.get((long) entry));
    CoreTiming timing = SlowTimingTest.play(Overlap.WINDOW, narrow, LATENCIES, FIXED, stories);
    assertEquals(merged, timing.snapshot().get(TimingMetric.MERGED_HITS));
  }

  @Test
  void secondLevelThatExpectedAnotherPageSizeTakesItsFurtherProbes() {
    Story hit = Story.load(Passage.secondLevelHit(1, NOWHERE).withExtraCycles(3));
    assertEquals(1 + 7 + 3, total(Overlap.SERIAL, PLENTY, FIXED, hit));
    Story miss = Story.load(Passage.walk(1, NOWHERE, READ).withExtraCycles(3));
    assertEquals(1 + 7 + 3 + 51, total(Overlap.WINDOW, PLENTY, FIXED, miss));
  }

  /** The walk of page 5, in the group 4 to 7, is over at 59. */
  @ParameterizedTest
  @CsvSource({"3, 1", "4, 59", "5, 59", "6, 59", "7, 59", "8, 1"})
  void pageThatIsEnteredTogetherWithAnotherIsThereWhenThatIs(long page, long translated) {
    List<Story> stories = List.of(Story.load(Passage.walk(5, NOWHERE, READ).ofPages(4)), hit(page));
    Map<Long, List<Long>> ends = ends(Step.TRANSLATED, Overlap.WINDOW, PLENTY, FIXED, stories);
    assertEquals(List.of(translated), ends.get(1L));
  }

  /**
   * Page 1 is translated at 59; the walk ahead for page 2 then takes 51, until 110. One reference
   * enters in a cycle, its look-up ends in the next, and that of the second level takes 7.
   */
  @ParameterizedTest
  @CsvSource({"5, 117, 1", "108, 117, 1", "109, 117, 1", "110, 118, 0"})
  void pageThatIsWalkedForAheadIsThereWhenThatWalkIsOver(int entry, long translated, long late) {
    CoreConfig narrow = new CoreConfig(1, 512, 512, 512, 4, 4, 4, 16, 16, 4, 10, 100);
    List<Story> stories = new ArrayList<>();
    stories.add(Story.load(Passage.walk(1, NOWHERE, READ).withAhead(2, READ)));
    stories.addAll(Collections.nCopies(entry - 1, hit(9)));
    // It finds the page in the buffer, which is looked up with the second level.
    stories.add(Story.load(Passage.secondLevelHit(2, NOWHERE)));
    Map<Long, List<Long>> ends = ends(Step.TRANSLATED, Overlap.WINDOW, narrow, FIXED, stories);
    assertEquals(List.of(translated), ends.get((long) entry));
    CoreTiming timing = SlowTimingTest.play(Overlap.WINDOW, narrow, LATENCIES, FIXED, stories);
    assertEquals(late, timing.snapshot().get(TimingMetric.LATE_PREFETCHES));
  }

  /** The walk ahead begins at 59 and has the only walker until 110. */
  @Test
  void walkAheadKeepsAWalkerFromOthers() {
    Story first = Story.load(Passage.walk(1, NOWHERE, READ).withAhead(2, READ));
    // In serial the second begins at 59, and would have a walker at 67.
    assertEquals(110 + 51, total(Overlap.SERIAL, core(1, 16, 4, 4), FIXED, first, walk(3, 1)));
    assertEquals(67 + 51, total(Overlap.SERIAL, core(2, 16, 4, 4), FIXED, first, walk(3, 1)));
    assertEquals(59, total(Overlap.SERIAL, PLENTY, FIXED, first));
  }

  @Test
  void oneWalkMoreThanWalkersWaitsForTheFirstToEnd() {
    // All ask for a walker at 8. A walk of one read takes 51.
    Story[] three = {walk(1, 1), walk(2, 1), walk(3, 1)};
    assertEquals(8 + 51, total(Overlap.WINDOW, core(3, 16, 4, 4), FIXED, three));
    assertEquals(8 + 51 + 51, total(Overlap.WINDOW, core(2, 16, 4, 4), FIXED, three));
    assertEquals(8 + 3 * 51, total(Overlap.WINDOW, core(1, 16, 4, 4), FIXED, three));
  }

  @Test
  void walkerThatComesFreeIsTakenInThatCycleAndNotBefore() {
    List<Story> stories = List.of(walk(1, 1), walk(2, 2), walk(3, 1));
    // Walks of 1, 2 and 1 reads on two walkers: the third begins when the first ends, at 8 + 51.
    Map<Long, List<Long>> ends =
        ends(Step.STRUCTURE_CACHES, Overlap.WINDOW, core(2, 16, 4, 4), FIXED, stories);
    assertEquals(List.of(8L + 51 + 1), ends.get(2L));
  }

  @Test
  void firstLevelMissesBeyondTheMissRegistersWait() {
    Story[] two = {
      Story.load(Passage.secondLevelHit(1, NOWHERE)), Story.load(Passage.secondLevelHit(2, NOWHERE))
    };
    assertEquals(8, total(Overlap.WINDOW, core(4, 2, 4, 4), FIXED, two));
    assertEquals(8 + 7, total(Overlap.WINDOW, core(4, 1, 4, 4), FIXED, two));
  }

  @Test
  void lookupsBeyondThePortsComeACycleLater() {
    Story[] two = {hit(1), hit(2)};
    assertEquals(1, total(Overlap.WINDOW, core(4, 16, 2, 4), FIXED, two));
    assertEquals(2, total(Overlap.WINDOW, core(4, 16, 1, 4), FIXED, two));
    Story[] misses = {
      Story.load(Passage.secondLevelHit(1, NOWHERE)), Story.load(Passage.secondLevelHit(2, NOWHERE))
    };
    assertEquals(1 + 7 + 1, total(Overlap.WINDOW, core(4, 16, 4, 1), FIXED, misses));
  }

  private static MemoryConfig caches(boolean parallel) {
    Geometry any = new Geometry(64, 8, ReplacementPolicy.Kind.LRU);
    return new MemoryConfig(
        0,
        new CacheConfig(any, 4),
        new CacheConfig(any, 5),
        new CacheConfig(any, 14),
        new CacheConfig(any, 40),
        new DramConfig(2, 1 << 13, 100, 130, 6),
        true,
        parallel);
  }

  @Test
  void tableEntryTakesWhatThePlaceTakesThatServesIt() {
    int[] places = {
      Served.L1, Served.L2, Served.LAST_LEVEL, Served.dram(true, 0), Served.dram(false, 0)
    };
    int[] cycles = {5, 14, 40, 100, 130};
    for (int i = 0; i < places.length; i++) {
      Story story = Story.load(Passage.walk(1, Served.L1, places[i]));
      // First level, second level, structure caches, the entry, then the data from L1D.
      long expected = 1L + 7 + 1 + cycles[i] + 5;
      assertEquals(expected, total(Overlap.SERIAL, PLENTY, caches(false), story));
      assertEquals(expected, total(Overlap.WINDOW, PLENTY, caches(false), story));
    }
  }

  @Test
  void cacheLookedUpInParallelHidesTheFirstLevelLookup() {
    Story load = Story.load(Passage.hit(1, Served.L1));
    assertEquals(1 + 5, total(Overlap.SERIAL, PLENTY, caches(false), load));
    assertEquals(5, total(Overlap.SERIAL, PLENTY, caches(true), load));
    Story second = Story.load(Passage.secondLevelHit(1, Served.L1));
    assertEquals(5 + 7, total(Overlap.SERIAL, PLENTY, caches(true), second));
  }

  @Test
  void accessToABankThatIsBusyWaits() {
    Story first = Story.load(Passage.hit(1, Served.dram(false, 1)));
    Story same = Story.load(Passage.hit(2, Served.dram(true, 1)));
    Story other = Story.load(Passage.hit(2, Served.dram(true, 0)));
    // Both are at memory at 1. Opening the row keeps the bank for 6 + 30 cycles.
    assertEquals(1 + 130, total(Overlap.WINDOW, PLENTY, caches(false), first, other));
    assertEquals(1 + 36 + 100, total(Overlap.WINDOW, PLENTY, caches(false), first, same));
  }

  @Test
  void storeThroughACleanEntryPaysTheAssistAndItsWalk() {
    Passage clean = new Passage(1, true, null, null, List.of(READ), NOWHERE);
    CoreTiming timing =
        SlowTimingTest.play(Overlap.SERIAL, PLENTY, LATENCIES, FIXED, List.of(Story.store(clean)));
    assertEquals(1 + (1 + 10 + 50), timing.totalCycles());
    assertEquals(61, timing.attributed().get(CycleCause.ASSIST));
    assertEquals(1, timing.attributed().get(CycleCause.BASE));
  }

  @Test
  void pageFaultPaysTheKernelAndTheRepeatedWalkAndHoldsUpWhatComesAfter() {
    Passage fault = new Passage(1, false, List.of(READ), List.of(READ, READ), null, NOWHERE);
    long whole = 1 + 7 + 51 + 100 + 101;
    for (Overlap overlap : Overlap.values()) {
      CoreTiming timing =
          SlowTimingTest.play(
              overlap, PLENTY, LATENCIES, FIXED, List.of(Story.load(fault), hit(2)));
      assertEquals(whole + 1, timing.totalCycles());
      assertEquals(201, timing.attributed().get(CycleCause.FAULT));
      assertEquals(51, timing.attributed().get(CycleCause.WALK_MEMORY));
      assertEquals(7, timing.attributed().get(CycleCause.L1_MISS));
    }
  }

  @Test
  void independentLoadOvertakesOneThatWalks() {
    List<Story> stories = List.of(walk(1, 4), hit(2));
    Map<Long, List<Long>> ends = ends(Step.TRANSLATED, Overlap.WINDOW, PLENTY, FIXED, stories);
    assertEquals(List.of(209L), ends.get(0L));
    assertEquals(List.of(1L), ends.get(1L));
    assertEquals(209, total(Overlap.WINDOW, PLENTY, FIXED, stories.toArray(Story[]::new)));
  }

  @Test
  void loadThatNeedsTheResultOfAnotherStartsWhenItIsThere() {
    long writes5 = 5;
    long reads5 = 5L << 16;
    long reads6 = 6L << 16;
    Story producer = walk(1, 4).withRegisters(writes5);
    assertEquals(
        209 + 1, total(Overlap.DATAFLOW, PLENTY, FIXED, producer, hit(2).withRegisters(reads5)));
    assertEquals(
        209, total(Overlap.DATAFLOW, PLENTY, FIXED, producer, hit(2).withRegisters(reads6)));
  }

  @Test
  void reorderBufferHoldsUpWhatDoesNotFit() {
    CoreConfig small = new CoreConfig(4, 2, 512, 512, 4, 4, 4, 16, 16, 4, 10, 100);
    // The third enters when the first, which walks until 209, retires.
    assertEquals(210, total(Overlap.WINDOW, small, FIXED, walk(1, 4), hit(2), hit(3)));
    assertEquals(209, total(Overlap.WINDOW, small, FIXED, walk(1, 4), hit(2)));
  }

  @Test
  void loadAndStoreQueuesHoldUpTheirKindAlone() {
    CoreConfig queues = new CoreConfig(4, 512, 1, 1, 4, 4, 4, 16, 16, 4, 10, 100);
    Story store = Story.store(Passage.hit(2, NOWHERE));
    assertEquals(209, total(Overlap.WINDOW, queues, FIXED, walk(1, 4), store));
    assertEquals(210, total(Overlap.WINDOW, queues, FIXED, walk(1, 4), hit(2)));
  }

  @Test
  void fetchesThatHitHoldNothingUpAndOthersDo() {
    MemoryConfig memory = caches(true);
    Story l1 = Story.fetch(Passage.hit(9, Served.L1));
    Story l2 = Story.fetch(Passage.hit(9, Served.L2));
    Story load = Story.load(Passage.hit(1, Served.L1)).inSameInstruction();
    assertEquals(5, total(Overlap.WINDOW, PLENTY, memory, l1, load));
    // The L2 takes 14 cycles where L1I takes 4: the load enters 10 later.
    assertEquals(10 + 5, total(Overlap.WINDOW, PLENTY, memory, l2, load));
  }

  /** Where all references come to the walkers in the same order, whatever their number. */
  @Test
  void moreWalkersNeverDelayAnyReference() {
    for (int seed = 0; seed < 30; seed++) {
      Random random = new Random(seed);
      List<Story> stories = new ArrayList<>();
      for (int page = 1; page <= 800; page++) {
        stories.add(random.nextInt(4) == 0 ? walk(page, 1 + random.nextInt(4)) : hit(0));
      }
      Map<Long, List<Long>> before = Map.of();
      for (int walkers = 1; walkers <= 5; walkers++) {
        CoreConfig core = core(walkers, 512, 4, 4);
        Map<Long, List<Long>> now = ends(Step.DATA, Overlap.WINDOW, core, FIXED, stories);
        for (Map.Entry<Long, List<Long>> entry : before.entrySet()) {
          long earlier = Collections.max(entry.getValue());
          long later = Collections.max(now.getOrDefault(entry.getKey(), List.of()));
          assertTrue(
              later <= earlier,
              "seed " + seed + ", " + walkers + " walkers, reference " + entry.getKey());
        }
        before = now;
      }
    }
  }
}
