package io.lookaside.traces;

import static io.lookaside.traces.Samples.concat;
import static io.lookaside.traces.Samples.drmemtraceHeader;
import static io.lookaside.traces.Samples.record;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DrmemtraceFolderTest {
  @TempDir Path folder;

  private static byte[] time(long timestamp) {
    return record(28, 2, timestamp);
  }

  private static byte[] at(long address) {
    return record(0, 1, address);
  }

  private static final byte[] FOOTER = record(26, 0, 0);

  private void write(String name, byte[]... records) throws IOException {
    Path file = folder.resolve(name);
    Files.createDirectories(file.getParent());
    Files.write(file, concat(records));
  }

  private TraceFile open(@Nullable TraceFormat format) throws IOException {
    return TraceFile.open(folder.toString(), format, InputStream.nullInputStream());
  }

  /** Addresses in order, each as "process/core:address". */
  private List<String> read() throws IOException {
    List<String> all = new ArrayList<>();
    try (TraceFile trace = open(null)) {
      ReferenceBatch batch = new ReferenceBatch();
      while (trace.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          all.add(batch.addressSpaceId() + "/" + batch.core() + ":" + batch.address(i));
        }
      }
      // Of an archive, some headers need not be read.
      assertTrue(trace.storedBytesRead() > 0 && trace.storedBytesRead() <= trace.storedBytes());
    }
    return all;
  }

  private String flaw() {
    return Samples.messageOf(assertThrows(TraceException.class, this::read));
  }

  @Test
  void threadsTakeTurnsByTheirTimestamps() throws IOException {
    write(
        "drmemtrace.app.1.trace",
        drmemtraceHeader(1, 10),
        time(100),
        at(1),
        at(2),
        time(300),
        at(5),
        record(26, 0, 0));
    write(
        "drmemtrace.app.2.trace",
        drmemtraceHeader(2, 10),
        time(200),
        at(3),
        time(250),
        at(4),
        time(400),
        at(6),
        record(26, 0, 0));
    assertEquals(List.of("10/0:1", "10/0:2", "10/1:3", "10/1:4", "10/0:5", "10/1:6"), read());
  }

  @Test
  void everySecondThreadAloneKeepsItsOwnTurns() throws IOException {
    write("a.trace", drmemtraceHeader(1, 10), time(100), at(1), time(300), at(5), FOOTER);
    write("b.trace", drmemtraceHeader(2, 10), time(200), at(3), FOOTER);
    write("c.trace", drmemtraceHeader(3, 10), time(150), at(2), time(250), at(4), FOOTER);
    assertEquals(List.of(1L, 2L, 4L, 5L), read(new ThreadShare(0, 2)));
    assertEquals(List.of(3L), read(new ThreadShare(1, 2)));
    assertEquals(List.of(), read(new ThreadShare(3, 4)));
  }

  private List<Long> read(ThreadShare share) throws IOException {
    List<Long> addresses = new ArrayList<>();
    InputStream nothing = InputStream.nullInputStream();
    try (TraceFile trace = TraceFile.open(folder.toString(), null, nothing, share)) {
      ReferenceBatch batch = new ReferenceBatch();
      while (trace.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          addresses.add(batch.address(i));
        }
      }
    }
    return addresses;
  }

  @Test
  void ofEqualTimestampsTheFileWhoseNameComesFirstGoesFirst() throws IOException {
    write("b.trace", drmemtraceHeader(1, 10), time(100), at(3), time(200), at(7), FOOTER);
    write(
        "a.trace",
        drmemtraceHeader(2, 20),
        time(100),
        at(1),
        time(100),
        at(2),
        time(200),
        at(5),
        FOOTER);
    assertEquals(List.of("20/0:1", "20/0:2", "10/1:3", "20/0:5", "10/1:7"), read());
  }

  @Test
  void whatStandsBeforeTheFirstTimestampGoesFirst() throws IOException {
    write("a.trace", drmemtraceHeader(1, 1), time(50), at(2), FOOTER);
    write("b.trace", drmemtraceHeader(2, 1), at(1), time(60), at(3), FOOTER);
    assertEquals(List.of("1/1:1", "1/0:2", "1/1:3"), read());
  }

  @Test
  void theTimestampThatAChunkRepeatsIsNoTurn() throws IOException {
    // Thread 1 goes on after its chunk's footer, although thread 0's file is as old as the repeat.
    write("a.trace", drmemtraceHeader(5, 1), time(200), at(4), FOOTER);
    write(
        "b.trace",
        drmemtraceHeader(6, 1),
        time(100),
        record(28, 3, 9),
        at(1),
        record(28, 21, 0),
        record(28, 22, 17),
        time(300), // a repeat in form; it is passed over whatever its value
        record(28, 3, 9),
        at(2),
        time(150),
        at(3),
        FOOTER);
    assertEquals(List.of("1/9:1", "1/9:2", "1/9:3", "1/0:4"), read());
  }

  @Test
  void compressedThreadsInTheFolderTraceAreFoundAndOtherFilesPassedOver() throws IOException {
    byte[] one = concat(drmemtraceHeader(1, 1), time(1), at(1), FOOTER);
    byte[] two = concat(drmemtraceHeader(2, 1), time(2), at(2), FOOTER);
    byte[] three = concat(drmemtraceHeader(3, 1), time(3), at(3), FOOTER);
    write("trace/drmemtrace.a.1.trace.zip", Samples.zip(new Samples.Member("chunk.0000", one)));
    write("trace/drmemtrace.a.2.trace.gz", Samples.gzip(two));
    write("trace/drmemtrace.a.3.trace.lz4", Samples.lz4(three));
    write("trace/cpu_schedule.bin.zip", Samples.zip(new Samples.Member("8", new byte[100])));
    write("trace/modules.log", Samples.ascii("Module Table: version 5\n"));
    write("raw/drmemtrace.a.1.raw.lz4", new byte[0]);
    write("raw/modules.log", new byte[0]);
    assertEquals(List.of("1/0:1", "1/1:2", "1/2:3"), read());
  }

  @Test
  void realTraceInAFolderIsReadAsAlone() throws IOException {
    byte[] bytes = Files.readAllBytes(Path.of("samples", "drmemtrace.simple_app.trace.zip"));
    write("drmemtrace.simple_app.trace.zip", bytes);
    assertEquals(136_051 + 31_507 + 12_338, read().size());
  }

  @Test
  void aFlawNamesTheFileAndComesAfterTheReferencesBeforeIt() throws IOException {
    write("a.trace", drmemtraceHeader(1, 1), time(1), at(1), time(3), at(3), new byte[5]);
    write("b.trace", drmemtraceHeader(2, 1), time(2), at(2), time(9), at(9), FOOTER);
    List<Long> got = new ArrayList<>();
    TraceException flaw =
        assertThrows(
            TraceException.class,
            () -> {
              try (TraceFile trace = open(null)) {
                ReferenceBatch batch = new ReferenceBatch();
                while (trace.read(batch) > 0) {
                  got.add(batch.address(0));
                }
              }
            });
    assertEquals(List.of(1L, 2L, 3L), got);
    assertTrue(Samples.messageOf(flaw).startsWith(folder.resolve("a.trace") + ": record 10 "));
  }

  @Test
  void aFileThatIsNamedATraceAndIsNoneIsReported() throws IOException {
    write("a.trace", drmemtraceHeader(1, 1), time(1), at(1), FOOTER);
    write("b.trace.gz", Samples.gzip(Samples.ascii("hello, world")));
    assertTrue(flaw().startsWith(folder.resolve("b.trace.gz") + ": has the name of"), flaw());
  }

  @Test
  void aThreadWhoseFileIsCutOffIsReported() throws IOException {
    write("a.trace.gz", Samples.first(Samples.gzip(drmemtraceHeader(1, 1)), 30));
    assertTrue(flaw().startsWith(folder.resolve("a.trace.gz") + ": the gzip data is cut"), flaw());
  }

  @Test
  void aFolderOfRawFilesIsRefusedWithWhatToDo() throws IOException {
    byte[] raw =
        Samples.words((6L << 61) | (4L << 56) | (7L << 48), (2L << 61) | 1, (3L << 61) | 1);
    write("drmemtrace.a.1.raw.lz4", Samples.lz4(raw));
    assertTrue(flaw().contains("raw2trace"), flaw());
  }

  @Test
  void aRecordingThatWasNotProcessedIsRefusedWithWhatToDo() throws IOException {
    write("raw/modules.log", new byte[0]);
    assertTrue(flaw().contains("raw2trace"), flaw());
  }

  @Test
  void anotherFormatIsNoFolder() throws IOException {
    write("a.trace", drmemtraceHeader(1, 1), at(1), FOOTER);
    String message =
        Samples.messageOf(assertThrows(TraceException.class, () -> open(TraceFormat.CHAMPSIM)));
    assertTrue(message.contains("name a champsim trace file"), message);
  }
}
