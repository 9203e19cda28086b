package io.lookaside.cli;

import io.lookaside.experiments.report.Report;
import io.lookaside.experiments.report.Result;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside report}. */
@Command(
    name = "report",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Make a page of results: what limits the program, charts, and where each figure comes from.",
      "The page is one file that works offline; its charts can be saved as SVG."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside run prog.lackey.gz --top pc 10 --top region 10 --heatmap --json run.json",
      "  lookaside curve prog.lackey.gz --json curve.json",
      "  lookaside advise prog.lackey.gz --json advice.json",
      "  lookaside report run.json curve.json advice.json -o report.html",
      "  lookaside report sweep-folder -o report.html"
    })
final class ReportCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(
      arity = "1..*",
      paramLabel = "RESULT",
      description =
          "Results: what run --json, curve --json, advise --json or run --timing --timeline wrote,"
              + " or the folder of a merged sweep; in any number and order.")
  private List<String> files = new ArrayList<>();

  @Option(
      names = {"-o", "--output"},
      required = true,
      paramLabel = "FILE",
      description = "The page to write; - for standard output.")
  private String output = "";

  ReportCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    ResultFile page = new ResultFile(output);
    if (files.stream().anyMatch(page::isFile)) {
      throw new UsageException("the page would overwrite a result; name another file");
    }
    List<Result> results = new ArrayList<>();
    for (String file : files) {
      results.add(Result.read(file));
    }
    page.write(Report.html(results), console.out());
    return ExitCode.OK;
  }
}
