package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.File;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** A sweep that is killed with SIGKILL at random moments loses no finished point. */
class SweepKillTest {
  @TempDir Path folder;

  @Test
  void threeKills() throws Exception {
    killAndComplete(3, 256, 1);
  }

  @Tag("soak")
  @Test
  void twentyKills() throws Exception {
    killAndComplete(20, 1280, 2);
  }

  private void killAndComplete(int kills, int points, long seed) throws Exception {
    Path file = folder.resolve("s.yaml");
    Files.writeString(
        file,
        """
        traces: [{name: date, file: DATE}]
        options: {max-refs: 20K, frames: scattered}
        axes: {seed: {from: 1, to: POINTS}}
        """
            .replace(
                "DATE",
                Path.of(Samples.path("date.lackey.xz")).toAbsolutePath().normalize().toString())
            .replace("POINTS", Integer.toString(points)));
    String whole = folder.resolve("whole").toString();
    assertEquals(0, Cli.run("sweep", "run", file.toString(), "-o", whole).code());

    Random random = new Random(seed);
    int done = 0;
    for (int sweep = 0; done < kills && sweep < 10 * kills; sweep++) {
      Path killed = folder.resolve("killed" + sweep);
      Cli.run("sweep", "plan", file.toString(), "-o", killed.toString());
      Map<String, byte[]> before = Map.of();
      while (done < kills && before.size() < points) {
        // The moment: some time after so many more points are there, so that each stage is met.
        int until = Math.min(before.size() + 1 + random.nextInt(points / kills), points);
        done += killOnce(killed, until, random.nextInt(100)) ? 1 : 0;
        Map<String, byte[]> after = finished(killed);
        before.forEach((name, bytes) -> assertArrayEquals(bytes, after.get(name), name));
        String status = Cli.run("sweep", "status", killed.toString()).out();
        assertTrue(status.contains(" " + after.size() + " finished, 0 failed, 0 damaged"), status);
        before = after;
      }
      assertCompletes(killed, before.size(), whole);
    }
    assertEquals(kills, done, "each sweep was over before it was killed");
  }

  /**
   * Runs until so many points are there, and some milliseconds more; returns whether it was killed.
   */
  private boolean killOnce(Path sweep, int until, int further) throws Exception {
    List<String> command = ChildProcess.command();
    command.addAll(List.of("sweep", "run", sweep.toString(), "--threads", "1"));
    File log = folder.resolve("child.log").toFile();
    Process process =
        new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(log).start();
    while (process.isAlive() && count(sweep) < until) {
      process.waitFor(1, TimeUnit.MILLISECONDS);
    }
    process.waitFor(further, TimeUnit.MILLISECONDS);
    process.destroyForcibly().waitFor();
    int killedBySignal = 128 + 9;
    boolean killed = process.exitValue() == killedBySignal;
    assertTrue(killed || process.exitValue() == 0, () -> "see " + log);
    assertTrue(count(sweep) >= until, "a kill comes after some progress");
    return killed;
  }

  private static void assertCompletes(Path killed, int there, String whole) throws IOException {
    Cli.Outcome last = Cli.run("sweep", "run", killed.toString());
    assertEquals(0, last.code(), last.err());
    assertTrue(last.out().contains(" " + there + " were there"), last.out());
    for (String name : List.of("result.json", "result.jsonl", "result.csv")) {
      assertArrayEquals(
          Files.readAllBytes(Path.of(whole, name)), Files.readAllBytes(killed.resolve(name)), name);
    }
    try (Stream<Path> files = Files.walk(killed)) {
      assertEquals(List.of(), files.filter(f -> f.toString().contains(".tmp")).toList());
    }
  }

  private static int count(Path sweep) throws IOException {
    try (Stream<Path> files = Files.list(sweep.resolve("points"))) {
      return (int) files.filter(f -> f.toString().endsWith(".json")).count();
    }
  }

  private static Map<String, byte[]> finished(Path sweep) throws IOException {
    Map<String, byte[]> files = new TreeMap<>();
    try (Stream<Path> list = Files.list(sweep.resolve("points"))) {
      for (Path file : list.filter(f -> f.toString().endsWith(".json")).toList()) {
        files.put(String.valueOf(file.getFileName()), Files.readAllBytes(file));
      }
    }
    return files;
  }
}
