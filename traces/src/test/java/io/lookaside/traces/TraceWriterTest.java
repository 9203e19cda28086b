package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class TraceWriterTest {
  private static final List<Detailed> REFS =
      List.of(
          Detailed.of(AccessKind.FETCH, 0x4001090, 3),
          Detailed.of(AccessKind.LOAD, 0x1ffeffe7e9L, 8),
          Detailed.of(AccessKind.STORE, -16L, 65536));

  /** References with everything: the pc of the second is not that of the fetch before it. */
  private static final List<Detailed> FULL =
      List.of(
          new Detailed(AccessKind.FETCH, 0x401000, 4, 0x401000L, 7, 2),
          new Detailed(AccessKind.LOAD, 0x10008, 4, 0x401004L, 7, 2),
          new Detailed(AccessKind.STORE, 0x10008, 4, 0x401000L, -1L, 0));

  /** What a writer made, and what it said that it lost. */
  @SuppressWarnings("ArrayRecordComponent") // compared by element
  private record Written(byte[] bytes, List<String> losses) {
    String text() {
      return new String(bytes, StandardCharsets.US_ASCII);
    }

    List<Detailed> read(TraceFormat format) throws IOException {
      try (TraceFile trace = TraceFile.open("-", format, new ByteArrayInputStream(bytes))) {
        return Detailed.readAll(trace);
      }
    }
  }

  private static Written written(TraceFormat format, List<Detailed> refs) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TraceWriter writer = TraceWriter.open(format, bytes, true)) {
      Detailed.write(refs, writer);
      return new Written(bytes.toByteArray(), writer.losses());
    }
  }

  @Test
  void lackeyIsWrittenAsValgrindDoes() throws IOException {
    Written w = written(TraceFormat.LACKEY, REFS);
    assertEquals("I  04001090,3\n L 1ffeffe7e9,8\n S fffffffffffffff0,65536\n", w.text());
    assertEquals(List.of(), w.losses());
    assertEquals(REFS, w.read(TraceFormat.LACKEY));
  }

  @Test
  void csvHasAllColumnsAndLosesNothing() throws IOException {
    Written w = written(TraceFormat.CSV, FULL);
    assertEquals(
        """
        kind,va,size,pc,asid,core
        I,0x401000,4,0x401000,7,2
        L,0x10008,4,0x401004,7,2
        S,0x10008,4,0x401000,18446744073709551615,0
        """,
        w.text());
    assertEquals(List.of(), w.losses());
    assertEquals(FULL, w.read(TraceFormat.CSV));
    assertEquals(REFS, written(TraceFormat.CSV, REFS).read(TraceFormat.CSV));
  }

  @Test
  void flat64SaysThatSizesAndLowBitsAreLost() throws IOException {
    Written w = written(TraceFormat.FLAT64, REFS);
    // Kinds 2, 0, 1 in the low bits of addresses rounded down to 4.
    assertArrayEquals(Samples.words(0x4001092, 0x1ffeffe7e8L, -15L), w.bytes());
    assertEquals(
        List.of(
            "3 references lose their size and come back with 4 bytes",
            "1 addresses are rounded down to a multiple of 4"),
        w.losses());
  }

  @ParameterizedTest
  @ValueSource(strings = {"LACKEY", "FLAT64"})
  void formatsOfOneProcessSayWhatElseIsLost(String format) throws IOException {
    Written w = written(TraceFormat.valueOf(format), FULL);
    String losses = String.join("\n", w.losses());
    assertTrue(losses.contains("3 references lose their address space"), losses);
    assertTrue(losses.contains("2 references lose their core"), losses);
    assertTrue(losses.contains("1 references lose the address of their instruction"), losses);
  }

  @Test
  void everyFormatThatCanBeWrittenCanBeRead() throws IOException {
    List<Detailed> refs =
        List.of(
            Detailed.of(AccessKind.FETCH, 0x401000, 4), Detailed.of(AccessKind.LOAD, 0x10008, 4));
    for (TraceFormat format : TraceWriter.FORMATS) {
      List<Detailed> back = written(format, refs).read(format);
      assertEquals(refs.size(), back.size(), format.label());
      for (int i = 0; i < refs.size(); i++) {
        assertEquals(refs.get(i).kind(), back.get(i).kind(), format.label());
        assertEquals(refs.get(i).address(), back.get(i).address(), format.label());
      }
    }
  }

  @Test
  void numbersOfTextAreThoseOfJava() {
    Random random = new Random(7);
    for (int i = 0; i < 2000; i++) {
      long value = random.nextLong() >>> random.nextInt(64);
      ByteSink sink = new ByteSink();
      sink.decimal(value);
      sink.u8(' ');
      sink.hex(value, 1);
      sink.u8(' ');
      sink.hex(value, 8);
      String hex = Long.toHexString(value);
      assertEquals(
          Long.toUnsignedString(value)
              + " "
              + (value == 0 ? "0" : hex)
              + " "
              + String.format(Locale.ROOT, "%08x", value),
          new String(sink.array(), 0, sink.length(), StandardCharsets.US_ASCII));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {".gz", ".xz", ".zst", ".bz2", ".lz4", ".sz", ".zip", ""})
  void compressionIsThatOfTheSuffixAndIsReadBack(String suffix) throws IOException {
    List<Detailed> refs =
        Samples.some(30_000).stream()
            .map(r -> Detailed.of(r.kind(), r.address(), r.size()))
            .toList();
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (TraceWriter writer =
        TraceWriter.open(
            TraceFormat.LACKEY, CompressedOutput.open(stored, "a/b.lackey" + suffix), true)) {
      Detailed.write(refs, writer);
    }
    byte[] bytes = stored.toByteArray();
    Compression expected =
        suffix.isEmpty() ? Compression.NONE : Compression.detect(bytes, Compression.MAGIC_BYTES);
    assertEquals(!suffix.isEmpty(), expected != Compression.NONE);
    try (TraceFile trace = TraceFile.open("-", null, new ByteArrayInputStream(bytes))) {
      assertEquals(refs, Detailed.readAll(trace));
      assertEquals(suffix.isEmpty() ? 0 : 1, trace.compressions().size());
    }
  }
}
