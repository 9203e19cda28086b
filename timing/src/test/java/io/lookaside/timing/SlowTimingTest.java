package io.lookaside.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.stats.Snapshot;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The scheduler against a model that goes cycle by cycle, on random references and machines. */
class SlowTimingTest {
  private static final int SEEDS = 60;
  private static final int REFERENCES = 600;

  @ParameterizedTest
  @EnumSource(Overlap.class)
  void totalsEqualThoseOfTheSlowModel(Overlap overlap) {
    int equal = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed * 31L + overlap.ordinal());
      boolean cached = random.nextInt(3) != 0;
      int banks = 1 << random.nextInt(4);
      MemoryConfig memory = cached ? caches(random, banks) : MemoryConfig.fixed(random.nextInt(60));
      CoreConfig core = core(random);
      Latencies latencies =
          new Latencies(
              1 + random.nextInt(2), 1 + random.nextInt(2), random.nextInt(10), random.nextInt(3));
      List<Story> stories = Story.random(random, REFERENCES, random.nextBoolean(), cached, banks);

      CoreTiming timing = play(overlap, core, latencies, memory, stories);
      SlowTiming slow = new SlowTiming(overlap, core, latencies, memory, stories);
      long total = slow.run();

      String what = overlap + ", seed " + seed + ", " + core + ", " + latencies + ", " + memory;
      if (overlap == Overlap.SERIAL) {
        assertEquals(total, timing.totalCycles(), what);
        assertEquals(
            slow.translationCycles, timing.snapshot().get(TimingMetric.TRANSLATION_CYCLES), what);
      } else {
        long difference = Math.abs(total - timing.totalCycles());
        assertTrue(
            difference * 50 <= total,
            what + ": " + timing.totalCycles() + " instead of " + total + " cycles");
      }
      // Who still meets a page on its way depends on the cycle.
      long merged = timing.snapshot().get(TimingMetric.MERGED_HITS);
      if (total == timing.totalCycles()) {
        equal++;
      }
      assertTrue(Math.abs(slow.mergedHits - merged) <= REFERENCES / 50, what + ": merged hits");
      assertConserved(timing, stories, what);
    }
    // The models differ in who comes first in a cycle; that matters in few cases only.
    assertTrue(equal > SEEDS * 9 / 10, overlap + ": only " + equal + " totals are equal");
  }

  /** Hits may be handed over without a recipe; that makes no difference to any figure. */
  @ParameterizedTest
  @EnumSource(Overlap.class)
  void hitsWithoutARecipeTakeWhatTheyTakeWithOne(Overlap overlap) {
    int hits = 0;
    int inGroups = 0;
    long merged = 0;
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed * 17L + overlap.ordinal());
      boolean cached = random.nextInt(3) != 0;
      int banks = 1 << random.nextInt(4);
      MemoryConfig memory = cached ? caches(random, banks) : MemoryConfig.fixed(random.nextInt(60));
      CoreConfig core = core(random);
      Latencies latencies = new Latencies(1 + random.nextInt(2), 1 + random.nextInt(2), 7, 1);
      List<Story> stories = Story.random(random, REFERENCES, random.nextBoolean(), cached, banks);
      CoreTiming slow = play(overlap, core, latencies, memory, stories);

      Scheduler scheduler = new Scheduler(memory.dram());
      CoreTiming quick = scheduler.addCore(overlap, core, latencies, memory, null);
      int[] together = new int[1 + random.nextInt(40)];
      int gathered = 0;
      for (Story story : stories) {
        Story.Passage p = story.passages().get(0);
        boolean hit = story.passages().size() == 1 && p.firstLevelHit() && p.assistReads() == null;
        boolean passes = hit && !Served.isDram(p.served()) && quick.passesHits();
        if (gathered > 0 && (!passes || gathered == together.length || random.nextInt(20) == 0)) {
          quick.acceptHits(together, gathered);
          inGroups += gathered;
          gathered = 0;
          passes &= quick.passesHits();
        }
        if (passes && random.nextInt(10) != 0) {
          int accessing = quick.dataCycles(story.kind(), p.served());
          together[gathered++] = CoreTiming.hit(story.kind(), story.startsInstruction(), accessing);
        } else if (hit) {
          if (gathered > 0) {
            quick.acceptHits(together, gathered);
            gathered = 0;
          }
          hits++;
          quick.acceptHit(
              story.kind(), story.startsInstruction(), story.registers(), p.page(), p.served(), 0);
        } else {
          quick.announce(story.kind(), story.startsInstruction(), story.registers());
          assertEquals(quick, scheduler.nextCore());
          story.tell(quick.recipe());
          quick.accept();
        }
      }
      quick.acceptHits(together, gathered);
      quick.end();
      assertEquals(null, scheduler.nextCore());
      String what = overlap + ", seed " + seed;
      assertEquals(slow.totalCycles(), quick.totalCycles(), what);
      merged += quick.snapshot().get(TimingMetric.MERGED_HITS);
      for (CycleCause cause : CycleCause.values()) {
        assertEquals(slow.attributed().get(cause), quick.attributed().get(cause), what + cause);
      }
      for (TimingMetric metric : TimingMetric.values()) {
        assertEquals(slow.snapshot().get(metric), quick.snapshot().get(metric), what + metric);
      }
    }
    assertTrue(hits + inGroups > SEEDS * REFERENCES / 4, "only " + hits + " hits");
    if (overlap == Overlap.WINDOW) {
      assertTrue(inGroups > SEEDS * 20, "only " + inGroups + " hits in groups");
      assertTrue(merged > SEEDS * 20, "only " + merged + " hits in pages on their way");
    }
  }

  /** Two to four cores that share the banks of main memory and interrupt each other. */
  @Test
  void coresInSerialTakeTheCyclesOfTheSlowModel() {
    long all = 0;
    long ofThreads = 0;
    for (int seed = 0; seed < 2 * SEEDS; seed++) {
      Random random = new Random(seed);
      int count = 2 + random.nextInt(3);
      boolean cached = random.nextInt(3) != 0;
      int banks = 1 << random.nextInt(3);
      MemoryConfig memory = cached ? caches(random, banks) : MemoryConfig.fixed(random.nextInt(60));
      CoreConfig core = core(random);
      Latencies latencies =
          new Latencies(
              1 + random.nextInt(2), 1 + random.nextInt(2), random.nextInt(10), random.nextInt(3));
      InterruptConfig interrupts =
          new InterruptConfig(
              1 + random.nextInt(30),
              1 + random.nextInt(100),
              random.nextInt(200),
              1 + random.nextInt(50));
      List<List<SlowCores.Item>> items = new ArrayList<>();
      for (int number = 0; number < count; number++) {
        items.add(items(random, number, count, cached, banks));
      }
      List<CoreTiming> cores = play(core, latencies, memory, interrupts, items);
      SlowCores slow = new SlowCores(core, latencies, memory, interrupts, items);
      slow.run();
      long sent = 0;
      long taken = 0;
      for (int number = 0; number < count; number++) {
        CoreTiming timing = cores.get(number);
        Snapshot<TimingMetric> counts = timing.snapshot();
        String what = "seed " + seed + ", core " + number + " of " + count;
        assertEquals(slow.total(number), timing.totalCycles(), what);
        assertEquals(
            slow.translationCycles(number), counts.get(TimingMetric.TRANSLATION_CYCLES), what);
        assertEquals(
            slow.shootdownCycles(number), timing.attributed().get(CycleCause.SHOOTDOWN), what);
        assertEquals(slow.taken(number), counts.get(TimingMetric.INTERRUPTS_TAKEN), what);
        assertEquals(
            slow.takenOfThreads(number), counts.get(TimingMetric.THREAD_INTERRUPTS_TAKEN), what);
        ofThreads += slow.takenOfThreads(number);
        assertEquals(
            counts.get(TimingMetric.INTERRUPTS_SENT),
            counts.get(TimingMetric.INTERRUPTS_ACKNOWLEDGED),
            what);
        sent += counts.get(TimingMetric.INTERRUPTS_SENT);
        taken += counts.get(TimingMetric.INTERRUPTS_TAKEN);
        long sum = 0;
        for (CycleCause cause : CycleCause.values()) {
          sum += timing.attributed().get(cause);
        }
        assertEquals(timing.totalCycles(), sum, what + ": attributed cycles");
      }
      assertEquals(sent, taken, "seed " + seed);
      all += sent;
    }
    assertTrue(all > 20L * SEEDS, all + " interrupts");
    assertTrue(ofThreads > 10L * SEEDS, ofThreads + " interrupts of threads");
  }

  private static List<SlowCores.Item> items(
      Random random, int number, int count, boolean cached, int banks) {
    List<SlowCores.Item> items = new ArrayList<>();
    int references = 50 + random.nextInt(REFERENCES / 2);
    for (Story story : Story.random(random, references, random.nextBoolean(), cached, banks)) {
      // The slow model of several cores knows nothing of walks ahead.
      items.add(
          new SlowCores.Item(
              story.withoutAhead(), 0, rounds(random, number, count), ofThreads(random, count)));
      if (random.nextInt(40) == 0) {
        items.add(
            new SlowCores.Item(
                null,
                random.nextInt(200),
                rounds(random, number, count),
                ofThreads(random, count)));
      }
    }
    return items;
  }

  private static List<List<SlowCores.Interrupt>> rounds(Random random, int number, int count) {
    List<List<SlowCores.Interrupt>> rounds = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      List<SlowCores.Interrupt> round = new ArrayList<>();
      for (int target = 0; target < count; target++) {
        if (target != number && random.nextInt(3) != 0) {
          round.add(new SlowCores.Interrupt(target, random.nextInt(150)));
        }
      }
      if (!round.isEmpty()) {
        rounds.add(round);
      }
    }
    return rounds;
  }

  private static List<SlowCores.Interrupt> ofThreads(Random random, int count) {
    List<SlowCores.Interrupt> interrupts = new ArrayList<>();
    for (int i = random.nextInt(30) == 0 ? random.nextInt(12) : 0; i > 0; i--) {
      interrupts.add(new SlowCores.Interrupt(random.nextInt(count), random.nextInt(150)));
    }
    return interrupts;
  }

  private static List<CoreTiming> play(
      CoreConfig core,
      Latencies latencies,
      MemoryConfig memory,
      InterruptConfig interrupts,
      List<List<SlowCores.Item>> items) {
    Scheduler scheduler = new Scheduler(memory.dram());
    List<CoreTiming> cores = new ArrayList<>();
    for (int i = 0; i < items.size(); i++) {
      cores.add(scheduler.addCore(Overlap.SERIAL, core, latencies, memory, interrupts, null));
      announce(cores.get(i), items.get(i), 0);
    }
    int[] next = new int[items.size()];
    CoreTiming timing;
    while ((timing = scheduler.nextCore()) != null) {
      int number = timing.number();
      SlowCores.Item item = items.get(number).get(next[number]++);
      item.tell(timing.recipe());
      for (SlowCores.Interrupt i : item.ofThreads()) {
        scheduler.interruptFromThread(i.target(), i.work(), timing.entryCycle());
      }
      timing.accept();
      announce(timing, items.get(number), next[number]);
    }
    return cores;
  }

  private static void announce(CoreTiming core, List<SlowCores.Item> items, int next) {
    if (next == items.size()) {
      core.end();
      return;
    }
    Story story = items.get(next).story();
    if (story == null) {
      core.announceKernelWork(0);
    } else {
      core.announce(story.kind(), story.startsInstruction(), story.registers());
    }
  }

  private static void assertConserved(CoreTiming timing, List<Story> stories, String what) {
    long sum = 0;
    for (CycleCause cause : CycleCause.values()) {
      sum += timing.attributed().get(cause);
    }
    assertEquals(timing.totalCycles(), sum, what + ": attributed cycles");
    long walks =
        stories.stream()
            .flatMap(s -> s.passages().stream())
            .mapToLong(
                p ->
                    (p.ahead() == null ? 0 : 1)
                        + (p.reads() == null ? 0 : 1)
                        + (p.retryReads() == null ? 0 : 1)
                        + (p.assistReads() == null ? 0 : 1))
            .sum();
    assertEquals(walks, timing.snapshot().get(TimingMetric.WALKS_STARTED), what);
    assertEquals(walks, timing.snapshot().get(TimingMetric.WALKS_FINISHED), what);
    long ahead =
        stories.stream().flatMap(s -> s.passages().stream()).filter(p -> p.ahead() != null).count();
    assertEquals(walks - ahead, timing.walkLatencies().getTotalCount(), what);
    assertEquals(
        timing.snapshot().get(TimingMetric.READS_ISSUED),
        timing.snapshot().get(TimingMetric.READS_ANSWERED),
        what);
  }

  static CoreTiming play(
      Overlap overlap,
      CoreConfig core,
      Latencies latencies,
      MemoryConfig memory,
      List<Story> stories) {
    Scheduler scheduler = new Scheduler(memory.dram());
    CoreTiming timing = scheduler.addCore(overlap, core, latencies, memory, null);
    for (Story story : stories) {
      timing.announce(story.kind(), story.startsInstruction(), story.registers());
      assertEquals(timing, scheduler.nextCore());
      story.tell(timing.recipe());
      timing.accept();
    }
    timing.end();
    assertEquals(null, scheduler.nextCore());
    return timing;
  }

  private static CoreConfig core(Random random) {
    return new CoreConfig(
        1 + random.nextInt(6),
        1 + random.nextInt(40),
        1 + random.nextInt(20),
        1 + random.nextInt(20),
        1 + random.nextInt(3),
        1 + random.nextInt(3),
        1 + random.nextInt(2),
        1 + random.nextInt(4),
        1 + random.nextInt(6),
        1 + random.nextInt(4),
        random.nextInt(20),
        random.nextInt(200));
  }

  private static MemoryConfig caches(Random random, int banks) {
    Geometry any = new Geometry(64, 8, ReplacementPolicy.Kind.LRU);
    int l1 = 1 + random.nextInt(5);
    int l2 = l1 + random.nextInt(10);
    int llc = l2 + random.nextInt(30);
    int row = llc + random.nextInt(50);
    DramConfig dram =
        new DramConfig(banks, 1 << 13, row, row + random.nextInt(40), random.nextInt(8));
    return new MemoryConfig(
        0,
        new CacheConfig(any, l1),
        new CacheConfig(any, l1),
        new CacheConfig(any, l2),
        new CacheConfig(any, llc),
        dram,
        random.nextBoolean(),
        random.nextBoolean());
  }
}
