package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The scripts for Slurm, without one; {@link SlurmTest} has one. */
class SweepSbatchTest {
  @TempDir Path folder;

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private String executable(String name, String text) throws IOException {
    Path file = Files.writeString(folder.resolve(name), text);
    Files.setPosixFilePermissions(file, PosixFilePermissions.fromString("rwxr-xr-x"));
    return file.toString();
  }

  private void plan() throws IOException {
    Files.write(folder.resolve("a.flat64"), Cli.words(0x1000, 0x2000));
    Files.writeString(
        folder.resolve("s.yaml"), "traces: [a.flat64]\naxes: {seed: {from: 1, to: 24}}\n");
    assertEquals(0, Cli.run("sweep", "plan", path("s.yaml"), "-o", path("s")).code());
  }

  private static List<String> tasks(Path submission) throws IOException {
    return Files.readAllLines(submission.resolve("tasks"));
  }

  @Test
  void anArrayStaysUnderMaxArraySize() throws Exception {
    plan();
    Cli.Outcome outcome =
        Cli.run(
            "sweep",
            "sbatch",
            path("s"),
            "--launcher",
            "/opt/lookaside",
            "--per-task",
            "1",
            "--max-array",
            "5");
    assertEquals(0, outcome.code(), outcome.err());
    // 24 points in at most 5 tasks are 5 points for each, the last 4.
    Path first = folder.resolve("s/slurm/1");
    assertEquals(List.of("0-4", "5-9", "10-14", "15-19", "20-23"), tasks(first));
    assertTrue(Files.readAllLines(first.resolve("array.sh")).contains("#SBATCH --array=0-4"));

    Cli.run("sweep", "run", path("s"), "--points", "1,3-20");
    Cli.run(
        "sweep",
        "sbatch",
        path("s"),
        "--launcher",
        "/opt/lookaside",
        "--per-task",
        "2",
        "--max-array",
        "1001");
    assertEquals(List.of("0,2", "21-22", "23"), tasks(folder.resolve("s/slurm/2")));
  }

  @Test
  void theScriptsAskForWhatWasSaidAndRunTheirPoints() throws Exception {
    plan();
    String launcher = executable("my launcher", "#!/bin/bash\necho \"$LOOKASIDE_JAVA_OPTS|$*\"\n");
    executable(
        "sbatch", "#!/bin/bash\necho \"$*\" >> " + path("calls") + "\necho \"4$#;cluster\"\n");
    assertEquals(
        0,
        Cli.run(
                "sweep",
                "sbatch",
                path("s"),
                "--launcher",
                launcher,
                "--mem",
                "4G",
                "--time",
                "2:30:00",
                "--cpus",
                "3",
                "--per-task",
                "10",
                "--max-array",
                "100",
                "--sbatch",
                "--partition=long")
            .code());
    Path made = folder.resolve("s/slurm/1");
    List<String> array = Files.readAllLines(made.resolve("array.sh"));
    assertEquals("#!/bin/bash", array.get(0));
    for (String line :
        List.of(
            "#SBATCH --array=0-2",
            "#SBATCH --mem=4096M",
            "#SBATCH --time=2:30:00",
            "#SBATCH --cpus-per-task=3",
            "#SBATCH --partition=long",
            "#SBATCH --requeue",
            "#SBATCH --output=" + made + "/%a.log")) {
      assertTrue(array.contains(line), line + " in " + array);
    }
    assertEquals(
        "-Xmx3072m |sweep run " + path("s") + " --points 20-23 --threads 3\n",
        bash("SLURM_ARRAY_TASK_ID=2 bash " + made + "/array.sh"));
    assertEquals("-Xmx3072m |sweep merge " + path("s") + "\n", bash("bash " + made + "/merge.sh"));
    assertEquals(
        "submitted array job 42 and merge job 43\n",
        bash("PATH=" + folder + ":$PATH bash " + made + "/submit.sh"));
    assertEquals(List.of("array 42", "merge 43"), Files.readAllLines(made.resolve("jobs")));
    assertEquals(
        List.of("--parsable array.sh", "--parsable --dependency=afterany:42 merge.sh"),
        Files.readAllLines(folder.resolve("calls")));
  }

  private static String bash(String command) throws Exception {
    Process process =
        new ProcessBuilder("bash", "-c", "unset LOOKASIDE_JAVA_OPTS; " + command)
            .redirectErrorStream(true)
            .start();
    process.getOutputStream().close();
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return text;
  }

  @Test
  void misuseIsSaidInOneMessage() throws Exception {
    plan();
    Cli.run("sweep", "sbatch", path("s"), "--launcher", "x", "--mem", "64M").failed(2, "512M");
    Cli.run("sweep", "sbatch", path("s"), "--launcher", "x", "--time", "soon").failed(2, "soon");
    Cli.run("sweep", "sbatch", path("s"), "--launcher", "x", "--sbatch", "long").failed(2, "long");
    Cli.run("sweep", "sbatch", path("none"), "--launcher", "x").failed(66, "plan.json");
    Cli.run("sweep", "run", path("s"), "-q");
    Cli.Outcome done = Cli.run("sweep", "sbatch", path("s"), "--launcher", "x");
    assertEquals(0, done.code());
    assertTrue(done.out().contains("nothing to submit"), done.out());
  }
}
