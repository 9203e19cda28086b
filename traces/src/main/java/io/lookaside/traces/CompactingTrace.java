package io.lookaside.traces;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A trace that is compacted as it is read, and kept where there is a place for that. */
final class CompactingTrace extends CompactedTrace {
  private final TraceFile trace;
  private final Stretch stretch;
  private final TraceHasher hasher = new TraceHasher();
  private final Compactor compactor = new Compactor();
  private final ReferenceBatch raw = new ReferenceBatch();
  private final Stages stages;
  private final boolean fetchesAreInstructions;
  private @Nullable CompactionWriter writer;
  private @Nullable IOException flaw;
  private int next;
  private int available;
  private long skipped;
  private long warmedUp;
  private long measured;

  CompactingTrace(TraceFile trace, Stretch stretch, @Nullable CompactionCache place, Stages stages)
      throws IOException {
    this.trace = trace;
    this.stretch = stretch;
    this.stages = stages;
    this.fetchesAreInstructions = trace.fetchesAreInstructions();
    this.writer = place == null ? null : new CompactionWriter(place);
  }

  @Override
  public boolean read(CompactBatch batch) throws IOException {
    boolean any = fill(batch);
    CompactionWriter w = writer;
    if (w != null) {
      if (any) {
        w.add(batch);
      } else {
        w.finish(facts());
        writer = null;
      }
      stages.decoded();
    }
    return any;
  }

  private boolean fill(CompactBatch batch) throws IOException {
    boolean begun = false;
    while (more(begun)) {
      long left = left();
      int n = (int) Math.min(available - next, left);
      if (begun && !Compactor.fits(raw, n, batch)) {
        stages.decoded();
        return true;
      }
      hasher.add(raw, next, next + n);
      stages.decoded();
      if (skipped < stretch.skip()) {
        skipped += n;
      } else {
        if (!begun) {
          compactor.begin(raw, batch);
          begun = true;
        }
        compactor.add(raw, next, next + n, batch);
        stages.compacted();
        if (warmedUp < stretch.warmup()) {
          warmedUp += n;
          if (warmedUp == stretch.warmup()) {
            next += n;
            return true;
          }
        } else {
          measured += n;
        }
      }
      next += n;
    }
    stages.decoded();
    return begun;
  }

  /** References until the skipped ones, the warm-up or the stretch ends. */
  private long left() {
    if (skipped < stretch.skip()) {
      return stretch.skip() - skipped;
    }
    return warmedUp < stretch.warmup()
        ? stretch.warmup() - warmedUp
        : stretch.maxReferences() - measured;
  }

  /** Whether there are references of the stretch left; reads them. */
  private boolean more(boolean flawCanWait) throws IOException {
    if (left() == 0) {
      return false;
    }
    if (flaw != null) {
      throw flaw;
    }
    if (next == available) {
      next = 0;
      available = 0;
      try {
        available = trace.read(raw);
      } catch (IOException e) {
        if (!flawCanWait) {
          throw e;
        }
        flaw = e;
      }
    }
    return available != 0;
  }

  @Override
  public Facts facts() {
    return new Facts(
        trace.format(),
        fetchesAreInstructions,
        hasher.value(),
        trace.addressSpaceIds().length,
        trace.cores(),
        trace.ignoredLines(),
        skipped,
        warmedUp,
        measured);
  }

  @Override
  public boolean isKept() {
    return false;
  }

  @Override
  public long storedBytes() {
    return trace.storedBytes();
  }

  @Override
  public long storedBytesRead() {
    return trace.storedBytesRead();
  }

  @Override
  public void close() throws IOException {
    if (writer != null) {
      writer.abandon();
    }
    trace.close();
  }
}
