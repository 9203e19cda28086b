package io.lookaside.simulator.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * Vectors that were observed on QEMU, Bochs and real processors, and vectors about TLB maintenance
 * made from the SDM by two independent models; and small ones that must fail.
 */
class VectorRunnerTest {
  private static MachineConfig machine(String name, String... settings) throws Exception {
    return MachineLibrary.load(name, List.of(settings));
  }

  private static ConformanceResult runSample(VectorRunner runner, String sample)
      throws IOException {
    String resource = sample + ".gz";
    try (InputStream in =
        new GZIPInputStream(
            Objects.requireNonNull(VectorRunnerTest.class.getResourceAsStream(resource)))) {
      runner.run(in, sample);
    }
    return runner.result();
  }

  private static ConformanceResult run(VectorRunner runner, String text) throws IOException {
    runner.run(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "test.vec");
    return runner.result();
  }

  private static void assertPasses(long cases, ConformanceResult result) {
    assertEquals(List.of(), result.failures());
    assertEquals(cases, result.passed());
    assertEquals(0, result.failed());
  }

  @ParameterizedTest
  @CsvSource({
    "sample.vec, 300, skylake", "sample32.vec, 180, skylake", "sample-inv.vec, 81, skylake",
    "sample.vec, 300, reference", "sample32.vec, 180, reference", "sample-inv.vec, 81, reference"
  })
  void everySamplePassesOnARealMachine(String sample, long cases, String name) throws Exception {
    assertPasses(cases, runSample(VectorRunner.lawful(machine(name), 20), sample));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "overFlush=true",
        "walker.accessedBits=at-end",
        "walker.pml5eCache={entries: 4, ways: 4, replacement: lru}",
        "inclusion=exclusive",
        "inclusion=inclusive"
      })
  void everySamplePassesWhateverTheSdmLeavesOpen(String setting) throws Exception {
    VectorRunner runner = VectorRunner.lawful(machine("skylake", setting), 20);
    runSample(runner, "sample.vec");
    runSample(runner, "sample32.vec");
    assertPasses(561, runSample(runner, "sample-inv.vec"));
  }

  @ParameterizedTest
  @CsvSource({"sample.vec, 300", "sample32.vec, 180", "sample-inv.vec, 81"})
  void everySamplePassesOnTheExactMachine(String sample, long cases) throws Exception {
    assertPasses(cases, runSample(VectorRunner.exact(20), sample));
  }

  @Test
  void staleTranslationsAreServedAndCountedButNotByAMachineThatFlushesMore() throws Exception {
    long exact = runSample(VectorRunner.exact(20), "sample-inv.vec").servedStale();
    long lawful =
        runSample(VectorRunner.lawful(machine("skylake"), 20), "sample-inv.vec").servedStale();
    long overFlush =
        runSample(VectorRunner.lawful(machine("skylake", "overFlush=true"), 20), "sample-inv.vec")
            .servedStale();
    assertTrue(overFlush < lawful && lawful <= exact, overFlush + " " + lawful + " " + exact);
  }

  private static final String MAPPED =
      """
      case one
      reg cr0 0x80010011
      reg cr3 0x1000
      reg cr4 0x20
      reg efer 0xd00
      reg pkru 0x0
      reg maxphyaddr 46
      mem 0x1000 0x2007
      mem 0x2000 0x3007
      mem 0x3000 0x4007
      mem 0x4008 0x5007
      """;

  @ParameterizedTest
  @ValueSource(
      strings = {
        "access read cpl3 0x1234\nexpect ok 0x5235\nend\n",
        "access read cpl3 0x1234\nexpect pf 0x4\nend\n",
        "access read cpl3 0x2000\nexpect pf 0x6\nend\n",
        "access write cpl3 0x1234\nexpect ok 0x5234\nafter 0x4008 0x5027\nend\n",
        "access read cpl3 0x1234\nexpect ok 0x5234\nafter 0x1000 0x2007\nend\n",
        "movcr3 0x2000 cpl3\nend\n",
        "movcr3 0x2000\nexpect gp\nend\n",
        "invlpg 0x1000 cpl3\nend\n",
        "access read cpl3 0x1234\nexpect ok 0x5235  # may: ok 0x5236  # spec: ok 0x5234\nend\n",
        "access read cpl3 0x2000\nexpect ok 0x1\naccess read cpl3 0x2000\nexpect ok 0x1\nend\n"
      })
  void aCaseThatDoesNotHoldFails(String steps) throws Exception {
    for (VectorRunner runner :
        List.of(VectorRunner.exact(20), VectorRunner.lawful(machine("skylake"), 20))) {
      ConformanceResult result = run(runner, MAPPED + steps);
      assertEquals(0, result.passed());
      assertEquals(1, result.failed());
      assertEquals(1, result.failures().size());
    }
  }

  @Test
  void aFailureSaysWhereWhatWasExpectedAndWhatCame() throws Exception {
    ConformanceResult result =
        run(VectorRunner.exact(1), MAPPED + "access read cpl3 0x1234\nexpect ok 0x5235\nend\n");
    assertEquals(
        new ConformanceResult.Failure(
            "test.vec:13", "one", "access read cpl3 0x1234", "ok 0x5235", "ok 0x5234"),
        result.failures().get(0));
  }

  @Test
  void noMoreFailuresAreKeptThanAskedFor() throws Exception {
    String bad = "case x\nreg cr0 1\naccess read cpl0 0x10\nexpect pf 0x0\nend\n";
    ConformanceResult result = run(VectorRunner.exact(2), bad.repeat(5));
    assertEquals(5, result.failed());
    assertEquals(2, result.failures().size());
  }

  @Test
  void anOutcomeUnderMayIsLawfulUnlessAnAccessThatItNamesFaulted() throws Exception {
    String steps =
        """
        access read cpl3 0x1234
        expect ok 0x5234
        mem 0x4008 0x6007
        access read cpl3 0x2000
        expect pf 0x4
        access read cpl3 0x1234
        expect ok 0x6234  # may: ok 0x5234%s  # exact: ok 0x5234
        end
        """;
    MachineConfig skylake = machine("skylake");
    assertEquals(1, run(VectorRunner.lawful(skylake, 1), MAPPED + steps.formatted("")).passed());
    assertEquals(
        1,
        run(VectorRunner.lawful(skylake, 1), MAPPED + steps.formatted(" unless-pf 0,2")).passed());
    assertEquals(
        1,
        run(VectorRunner.lawful(skylake, 1), MAPPED + steps.formatted(" unless-pf 0,1")).failed());
    assertEquals(1, run(VectorRunner.exact(1), MAPPED + steps.formatted(" unless-pf 1")).passed());
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "access read cpl3 0x1000 | test.vec:1: expected 'case NAME'",
        "case a\\ncase b\\nend | test.vec:2: case a has no 'end'",
        "case a\\nreg cr9 1\\nend | test.vec:2: 'cr9' is no register",
        "case a\\nreg cr3\\nend | test.vec:2: the line ends where a number is expected",
        "case a\\nreg cr3 0x12345678123456789\\nend | test.vec:2: '0x12345678123456789' is no number",
        "case a\\nreg cr3 12g\\nend | test.vec:2: '12g' is no number",
        "case a\\nmem 0x1001 0\\nend | test.vec:2: 0x1001 is not the physical address",
        "case a\\nmem 0xfff0000000000000 0\\nend | test.vec:2: 0xfff0000000000000 is not",
        "case a\\nmem32 0x1000 0x100000000\\nend | test.vec:2: 0x100000000 does not fit",
        "case a\\nreg maxphyaddr 53\\nend | test.vec:2: maxphyaddr must be 32 to 52",
        "case a\\njump 1\\nend | test.vec:2: 'jump' is no line of a case",
        "case a\\naccess read cpl4 0\\nend | test.vec:2: expected cpl0 to cpl3",
        "case a\\naccess peek cpl0 0\\nend | test.vec:2: expected read, write or fetch",
        "case a\\nexpect ok 0x0\\nend | test.vec:2: 'expect' must follow",
        "case a\\naccess read cpl0 0\\nend | test.vec:3: expected an 'expect' line behind 'access",
        "case a\\naccess read cpl0 0\\nexpect maybe\\nend | test.vec:3: 'maybe' is no outcome",
        "case a\\naccess read cpl0 0\\nexpect pf\\nend | test.vec:3: 'pf' needs a number",
        "case a\\nreg cr0 0x80000000\\naccess read cpl0 0\\nend | test.vec:3: the registers contradict",
        "case a\\nload cs 0x8 cpl0\\nend | test.vec:2: cs is loaded by 'farjmp'",
        "case a\\nload xs 0x8 cpl0\\nend | test.vec:2: 'xs' is no segment register",
        "case a\\ndesc idt 1 0x8\\nend | test.vec:2: expected gdt or ldt",
        "case a\\nsegaccess read ds size 1 cpl0\\nend | test.vec:2: expected two parts with a colon",
        "case a\\nsegaccess read ds:0 size 0 cpl0\\nend | test.vec:2: expected 'size N'",
        "case a | test.vec:2: the file ends inside case a",
        "# nothing | test.vec: holds no case"
      })
  void aFileThatIsNoneIsRefusedWithFileAndLine(String text, String message) {
    VectorException e =
        assertThrows(
            VectorException.class,
            () -> run(VectorRunner.exact(1), text.replace("\\n", "\n") + "\n"));
    assertTrue(String.valueOf(e.getMessage()).startsWith(message), e.getMessage());
  }
}
