package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lookaside.cli.Cli.Outcome;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

class TraceCommandTest {
  private static final String CSV =
      """
      kind,va,size,pc,asid,core
      I,0x401000,4,0x401000,7,1
      L,0x1fff,2,0x401000,7,1
      S,0x200000,8,0x401000,9,2
      """;

  @TempDir Path folder;

  private String file(String name, String text) throws IOException {
    return Files.writeString(folder.resolve(name), text).toString();
  }

  private String path(String name) {
    return folder.resolve(name).toString();
  }

  private List<String> files() throws IOException {
    try (Stream<Path> files = Files.list(folder)) {
      return files.map(p -> p.getFileName().toString()).sorted().toList();
    }
  }

  @Test
  void infoSaysWhatTheTraceHolds() throws IOException {
    String trace = file("t.csv", CSV);
    JsonNode info = Cli.run("trace", "info", trace, "--json", "-").json();
    assertEquals("csv", info.at("/format").asString());
    assertEquals(3, info.at("/references").asLong());
    assertEquals(1, info.at("/fetches").asLong());
    assertEquals(1, info.at("/loads").asLong());
    assertEquals(1, info.at("/stores").asLong());
    assertTrue(info.at("/instructions").isNull());
    assertEquals(1, info.at("/pageCrossings").asLong());
    // 0x401, 0x1 and 0x2 of process 7, 0x200 of process 9; 2 MiB regions 0x400000 and 0, 0x200000.
    assertEquals(4, info.at("/distinctPages/4K").asLong());
    assertEquals(3, info.at("/distinctPages/2M").asLong());
    assertEquals("0x1fff", info.at("/lowestAddress").asString());
    assertEquals("0x401003", info.at("/highestAddress").asString());
    assertEquals("[\"7\",\"9\"]", info.at("/addressSpaces").toString());
    assertEquals("{\"1\":2,\"2\":1}", info.at("/cores").toString());
    assertEquals("{\"2\":1,\"4\":1,\"8\":1}", info.at("/sizes").toString());
    assertEquals(
        Cli.run("run", trace, "--json", "-").json().at("/provenance/traceHash"),
        info.at("/traceHash"));
    String text = Cli.run("trace", "info", trace).out();
    assertTrue(text.contains("3: 1 fetches, 1 loads, 1 stores"), text);
    assertTrue(text.contains("4 of 4K, 3 of 2M"), text);
  }

  @Test
  void headListsReferencesWithWhatTheTraceTellsOfThem() throws IOException {
    String out = Cli.run("trace", "head", file("t.csv", CSV), "-n", "1", "--skip", "1").out();
    assertEquals(2, out.lines().count(), out);
    assertEquals(
        "2 load 0x0000000000001fff 2 0x0000000000401000 7 1",
        out.lines().skip(1).findFirst().orElse("").strip().replaceAll(" +", " "));
    assertEquals(65, Cli.run("trace", "head", path("t.csv"), "--skip", "3").code());
  }

  @Test
  void convertSaysWhatIsLostUnlessItIsToBeQuiet() throws IOException {
    String trace = file("t.csv", CSV);
    Outcome outcome = Cli.run("trace", "convert", trace, path("t.flat64"));
    assertEquals(0, outcome.code());
    assertTrue(outcome.err().contains("flat64: 2 references lose their size"), outcome.err());
    assertTrue(outcome.err().contains("3 references lose their core"), outcome.err());
    assertEquals("", Cli.run("trace", "convert", trace, path("q.flat64"), "-q").err());
    assertEquals("", Cli.run("trace", "convert", trace, path("t.lkt")).err());
  }

  @Test
  void convertWritesToStandardOutput() throws IOException {
    Outcome outcome =
        Cli.run("trace", "convert", file("t.csv", CSV), "--to", "lackey", "-o", "-", "--skip", "1");
    assertEquals(" L 00001fff,2\n S 00200000,8\n", outcome.out());
    assertEquals(
        ExitCode.IO_ERROR,
        Cli.runOnFullOutput("trace", "convert", path("t.csv"), "--to", "csv", "-o", "-"));
  }

  @Test
  void flawedTraceLeavesNoFileBehind() throws IOException {
    String trace = file("t.csv", CSV + "L,0x10,0,,,\n");
    Cli.run("trace", "convert", trace, path("t.lkt")).failed(65, "t.csv:5:8: expected a size");
    assertEquals(List.of("t.csv"), files());
  }

  @Test
  void convertDoesNotOverwriteItsInput() throws IOException {
    String trace = file("t.csv", CSV);
    Cli.run("trace", "convert", trace, trace).failed(2, "would overwrite its input");
    assertEquals(CSV, Files.readString(Path.of(trace)));
  }

  @ParameterizedTest
  @ValueSource(strings = {"t.txt", "t", "t.xz", "t.pin"})
  void formatThatTheSuffixDoesNotTellIsAskedFor(String name) throws IOException {
    Cli.run("trace", "convert", file("t.csv", CSV), path(name)).failed(2, "--to");
  }

