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
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Memory does not grow with the length of a trace. */
class MemoryTest {
  private static final int REFERENCES = 8_000_000;

  @TempDir Path folder;

  @Test
  void aTraceSeveralTimesTheHeapRunsInIt() throws Exception {
    String trace = write("long.flat64", REFERENCES); // 64 MB
    assertRunsIn("-Xmx20m", List.of(trace, "--map", "prefault"));
  }

  /** Two cores, each with a trace larger than the heap, in a window. */
  @Test
  void tracesOnSeveralCoresRunInAHeapSmallerThanEach() throws Exception {
    String one = write("one.flat64", REFERENCES / 2); // 32 MB
    String other = write("other.flat64", REFERENCES / 2);
    assertRunsIn(
        "-Xmx28m",
        List.of(
            one, other, "--cores", "2", "--timing", "--overlap", "window", "--machine", "zen4"));
  }

  private void assertRunsIn(String heap, List<String> run) throws Exception {
    Path log = folder.resolve("log");
    List<String> words = new ArrayList<>();
    words.add(Path.of(System.getProperty("java.home"), "bin", "java").toString());
    words.addAll(List.of(heap, "-XX:+UseSerialGC", "-cp", System.getProperty("java.class.path")));
    words.addAll(List.of(Main.class.getName(), "run", "-q"));
    words.addAll(run);
    Process process =
        new ProcessBuilder(words).redirectErrorStream(true).redirectOutput(log.toFile()).start();
    assertEquals(0, process.waitFor(), () -> read(log));
    assertEquals("", read(log));
  }

  private String write(String name, int references) throws Exception {
    Path file = folder.resolve(name);
    ReferenceBatch batch = new ReferenceBatch();
    ByteBuffer bytes =
        ByteBuffer.allocate(ReferenceBatch.CAPACITY * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (SyntheticTrace trace = new SyntheticTrace(SyntheticTrace.Pattern.SEQUENTIAL, references);
        OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      while (trace.read(batch) > 0) {
        bytes.clear();
        for (int i = 0; i < batch.count(); i++) {
          bytes.putLong(batch.address(i) | ReferenceBatch.kind(batch.descriptor(i)));
        }
        out.write(bytes.array(), 0, bytes.position());
      }
    }
    return file.toString();
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
