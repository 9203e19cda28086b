package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * Sweeps on a real Slurm of two nodes, which {@code .ci/slurm} starts on this machine. Where it
 * cannot, the tests are skipped with its reason.
 */
@Tag("soak")
class SlurmTest {
  private static final int UNAVAILABLE = 69;

  @TempDir static Path cluster;

  @TempDir Path folder;

  /** What a program printed. */
  private record Output(int code, String text) {}

  @BeforeAll
  static void start() throws Exception {
    Output output = script("start", cluster.toString());
    assumeTrue(output.code() != UNAVAILABLE, () -> "skipped: " + output.text());
    assertEquals(0, output.code(), output.text());
  }

  @AfterAll
  static void stop() throws Exception {
    script("stop", cluster.toString());
  }

  private static Output script(String... words) throws Exception {
    Path script = Path.of(".ci/slurm");
    List<String> command = new ArrayList<>();
    command.add((Files.exists(script) ? script : Path.of("..").resolve(script)).toString());
    command.addAll(Arrays.asList(words));
    return run(command);
  }

  private static Output run(List<String> command) throws Exception {
    Path out = Files.createTempFile("slurm", ".out");
    try {
      ProcessBuilder builder =
          new ProcessBuilder(command).redirectErrorStream(true).redirectOutput(out.toFile());
      builder.environment().put("SLURM_CONF", cluster.resolve("slurm.conf").toString());
      Process process = builder.start();
      process.getOutputStream().close();
      if (!process.waitFor(120, TimeUnit.SECONDS)) {
        process.destroyForcibly();
        throw new AssertionError(command + " did not end");
      }
      return new Output(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8));
    } finally {
      Files.delete(out);
    }
  }

  /** A launcher that runs the classes of this build, as the project's own does its jar. */
  private String launcher() throws Exception {
    Path file = folder.resolve("launcher");
    Files.writeString(
        file,
        """
        #!/bin/bash
        exec 'PROGRAM' -XX:+UseSerialGC -XX:TieredStopAtLevel=1 ${LOOKASIDE_JAVA_OPTS:-} -cp 'CLASSES' \\
          -Dlookaside.launcher="$0" io.lookaside.cli.Main "$@"
        """
            .replace("PROGRAM", ChildProcess.java())
            .replace("CLASSES", ChildProcess.classPath()));
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file.toString();
  }

  /** The command line in a process that knows the cluster. */
  private Output lookaside(String... words) throws Exception {
    List<String> command = new ArrayList<>(List.of(launcher()));
    command.addAll(Arrays.asList(words));
    return run(command);
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private void plan(String traces, String references, int points) throws Exception {
    Files.writeString(
        folder.resolve("s.yaml"),
        "traces: "
            + traces
            + "\noptions: {max-refs: "
            + references
            + ", frames: scattered}\naxes: {seed: {from: 1, to: "
            + points
            + "}}\n");
    Output output = lookaside("sweep", "plan", path("s.yaml"), "-o", path("s"));
    assertEquals(0, output.code(), output.text());
  }

  private static String date() {
    return Path.of(Samples.path("date.lackey.xz")).toAbsolutePath().normalize().toString();
  }

  private JsonNode status() throws Exception {
    Output output = lookaside("sweep", "status", path("s"), "--json", "-");
    return JsonMapper.shared().readTree(output.text());
  }

  private static void waitUntilTheQueueIsEmpty() throws Exception {
    for (int i = 0; i < 600; i++) {
      if (run(List.of("squeue", "-h")).text().isBlank()) {
        return;
      }
      Thread.sleep(200);
    }
    throw new AssertionError(run(List.of("squeue")).text());
  }

  private void assertMergedAsFromALocalRun() throws Exception {
    Output local = lookaside("sweep", "run", path("s.yaml"), "-o", path("local"), "-q");
    assertEquals(0, local.code(), local.text());
    for (String name : List.of("result.json", "result.jsonl", "result.csv")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("local").resolve(name)),
          Files.readAllBytes(folder.resolve("s").resolve(name)),
          name);
    }
  }

  @Test
  void aFailingTaskIsNamedAndOnlyWhatIsMissingIsSubmittedAgain() throws Exception {
    Path bad = folder.resolve("bad.flat64");
    byte[] good = Cli.words(0x1000, 0x2000, 0x3000);
    Files.write(bad, good);
    plan("[{name: date, file: " + date() + "}, bad.flat64]", "20K", 2);
    Files.write(bad, new byte[8], StandardOpenOption.APPEND); // another trace than was planned

    Output submitted =
        lookaside("sweep", "sbatch", path("s"), "--submit", "--per-task", "1", "--mem", "1G");
    assertEquals(0, submitted.code(), submitted.text());
    assertTrue(submitted.text().contains("an array of 4 tasks for 4 points"), submitted.text());
    waitUntilTheQueueIsEmpty();
    JsonNode status = status();
    assertEquals(2, status.at("/counts/finished").intValue(), status.toString());
    assertEquals(2, status.at("/counts/failed").intValue(), status.toString());
    for (JsonNode point : status.path("unfinished")) {
      assertTrue(point.path("reason").stringValue().contains("changed since the plan"));
      assertEquals("FAILED", point.at("/slurm/state").stringValue());
      assertTrue(point.at("/slurm/task").stringValue().endsWith("_" + point.path("index")));
    }
    assertFalse(Files.exists(folder.resolve("s/result.json")), "the merge refuses gaps");
    assertTrue(
        Files.readString(folder.resolve("s/slurm/1/merge.log"))
            .contains("2 of 4 points have no result"));

    Files.write(bad, good);
    Output again =
        lookaside("sweep", "sbatch", path("s"), "--submit", "--per-task", "1", "--mem", "1G");
    assertTrue(again.text().contains("an array of 2 tasks for 2 points"), again.text());
    assertEquals(List.of("2", "3"), Files.readAllLines(folder.resolve("s/slurm/2/tasks")));
    waitUntilTheQueueIsEmpty();
    assertEquals(0, lookaside("sweep", "status", path("s")).code());
    assertMergedAsFromALocalRun();
    assertTrue(
        lookaside("sweep", "sbatch", path("s"), "--submit").text().contains("nothing to submit"));
  }

  @Test
  void aNodeThatIsLostInTheMiddleLosesNoPoint() throws Exception {
    plan("[{name: date, file: " + date() + "}]", "400K", 24);
    Output submitted =
        lookaside("sweep", "sbatch", path("s"), "--submit", "--per-task", "6", "--mem", "1G");
    assertEquals(0, submitted.code(), submitted.text());
    // MaxArraySize of the cluster is 101: four tasks are fewer.
    assertTrue(submitted.text().contains("an array of 4 tasks for 24 points"), submitted.text());
    for (int i = 0; i < 300; i++) {
      if (run(List.of("squeue", "-h", "-t", "R", "-w", "n2")).text().lines().count() > 0) {
        break;
      }
      Thread.sleep(50);
    }
    assertEquals(0, script("lose", cluster.toString(), "n2").code());
    Output twice = lookaside("sweep", "sbatch", path("s"), "--submit", "--mem", "1G");
    assertTrue(twice.text().contains("more wait or run in Slurm already"), twice.text());
    waitUntilTheQueueIsEmpty();
    assertTrue(run(List.of("sinfo", "-h", "-N", "-n", "n2", "-o", "%T")).text().startsWith("down"));
    Output status = lookaside("sweep", "status", path("s"));
    assertEquals(0, status.code(), status.text());
    assertMergedAsFromALocalRun();
  }
}
