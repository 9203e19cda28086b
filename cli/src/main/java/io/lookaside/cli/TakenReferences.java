package io.lookaside.cli;

import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Which references of a trace are looked at: options of commands that go over it once. */
final class TakenReferences {
  @Mixin private SkippedReferences skipped = new SkippedReferences();

  @Option(
      names = "--max-refs",
      paramLabel = "N",
      converter = CountConverter.class,
      description = "Take at most N references; else all to the trace's end.")
  private @Nullable Long maxRefs;

  long skip() {
    return skipped.count();
  }

  /** The most references after those. */
  long most() throws UsageException {
    if (maxRefs != null && maxRefs == 0) {
      throw new UsageException("--max-refs must be at least 1");
    }
    return maxRefs == null ? Long.MAX_VALUE : maxRefs;
  }

  /** Adds the words that say the same on a command line. */
  void addTo(List<String> words) {
    skipped.addTo(words);
    if (maxRefs != null) {
      words.addAll(List.of("--max-refs", Long.toString(maxRefs)));
    }
  }
}
