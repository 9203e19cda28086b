package io.lookaside.cli;

import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceWindow;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.TypeConversionException;

/** What {@code --skip}, {@code --max-refs} and {@code --sample} of a trace command say. */
final class Windows {
  private Windows() {}

  /** The window of the options; {@code sample} is {@code EVERY:LENGTH} or {@code null}. */
  static TraceWindow of(long skip, @Nullable Long maxRefs, @Nullable String sample)
      throws UsageException {
    if (maxRefs != null && maxRefs == 0) {
      throw new UsageException("--max-refs must be at least 1");
    }
    long most = maxRefs == null ? Long.MAX_VALUE : maxRefs;
    if (sample == null) {
      return TraceWindow.from(skip, most);
    }
    String[] parts = sample.split(":", -1);
    long every = 0;
    long length = 0;
    if (parts.length == 2) {
      try {
        every = new CountConverter().convert(parts[0]);
        length = new CountConverter().convert(parts[1]);
      } catch (TypeConversionException e) {
        throw new UsageException("--sample: " + e.getMessage());
      }
    }
    if (length < 1 || every < length) {
      throw new UsageException(
          "--sample: '"
              + sample
              + "' is no EVERY:LENGTH; expected such as 10M:100K, the first 100K of each 10M");
    }
    return new TraceWindow(skip, every, length, most);
  }

  static TraceException nothingLeft(String trace) {
    return new TraceException(
        trace + ": no reference is left after those that are skipped; lower --skip");
  }
}
