package io.lookaside.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

/**
 * Loads and stores that pass in groups, with misses and assists among them, against the same
 * references one by one, each with its recipe.
 */
class PassingDataTest {
  private static final int SEEDS = 250;
  private static final int REFERENCES = 700;
  private static final int[] NO_READS = {};

  // How many references passed in which way.
  private int hits;
  private int afterMisses;
  private int afterAssists;
  private int afterBoth;
  private int refused;
  private int bothRefused;
  private int hitsRefused;

  @Test
  void groupsTakeTheCyclesThatTheirReferencesTake() {
    for (int seed = 0; seed < SEEDS; seed++) {
      Random random = new Random(seed);
      MemoryConfig memory =
          MemoryConfig.fixed(
              switch (random.nextInt(12)) {
                case 0 -> 100_000 + random.nextInt(400_000); // too far where several are read
                case 1 -> 0;
                default -> random.nextInt(80);
              });
      CoreConfig core = core(random);
      Latencies latencies =
          new Latencies(
              1 + random.nextInt(2), 1 + random.nextInt(2), random.nextInt(10), random.nextInt(3));
      List<Story> stories = stories(random);
      CoreTiming slow = SlowTimingTest.play(Overlap.WINDOW, core, latencies, memory, stories);
      CoreTiming quick = new Groups(random, core, latencies, memory).play(stories);

      String what = "seed " + seed + ", " + core + ", " + latencies + ", " + memory + ": ";
      for (TimingMetric metric : TimingMetric.values()) {
        assertEquals(slow.snapshot().get(metric), quick.snapshot().get(metric), what + metric);
      }
      for (CycleCause cause : CycleCause.values()) {
        assertEquals(slow.attributed().get(cause), quick.attributed().get(cause), what + cause);
      }
      assertEquals(slow.totalCycles(), quick.totalCycles(), what);
      assertEquals(slow.walkLatencies(), quick.walkLatencies(), what);
    }
    String all =
        Arrays.toString(
            new int[] {
              hits, afterMisses, afterAssists, afterBoth, refused, bothRefused, hitsRefused
            });
    assertTrue(hits > 50 * SEEDS, all);
    assertTrue(afterMisses > SEEDS / 2, all);
    assertTrue(afterAssists > SEEDS / 2, all);
    assertTrue(afterBoth > SEEDS / 2, all);
    assertTrue(refused > 2 * SEEDS, all);
    assertTrue(bothRefused > SEEDS, all);
    assertTrue(hitsRefused > SEEDS, all);
  }

  /**
   * A load misses, and its page is there in cycle 59: a look-up, 7 cycles of the second level, one
   * of the structure caches and a read of 50. One load enters in each cycle, so the one after 58
   * hits enters in cycle 59 and may find another miss; after 57 it would come in 58, too early.
   * With a load queue of 3 entries the fourth load waits for the first.
   */
  @Test
  void missPassesIfWhatComesAfterItsGroupFindsItsPageThere() {
    assertEquals(true, passes(1, 100, 59));
    assertEquals(false, passes(1, 100, 58));
    assertEquals(true, passes(1, 3, 3));
    assertEquals(false, passes(1, 3, 2));
    assertEquals(true, passes(4, 300, 4 * 59));
    assertEquals(false, passes(4, 300, 4 * 59 - 1));
  }

  private static boolean passes(int width, int queue, int hits) {
    CoreConfig core = new CoreConfig(width, 512, queue, 8, 4, 4, 1, 4, 4, 1, 10, 100);
    Scheduler scheduler = new Scheduler(null);
    CoreTiming timing =
        scheduler.addCore(
            Overlap.WINDOW, core, new Latencies(1, 1, 7, 1), MemoryConfig.fixed(50), null);
    timing.announce(0, true, 0);
    scheduler.nextCore();
    Story.load(Story.Passage.walk(1, Served.UNCACHED, Served.UNCACHED)).tell(timing.recipe());
    assertTrue(timing.canBeFollowed());
    int[] data = new int[1 + hits];
    Arrays.fill(data, CoreTiming.data(0, true));
    return timing.acceptWithData(data, data.length);
  }

  private static CoreConfig core(Random random) {
    int loads = 1 + random.nextInt(20);
    int stores = 1 + random.nextInt(20);
    return new CoreConfig(
        1 + random.nextInt(6),
        loads + stores + random.nextInt(30),
        loads,
        stores,
        1 + random.nextInt(3),
        1 + random.nextInt(3),
        1 + random.nextInt(2),
        1 + random.nextInt(4),
        1 + random.nextInt(6),
        1 + random.nextInt(2),
        random.nextInt(20),
        random.nextInt(200));
  }

  /** Loads and stores of a page after the other, and now and then anything. */
  private static List<Story> stories(Random random) {
    List<Story> stories = new ArrayList<>();
    int run = 2 + random.nextInt(120);
    long page = 0;
    while (stories.size() < REFERENCES) {
      if (random.nextInt(400) == 0) {
        stories.addAll(Story.random(random, 1 + random.nextInt(20), true, false, 1));
      }
      if (random.nextInt(60) == 0) {
        // A reorder buffer full of what takes no entry of a queue, after loads that wait for ports.
        for (int i = random.nextInt(30); i > 0; i--) {
          stories.add(Story.load(Story.Passage.hit(page, Served.UNCACHED)));
        }
        for (int i = random.nextInt(60); i > 0; i--) {
          stories.add(Story.fetch(Story.Passage.hit(9, Served.UNCACHED)));
        }
      }
      boolean load = random.nextInt(4) != 0;
      Story.Passage passage = Story.Passage.hit(page, Served.UNCACHED);
      int what = random.nextInt(run);
      if (what == 0) {
        page = random.nextInt(5);
        passage = miss(random, page);
      } else if (what == 1 && !load) {
        passage = assisted(random, page);
      } else if (random.nextInt(50) == 0) {
        passage = Story.Passage.hit(random.nextInt(5), Served.UNCACHED);
      }
      stories.add(load ? Story.load(passage) : Story.store(passage));
      boolean soon = what == 0 && random.nextInt(3) != 0;
      for (int i = soon ? random.nextInt(5) : -1; i >= 0; i--) {
        Story.Passage next =
            i == 0 ? assisted(random, page) : Story.Passage.hit(page, Served.UNCACHED);
        stories.add(i == 0 ? Story.store(next) : Story.load(next));
      }
    }
    return stories;
  }

