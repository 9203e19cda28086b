package io.lookaside.mmu.stats;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;

import org.junit.jupiter.api.Test;

class CountersTest {
  private enum Fruit implements Metric {
    APPLES,
    PEARS,
    PLUMS;

    @Override
    public String key() {
      return name();
    }

    @Override
    public String unit() {
      return "pieces";
    }

    @Override
    public String meaning() {
      return "picked";
    }
  }

  @Test
  void countersAreZeroAtFirst() {
    Snapshot<Fruit> snapshot = new Counters<>(Fruit.class).snapshot();
    for (Fruit fruit : Fruit.values()) {
      assertEquals(0, snapshot.get(fruit));
    }
  }

  @Test
  void everyMetricCountsOnItsOwn() {
    Counters<Fruit> counters = new Counters<>(Fruit.class);
    counters.add(Fruit.APPLES, 3);
    counters.add(Fruit.PLUMS, 1L << 40);
    counters.add(Fruit.APPLES, 4);
    Snapshot<Fruit> snapshot = counters.snapshot();
    assertEquals(7, snapshot.get(Fruit.APPLES));
    assertEquals(0, snapshot.get(Fruit.PEARS));
    assertEquals(1L << 40, snapshot.get(Fruit.PLUMS));
  }

  @Test
  void valuesAreTheCountersThemselvesByOrdinal() {
    Counters<Fruit> counters = new Counters<>(Fruit.class);
    assertEquals(3, counters.values().length);
    counters.values()[Fruit.PEARS.ordinal()] += 5;
    counters.add(Fruit.PEARS, 1);
    assertEquals(6, counters.snapshot().get(Fruit.PEARS));
    assertEquals(6, counters.values()[1]);
    assertSame(counters.values(), counters.values());
  }

  @Test
  void snapshotStaysWhenCountingGoesOn() {
    Counters<Fruit> counters = new Counters<>(Fruit.class);
    counters.add(Fruit.APPLES, 2);
    Snapshot<Fruit> before = counters.snapshot();
    counters.add(Fruit.APPLES, 9);
    counters.values()[0]++;
    assertEquals(2, before.get(Fruit.APPLES));
    assertEquals(12, counters.snapshot().get(Fruit.APPLES));
  }

  @Test
  void minusIsWhatWasCountedInBetween() {
    Counters<Fruit> counters = new Counters<>(Fruit.class);
    counters.add(Fruit.APPLES, 2);
    counters.add(Fruit.PEARS, 5);
    Snapshot<Fruit> before = counters.snapshot();
    counters.add(Fruit.APPLES, 10);
    counters.add(Fruit.PLUMS, 1);
    Snapshot<Fruit> after = counters.snapshot();
    Snapshot<Fruit> difference = after.minus(before);
    assertEquals(10, difference.get(Fruit.APPLES));
    assertEquals(0, difference.get(Fruit.PEARS));
    assertEquals(1, difference.get(Fruit.PLUMS));
    assertEquals(12, after.get(Fruit.APPLES));
    assertEquals(5, after.get(Fruit.PEARS));
    assertEquals(2, before.get(Fruit.APPLES));
  }

  @Test
  void metricsAreListedInOrderOfDeclaration() {
    Counters<Fruit> counters = new Counters<>(Fruit.class);
    Snapshot<Fruit> snapshot = counters.snapshot();
    assertArrayEquals(Fruit.values(), snapshot.metrics());
    assertArrayEquals(Fruit.values(), snapshot.minus(snapshot).metrics());
  }
}
