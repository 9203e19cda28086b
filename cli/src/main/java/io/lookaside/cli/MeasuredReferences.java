package io.lookaside.cli;

import io.lookaside.simulator.RunOptions;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which references of traces are run and measured: options of commands that run a machine. */
final class MeasuredReferences {
  @Mixin private SkippedReferences skipped = new SkippedReferences();

  @Option(
      names = "--warmup",
      paramLabel = "N",
      defaultValue = "0",
      converter = CountConverter.class,
      description = "References that then warm up TLBs and caches without being counted.")
  private long warmup;

  @Option(
      names = "--max-refs",
      paramLabel = "N",
      converter = CountConverter.class,
      description = "Measure at most N references; else to the trace's end.")
  private @Nullable Long maxRefs;

  /** Whether they go to the end of the traces. */
  boolean unlimited() {
    return maxRefs == null;
  }

  /** Measures at most so many, at least 1. */
  void limit(long references) {
    maxRefs = references;
  }

  RunOptions.Window window() throws UsageException {
    if (maxRefs != null && maxRefs == 0) {
      throw new UsageException("--max-refs must be at least 1");
    }
    return new RunOptions.Window(
        skipped.count(), warmup, maxRefs == null ? Long.MAX_VALUE : maxRefs);
  }

  /** Adds the words that say the same on a command line. */
  void addTo(List<String> words) {
    skipped.addTo(words);
    words.addAll(List.of("--warmup", Long.toString(warmup)));
    if (maxRefs != null) {
      words.addAll(List.of("--max-refs", Long.toString(maxRefs)));
    }
  }
}
