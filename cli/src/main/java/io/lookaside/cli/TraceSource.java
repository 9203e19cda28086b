package io.lookaside.cli;

import io.lookaside.traces.TraceFile;
import java.io.IOException;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** The trace that a command reads. */
final class TraceSource {
  @Parameters(
      index = "0",
      paramLabel = "TRACE",
      description = "A trace, plain or compressed; - for standard input.")
  private String trace = "";

  @Mixin private TraceFormatOption format = new TraceFormatOption();

  /** The trace's path, or {@code -}. */
  String path() {
    return trace;
  }

  /** The format that users name, or {@code null}. */
  TraceFormatOption format() {
    return format;
  }

  TraceFile open(Console console) throws IOException, UsageException {
    return TraceFile.open(trace, format.chosen(), console.in());
  }
}
