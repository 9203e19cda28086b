package io.lookaside.cli;

import io.lookaside.simulator.config.NearMiss;
import io.lookaside.traces.CompressedOutput;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceWriter;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The trace that a command writes: its place, format and compression. */
final class TraceTarget {
  @Option(
      names = {"-o", "--output"},
      paramLabel = "FILE",
      description = {
        "Where to write; the suffix tells format and compression, as in prog.lkt or",
        "prog.champsim.xz (" + CompressedOutput.SUFFIXES + "); - for standard output."
      })
  private @Nullable String output;

  @Option(
      names = "--to",
      paramLabel = "NAME",
      description = "The format: lackey, csv, flat64, champsim or lkt; by the suffix if not given.")
  private @Nullable String to;

  @Option(names = "-q", description = "Print nothing but errors.")
  private boolean quiet;

  /** Writes references to a trace that was begun. */
  interface Source {
    void writeTo(TraceWriter writer) throws IOException;
  }

  /** Takes a place that was given otherwise than by {@code -o}. */
  void orElse(@Nullable String place) throws UsageException {
    if (place != null && output != null) {
      throw new UsageException("two places to write to: " + place + " and " + output);
    }
    output = place == null ? output : place;
  }

  boolean quiet() {
    return quiet;
  }

  String place() throws UsageException {
    if (output == null) {
      throw new UsageException(
          "where to write is missing; say -o FILE, or -o - for standard output");
    }
    return output;
  }

  /** The format to write. */
  TraceFormat format() throws UsageException {
    String labels =
        TraceWriter.FORMATS.stream().map(TraceFormat::label).collect(Collectors.joining(", "));
    if (to != null) {
      TraceFormat format = TraceFormat.ofLabel(to);
      if (format == null || !TraceWriter.FORMATS.contains(format)) {
        List<String> known = TraceWriter.FORMATS.stream().map(TraceFormat::label).toList();
        throw new UsageException(
            "--to: '"
                + to
                + "' cannot be written; expected one of "
                + labels
                + NearMiss.hint(to, known));
      }
      return format;
    }
    TraceFormat format = TraceFormat.ofName(place());
    if (format == null || !TraceWriter.FORMATS.contains(format)) {
      throw new UsageException(
          place()
              + ": the suffix does not tell a format that can be written; name it with --to, one of "
              + labels);
    }
    return format;
  }

  /**
   * Writes a trace, which appears whole or not at all.
   *
   * @param inputs files that it must not overwrite
   * @param fetchesAreInstructions whether the trace has exactly one fetch for each instruction
   */
  void write(Console console, List<String> inputs, boolean fetchesAreInstructions, Source source)
      throws IOException, UsageException {
    TraceFormat format = format();
    ResultFile file = new ResultFile(place());
    for (String input : inputs) {
      if (file.isFile(input)) {
        throw new UsageException(place() + ": would overwrite its input; name another file");
      }
    }
    String name = file.isStandardOutput() ? "" : place();
    List<String> losses = new ArrayList<>();
    file.write(
        out -> {
          try (TraceWriter writer =
              TraceWriter.open(format, CompressedOutput.open(out, name), fetchesAreInstructions)) {
            source.writeTo(writer);
            writer.finish();
            losses.addAll(writer.losses());
          }
        },
        console.out());
    if (!quiet) {
      for (String loss : losses) {
        console.err().println("lookaside: " + format.label() + ": " + loss);
      }
    }
  }
}
