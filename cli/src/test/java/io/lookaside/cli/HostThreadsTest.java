package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.lang.management.ManagementFactory;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Results do not depend on how many threads of the host work: every byte is the same. */
class HostThreadsTest {
  @TempDir Path folder;

  private static String date() {
    return Path.of(Samples.path("date.lackey.xz")).toAbsolutePath().normalize().toString();
  }

  /** Two threads that load and store in pages of their own and in common ones. */
  private String twoThreads() throws Exception {
    Random random = new Random(5);
    StringBuilder lines = new StringBuilder("kind,va,size,core\n");
    for (int i = 0; i < 12_000; i++) {
      int core = random.nextInt(2);
      int page = random.nextInt(300) + (random.nextBoolean() ? core * 1_000 : 2_000);
      lines.append(random.nextInt(3) == 0 ? "S," : "L,");
      lines.append(4096L * page + 8L * random.nextInt(512)).append(",8,").append(core).append('\n');
    }
    return Files.writeString(folder.resolve("two.csv"), lines).toString();
  }

  /** ChampSim records whose loads need what earlier ones loaded. */
  private String registers() throws Exception {
    Random random = new Random(6);
    int records = 4_000;
    ByteBuffer bytes = ByteBuffer.allocate(records * 64).order(ByteOrder.LITTLE_ENDIAN);
    for (int i = 0; i < records; i++) {
      int at = i * 64;
      bytes.putLong(at, 0x400000 + 4L * i).put(at + 10, (byte) (1 + random.nextInt(8)));
      bytes.put(at + 12, (byte) (1 + random.nextInt(8)));
      bytes.putLong(at + 32, 0x10_0000 + 4096L * random.nextInt(400));
    }
    return Files.write(folder.resolve("r.champsim"), bytes.array()).toString();
  }

  private byte[] outcome(String command, int threads) throws Exception {
    List<String> words = new ArrayList<>(List.of("run"));
    for (String word : command.split(" ", -1)) {
      words.add(
          switch (word) {
            case "DATE" -> date();
            case "TWO" -> twoThreads();
            case "REGISTERS" -> registers();
            default -> word;
          });
    }
    Path json = folder.resolve(threads + ".json");
    words.addAll(List.of("--json", json.toString(), "-q", "--threads", "" + threads));
    long before = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount();
    Cli.Outcome cli = Cli.run(words.toArray(String[]::new));
    long started = ManagementFactory.getThreadMXBean().getTotalStartedThreadCount() - before;
    assertEquals(0, cli.code(), cli.err());
    if (threads == 1) {
      assertEquals(0, started, "threads beside the one that runs");
    } else {
      assertTrue(started > 0, "no thread reads ahead");
    }
    return Files.readAllBytes(json);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "DATE --max-refs 40K",
        "DATE --map prefault --skip 10K --warmup 5001 --max-refs 17777",
        "DATE TWO --quantum 700 --top page 5 --heatmap",
        "DATE --timing --machine zen4 --max-refs 40K",
        "DATE --timing --overlap window --max-refs 40K --warmup 999",
        "REGISTERS --format champsim --timing --overlap dataflow",
        "TWO --cores 2",
        "TWO DATE --cores 2 --map prefault --max-refs 20K",
        "TWO --cores 2 --timing --machine zen4 --overlap window",
        "TWO DATE --cores 3 --timing --quantum-cycles 3K --skip 100 --max-refs 20K",
        "TWO --cores 2 --timing --memory 128M --thp always --set os.khugepaged=on",
      })
  void aRunIsTheSame(String command) throws Exception {
    byte[] alone = outcome(command, 1);
    assertArrayEquals(alone, outcome(command, 1), "from run to run");
    assertArrayEquals(alone, outcome(command, 2), "with a thread that reads");
  }

  @Test
  void aTimelineIsTheSame() throws Exception {
    List<byte[]> timelines = new ArrayList<>();
    for (String threads : List.of("1", "2")) {
      Path file = folder.resolve("timeline" + threads);
      String[] words = {
        "run", twoThreads(), "--cores", "2", "--timing", "--threads", threads, "-q", "--timeline"
      };
      List<String> all = new ArrayList<>(List.of(words));
      all.add(file.toString());
      assertEquals(0, Cli.run(all.toArray(String[]::new)).code());
      timelines.add(Files.readAllBytes(file));
    }
    assertTrue(timelines.get(0).length > 10_000);
    assertArrayEquals(timelines.get(0), timelines.get(1));
  }

  @Test
  void whatAFlawedTraceSaysIsTheSame() throws Exception {
    String flawed = Files.writeString(folder.resolve("f.csv"), "kind,va\nL,4096\nL,x\n").toString();
    Cli.Outcome alone = Cli.run("run", flawed, "--threads", "1", "--json", "-");
    alone.failed(ExitCode.BAD_INPUT, "f.csv", "3");
    assertEquals(alone, Cli.run("run", flawed, "--threads", "2", "--json", "-"));
    // What was asked for comes before the flaw.
    for (String threads : List.of("1", "2")) {
      Cli.run("run", flawed, "--max-refs", "1", "--threads", threads, "--json", "-").json();
    }
  }

  @Test
  void moreThreadsThanARunHasAreRefused() {
    for (String threads : List.of("0", "3", "-1")) {
      Cli.run("run", date(), "--threads", threads).failed(ExitCode.USAGE, "--threads");
    }
  }

  @Test
  void adviceIsTheSame() {
    List<String> words =
        List.of("advise", date(), "--max-refs", "10K", "--regions", "2", "--json", "-");
    List<String> texts = new ArrayList<>();
    for (String threads : List.of("1", "2")) {
      List<String> all = new ArrayList<>(words);
      all.addAll(List.of("--threads", threads));
      texts.add(Cli.run(all.toArray(String[]::new)).out());
    }
    assertTrue(texts.get(0).contains("cycles"));
    assertEquals(texts.get(0), texts.get(1));
  }

  /** Beside the sweeps without a clock of {@code SweepCommandTest}. */
  @Test
  void aSweepWithAClockIsTheSame() throws Exception {
    Path sweep =
        Files.writeString(
            folder.resolve("s.yaml"),
            """
            traces:
              - {name: date, file: DATE}
            options: {max-refs: 10K, timing: true}
            axes:
              stlb.entries: [48, 96]
              overlap: [serial, window]
            measures: [cycles.total]
            """
                .replace("DATE", date()));
    for (String threads : List.of("1", "2")) {
      String results = folder.resolve("sweep" + threads).toString();
      Cli.Outcome cli =
          Cli.run("sweep", "run", sweep.toString(), "-o", results, "--threads", threads, "-q");
      assertEquals(0, cli.code(), cli.err());
    }
    for (String name : List.of("result.json", "result.jsonl", "result.csv")) {
      assertArrayEquals(
          Files.readAllBytes(folder.resolve("sweep1").resolve(name)),
          Files.readAllBytes(folder.resolve("sweep2").resolve(name)),
          name);
    }
  }
}
