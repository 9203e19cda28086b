package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory does not grow with the length of a trace. */
class MemoryTest {
  private static final int REFERENCES = 8_000_000;

  @TempDir Path folder;

  @Test
  void aTraceSeveralTimesTheHeapRunsInIt() throws Exception {
    Path trace = folder.resolve("long.flat64");
    write(trace); // 64 MB
    Path log = folder.resolve("log");
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx20m",
                    "-XX:+UseSerialGC",
                    "-cp",
                    System.getProperty("java.class.path"),
                    Main.class.getName(),
                    "run",
                    trace.toString(),
                    "--map",
                    "prefault",
                    "-q"))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertEquals(0, process.waitFor(), () -> read(log));
    assertEquals("", read(log));
  }

  private static void write(Path file) throws Exception {
    ReferenceBatch batch = new ReferenceBatch();
    ByteBuffer bytes =
        ByteBuffer.allocate(ReferenceBatch.CAPACITY * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (SyntheticTrace trace = new SyntheticTrace(SyntheticTrace.Pattern.SEQUENTIAL, REFERENCES);
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      while (trace.read(batch) > 0) {
        bytes.clear();
        for (int i = 0; i < batch.count(); i++) {
          bytes.putLong(batch.addresses[i] | ReferenceBatch.kind(batch.descriptors[i]));
        }
        out.write(bytes.array(), 0, bytes.position());
      }
    }
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
