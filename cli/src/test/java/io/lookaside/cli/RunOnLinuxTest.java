package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** {@code run} with the kernel modelled on Linux. */
class RunOnLinuxTest {
  private static final long BASE = 0x7000_0000_0000L;

  @TempDir private Path folder;

  private String trace(long... words) throws IOException {
    Path file = folder.resolve("trace.flat64");
    Files.write(file, Cli.words(words));
    return file.toString();
  }

  private static JsonNode run(String trace, String... options) {
    String[] words = new String[6 + options.length];
    System.arraycopy(
        new String[] {"run", trace, "--format", "flat64", "--json", "-"}, 0, words, 0, 6);
    System.arraycopy(options, 0, words, 6, options.length);
    return Cli.run(words).json();
  }

  @Test
  void aReadThenAWriteFaultTwiceOnLinuxAndOnceElse() throws IOException {
    String trace = trace(BASE, BASE | 1, BASE);
    assertEquals(1, run(trace).path("faults").path("pageFaults").asInt());
    JsonNode linux = run(trace, "--memory", "256M");
    assertEquals(2, linux.path("faults").path("pageFaults").asInt());
    assertEquals(1, linux.path("os").path("zeroPageFaults").asInt());
    assertEquals(1, linux.path("os").path("copyFaults").asInt());
    assertEquals(1, linux.path("mappedPages").path("4K").asInt());
    // What is read first is the page of zeros, then the page's own frame.
    assertEquals(1, linux.path("tlbs").path("l1d").path("misses").asInt());
  }

  @Test
  void hugePagesAreUsedWhereThePolicySaysAlways() throws IOException {
    long[] words = new long[512];
    for (int i = 0; i < words.length; i++) {
      words[i] = (BASE + i * 4096L) | 1;
    }
    String trace = trace(words);
    JsonNode always = run(trace, "--thp", "always");
    assertEquals(1, always.path("faults").path("pageFaults").asInt());
    assertEquals(1, always.path("mappedPages").path("2M").asInt());
    JsonNode never = run(trace, "--thp", "never", "--memory", "128M");
    assertEquals(512, never.path("faults").path("pageFaults").asInt());
    assertEquals(512, never.path("os").path("pagesZeroed").asInt());
  }

  @Test
  void warmUpIsLeftOutOfTheKernelsCounts() throws IOException {
    String trace = trace(BASE | 1, (BASE + 4096) | 1, (BASE + 8192) | 1);
    JsonNode run = run(trace, "--memory", "256M", "--warmup", "2");
    assertEquals(1, run.path("os").path("minorFaults").asInt());
  }

  @Test
  void theKernelHalfIsNoMansLand() throws IOException {
    JsonNode run = run(trace(0xffff_8880_0000_0000L, BASE), "--memory", "256M");
    assertEquals(1, run.path("os").path("segmentationFaults").asInt());
    assertEquals(2, run.path("faults").path("pageFaults").asInt());
  }

  @Test
  void aTimedRunPaysForWhatTheKernelDid() throws IOException {
    JsonNode run = run(trace(BASE | 1), "--memory", "256M", "--timing", "--overlap", "serial");
    // One fault of a first write: trap 400, area 350, block 150, 4096 bytes zeroed at 32 a cycle,
    // one entry.
    assertEquals(400 + 350 + 150 + 128 + 60, run.path("os").path("cycles").asInt());
    JsonNode free = run(trace(BASE | 1), "--timing", "--overlap", "serial");
    int paid = run.path("cycles").path("attributed").path("fault").asInt();
    int fixed = free.path("cycles").path("attributed").path("fault").asInt();
    int fixedCost =
        free.path("provenance").path("machine").path("timing").path("pageFaultCycles").asInt(-1);
    assertTrue(fixedCost >= 0, () -> free.path("provenance").path("machine").toString());
    // The repeated walk costs the same in both.
    assertEquals(1088 - fixedCost, paid - fixed);
  }

  @Test
  void badSizesAndCombinationsAreRefused() throws IOException {
    String trace = trace(BASE);
    Cli.run("run", trace, "--memory", "64M").failed(2, "--memory", "128 MiB");
    Cli.run("run", trace, "--memory", "128G").failed(2, "--memory", "64 GiB");
    Cli.run("run", trace, "--memory", "1x").failed(2, "--memory", "1x", "256M");
    Cli.run("run", trace, "--swap", "1G").failed(2, "--swap", "--memory");
    Cli.run("run", trace, "--memory", "1G", "--swap", "x").failed(2, "--swap", "256M");
    Cli.run("run", trace, "--memory", "1G", "--swappiness", "201").failed(2, "--swappiness", "200");
    Cli.run("run", trace, "--memory", "1G", "--pressure-every", "0").failed(2, "--pressure-every");
    Cli.run("run", trace, "--memory", "1G", "--set", "os.flushOnAge=on")
        .failed(2, "os.flushOnAge=on", "true or false");
    Cli.run("run", trace, "--set", "os.flushOnAge=true").failed(2, "--memory");
    Cli.run("run", trace, "--thp", "alway").failed(2, "--thp", "alway", "always");
    Cli.run("run", trace, "--memory", "1G", "--map", "prefault").failed(2, "--map prefault");
    Cli.run("run", trace, "--memory", "1G", "--page-size", "2M").failed(2, "--page-size");
  }

  @Test
  void withoutItsOptionsNothingOfItShows() throws IOException {
    JsonNode run = run(trace(BASE));
    assertTrue(run.path("os").isMissingNode());
    assertNotEquals("", run.path("physicalAddressSum").asString());
    assertTrue(!run.path("provenance").path("command").asString().contains("--memory"));
  }

  @Test
  void khugepagedReplacesSmallPagesWhereFaultsDoNotMakeHugeOnes() throws IOException {
    // Two pages of one region, touched again and again: 400 references.
    long[] words = new long[400];
    for (int i = 0; i < words.length; i++) {
      words[i] = (BASE + (i % 2) * 4096L) | 1;
    }
    String trace = trace(words);
    String[] small = {"--thp", "always", "--set", "os.hugeFaults=off"};
    JsonNode without = run(trace, small);
    assertEquals(0, without.path("os").path("hugeCollapses").asInt());
    assertEquals(2, without.path("mappedPages").path("4K").asInt());
    String[] with = Arrays.copyOf(small, small.length + 4);
    with[4] = "--set";
    with[5] = "os.khugepaged=on";
    with[6] = "--set";
    with[7] = "os.khugepagedPeriod=100";
    JsonNode run = run(trace, with);
    // After 100 references one huge page takes the place of both; the flush makes each miss once
    // more.
    assertEquals(1, run.path("os").path("hugeCollapses").asInt());
    assertEquals(1, run.path("mappedPages").path("2M").asInt());
    assertEquals(0, run.path("mappedPages").path("4K").asInt());
    assertEquals(2 + 1, run.path("tlbs").path("l1d").path("misses").asInt());
    assertEquals(100, run.path("os").path("khugepagedPeriod").asInt());
  }

  @Test
  void settingsOfTheKernelAreChecked() throws IOException {
    String trace = trace(BASE);
    Cli.run("run", trace, "--set", "os.lazyTlb=off").failed(2, "--memory");
    Cli.run("run", trace, "--memory", "256M", "--set", "os.lazyTbl=off")
        .failed(2, "os.lazyTbl", "lazyTlb");
    Cli.run("run", trace, "--memory", "256M", "--set", "os.lazyTlb=maybe").failed(2, "on or off");
    Cli.run("run", trace, "--memory", "256M", "--set", "os.khugepagedPeriod=0")
        .failed(2, "least 1");
  }
}