  @Test
  void wrongUseIsToldApart() throws IOException {
    String trace = file("t.csv", CSV);
    Cli.run("trace", "convert", trace).failed(2, "-o FILE");
    Cli.run("trace", "convert", trace, "--to", "lktt", "-o", "-").failed(2, "cannot be written");
    Cli.run("trace", "convert", trace, path("a.lkt"), "-o", path("b.lkt")).failed(2, "two places");
    Cli.run("trace", "convert", trace, path("a.lkt"), "--max-refs", "0").failed(2, "at least 1");
    Cli.run("trace", "info", path("none.csv")).failed(66, "no such file");
    Cli.run("trace", "info", trace, "--format", "cvs").failed(2, "--format");
    Cli.run("trace", "convert", trace, path("no/folder.lkt")).failed(74, "there is no folder");
    Cli.run("trace").failed(2, "Missing required subcommand");
  }

  @Test
  void generatedStreamsAreTheSameEverywhereForTheSameOptions() throws IOException {
    // SplitMix64 with seed 0 begins with 0xe220a8397b1dcdaf, which decides the first address.
    Outcome outcome =
        Cli.run("trace", "generate", "gups", "--count", "2", "--to", "csv", "-o", "-");
    assertEquals(
        "kind,va,size,pc,asid,core\nL,0x7f003b1dcda8,8,,0,0\nS,0x7f003b1dcda8,8,,0,0\n",
        outcome.out());
    assertEquals("", outcome.err());
    for (String pattern : List.of("sequential", "strided", "uniform", "zipf", "chase")) {
      String[] hashes = new String[2];
      for (int i = 0; i < 2; i++) {
        String name = path(pattern + i + ".lkt");
        Outcome made =
            Cli.run(
                "trace",
                "generate",
                pattern,
                "--count",
                "5K",
                "--footprint",
                "1M",
                "--seed",
                "4",
                "-o",
                name);
        assertEquals(0, made.code(), made.err());
        hashes[i] =
            Cli.run("trace", "info", name, "--json", "-").json().at("/traceHash").asString();
        assertEquals(
            5000, Cli.run("trace", "info", name, "--json", "-").json().at("/references").asLong());
      }
      assertEquals(hashes[0], hashes[1], pattern);
    }
    Cli.run("trace", "generate", "zip", "-o", "-", "--to", "csv").failed(2, "none of", "zipf");
    Cli.run("trace", "generate", "chase", "-o", "-", "--to", "csv", "--size", "3")
        .failed(2, "power of two");
    Cli.run("trace", "generate", "uniform", "-o", "-", "--to", "csv", "--footprint", "1X")
        .failed(2, "is no size");
  }

  @Test
  void recordRunsTheProgramUnderValgrindAndReportsItsExitCode() throws IOException {
    assumeTrue(Files.isExecutable(Path.of("/bin/sh")), "there is no shell");
    Path script = folder.resolve("valgrind");
    Files.writeString(
        script,
        """
        #!/bin/sh
        for a; do case $a in --log-file=*) log=${a#--log-file=};; esac; done
        printf 'I  04001090,3\\n L 1000,8\\n S 2000,8\\n L 3000,8\\n' > "$log"
        exit 4
        """);
    Files.setPosixFilePermissions(script, PosixFilePermissions.fromString("rwx------"));
    Outcome outcome =
        Cli.run(
            "trace",
            "record",
            "-o",
            path("r.lackey"),
            "--valgrind",
            script.toString(),
            "--sample",
            "2:1",
            "/bin/sh",
            "-c",
            "true");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.err().contains("recorded 2 references"), outcome.err());
    assertTrue(outcome.err().contains("exited with code 4"), outcome.err());
    assertEquals("I  04001090,3\n S 00002000,8\n", Files.readString(folder.resolve("r.lackey")));
  }

  @Test
  void recordSaysWhatIsMissing() throws IOException {
    String out = path("r.lkt");
    Cli.run("trace", "record", "-o", out, "--valgrind", "no-such-valgrind", "--", "sh")
        .failed(66, "no-such-valgrind: not found", "apt install valgrind");
    Cli.run("trace", "record", "-o", "-", "--to", "lkt", "--", "sh")
        .failed(2, "standard output is the program's");
    Cli.run("trace", "record", "-o", out, "--sample", "1:2", "--", "sh").failed(2, "EVERY:LENGTH");
    Cli.run("trace", "record", "-o", out).failed(2, "COMMAND");
    assertFalse(Files.exists(Path.of(out)));
  }

  @Test
  void compactTraceKeepsWhetherFetchesAreInstructions() throws IOException {
    String lackey = file("t.lackey", "I  401000,4\n L 1000,8\n");
    assertEquals(0, Cli.run("trace", "convert", lackey, path("a.lkt")).code());
    assertEquals(0, Cli.run("trace", "convert", file("t.csv", CSV), path("b.lkt")).code());
    JsonNode a = Cli.run("run", path("a.lkt"), "--json", "-").json();
    JsonNode b = Cli.run("run", path("b.lkt"), "--json", "-").json();
    assertEquals(1, a.at("/trace/instructions").asLong());
    assertTrue(b.at("/trace/instructions").isNull());
    assertEquals("lkt", a.at("/trace/format").asString());
    assertEquals(
        new String(Files.readAllBytes(Path.of(path("a.lkt"))), 1, 3, StandardCharsets.US_ASCII),
        "LKT");
  }
}