  private static Story.Passage miss(Random random, long page) {
    Story.Passage passage =
        random.nextInt(4) == 0
            ? Story.Passage.secondLevelHit(page, Served.UNCACHED)
            : Story.Passage.walk(page, Served.UNCACHED, reads(random, 5));
    return passage.withExtraCycles(random.nextInt(3) == 0 ? random.nextInt(5) : 0);
  }

  private static Story.Passage assisted(Random random, long page) {
    List<Integer> reads = Arrays.stream(reads(random, 2)).boxed().toList();
    return new Story.Passage(page, true, null, null, reads, Served.UNCACHED);
  }

  private static int[] reads(Random random, int most) {
    int[] reads = random.nextInt(10) == 0 ? NO_READS : new int[1 + random.nextInt(most)];
    Arrays.fill(reads, Served.UNCACHED);
    return reads;
  }

  /** Hands references over in groups wherever that is possible. */
  private final class Groups {
    private final Random random;
    private final Scheduler scheduler;
    private final CoreTiming timing;
    private final int[] data = new int[200];
    private int next;

    Groups(Random random, CoreConfig core, Latencies latencies, MemoryConfig memory) {
      this.random = random;
      scheduler = new Scheduler(memory.dram());
      timing = scheduler.addCore(Overlap.WINDOW, core, latencies, memory, null);
    }

    CoreTiming play(List<Story> stories) {
      while (next < stories.size()) {
        Story story = stories.get(next);
        if (isHit(story) && isData(story) && timing.passesHits()) {
          int end = gather(stories, next, 0, -1);
          if (timing.acceptData(data, 0, end - next)) {
            hits += end - next;
            next = end;
            continue;
          }
          hitsRefused++;
        }
        next++;
        if (isHit(story)) {
          acceptHit(story);
          continue;
        }
        timing.announce(story.kind(), story.startsInstruction(), story.registers());
        assertEquals(timing, scheduler.nextCore());
        story.tell(timing.recipe());
        if (isData(story) && timing.canBeFollowed()) {
          follow(stories, story);
        } else {
          timing.accept();
        }
      }
      timing.end();
      assertEquals(null, scheduler.nextCore());
      return timing;
    }

    private void follow(List<Story> stories, Story story) {
      boolean fetches = timing.fetchesItsPage();
      long page = story.passages().get(0).page();
      data[0] = CoreTiming.data(story.kind(), true);
      int first = next - 1;
      int end = gather(stories, next, 1, fetches ? page : -1);
      if (timing.acceptWithData(data, end - first)) {
        afterMisses += fetches ? 1 : 0;
        afterAssists += fetches ? 0 : 1;
        next = end;
        return;
      }
      refused++;
      if (!fetches || end == stories.size() || !isAssistIn(page, stories.get(end))) {
        timing.accept();
        return;
      }
      timing.holdBack();
      stories.get(end).tell(timing.recipe());
      assertTrue(timing.holdsAssist());
      int place = end - first;
      data[place] = CoreTiming.data(1, true);
      int last = gather(stories, end + 1, place + 1, page);
      if (timing.acceptWithData(data, last - first, place)) {
        afterBoth++;
        next = last;
        return;
      }
      bothRefused++;
      timing.acceptHeld();
      for (; next < end; next++) {
        acceptHit(stories.get(next));
      }
      timing.announce(1, true, 0);
      assertEquals(timing, scheduler.nextCore());
      timing.accept();
      next = end + 1;
    }

    private int gather(List<Story> stories, int from, int firstPlace, long fetched) {
      int end = from;
      int place = firstPlace;
      int most = random.nextInt(5) == 0 ? 1 + random.nextInt(20) : data.length;
      while (end < stories.size()
          && place < data.length
          && (end - from < most)
          && isData(stories.get(end))
          && isHit(stories.get(end))) {
        Story hit = stories.get(end++);
        data[place++] = CoreTiming.data(hit.kind(), hit.passages().get(0).page() == fetched);
      }
      return end;
    }

    private void acceptHit(Story story) {
      Story.Passage p = story.passages().get(0);
      timing.acceptHit(
          story.kind(), story.startsInstruction(), story.registers(), p.page(), p.served(), 0);
    }
  }

  private static boolean isHit(Story story) {
    Story.Passage p = story.passages().get(0);
    return story.passages().size() == 1 && p.firstLevelHit() && p.assistReads() == null;
  }

  private static boolean isData(Story story) {
    return story.kind() != 2 && story.startsInstruction();
  }

  private static boolean isAssistIn(long page, Story story) {
    Story.Passage p = story.passages().get(0);
    return story.kind() == 1
        && story.startsInstruction()
        && story.passages().size() == 1
        && p.page() == page
        && p.firstLevelHit()
        && p.assistReads() != null;
  }
}
