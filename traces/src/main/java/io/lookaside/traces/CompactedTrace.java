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
   * @param fetchesAreInstructions whether it has exactly one fetch for each instruction
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
      boolean fetchesAreInstructions,
      long hash,
      int addressSpaces,
      int cores,
      long ignoredLines,
      long skipped,
      long warmedUp,
      long measured) {}

  /**
   * Whether compactions are kept beside the trace.
   *
   * @param used whether to look for one that is kept there, and to keep one
   * @param sha256 the SHA-256 of the trace's file in hexadecimal where that is known, which saves
   *     reading the file for it; else {@code null}
   */
  public record Cache(boolean used, @Nullable String sha256) {
    /** Neither looks for a compaction nor keeps one. */
    public static final Cache NONE = new Cache(false, null);

    /** Looks for a compaction, and keeps one. */
    public static final Cache BESIDE = new Cache(true, null);
  }

  /**
   * Is told what has just been done, so that the time of each can be told apart. Reading the clock
   * takes longer than many a batch of references, so {@link #read} tells only of what ended in it:
   * what it did last, compacting or, where {@link #isKept}, decoding, is left to who called it.
   */
  public interface Stages {
    /** References were waited for or read, or compactions written or read. */
    void decoded();

    /** References were compacted, or what else was done before that. */
    void compacted();
  }

  CompactedTrace() {}

  /** Opens a trace that a thread of its own reads. */
  public static CompactedTrace open(
      String path,
      @Nullable TraceFormat format,
      InputStream standardInput,
      Stretch stretch,
      Cache cache,
      Stages stages)
      throws IOException {
    return open(path, format, standardInput, stretch, cache, true, stages);
  }

  /**
   * Opens a trace.
   *
   * @param path a file, or {@code -} for {@code standardInput}
   * @param format the format, or {@code null} to tell it by name and content
   * @param cache whether compactions are kept
   * @param ahead whether a thread of its own reads the trace
   */
  public static CompactedTrace open(
      String path,
      @Nullable TraceFormat format,
      InputStream standardInput,
      Stretch stretch,
      Cache cache,
      boolean ahead,
      Stages stages)
      throws IOException {
    CompactionCache place =
        cache.used() ? CompactionCache.beside(path, format, stretch, cache.sha256()) : null;
    CompactedTrace kept = place == null ? null : place.open();
    if (kept != null) {
      return kept;
    }
    TraceFile file = TraceFile.open(path, format, standardInput);
    try {
      return new CompactingTrace(file, stretch, place, ahead, stages);
    } catch (IOException e) {
      file.close();
      throw e;
    }
  }

  /**
   * Reads on; after a flaw in the trace, what stands before it comes first.
   *
   * @return whether there was anything; otherwise the stretch has ended
   */
  public abstract boolean read(CompactBatch batch) throws IOException;

  /** What is known after the end. */
  public abstract Facts facts();

  /**
   * Thread CPU time that another thread spent on reading and decoding so far, in nanoseconds; the
   * rest is what {@link Stages} is told of.
   */
  public abstract long readerNanos();

  /** Thread CPU time that hashing references took, nanoseconds, whichever thread it was. */
  public abstract long hashNanos();

  /** Whether this is read from what was kept, and not from the trace. */
  public abstract boolean isKept();

  /** Bytes of the file that is read, the trace or what is kept of it; -1 if unknown. */
  public abstract long storedBytes();

  /** Bytes of it that were read so far. */
  public abstract long storedBytesRead();
}
