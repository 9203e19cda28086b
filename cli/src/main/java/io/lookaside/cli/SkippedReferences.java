package io.lookaside.cli;

import java.util.List;
import picocli.CommandLine.Option;

/** The references of a trace that are passed over: an option of commands that read one. */
final class SkippedReferences {
  @Option(
      names = "--skip",
      paramLabel = "N",
      defaultValue = "0",
      converter = CountConverter.class,
      description = "References to pass over first; suffixes K, M, G are decimal.")
  private long count;

  long count() {
    return count;
  }

  /** Adds the words that say the same on a command line. */
  void addTo(List<String> words) {
    words.addAll(List.of("--skip", Long.toString(count)));
  }
}
