package io.lookaside.cli;

import io.lookaside.experiments.compare.Comparison;
import io.lookaside.experiments.compare.ComparisonReport;
import io.lookaside.experiments.compare.ResultSet;
import io.lookaside.simulator.RunJson;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside compare}. */
@Command(
    name = "compare",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Say what changed between two results, in the machine and in what came of it. Points of"
          + " sweeps are compared in pairs of the same trace and the same values on all axes; over"
          + " several pairs with a confidence interval of the paired difference."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside compare before.json after.json",
      "  lookaside compare old.sweep new.sweep --on stlb.misses --fail-over 2%%",
      "  lookaside compare stlb.sweep --a stlb.entries=1536 --b stlb.entries=3072"
    })
final class CompareCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      index = "0",
      paramLabel = "A",
      description =
          "The result to compare with: JSON of run, result.json or result.jsonl of a sweep, or its"
              + " folder.")
  private String a = "";

  @Parameters(
      index = "1",
      arity = "0..1",
      paramLabel = "B",
      description = "The other one (default: A itself, for --a and --b).")
  private @Nullable String b;

  @Option(
      names = "--a",
      paramLabel = "axis=value",
      description = "Of A take only the points with this value; may be repeated.")
  private List<String> whereA = new ArrayList<>();

  @Option(
      names = "--b",
      paramLabel = "axis=value",
      description = "Of B take only the points with this value; may be repeated.")
  private List<String> whereB = new ArrayList<>();

  @Option(
      names = "--on",
      paramLabel = "FIGURE",
      description =
          "Show this figure too, as in stlb.misses; --fail-over checks the first (default:"
              + " cycles.total with a clock, else cycles.translation).")
  private List<String> on = new ArrayList<>();

  @Option(
      names = "--fail-over",
      paramLabel = "P%%",
      description = "End with exit code 1 if the figure became worse by more than this.")
  private @Nullable String failOver;

  @Option(
      names = "--confidence",
      paramLabel = "P%%",
      defaultValue = "95%",
      description = "Of the intervals (default: 95%%).")
  private String confidence = "95%";

  @Option(names = "--all", description = "Show every figure that changed.")
  private boolean all;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write the comparison as JSON; - for standard output instead of the text.")
  private @Nullable String json;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  CompareCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    if (b == null && (whereA.isEmpty() || whereB.isEmpty())) {
      throw new UsageException("name a second result, or two sides with --a and --b");
    }
    Double limit = failOver == null ? null : share("--fail-over", failOver);
    double level = share("--confidence", confidence);
    if (level <= 0 || level >= 1) {
      throw new UsageException("--confidence must be above 0% and below 100%");
    }
    List<String> inputs = b == null ? List.of(a) : List.of(a, b);
    ResultFiles files = new ResultFiles(console.out(), inputs).add("--json", json);
    ResultSet first = side("--a", a, whereA);
    ResultSet second = side("--b", b == null ? a : b, whereB);
    ComparisonReport report;
    try {
      report = new ComparisonReport(new Comparison(first, second, level), all, on, limit);
    } catch (IllegalArgumentException e) {
      throw new UsageException("--on: " + e.getMessage());
    }
    files.write("--json", () -> RunJson.text(report.json()));
    if (!quiet) {
      files.print(report::text);
    }
    ComparisonReport.Check check = report.check();
    return check != null && check.over() ? ExitCode.CHECK_FAILED : ExitCode.OK;
  }

  private static ResultSet side(String option, String file, List<String> where)
      throws IOException, UsageException {
    Map<String, String> wanted = new LinkedHashMap<>();
    for (String text : where) {
      int equals = text.indexOf('=');
      if (equals <= 0) {
        throw new UsageException(
            option + ": expected axis=value, as in stlb.entries=1536, not '" + text + "'");
      }
      wanted.put(text.substring(0, equals), text.substring(equals + 1));
    }
    ResultSet set = ResultSet.read(file);
    return wanted.isEmpty() ? set : set.where(wanted);
  }

  private static double share(String option, String text) throws UsageException {
    if (text.matches("[0-9]{1,9}(\\.[0-9]{1,9})?%")) {
      return Double.parseDouble(text.substring(0, text.length() - 1)) / 100;
    }
    throw new UsageException(option + ": expected a percentage, as in 2%, not '" + text + "'");
  }
}
