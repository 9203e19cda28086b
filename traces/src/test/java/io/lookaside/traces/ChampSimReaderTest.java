package io.lookaside.traces;

import static io.lookaside.traces.Samples.champSim;
import static io.lookaside.traces.Samples.cloudSuite;
import static io.lookaside.traces.Samples.concat;
import static io.lookaside.traces.Samples.fetch;
import static io.lookaside.traces.Samples.load;
import static io.lookaside.traces.Samples.store;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.traces.Samples.Ref;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class ChampSimReaderTest {
  private static ChampSimReader reader(ChampSimReader.Layout layout, byte[]... records) {
    return new ChampSimReader(Samples.stream(concat(records)), "t", layout);
  }

  private static List<Ref> read64(byte[]... records) throws IOException {
    return Samples.readAll(reader(ChampSimReader.Layout.CHAMPSIM, records));
  }

  private static List<Ref> read96(byte[]... records) throws IOException {
    return Samples.readAll(reader(ChampSimReader.Layout.CLOUDSUITE, records));
  }

  private static byte[] some(ChampSimReader.Layout layout, int n) {
    return layout == ChampSimReader.Layout.CHAMPSIM ? champSim(n) : cloudSuite(n);
  }

  /** The expected counts are those of a few lines of Python over the unpacked words. */
  @Test
  void referencesOfTheSampleAreThoseOfItsRecords() throws IOException {
    TraceSummary summary = new TraceSummary();
    try (TraceFile trace =
        TraceFile.open("samples/gzip.champsim.xz", null, InputStream.nullInputStream())) {
      assertEquals(TraceFormat.CHAMPSIM, trace.format());
      ReferenceBatch batch = new ReferenceBatch();
      while (trace.read(batch) > 0) {
        summary.add(batch);
      }
    }
    assertEquals(2_308_466, summary.references(AccessKind.FETCH));
    assertEquals(511_247, summary.references(AccessKind.LOAD));
    assertEquals(180_717, summary.references(AccessKind.STORE));
    assertEquals(204, summary.distinctPages(PageSize.SIZE_4K));
  }

  @Test
  void aRecordIsAFetchThenItsLoadsThenItsStoresOfOneByte() throws IOException {
    assertEquals(
        List.of(
            fetch(0x400000, 1),
            load(0x10, 1),
            load(0x20, 1),
            load(0x30, 1),
            load(0x40, 1),
            store(0x50, 1),
            store(0x60, 1)),
        read64(champSim(0x400000, List.of(0x10L, 0x20L, 0x30L, 0x40L), List.of(0x50L, 0x60L))));
  }

  @Test
  void cloudSuiteHasFourDestinations() throws IOException {
    assertEquals(
        List.of(
            fetch(0x400000, 1),
            load(0x10, 1),
            load(0x20, 1),
            load(0x30, 1),
            load(0x40, 1),
            store(0x50, 1),
            store(0x60, 1),
            store(0x70, 1),
            store(0x80, 1)),
        read96(
            cloudSuite(
                0x400000,
                1,
                List.of(0x10L, 0x20L, 0x30L, 0x40L),
                List.of(0x50L, 0x60L, 0x70L, 0x80L))));
  }

  @Test
  void aFieldOfZeroIsNoOperandWhereverItStands() throws IOException {
    assertEquals(
        List.of(fetch(0, 1), load(0x20, 1), store(0x60, 1)),
        read64(champSim(0, List.of(0L, 0x20L, 0L, 0L), List.of(0L, 0x60L))));
  }

  @Test
  void registersAndFlagsMakeNoReference() throws IOException {
    byte[] record = champSim(0x1000, List.of(0x10L), List.of());
    record[8] = 1; // a branch
    record[9] = 1; // taken
    for (int i = 10; i < 16; i++) {
      record[i] = (byte) 0xff;
    }
    assertEquals(List.of(fetch(0x1000, 1), load(0x10, 1)), read64(record));
  }

  @Test
  void nonCanonicalAddressesPassThrough() throws IOException {
    assertEquals(
        List.of(fetch(0x1234_0000_0000_0000L, 1), load(0x8000_0000_0000L, 1), store(-1, 1)),
        read64(champSim(0x1234_0000_0000_0000L, List.of(0x8000_0000_0000L), List.of(-1L))));
  }

  @Test
  void everyReferenceKnowsItsInstruction() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    reader(
            ChampSimReader.Layout.CHAMPSIM,
            champSim(0x1000, List.of(0x10L), List.of(0x20L)),
            champSim(0x1004, List.of(), List.of(0x30L)))
        .read(batch);
    assertTrue(batch.hasInstructionAddresses());
    List<Long> instructions = new ArrayList<>();
    for (int i = 0; i < batch.count(); i++) {
      instructions.add(batch.instructionAddresses[i]);
    }
    assertEquals(List.of(0x1000L, 0x1000L, 0x1000L, 0x1004L, 0x1004L), instructions);
  }

  @Test
  void aBatchOfCloudSuiteEndsWhereTheAddressSpaceChanges() throws IOException {
    ChampSimReader reader =
        reader(
            ChampSimReader.Layout.CLOUDSUITE,
            cloudSuite(0x1000, 1, List.of(), List.of()),
            cloudSuite(0x1001, 1, List.of(), List.of()),
            cloudSuite(0x1002, 0x0201, List.of(), List.of()),
            cloudSuite(0x1003, 0xffff, List.of(), List.of()));
    ReferenceBatch batch = new ReferenceBatch();
    List<String> got = new ArrayList<>();
    while (reader.read(batch) > 0) {
      got.add(batch.addressSpaceId() + ":" + batch.count());
    }
    assertEquals(List.of("1:2", "513:1", "65535:1"), got);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 511, 512, 513, 1364, 1365, 1366, 10_000})
  void anyNumberOfRecordsIsReadToItsEnd(int n) throws IOException {
    for (ChampSimReader.Layout layout : ChampSimReader.Layout.values()) {
      List<Ref> refs = Samples.readAll(reader(layout, some(layout, n)));
      assertEquals(3 * n, refs.size());
      for (int i = 0; i < n; i++) {
        assertEquals(fetch(0x40_0000 + (i % 64) * 4, 1), refs.get(3 * i));
        assertEquals(load(0x7f00_0000_0000L + 8L * i, 1), refs.get(3 * i + 1));
        assertEquals(store(0x7f00_0000_0004L + 8L * i, 1), refs.get(3 * i + 2));
      }
    }
  }

  @ParameterizedTest
  @EnumSource(ChampSimReader.Layout.class)
  void aLengthThatIsNoMultipleOfTheRecordIsReportedAfterTheReferences(
      ChampSimReader.Layout layout) {
    int size = some(layout, 1).length;
    for (int length : new int[] {(2 * size) + 1, (3 * size) - 1, 2 * size + 32}) {
      List<Ref> got = new ArrayList<>();
      ChampSimReader reader = reader(layout, Samples.first(some(layout, 3), length));
      String message =
          Samples.messageOf(
              assertThrows(TraceException.class, () -> Samples.readInto(reader, got)));
      assertEquals(6, got.size());
      assertTrue(
          message.startsWith(
              "t: record 3 at byte offset "
                  + 2 * size
                  + " is cut off after "
                  + (length - 2 * size)
                  + " of "
                  + size
                  + " bytes"),
          message);
    }
  }

  @Test
  void flagsThatAreNoneAreReportedWithTheirPosition() {
    byte[] flawed = champSim(0x1000, List.of(), List.of());
    flawed[9] = 2;
    String message =
        Samples.messageOf(
            assertThrows(
                TraceException.class,
                () -> read64(champSim(0x1000, List.of(), List.of()), flawed)));
    assertTrue(message.startsWith("t: record 2 at byte offset 64: expected 0 or 1 "), message);
    assertTrue(message.contains("got 0 and 2"), message);
    assertTrue(message.contains("--format champsim-cloudsuite"), message);
  }

  private static boolean matches(ChampSimReader.Layout layout, byte[] head) {
    return ChampSimReader.matches(head, head.length, layout);
  }

  @Test
  void recordsOfAProgramAreToldFromEachOtherAndFromFlat64() {
    for (int n : new int[] {2, 5, 85, 128}) {
      byte[] small = champSim(n);
      byte[] large = cloudSuite(n);
      assertTrue(matches(ChampSimReader.Layout.CHAMPSIM, small), n + " records");
      assertTrue(matches(ChampSimReader.Layout.CLOUDSUITE, large), n + " records");
      assertFalse(matches(ChampSimReader.Layout.CHAMPSIM, large), n + " records");
      assertEquals(TraceFormat.CHAMPSIM, TraceFormat.detect("t", small, small.length));
      assertEquals(TraceFormat.CHAMPSIM_CLOUDSUITE, TraceFormat.detect("t", large, large.length));
    }
  }

  @Test
  void wordsOfFlat64AreNotTakenForRecords() {
    // Strides of whole records and more, so that the flags would be those of a record.
    for (long stride : new long[] {4, 8, 64, 4096, 1 << 16, 1 << 20}) {
      ByteArrayOutputStream words = new ByteArrayOutputStream();
      for (int i = 0; i < 1024; i++) {
        words.writeBytes(Samples.words(0x7f00_0000_0000L + i * stride));
      }
      byte[] head = words.toByteArray();
      assertEquals(TraceFormat.FLAT64, TraceFormat.detect("t", head, head.length), "" + stride);
    }
  }

  @Test
  void flagsPointersAndAddressesThatCannotBeAreNoRecords() {
    byte[] taken = champSim(64);
    taken[9] = 1; // taken, but no branch
    assertFalse(matches(ChampSimReader.Layout.CHAMPSIM, taken));
    byte[] flag = champSim(64);
    flag[64 + 8] = 2;
    assertFalse(matches(ChampSimReader.Layout.CHAMPSIM, flag));
    byte[] operand = champSim(64);
    operand[32 + 7] = 1;
    assertFalse(matches(ChampSimReader.Layout.CHAMPSIM, operand));
    assertFalse(matches(ChampSimReader.Layout.CHAMPSIM, new byte[64 * 64]), "all zero");
  }
}
