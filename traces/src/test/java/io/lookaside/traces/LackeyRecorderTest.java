package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lookaside.traces.LackeyRecorder.Outcome;
import java.io.ByteArrayOutputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Records with a shell script in valgrind's place, which writes what lackey would. */
class LackeyRecorderTest {
  @TempDir Path folder;

  @BeforeEach
  void needsAShell() {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no shell");
  }

  /** A script that finds the log file in its arguments and then does {@code body}. */
  private String valgrind(String body) throws IOException {
    Path script = folder.resolve("valgrind");
    Files.writeString(
        script,
        "#!/bin/sh\n"
            + "for a; do case $a in --log-file=*) log=${a#--log-file=};; esac; done\n"
            + body
            + "\n");
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    return script.toString();
  }

  private static Outcome record(String valgrind, TraceWindow window, ByteArrayOutputStream to)
      throws IOException {
    LackeyRecorder recorder = new LackeyRecorder(valgrind, List.of("/bin/sh", "-c", "true"));
    try (TraceWriter writer = new LackeyWriter(to)) {
      Outcome outcome = recorder.record(writer, window, n -> {});
      writer.finish();
      return outcome;
    }
  }

  @Test
  void whatLackeyWritesIsRecordedAndTheExitCodeKept() throws IOException {
    String valgrind =
        valgrind(
            "echo \"$@\" > "
                + folder.resolve("arguments")
                + "\n"
                + "printf '==1== Lackey\\nI  04001090,3\\n L 1ffeffe7e8,8\\n' > \"$log\"\nexit 3");
    ByteArrayOutputStream to = new ByteArrayOutputStream();
    assertEquals(
        new Outcome(2, false, 3), record(valgrind, TraceWindow.from(0, Long.MAX_VALUE), to));
    assertEquals("I  04001090,3\n L 1ffeffe7e8,8\n", to.toString(StandardCharsets.US_ASCII));
    String arguments = Files.readString(folder.resolve("arguments"));
    assertTrue(arguments.startsWith("--tool=lackey --trace-mem=yes "), arguments);
    assertTrue(arguments.contains(" --log-file="), arguments);
    assertTrue(arguments.endsWith(" -- /bin/sh -c true\n"), arguments);
  }

  @Test
  void aForkedChildIsNotRecorded() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/valgrind")), "there is no valgrind");
    String loop = "i=0; while [ $i -lt 3000 ]; do i=$((i+1)); done";
    long itself = recordShell(loop);
    long inChild = recordShell("( " + loop + " ); exit 0");
    long nothing = recordShell("( exit 0 ); exit 0");
    assertTrue(itself > 2 * nothing, "the loop makes most of " + itself + " references");
    assertTrue(Math.abs(inChild - nothing) < nothing / 10, inChild + " against " + nothing);
  }

  private static long recordShell(String script) throws IOException {
    LackeyRecorder recorder = new LackeyRecorder("valgrind", List.of("/bin/sh", "-c", script));
    try (TraceWriter writer = new LackeyWriter(OutputStream.nullOutputStream())) {
      return recorder.record(writer, TraceWindow.from(0, Long.MAX_VALUE), n -> {}).references();
    }
  }

  @Test
  void programIsEndedWhenThereIsEnough() throws IOException {
    // It would write for ever.
    String valgrind =
        valgrind("exec 5> \"$log\"\nwhile echo ' L 1ffeffe7e8,8' >&5; do :; done\nexit 9");
    ByteArrayOutputStream to = new ByteArrayOutputStream();
    Outcome outcome = record(valgrind, TraceWindow.from(10, 100), to);
    assertEquals(100, outcome.references());
    assertEquals(100, to.toString(StandardCharsets.US_ASCII).lines().count());
  }

  @Test
  void valgrindThatEndsBeforeItWritesDoesNotHang() throws IOException {
    String valgrind = valgrind("exit 127");
    TraceException e =
        assertThrows(
            TraceException.class,
            () ->
                record(valgrind, TraceWindow.from(0, Long.MAX_VALUE), new ByteArrayOutputStream()));
    assertTrue(Samples.messageOf(e).contains("exit code 127"), e.getMessage());
  }

  @Test
  void missingValgrindSaysHowToGetIt() {
    FileNotFoundException e =
        assertThrows(
            FileNotFoundException.class,
            () -> new LackeyRecorder("no-such-valgrind", List.of("/bin/sh")));
    assertTrue(Samples.messageOf(e).contains("apt install valgrind"), e.getMessage());
  }

  @Test
  void missingProgramIsNamed() throws IOException {
    String valgrind = valgrind("exit 0");
    FileNotFoundException e =
        assertThrows(
            FileNotFoundException.class,
            () -> new LackeyRecorder(valgrind, List.of("no-such-program")));
    assertTrue(Samples.messageOf(e).startsWith("no-such-program: no such program"), e.getMessage());
    assertFalse(Samples.messageOf(e).contains("apt"), e.getMessage());
  }
}
