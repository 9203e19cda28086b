package io.lookaside.timing;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Comparator;
import java.util.PriorityQueue;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Events against a sorted queue of the library. */
class EventQueueTest {
  private record Event(long cycle, long number) {}

  /** Cycles up to so many ahead, and at times far ahead, or before the last event. */
  @ParameterizedTest
  @ValueSource(ints = {1, 3, 64, 1000, 4095, 4096, 4097, 20_000})
  void eventsComeInTheOrderOfTheirCyclesAndNumbers(int ahead) {
    Random random = new Random(ahead);
    PriorityQueue<Event> model =
        new PriorityQueue<>(
            Comparator.comparingLong(Event::cycle).thenComparingLong(Event::number));
    EventQueue events = new EventQueue();
    long now = 0;
    for (int i = 0; i < 30_000; i++) {
      assertEquals(model.isEmpty(), events.isEmpty());
      int most = random.nextInt(1000) < 5 ? 0 : 200; // so that it runs empty at times
      if (model.isEmpty() || (model.size() < most && random.nextBoolean())) {
        long cycle =
            switch (random.nextInt(16)) {
              case 0 -> now + random.nextInt(100_000);
              case 1 -> Math.max(0, now - random.nextInt(10));
              default -> now + random.nextInt(ahead);
            };
        long number = ((long) random.nextInt(1 << 20) << 15) + i; // never twice
        model.add(new Event(cycle, number));
        events.add(cycle, number);
      } else {
        while (!model.isEmpty() && model.size() >= most) {
          Event expected = model.remove();
          assertEquals(expected.cycle(), events.firstCycle());
          assertEquals(expected.number(), events.removeFirst());
          now = Math.max(now, expected.cycle());
        }
        if (!model.isEmpty()) {
          Event expected = model.remove();
          assertEquals(expected.cycle(), events.firstCycle());
          assertEquals(expected.number(), events.removeFirst());
          now = Math.max(now, expected.cycle());
        }
      }
    }
    while (!model.isEmpty()) {
      assertEquals(model.remove().number(), events.removeFirst());
    }
    assertTrue(events.isEmpty());
    assertEquals(Long.MAX_VALUE, events.firstCycle());
  }
}
