package io.lookaside.cli;

import io.lookaside.simulator.config.NearMiss;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** The trace that a command reads. */
final class TraceSource {
  @Parameters(
      index = "0",
      paramLabel = "TRACE",
      description = "A trace, plain or compressed; - for standard input.")
  private String trace = "";

  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "Its format, such as lackey or csv; detected when not given.")
  private @Nullable String format;

  /** The trace's path, or {@code -}. */
  String path() {
    return trace;
  }

  TraceFile open(Console console) throws IOException, UsageException {
    return TraceFile.open(trace, format == null ? null : format("--format", format), console.in());
  }

  /** The format that an option names. */
  static TraceFormat format(String option, String label) throws UsageException {
    TraceFormat known = TraceFormat.ofLabel(label);
    if (known == null) {
      throw new UsageException(
          option
              + ": '"
              + label
              + "' cannot be read; expected one of "
              + TraceFormat.labels()
              + NearMiss.hint(
                  label, Arrays.stream(TraceFormat.values()).map(TraceFormat::label).toList()));
    }
    return known;
  }
}
