package io.lookaside.traces;

import static io.lookaside.traces.Samples.concat;
import static io.lookaside.traces.Samples.drmemtraceHeader;
import static io.lookaside.traces.Samples.fetch;
import static io.lookaside.traces.Samples.load;
import static io.lookaside.traces.Samples.record;
import static io.lookaside.traces.Samples.store;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Ref;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DrmemtraceReaderTest {
  private static final Path SAMPLES = Path.of("samples");

  private static DrmemtraceReader reader(byte[]... records) {
    return new DrmemtraceReader(Samples.stream(concat(records)), "t");
  }

  private static final byte[] FOOTER = record(26, 0, 0);

  private static List<Ref> read(byte[]... records) throws IOException {
    return Samples.readAll(reader(concat(drmemtraceHeader(1, 1), concat(records), FOOTER)));
  }

  private static String flawOf(byte[]... records) {
    return Samples.messageOf(
        assertThrows(
            TraceException.class, () -> Samples.readAll(reader(concat(records))), "no flaw"));
  }

  @ParameterizedTest
  @CsvSource({
    "drmemtrace.simple_app.trace.zip, 136051, 31507, 12338",
    "drmemtrace.legacy-threads.gz, 78753, 26381, 16308"
  })
  void countsOfRealTracesAreDynamoRios(String file, long instructions, long reads, long writes)
      throws IOException {
    long[] counts = new long[3];
    try (TraceFile trace =
        TraceFile.open(SAMPLES.resolve(file).toString(), null, InputStream.nullInputStream())) {
      assertEquals(TraceFormat.DRMEMTRACE, trace.format());
      ReferenceBatch batch = new ReferenceBatch();
      while (trace.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          counts[ReferenceBatch.kind(batch.descriptor(i))]++;
        }
      }
      assertEquals(1, trace.addressSpaceIds().length, "one process");
      assertTrue(trace.fetchesAreInstructions());
      long rest = trace.storedBytes() - trace.storedBytesRead();
      assertTrue(rest >= 0 && rest < 100, "all but headers was read, not " + rest);
    }
    assertEquals(reads, counts[0], "reads");
    assertEquals(writes, counts[1], "writes");
    assertEquals(instructions, counts[2], "instructions");
  }

  @Test
  void referencesOfARealTraceAreThoseOfItsBytes() throws IOException {
    // The first records after the header, as a hex dump of the unpacked member shows them.
    List<Ref> expected =
        List.of(
            fetch(0x7fbb_bede_5940L, 3),
            fetch(0x7fbb_bede_5943L, 5),
            store(0x7ffe_b4cc_56d8L, 8),
            fetch(0x7fbb_bede_6600L, 1),
            store(0x7ffe_b4cc_56d0L, 8),
            fetch(0x7fbb_bede_6601L, 3),
            fetch(0x7fbb_bede_6604L, 2));
    try (TraceFile trace =
        TraceFile.open(
            SAMPLES.resolve("drmemtrace.simple_app.trace.zip").toString(),
            null,
            InputStream.nullInputStream())) {
      ReferenceBatch batch = new ReferenceBatch();
      assertTrue(trace.read(batch) > 0);
      assertEquals(expected, Samples.refs(batch).subList(0, expected.size()));
      assertEquals(0x7fbb_bede_5943L, batch.instructionAddresses[2], "the store is the call's");
      assertEquals(0x15f511, batch.addressSpaceId());
      assertEquals(8, batch.core());
    }
  }

  @Test
  void allInstructionTypesAreFetchesOfTheirSize() throws IOException {
    int[] types = {10, 11, 12, 13, 14, 15, 16, 31, 48, 49};
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    List<Ref> expected = new ArrayList<>();
    for (int i = 0; i < types.length; i++) {
      records.writeBytes(record(types[i], i + 1, 0x1000 + 16 * i));
      expected.add(fetch(0x1000 + 16 * i, i + 1));
    }
    assertEquals(expected, read(records.toByteArray()));
  }

  @Test
  void readsAndWritesCarryTheirSizes() throws IOException {
    assertEquals(
        List.of(load(0x10, 1), store(-8L, 65535), load(0x20, 1)),
        read(record(0, 1, 0x10), record(1, 65535, -8), record(0, 0, 0x20)));
  }

  @Test
  void prefetchesFlushesEncodingsAndThreadExitsMakeNoReference() throws IOException {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    for (int type = 2; type <= 47; type++) {
      boolean passedOver =
          type <= 9
              || (type >= 18 && type <= 21)
              || type == 23
              || type == 27
              || (type >= 32 && type <= 47);
      if (passedOver) {
        records.writeBytes(record(type, 8, 0xdead_beefL));
      }
    }
    records.writeBytes(record(0, 4, 0x1234));
    assertEquals(List.of(load(0x1234, 4)), read(records.toByteArray()));
  }

  @Test
  void anInstructionWithoutLengthOnlyNamesTheOneThatDataBelongTo() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    reader(drmemtraceHeader(1, 1), record(10, 4, 0x1000), record(10, 0, 0x2000), record(0, 8, 0x10))
        .read(batch);
    assertEquals(List.of(fetch(0x1000, 4), load(0x10, 8)), Samples.refs(batch));
    assertTrue(batch.hasInstructionAddresses());
    assertArrayEquals(new long[] {0x1000, 0x2000}, Arrays.copyOf(batch.instructionAddresses, 2));
  }

  @Test
  void instructionsThatAreNotFetchedMakeNoReferenceButOwnTheirData() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    reader(drmemtraceHeader(1, 1), record(10, 3, 0x1000), record(29, 2, 0x1003), record(1, 8, 0x10))
        .read(batch);
    assertEquals(List.of(fetch(0x1000, 3), store(0x10, 8)), Samples.refs(batch));
    assertEquals(0x1003, batch.instructionAddresses[1]);
  }

  @Test
  void anInstructionThatMayBeFetchedIsFetchedUnlessItRepeatsTheLast() throws IOException {
    assertEquals(
        List.of(
            fetch(0x1000, 2),
            load(0x10, 8),
            load(0x18, 8),
            fetch(0x1002, 2),
            fetch(0x1000, 2),
            load(0x20, 8)),
        read(
            record(30, 2, 0x1000),
            record(0, 8, 0x10),
            record(30, 2, 0x1000),
            record(0, 8, 0x18),
            record(10, 2, 0x1002),
            record(30, 2, 0x1000),
            record(0, 8, 0x20),
            record(30, 2, 0x1000)));
  }

  @Test
  void aBundleIsInstructionsThatFollowTheOneBefore() throws IOException {
    long lengths = 3 | (1 << 8) | (15 << 16);
    ReferenceBatch batch = new ReferenceBatch();
    reader(
            drmemtraceHeader(1, 1),
            record(10, 5, 0x1000),
            record(1, 8, 0x10),
            record(17, 3, lengths),
            record(0, 4, 0x20),
            record(17, 1, 2))
        .read(batch);
    assertEquals(
        List.of(
            fetch(0x1000, 5),
            store(0x10, 8),
            fetch(0x1005, 3),
            fetch(0x1008, 1),
            fetch(0x1009, 15),
            load(0x20, 4),
            fetch(0x1018, 2)),
        Samples.refs(batch));
    assertEquals(0x1009, batch.instructionAddresses[5], "data belong to the bundle's last");
  }

  @Test
  void bundlesFillBatchesWithoutLosingAnInstruction() throws IOException {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    records.writeBytes(record(10, 1, 0));
    int bundles = 3000;
    for (int i = 0; i < bundles; i++) {
      records.writeBytes(record(17, 8, 0x0101_0101_0101_0101L));
    }
    List<Ref> refs = read(records.toByteArray());
    assertEquals(1 + 8 * bundles, refs.size());
    for (int i = 0; i < refs.size(); i++) {
      assertEquals(fetch(i, 1), refs.get(i));
    }
  }

  @Test
  void markersMakeNoReferenceWhateverTheirType() throws IOException {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    for (int marker = 0; marker <= 110; marker++) {
      records.writeBytes(record(28, marker, 5));
    }
    records.writeBytes(record(10, 4, 0x1000));
    assertEquals(List.of(fetch(0x1000, 4)), read(records.toByteArray()));
  }

  @Test
  void physicalAddressMarkersArePassedOver() throws IOException {
    assertEquals(
        List.of(load(0x7000, 8)),
        read(
            record(28, 15, 0x9_7000),
            record(28, 17, 0x7000),
            record(28, 16, 0x8000),
            record(0, 8, 0x7000)));
  }

  @Test
  void headersAndFootersInTheMiddleArePassedOver() throws IOException {
    assertEquals(
        List.of(load(1, 1), load(2, 1)),
        read(record(0, 1, 1), record(26, 0, 0), drmemtraceHeader(1, 1), record(0, 1, 2)));
  }

  @Test
  void aBatchEndsWhereProcessOrCoreChange() throws IOException {
    DrmemtraceReader reader =
        reader(
            drmemtraceHeader(1, 100),
            record(28, 3, 5),
            record(0, 1, 1),
            record(28, 3, 5), // the same core: the batch goes on
            record(0, 1, 2),
            record(28, 3, 6),
            record(0, 1, 3),
            record(22, 4, 2),
            record(24, 4, 200),
            record(0, 1, 4),
            record(22, 4, 1), // process and core are remembered
            record(0, 1, 5),
            FOOTER);
    ReferenceBatch batch = new ReferenceBatch();
    List<String> got = new ArrayList<>();
    while (reader.read(batch) > 0) {
      got.add(
          batch.addressSpaceId()
              + "/"
              + batch.core()
              + ":"
              + Samples.refs(batch).stream().map(r -> Long.toString(r.address())).toList());
    }
    // Thread 2 has no cpu marker: its core is its number, the second of the trace's threads.
    assertEquals(List.of("100/5:[1, 2]", "100/6:[3]", "200/1:[4]", "100/6:[5]"), got);
  }

  @Test
  void theNodeAboveTheProcessorNumberAndAnUnknownProcessorAreIgnored() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    reader(drmemtraceHeader(1, 1), record(28, 3, 0x3007), record(28, 3, -1), record(0, 1, 1))
        .read(batch);
    assertEquals(7, batch.core());
  }

  @Test
  void filteredFetchesAreNotAllInstructions() throws IOException {
    for (long bit : new long[] {0x01, 0x80}) {
      DrmemtraceReader reader =
          reader(record(25, 0, 3), record(28, 9, 0x40 | bit), record(0, 1, 1), FOOTER);
      assertFalse(reader.fetchesAreInstructions(true), "before the first reference is read");
      assertEquals(List.of(load(1, 1)), Samples.readAll(reader));
      assertFalse(reader.fetchesAreInstructions(true));
    }
    DrmemtraceReader reader =
        reader(record(25, 0, 3), record(28, 9, 0x340), record(0, 1, 1), FOOTER);
    assertTrue(reader.fetchesAreInstructions(true), "encodings, and filtered data");
    assertEquals(List.of(load(1, 1)), Samples.readAll(reader));
    assertTrue(reader.fetchesAreInstructions(true));
  }

  @Test
  void aRecordThatIsCutOffIsReportedAfterTheReferencesBeforeIt() throws IOException {
    byte[] whole = concat(drmemtraceHeader(1, 1), record(0, 8, 0x10), record(1, 8, 0x20));
    for (int cut = 1; cut < 12; cut++) {
      List<Ref> got = new ArrayList<>();
      DrmemtraceReader reader = reader(Samples.first(whole, whole.length - cut));
      String message =
          Samples.messageOf(
              assertThrows(TraceException.class, () -> Samples.readInto(reader, got)));
      assertEquals(List.of(load(0x10, 8)), got);
      assertTrue(
          message.startsWith(
              "t: record 7 at byte offset 72 is cut off after " + (12 - cut) + " of 12 bytes"),
          message);
    }
  }

  @Test
  void aTraceThatIsCutOffBetweenTwoRecordsIsReportedAfterItsReferences() {
    byte[] whole =
        concat(
            drmemtraceHeader(1, 1),
            record(28, 2, 100),
            record(0, 8, 0x10),
            record(28, 21, 0),
            record(1, 8, 0x20),
            record(23, 4, 1),
            FOOTER);
    List<Ref> all = List.of(load(0x10, 8), store(0x20, 8));
    for (int records = 6; records < whole.length / 12; records++) {
      List<Ref> got = new ArrayList<>();
      DrmemtraceReader reader = reader(Samples.first(whole, 12 * records));
      String message =
          Samples.messageOf(
              assertThrows(TraceException.class, () -> Samples.readInto(reader, got)));
      int references = records < 7 ? 0 : records < 9 ? 1 : 2;
      assertEquals(all.subList(0, references), got);
      assertTrue(
          message.startsWith(
              "t: record " + (records + 1) + " at byte offset " + 12 * records + " is missing: "),
          message);
      assertTrue(message.contains("after " + references + " references"), message);
    }
  }

  @Test
  void aTraceWithoutTimestampsIsNotDynamoRiosAndNeedsNoFooter() throws IOException {
    assertEquals(
        List.of(load(0x10, 8)),
        Samples.readAll(reader(concat(drmemtraceHeader(1, 1), record(0, 8, 0x10)))));
  }

  @Test
  void aRealTraceThatIsCutOffBetweenTwoOfItsBlocksIsReported() throws IOException {
    byte[] whole = Samples.unpacked(SAMPLES.resolve("drmemtrace.simple_app.trace.zip"));
    byte[] cut = Samples.first(whole, 12 * 1024 * 100); // where a block of the reader ends, too
    List<Ref> got = new ArrayList<>();
    String message =
        Samples.messageOf(
            assertThrows(TraceException.class, () -> Samples.readInto(reader(cut), got)));
    assertTrue(message.contains("is missing: a drmemtrace ends with a footer"), message);
    assertTrue(message.contains("after " + got.size() + " references"), message);
    assertTrue(got.size() > 90_000, "got " + got.size());
  }

  @Test
  void aTraceWithoutHeaderIsRefused() {
    assertTrue(
        flawOf(record(0, 8, 0x10)).startsWith("t: record 1 at byte offset 0: expected a header"));
    assertTrue(flawOf(record(25, 0, 0)).contains("expected a header"), "version 0");
    assertTrue(flawOf(record(25, 0, 256)).contains("expected a header"), "version 256");
    assertTrue(flawOf(record(25, 1, 4)).contains("expected a header"), "size 1");
  }

  @ParameterizedTest
  @ValueSource(ints = {50, 51, 0x1000, 0xffff})
  void aTypeThatIsNotKnownIsReportedWithItsPosition(int type) {
    String message = flawOf(drmemtraceHeader(1, 1), record(type, 0, 0));
    assertTrue(message.startsWith("t: record 6 at byte offset 60 has type " + type), message);
  }

  @Test
  void bundlesThatCannotBeAreReported() {
    assertTrue(
        flawOf(drmemtraceHeader(1, 1), record(10, 1, 0), record(17, 9, 0))
            .startsWith("t: record 7 at byte offset 72 bundles 9 instructions"));
    assertTrue(
        flawOf(drmemtraceHeader(1, 1), record(17, 1, 1))
            .startsWith("t: record 6 at byte offset 60 bundles instructions that follow another"));
  }

  @Test
  void threadsWithoutEndAreRefused() {
    ByteArrayOutputStream records = new ByteArrayOutputStream();
    records.writeBytes(record(25, 0, 4));
    for (int i = 0; i <= 1 << 16; i++) {
      records.writeBytes(record(22, 4, i));
    }
    assertTrue(flawOf(records.toByteArray()).contains("one more than the 65536"));
  }

  /** A raw file: 64-bit words with the type in bits 63:61, by DynamoRIO's trace_entry.h. */
  private static byte[] raw(long subType) {
    ByteBuffer words = ByteBuffer.allocate(4 * 8).order(ByteOrder.LITTLE_ENDIAN);
    words.putLong((6L << 61) | (subType << 56) | (7L << 48) | 0x40); // header: version 7, x86-64
    words.putLong((2L << 61) | 1234); // thread
    words.putLong((3L << 61) | 1234); // process
    words.putLong((4L << 61) | 0x2f4c_4ade_ed58L); // time
    return words.array();
  }

  @ParameterizedTest
  @ValueSource(longs = {0, 4})
  void aRawTraceIsRefusedWithWhatToDo(long subType) throws IOException {
    for (byte[] stored : List.of(raw(subType), Samples.lz4(raw(subType)))) {
      for (TraceFormat format : Arrays.asList(null, TraceFormat.DRMEMTRACE)) {
        String message =
            Samples.messageOf(
                assertThrows(
                    TraceException.class,
                    () -> Samples.readAll(TraceFile.open("-", format, Samples.stream(stored)))));
        assertTrue(message.startsWith("standard input: is a raw drmemtrace"), message);
        assertTrue(message.contains("raw2trace"), message);
      }
    }
  }
}
