package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A trace, or a stretch of it, as {@link Compactor} leaves it: made from the trace as it is read,
 * or, where that was done before, from what was kept of it in a {@link CompactionCache}.
 */
public abstract class CompactedTrace implements Closeable {
  /**
   * The stretch of a trace that is wanted.
   *
   * @param skip references before it
   * @param warmup references of it that come before the measurement; a batch ends with them
   * @param maxReferences the most references of it after those
   */
  public record Stretch(long skip, long warmup, long maxReferences) {}

  /**
   * What is known of a trace after its last batch.
   *
   * @param format the format that it was read as
   * @param hash hash of all references that were read, skipped ones included
   * @param addressSpaces how many address spaces the references that were read belong to
   * @param cores how many processors made them
   * @param ignoredLines lines of a text trace that were no references
   * @param skipped references that were passed over
   * @param warmedUp references of the warm-up
   * @param measured references after those
   */
  public record Facts(
      TraceFormat format,
      long hash,
      int addressSpaces,
      int cores,
      long ignoredLines,
      long skipped,
      long warmedUp,
      long measured) {}

  /** Is told what has just been done, so that the time of each can be told apart. */
  public interface Stages {
    /** References were read and decoded, or compactions written or read. */
    void decoded();

    /** References were compacted. */
    void compacted();
  }

  CompactedTrace() {}

  /**
   * Opens a trace.
   *
   * @param path a file, or {@code -} for {@code standardInput}
   * @param format the format, or {@code null} to tell it by name and content
   * @param cache whether to look for a compaction kept beside the trace, and to keep one there
   */
  public static CompactedTrace open(
      String path,
      @Nullable TraceFormat format,
      InputStream standardInput,
      Stretch stretch,
      boolean cache,
      Stages stages)
      throws IOException {
    CompactionCache place = cache ? CompactionCache.beside(path, format, stretch) : null;
    CompactedTrace kept = place == null ? null : place.open(stages);
    return kept != null
        ? kept
        : new CompactingTrace(TraceFile.open(path, format, standardInput), stretch, place, stages);
  }

  /**
   * Reads on; after a flaw in the trace, what stands before it comes first.
   *
   * @return whether there was anything; otherwise the stretch has ended
   */
  public abstract boolean read(CompactBatch batch) throws IOException;

  /** What is known after the end. */
  public abstract Facts facts();

  /** Bytes of the file that is read, the trace or what is kept of it; -1 if unknown. */
  public abstract long storedBytes();

  /** Bytes of it that were read so far. */
  public abstract long storedBytesRead();
}
