package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class CompactorTest {
  private static final int LOAD = 0;
  private static final int STORE = 1;
  private static final int FETCH = 2;

  private final ReferenceBatch in = new ReferenceBatch();
  private final CompactBatch out = new CompactBatch();
  private final Compactor compactor = new Compactor();

  private void add(int kind, long va, int size) {
    in.add(va, ReferenceBatch.descriptor(kind, size));
  }

  private void compact() {
    compactor.begin(in, out);
    compactor.add(in, 0, in.count(), out);
  }

  private void records(String expected) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < out.records.count(); i++) {
      int d = out.records.descriptor(i);
      text.append("LSF".charAt(ReferenceBatch.kind(d)))
          .append(Long.toHexString(out.records.address(i)))
          .append('*')
          .append(out.repeats[i])
          .append('~')
          .append(out.switches[i])
          .append(' ');
    }
    assertEquals(expected, text.toString().trim());
  }

  @Test
  void repeatsOfThePageBeforeBecomeNumbers() {
    add(LOAD, 0x1000, 4);
    add(LOAD, 0x1ff0, 4);
    add(LOAD, 0x1008, 4);
    add(LOAD, 0x2000, 4);
    compact();
    records("L1000*2~0 L2000*0~0");
    assertEquals(2, out.leftOut(LOAD));
    assertEquals(0x1ff0 + 0x1008, out.leftOutAddressSum());
    assertEquals(4, out.references());
  }

  @Test
  void theFirstStoreAfterLoadsIsKeptForItMaySetD() {
    add(LOAD, 0x1000, 4);
    add(STORE, 0x1004, 4);
    add(STORE, 0x1008, 4);
    add(LOAD, 0x100c, 4);
    compact();
    records("L1000*0~0 S1004*2~0");
    assertEquals(1, out.leftOut(LOAD));
    assertEquals(1, out.leftOut(STORE));
  }

  @Test
  void theFirstLoadAfterStoresIsKeptForLoadsMayHaveAStructureOfTheirOwn() {
    add(STORE, 0x1000, 4);
    add(LOAD, 0x1004, 4);
    add(LOAD, 0x1008, 4);
    compact();
    records("S1000*0~0 L1004*1~0");
  }

  @Test
  void aLoadElsewhereEndsWhatStoresRepeat() {
    add(STORE, 0x1000, 4);
    add(LOAD, 0x2000, 4);
    add(STORE, 0x1000, 4);
    compact();
    records("S1000*0~0 L2000*0~0 S1000*0~0");
  }

  @Test
  void sidesRepeatIndependentlyAndTheirChangesAreCounted() {
    add(FETCH, 0x1000, 4);
    add(LOAD, 0x9000, 4);
    add(FETCH, 0x1004, 4); // change
    add(FETCH, 0x1008, 4);
    add(LOAD, 0x9004, 4); // change
    add(FETCH, 0x100c, 4); // change
    add(LOAD, 0x8000, 4);
    compact();
    records("F1000*3~0 L9000*1~3 L8000*0~0");
  }

  @Test
  void crossingsAreKeptAndTheirLastPageRepeats() {
    add(LOAD, 0x1000, 4);
    add(LOAD, 0x1ffe, 4);
    add(LOAD, 0x2004, 4);
    add(LOAD, 0x1004, 4);
    compact();
    records("L1000*0~0 L1ffe*1~0 L1004*0~0");
  }

  @Test
  void addressesThatAreNotCanonicalAreKeptAndChangeNothing() {
    add(LOAD, 0x1000, 4);
    add(LOAD, 0x8000_0000_0000L, 4);
    add(LOAD, 0x8000_0000_0000L, 4);
    add(LOAD, 0x1004, 4);
    compact();
    records("L1000*1~0 L800000000000*0~0 L800000000000*0~0");
  }

  @Test
  void aBatchBeginsAnew() {
    add(LOAD, 0x1000, 4);
    compact();
    compact();
    records("L1000*0~0");
  }

  @Test
  void referencesOfAnotherOriginDoNotFit() {
    add(LOAD, 0x1000, 4);
    compact();
    assertEquals(true, Compactor.fits(in, ReferenceBatch.CAPACITY - 1, out));
    assertEquals(false, Compactor.fits(in, ReferenceBatch.CAPACITY, out));
    in.setOrigin(7, 0);
    assertEquals(false, Compactor.fits(in, 1, out));
    in.setOrigin(0, 1);
    assertEquals(false, Compactor.fits(in, 1, out));
  }

  /** Data and fetches in turn, all of pages of their own; then others into the same batch. */
  @Test
  void aBatchHasRoomForAsManyRecordsAsThereAreReferences() {
    for (int round = 0; round < 2; round++) {
      in.clear();
      in.setOrigin(17, 3);
      for (int i = 0; i < ReferenceBatch.CAPACITY; i++) {
        add(i % 2 == 0 ? LOAD : FETCH, (0x4000L + i + round) << 12, 4);
      }
      compact();
      assertEquals(ReferenceBatch.CAPACITY, out.records.count());
      assertEquals(17, out.records.addressSpaceId());
      assertEquals(3, out.records.core());
      for (int i = 0; i < ReferenceBatch.CAPACITY; i++) {
        assertEquals((0x4000L + i + round) << 12, out.records.address(i));
        assertEquals(
            ReferenceBatch.descriptor(i % 2 == 0 ? LOAD : FETCH, 4), out.records.descriptor(i));
        assertEquals(0, out.repeats[i]);
      }
    }
  }

  @Test
  void whatWasCountedBeforeABatchGrewStays() {
    add(LOAD, 0x1000, 4);
    add(LOAD, 0x1008, 4);
    for (int i = 1; i < 1_000; i++) {
      add(FETCH, (long) i << 12, 4);
    }
    add(LOAD, 0x1010, 4);
    compact();
    assertEquals(1_000, out.records.count());
    assertEquals(2, out.repeats[0]);
    assertEquals(1, out.switches[out.records.count() - 1]);
  }

  /** A compactor that goes on, and a batch that is smaller than the one before was. */
  @Test
  void aBatchOfOneSideAfterALongerOneOfBoth() {
    for (int i = 1; i < 1_000; i++) {
      add(i % 2 == 0 ? LOAD : FETCH, (long) i << 12, 4);
    }
    compact();
    in.clear();
    add(FETCH, 0x1000, 4);
    add(FETCH, 0x1004, 4);
    CompactBatch small = new CompactBatch();
    compactor.begin(in, small);
    compactor.add(in, 0, in.count(), small);
    assertEquals(1, small.records.count());
    assertEquals(1, small.repeats[0]);
    assertEquals(1, small.leftOut(FETCH));
  }
}
