package io.lookaside.cli;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.conform.ConformanceResult;
import io.lookaside.simulator.conform.VectorRunner;
import io.lookaside.traces.DecodedFile;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside conform}. */
@Command(
    name = "conform",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Run conformance vectors: small cases of page tables, accesses and TLB maintenance with the"
          + " outcomes that the x86 architecture permits.",
      "Any lawful outcome passes. Exit code 1 if a case fails."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside conform sample.vec",
      "  lookaside conform --exact sample-inv.vec.gz",
      "  lookaside conform --machine zen4 --set overFlush=true sample-inv.vec.gz"
    })
final class ConformCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      arity = "1..*",
      paramLabel = "FILE",
      description = "Vector files; .gz, .xz and .zst are told by content.")
  private List<String> files = new ArrayList<>();

  @Option(
      names = "--exact",
      description =
          "Run on the exact machine, whose structures are unlimited and evict nothing, and demand"
              + " its outcomes.")
  private boolean exact;

  @Option(
      names = "--show",
      paramLabel = "N",
      defaultValue = "20",
      description = "Failures to print (default: ${DEFAULT-VALUE}).")
  private int show = 20;

  @Option(
      names = "--machine",
      paramLabel = "NAME|FILE",
      defaultValue = MachineLibrary.DEFAULT,
      description =
          "The machine whose TLBs and structure caches to run on (default: ${DEFAULT-VALUE});"
              + " MAXPHYADDR comes from the cases.")
  private String machine = MachineLibrary.DEFAULT;

  @Option(
      names = "--set",
      paramLabel = "PATH=VALUE",
      description = "Change the machine; repeatable.")
  private List<String> settings = new ArrayList<>();

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  ConformCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (show < 0) {
      throw new UsageException("--show must be 0 or more");
    }
    if (exact && !(settings.isEmpty() && machine.equals(MachineLibrary.DEFAULT))) {
      throw new UsageException("--exact is a machine of its own; leave out --machine and --set");
    }
    VectorRunner runner = exact ? VectorRunner.exact(show) : VectorRunner.lawful(config(), show);
    for (String file : files) {
      try (InputStream in = DecodedFile.open(file)) {
        runner.run(in, file);
      }
    }
    ConformanceResult result = runner.result();
    if (!quiet) {
      print(result);
    }
    return result.failed() == 0 ? ExitCode.OK : ExitCode.CHECK_FAILED;
  }

  private MachineConfig config() throws Exception {
    return MachineLibrary.load(machine, settings);
  }

  private void print(ConformanceResult result) {
    for (ConformanceResult.Failure f : result.failures()) {
      console
          .out()
          .printf(
              "%s: case %s: %s: expected %s, got %s%n",
              f.position(), f.name(), f.step(), f.expected(), f.got());
    }
    long more = result.failed() - result.failures().size();
    if (more > 0) {
      console.out().printf("... and %d more that failed; --show N prints more%n", more);
    }
    console.out().printf("%d served stale%n", result.servedStale());
    console.out().printf("%d passed, %d failed%n", result.passed(), result.failed());
  }
}
