package io.lookaside.cli;

import io.lookaside.experiments.compare.ResultSet;
import io.lookaside.experiments.query.RunTable;
import io.lookaside.experiments.query.SqlEngine;
import io.lookaside.experiments.query.SqlEngine.Format;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.ServiceLoader;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside query}. */
@Command(
    name = "query",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Ask results in SQL. The table 'runs' has a row for each run and a column for each axis and"
          + " figure: tlbs_stlb_misses, stlb_entries. The engine is DuckDB, which is built in on"
          + " the first use (80 MB)."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside query \"select stlb_entries, tlbs_stlb_misses from runs\" stlb.sweep",
      "  lookaside query \"from runs\" stlb.sweep --parquet stlb.parquet",
      "  lookaside query \"describe runs\" result.json"
    })
final class QueryCommand implements Callable<Integer> {
  private final Console console;

  @Parameters(index = "0", paramLabel = "SQL", description = "A statement that gives rows.")
  private String sql = "";

  @Parameters(
      index = "1..*",
      arity = "1..*",
      paramLabel = "RESULT",
      description = "Results of run --json, of sweeps (.json, .jsonl), or folders of sweeps.")
  private List<String> results = new ArrayList<>();

  @Option(
      names = "--csv",
      paramLabel = "FILE",
      description = "Write the answer as CSV; - for standard output.")
  private @Nullable String csv;

  @Option(
      names = "--json",
      paramLabel = "FILE",
      description = "Write it as a JSON array of objects; - for standard output.")
  private @Nullable String json;

  @Option(names = "--parquet", paramLabel = "FILE", description = "Write it as Parquet.")
  private @Nullable String parquet;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  QueryCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    SqlEngine engine =
        ServiceLoader.load(SqlEngine.class)
            .findFirst()
            .orElseThrow(
                () ->
                    new UsageException(
                        "query needs the module 'query', which is not here; the launcher of a"
                            + " source tree builds it"));
    boolean printed = "-".equals(csv) || "-".equals(json);
    if ("-".equals(csv) && "-".equals(json)) {
      throw new UsageException("--csv and --json name the same file; name two");
    }
    ResultFile csvFile = target(csv);
    ResultFile jsonFile = target(json);
    ResultFile parquetFile = target(parquet);
    if (parquetFile != null && parquetFile.isStandardOutput()) {
      throw new UsageException("--parquet needs a file: it is no text");
    }
    List<ResultSet> sets = new ArrayList<>();
    for (String result : results) {
      sets.add(ResultSet.read(result));
    }
    RunTable table = RunTable.of(sets);
    write(engine, table, Format.CSV, csvFile);
    write(engine, table, Format.JSON, jsonFile);
    write(engine, table, Format.PARQUET, parquetFile);
    boolean files = csvFile != null || jsonFile != null || parquetFile != null;
    if (!quiet && !printed && !files) {
      console.out().print(text(engine.rows(table, sql)));
    }
    return ExitCode.OK;
  }

  private @Nullable ResultFile target(@Nullable String name) throws IOException, UsageException {
    ResultFile file = name == null ? null : new ResultFile(name);
    if (file != null && results.stream().anyMatch(file::isFile)) {
      throw new UsageException("a result would overwrite its input; name another file");
    }
    return file;
  }

  /** Writes by way of a file of ours, so that the user's is there whole or not at all. */
  private void write(SqlEngine engine, RunTable table, Format format, @Nullable ResultFile file)
      throws IOException, SqlEngine.SqlException {
    if (file == null) {
      return;
    }
    Path folder = Files.createTempDirectory("lookaside-query");
    Path answer = folder.resolve("answer");
    try {
      engine.write(table, sql, format, answer);
      file.write(out -> Files.copy(answer, out), console.out());
    } finally {
      Files.deleteIfExists(answer);
      Files.deleteIfExists(folder);
    }
  }

  /** Rows in columns: numbers to the right, words to the left. */
  static String text(List<List<String>> rows) {
    int columns = rows.get(0).size();
    int[] widths = new int[columns];
    boolean[] numbers = new boolean[columns];
    for (int c = 0; c < columns; c++) {
      numbers[c] = rows.size() > 1;
      for (int r = 0; r < rows.size(); r++) {
        String cell = rows.get(r).get(c);
        widths[c] = Math.max(widths[c], cell.length());
        numbers[c] &= r == 0 || cell.isEmpty() || cell.matches("-?[0-9.]+(E-?[0-9]+)?");
      }
    }
    StringBuilder out = new StringBuilder();
    for (List<String> row : rows) {
      StringBuilder line = new StringBuilder();
      for (int c = 0; c < columns; c++) {
        String pad = " ".repeat(widths[c] - row.get(c).length());
        line.append(c == 0 ? "" : "  ").append(numbers[c] ? pad + row.get(c) : row.get(c) + pad);
      }
      out.append(line.toString().stripTrailing()).append('\n');
    }
    return out.toString().replaceAll("[\\p{Cntrl}&&[^\\n]]", "?");
  }
}
