package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code lookaside malloc} as a user meets it. Figures of glibc as RecordedHeapTest has them. */
class MallocCommandTest {
  @TempDir private Path folder = Path.of("");

  private static JsonNode run(String calls, String... options) {
    String[] arguments = new String[options.length + 5];
    arguments[0] = "malloc";
    arguments[1] = "run";
    arguments[2] = "-";
    arguments[3] = "--json";
    arguments[4] = "-";
    System.arraycopy(options, 0, arguments, 5, options.length);
    return Cli.runWithInput(calls.getBytes(StandardCharsets.US_ASCII), arguments).json();
  }

  @Test
  void oneByteGrowsTheHeapBy132KiB() {
    JsonNode end = run("m 1 1\n").path("end");
    assertEquals(132 << 10, end.path("arenaBytes").asLong());
    assertEquals(1, end.path("liveBytes").asLong());
    assertEquals(0, end.path("mappedChunks").asLong());
  }

  @Test
  void aLargeChunkIsMappedAndItsFreeRaisesTheThreshold() {
    // A chunk of 400,000 bytes and a header of 16, in whole pages: 401,408.
    JsonNode held = run("m 1 400000\n").path("end");
    assertEquals(1, held.path("mappedChunks").asLong());
    assertEquals(401_408, held.path("mappedBytes").asLong());
    assertEquals(128 << 10, held.path("mmapThreshold").asLong());
    JsonNode freed = run("m 1 400000\nf 1\n").path("end");
    assertEquals(0, freed.path("mappedChunks").asLong());
    assertEquals(401_408, freed.path("mmapThreshold").asLong());
    JsonNode fixed = run("m 1 400000\nf 1\n", "--mmap-threshold", "128K").path("end");
    assertEquals(128 << 10, fixed.path("mmapThreshold").asLong());
    assertEquals(0, run("m 1 400000\n", "--mmap-threshold", "1M").at("/end/mappedChunks").asLong());
  }

  @Test
  void whatIsNotWrittenIsNotResident() {
    // The header's page of a mapped chunk of a hundred pages is written by the allocator itself.
    long untouched = run("m 1 409584\n").at("/end/residentBytes").asLong();
    long touched = run("m 1 409584\n", "--write").at("/end/residentBytes").asLong();
    assertEquals(99 * 4096, touched - untouched);
    long some = run("m 1 409584\nt 1 0 40960\n").at("/end/residentBytes").asLong();
    assertTrue(some > untouched && some < touched, some + " of " + touched);
  }

  @Test
  void liveBytesFollowReallocAndFree() {
    JsonNode result = run("m 1 100\nc 2 10 30\nr 1 500\nf 2\n", "--samples", "4");
    long[] live = {100, 400, 800, 500};
    for (int i = 0; i < live.length; i++) {
      assertEquals(live[i], result.path("series").get(i).path("liveBytes").asLong());
    }
    assertEquals(800, result.path("peakLiveBytes").asLong());
    assertEquals(900, result.path("requestedBytes").asLong());
  }

  @Test
  void fullMemoryEndsTheProcessAndTheCommandSaysSo() {
    JsonNode result = run("m 1 100000000\nm 2 100000000\nf 1\n", "--memory", "128M", "--write");
    assertTrue(result.path("ended").asString().startsWith("out of memory"), result.toString());
    assertNotEquals(3, result.at("/end/calls").asInt());
  }

  @Test
  void aFlawedTraceIsReportedWithItsLine() throws IOException {
    Path file = folder.resolve("t.malloc");
    Files.writeString(file, "m 1 10\nm 2\n");
    Cli.run("malloc", "run", file.toString()).failed(65, "t.malloc:2", "2 numbers");
    Cli.run("malloc", "run", folder.resolve("none").toString()).failed(66, "no such file");
    Cli.runWithInput(new byte[0], "malloc", "run", "-").failed(65, "no call");
    Cli.runWithInput(new byte[0], "malloc", "run", "-", "--thp", "alway").failed(2, "always");
    Cli.runWithInput(new byte[0], "malloc", "run", "-", "--memory", "1K").failed(2, "--memory");
  }

  @Test
  void aGeneratedTraceIsTheSameForTheSameSeed() throws IOException {
    Path one = folder.resolve("1");
    Path two = folder.resolve("2");
    Path other = folder.resolve("3");
    Cli.run("malloc", "generate", "-o", one.toString(), "--count", "200", "--seed", "4");
    Cli.run("malloc", "generate", "-o", two.toString(), "--count", "200", "--seed", "4");
    Cli.run("malloc", "generate", "-o", other.toString(), "--count", "200", "--seed", "5");
    assertEquals(-1, Files.mismatch(one, two));
    assertNotEquals(-1, Files.mismatch(one, other));
    String calls = Files.readString(one);
    assertEquals(200, calls.lines().filter(l -> l.startsWith("m ")).count());
    assertEquals(calls.lines().count(), run(calls).at("/end/calls").asLong());
  }

  @Test
  void recordingWithoutValgrindSaysWhatToInstall() {
    String place = folder.resolve("x.malloc").toString();
    Cli.run("malloc", "record", "-o", place, "--valgrind", "/none/valgrind", "true")
        .failed(66, "/none/valgrind", "apt install valgrind");
  }
}
