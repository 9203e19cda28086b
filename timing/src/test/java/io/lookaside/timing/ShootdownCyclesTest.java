package io.lookaside.timing;

import static java.util.Objects.requireNonNull;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNull;

import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * Cycles of interrupts between cores that can be told by arithmetic. Throughout, a look-up takes 1
 * cycle, a data access none; sending takes 20, delivery 80, the handler 60, the acknowledgement 30.
 */
class ShootdownCyclesTest {
  private static final InterruptConfig INTERRUPTS = new InterruptConfig(20, 80, 60, 30);
  private static final CoreConfig CORE =
      new CoreConfig(4, 512, 512, 512, 4, 4, 4, 16, 16, 4, 10, 100);
  private static final MemoryConfig FIXED = MemoryConfig.fixed(50);
  private static final Latencies LATENCIES = new Latencies(1, 1, 7, 1);

  /**
   * What a core does next: so many cycles of kernel work with interrupts, or a load that walks or
   * not.
   */
  private record Deed(long work, List<List<int[]>> rounds, int reads, List<int[]> ofThreads) {
    Deed(long work, List<List<int[]>> rounds, int reads) {
      this(work, rounds, reads, List.of());
    }

    static Deed hit() {
      return new Deed(-1, List.of(), 0);
    }

    /** A hit, while a thread of the kernel sends interrupts: pairs of a core and its work. */
    static Deed hitWithInterruptsOfAThread(List<int[]> interrupts) {
      return new Deed(-1, List.of(), 0, interrupts);
    }

    static Deed walk(int reads) {
      return new Deed(-1, List.of(), reads);
    }

    /** Kernel work without interrupts. */
    static Deed kernel(long work) {
      return new Deed(work, List.of(), 0);
    }

    /** Kernel work with a round of interrupts: pairs of a core and its work. */
    static Deed kernel(long work, List<int[]> round) {
      return new Deed(work, List.of(round), 0);
    }

    /** Kernel work with two rounds. */
    static Deed kernel(long work, List<int[]> round, List<int[]> other) {
      return new Deed(work, List.of(round, other), 0);
    }
  }

  /** What was observed of an interrupt. */
  private record Seen(int from, int to, long sent, long taken, long done) {}

  private final List<Seen> seen = new ArrayList<>();
  private final List<CoreTiming> cores = new ArrayList<>();

  /** By core and reference: when its look-up began. */
  private final List<List<Long>> lookups = new ArrayList<>();

  @SafeVarargs
  private void play(Overlap overlap, List<Deed>... deeds) {
    Scheduler scheduler = new Scheduler(null);
    TimingObserver observer =
        new TimingObserver() {
          @Override
          public void step(
              int core,
              long reference,
              int kind,
              Step step,
              int argument,
              long a,
              int u,
              long from,
              long to) {
            if (step == Step.LOOKUP) {
              lookups.get(core).add(from);
            }
          }

          @Override
          public void interrupt(int from, int to, long sent, long taken, long done) {
            seen.add(new Seen(from, to, sent, taken, done));
          }
        };
    int[] next = new int[deeds.length];
    for (int i = 0; i < deeds.length; i++) {
      cores.add(scheduler.addCore(overlap, CORE, LATENCIES, FIXED, INTERRUPTS, observer));
      lookups.add(new ArrayList<>());
    }
    for (int i = 0; i < deeds.length; i++) {
      announce(cores.get(i), deeds[i], next[i]);
    }
    CoreTiming core;
    while ((core = scheduler.nextCore()) != null) {
      int number = core.number();
      Deed deed = deeds[number].get(next[number]);
      tell(core.recipe(), deed, next[number]);
      for (int[] pair : deed.ofThreads()) {
        scheduler.interruptFromThread(pair[0], pair[1], core.entryCycle());
      }
      core.accept();
      next[number]++;
      announce(core, deeds[number], next[number]);
    }
    for (CoreTiming each : cores) {
      long sum = 0;
      for (CycleCause cause : CycleCause.values()) {
        sum += each.attributed().get(cause);
      }
      assertEquals(each.totalCycles(), sum);
    }
  }

  private static void announce(CoreTiming core, List<Deed> deeds, int next) {
    if (next == deeds.size()) {
      core.end();
    } else if (deeds.get(next).work() >= 0) {
      core.announceKernelWork(0);
    } else {
      core.announce(0, true, 0);
    }
  }

