package io.lookaside.cli;

import io.lookaside.simulator.config.NearMiss;
import io.lookaside.traces.TraceFormat;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The format that traces are read as: an option of commands that read some. */
final class TraceFormatOption {
  @Option(
      names = "--format",
      paramLabel = "NAME",
      description = "Its format, such as lackey or csv; detected when not given.")
  private @Nullable String label;

  /** The format, or {@code null} where it is to be detected. */
  @Nullable TraceFormat chosen() throws UsageException {
    if (label == null) {
      return null;
    }
    TraceFormat known = TraceFormat.ofLabel(label);
    if (known == null) {
      throw new UsageException(
          "--format: '"
              + label
              + "' cannot be read; expected one of "
              + TraceFormat.labels()
              + NearMiss.hint(
                  label, Arrays.stream(TraceFormat.values()).map(TraceFormat::label).toList()));
    }
    return known;
  }

  /** Adds the words that say the same on a command line. */
  void addTo(List<String> words) {
    if (label != null) {
      words.addAll(List.of("--format", label));
    }
  }
}