  private static void tell(Recipe recipe, Deed deed, int page) {
    if (deed.work() >= 0) {
      recipe.kernelWork(deed.work());
      for (List<int[]> round : deed.rounds()) {
        round.forEach(pair -> recipe.interrupt(pair[0], pair[1]));
        recipe.awaitAcknowledgements();
      }
      return;
    }
    recipe.translation();
    if (deed.reads() > 0) {
      recipe.secondLevel();
      recipe.walk(Recipe.Cause.MISS);
      for (int i = 0; i < deed.reads(); i++) {
        recipe.read(Served.UNCACHED, 0);
      }
      recipe.endWalk();
    }
    recipe.endTranslation(page);
    recipe.data(Served.UNCACHED, 0);
  }

  private static List<Deed> hits(int count) {
    List<Deed> hits = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      hits.add(Deed.hit());
    }
    return hits;
  }

  private static List<int[]> to(int core, int work) {
    return List.of(new int[] {core, work});
  }

  @ParameterizedTest
  @EnumSource(
      value = Overlap.class,
      names = {"SERIAL", "WINDOW"})
  void aShootdownCostsBothSides(Overlap overlap) {
    // Core 0 works for 5 cycles and sends at 5; that keeps it until 25. The interrupt is there at
    // 25 + 80 = 105. Core 1 makes a load in each cycle (serial) and takes it at 105, for 60 + 7
    // cycles, to 172.
    // The answer is there at 172 + 30 = 202: core 0 has waited for 202 - 5 = 197 cycles.
    play(overlap, List.of(Deed.kernel(5, to(1, 7)), Deed.hit()), hits(1_000));
    assertEquals(List.of(new Seen(0, 1, 5, 105, 172)), seen);
    CoreTiming sender = cores.get(0);
    assertEquals(List.of(202L), lookups.get(0));
    assertEquals(203, sender.totalCycles());
    assertEquals(5, sender.attributed().get(CycleCause.KERNEL));
    assertEquals(197, sender.attributed().get(CycleCause.SHOOTDOWN));
    CoreTiming target = cores.get(1);
    assertEquals(67, target.attributed().get(CycleCause.SHOOTDOWN));
    // In cycle 104 a load still begins, in those from 105 to 171 none does, in 172 one does.
    assertEquals(true, lookups.get(1).contains(104L));
    assertEquals(0, lookups.get(1).stream().filter(c -> c >= 105 && c < 172).count());
    assertEquals(true, lookups.get(1).contains(172L));
    if (overlap == Overlap.SERIAL) {
      assertEquals(1_000 + 67, target.totalCycles());
    }
  }

  @ParameterizedTest
  // The walk of core 1 is the reference that begins after so many hits, and takes 1 + 7 + 1 + 4 x
  // 50 = 209.
  // The interrupt is there at 105: if the walk begins at 104 it is waited for, at 105 it is not
  // begun.
  @CsvSource({"104, 313", "105, 105"})
  void aReferenceThatHasBegunEndsBeforeTheInterruptIsTaken(int hits, long taken) {
    List<Deed> deeds = hits(hits);
    deeds.add(Deed.walk(4));
    play(Overlap.SERIAL, List.of(Deed.kernel(5, to(1, 0))), deeds);
    assertEquals(List.of(new Seen(0, 1, 5, taken, taken + 60)), seen);
    assertEquals(taken + 60 + 30, cores.get(0).totalCycles());
    assertEquals(hits + 209 + 60, cores.get(1).totalCycles());
  }

  @Test
  void inAWindowNothingEntersFromTheDeliveryOnUntilTheHandlerIsOver() {
    // Four enter in each cycle: hits from 0 to 99, at 100 a walk that ends at 309, with three hits.
    // The interrupt
    // is there at 105, so hits enter to 104: 20 references are in the window. They retire four in a
    // cycle,
    // from 309 to 313, and then the handler begins. The other hits enter from 313 + 60 on.
    List<Deed> deeds = hits(400);
    deeds.add(Deed.walk(4));
    deeds.addAll(hits(100));
    play(Overlap.WINDOW, List.of(Deed.kernel(5, to(1, 0))), deeds);
    assertEquals(List.of(new Seen(0, 1, 5, 313, 373)), seen);
    assertEquals(4, lookups.get(1).stream().filter(c -> c == 104).count());
    assertEquals(0, lookups.get(1).stream().filter(c -> c >= 105 && c < 373).count());
    assertEquals(4, lookups.get(1).stream().filter(c -> c == 373).count());
  }

  @Test
  void interruptsAreSentOneAfterTheOtherAndTheSlowestAnswerCounts() {
    // Sent at 0 and 20, there at 100 and 120; the answers at 100 + 60 + 300 + 30 = 490 and
    // 120 + 60 + 5 + 30 = 215.
    List<int[]> both = List.of(new int[] {1, 300}, new int[] {2, 5});
    play(Overlap.SERIAL, List.of(Deed.kernel(0, both)), hits(300), hits(300));
    assertEquals(List.of(new Seen(0, 1, 0, 100, 460), new Seen(0, 2, 20, 120, 185)), seen);
    assertEquals(490, cores.get(0).totalCycles());
    assertEquals(300 + 360, cores.get(1).totalCycles());
    assertEquals(300 + 65, cores.get(2).totalCycles());
    assertEquals(2, cores.get(0).snapshot().get(TimingMetric.INTERRUPTS_SENT));
    assertEquals(2, cores.get(0).snapshot().get(TimingMetric.INTERRUPTS_ACKNOWLEDGED));
    assertEquals(1, cores.get(0).snapshot().get(TimingMetric.SHOOTDOWN_ROUNDS));
  }

  @Test
  void twoRoundsTakeTwiceAsLongAsOneOfBoth() {
    // A round of one interrupt: 20 + 80 + 60 + 30 = 190; of two dropped together 60 is paid once.
    play(Overlap.SERIAL, List.of(Deed.kernel(0, to(1, 1), to(1, 1))), hits(500));
    assertEquals(2 * (190 + 1), cores.get(0).totalCycles());
    assertEquals(500 + 2 * 61, cores.get(1).totalCycles());
  }

  @Test
  void coresThatInterruptEachOtherDoNotWaitForEachOther() {
    // Both send at 0. Each interrupt is there at 100, and its target, which waits for its own
    // answer,
    // takes it at once, to 160. The answers are there at 190.
    play(
        Overlap.SERIAL,
        List.of(Deed.kernel(0, to(1, 0)), Deed.hit()),
        List.of(Deed.kernel(0, to(0, 0)), Deed.hit()));
    assertEquals(List.of(new Seen(1, 0, 0, 100, 160), new Seen(0, 1, 0, 100, 160)), seen);
    assertEquals(191, cores.get(0).totalCycles());
    assertEquals(191, cores.get(1).totalCycles());
    assertEquals(190, cores.get(0).attributed().get(CycleCause.SHOOTDOWN));
  }

  @Test
  void aWaitingCoreAnswersLongerThanItsOwnAnswerTakes() {
    // Core 0's answer is there at 190, but it answers core 1 from 100 to 100 + 60 + 500 = 660.
    play(
        Overlap.SERIAL,
        List.of(Deed.kernel(0, to(1, 0)), Deed.hit()),
        List.of(Deed.kernel(0, to(0, 500)), Deed.hit()));
    assertEquals(List.of(660L), lookups.get(0));
    assertEquals(List.of(690L), lookups.get(1));
  }

  @Test
  void interruptsOfTwoCoresAreAnsweredOneAfterTheOther() {
    // Both are there at 100; that of core 0 comes first.
    play(
        Overlap.SERIAL,
        List.of(Deed.kernel(0, to(2, 10))),
        List.of(Deed.kernel(0, to(2, 10))),
        hits(150));
    assertEquals(List.of(new Seen(0, 2, 0, 100, 170), new Seen(1, 2, 0, 170, 240)), seen);
    assertEquals(200, cores.get(0).totalCycles());
    assertEquals(270, cores.get(1).totalCycles());
    assertEquals(150 + 140, cores.get(2).totalCycles());
  }

  @Test
  void aThreadOfTheKernelWithAProcessorOfItsOwnCostsTheOtherSideAlone() {
    // Each core makes a load in each cycle. While core 0 makes the one of cycle 5, a thread
    // interrupts
    // both. That is there at 5 + 80 = 85 and takes 60 + 7 cycles there, to 152; nobody waits for
    // it.
    List<Deed> deeds = hits(5);
    deeds.add(Deed.hitWithInterruptsOfAThread(List.of(new int[] {0, 7}, new int[] {1, 7})));
    deeds.addAll(hits(294));
    play(Overlap.SERIAL, deeds, hits(300));
    int thread = TimingObserver.THREAD;
    assertEquals(List.of(new Seen(thread, 0, 5, 85, 152), new Seen(thread, 1, 5, 85, 152)), seen);
    for (int core = 0; core < 2; core++) {
      CoreTiming timing = cores.get(core);
      assertEquals(300 + 67, timing.totalCycles());
      assertEquals(67, timing.attributed().get(CycleCause.SHOOTDOWN));
      assertEquals(1, timing.snapshot().get(TimingMetric.THREAD_INTERRUPTS_TAKEN));
      assertEquals(0, timing.snapshot().get(TimingMetric.INTERRUPTS_TAKEN));
      assertEquals(0, timing.snapshot().get(TimingMetric.INTERRUPTS_SENT));
      assertEquals(true, lookups.get(core).contains(84L));
      assertEquals(0, lookups.get(core).stream().filter(c -> c >= 85 && c < 152).count());
      assertEquals(true, lookups.get(core).contains(152L));
    }
  }

  @Test
  void manyInterruptsOfAThreadAreAnsweredOneAfterTheOther() {
    // Ten that come together at 80, each of 60 + 1 cycles, and one of core 1, sent at 0: there at
    // 100,
    // it is answered last, from 80 + 610 on, to 690 + 60 + 2.
    List<Deed> deeds = new ArrayList<>();
    List<int[]> ten = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      ten.add(new int[] {0, 1});
    }
    deeds.add(Deed.hitWithInterruptsOfAThread(ten));
    deeds.addAll(hits(200));
    play(Overlap.SERIAL, deeds, List.of(Deed.kernel(0, to(0, 2))));
    assertEquals(11, seen.size());
    assertEquals(new Seen(1, 0, 0, 690, 752), seen.get(10));
    assertEquals(201 + 610 + 62, cores.get(0).totalCycles());
    assertEquals(10, cores.get(0).snapshot().get(TimingMetric.THREAD_INTERRUPTS_TAKEN));
  }

  @Test
  void aCoreThatHasEndedIsIdleUntilItAnswers() {
    play(Overlap.SERIAL, List.of(Deed.kernel(5, to(1, 7))), hits(3));
    CoreTiming target = cores.get(1);
    assertEquals(172, target.totalCycles());
    assertEquals(3, target.attributed().get(CycleCause.BASE));
    assertEquals(105 - 3, target.attributed().get(CycleCause.IDLE));
    assertEquals(67, target.attributed().get(CycleCause.SHOOTDOWN));
  }

  @Test
  void kernelWorkWaitsForAllThatIsUnderWayAndHoldsUpWhatComesAfter() {
    // A walk to 209, and in the window a hit beside it; then 40 cycles of the kernel.
    for (Overlap overlap : List.of(Overlap.SERIAL, Overlap.WINDOW)) {
      cores.clear();
      lookups.clear();
      play(overlap, List.of(Deed.walk(4), Deed.hit(), Deed.kernel(40), Deed.hit()));
      long before = overlap == Overlap.SERIAL ? 210 : 209;
      assertEquals(before + 40, lookups.get(0).get(2));
      assertEquals(before + 41, cores.get(0).totalCycles());
      assertEquals(40, cores.get(0).attributed().get(CycleCause.KERNEL));
    }
  }

  @Test
  void nothingIsLeftWhenAllHaveEnded() {
    Scheduler scheduler = new Scheduler(null);
    CoreTiming core = scheduler.addCore(Overlap.SERIAL, CORE, LATENCIES, FIXED, INTERRUPTS, null);
    core.announceKernelWork(1_000);
    assertEquals(core, requireNonNull(scheduler.nextCore()));
    assertEquals(1_000, core.entryCycle());
    core.recipe().kernelWork(0);
    core.accept();
    core.end();
    assertNull(scheduler.nextCore());
  }
}
