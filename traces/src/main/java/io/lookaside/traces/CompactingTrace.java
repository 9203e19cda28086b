package io.lookaside.traces;

import java.io.IOException;
import org.jspecify.annotations.Nullable;

/** A trace that is compacted as it is read, and kept where there is a place for that. */
final class CompactingTrace extends CompactedTrace {
  private final TraceReadAhead trace;
  private final TraceFormat format;
  private final long storedBytes;
  private final Stretch stretch;
  private final Compactor compactor = new Compactor();
  private final Stages stages;
  private final boolean fetchesAreInstructions;
  private @Nullable CompactionWriter writer;
  private @Nullable IOException flaw;

  /** What was taken last, and where in it this is. */
  private TraceReadAhead.Slot slot = TraceReadAhead.Slot.nothing();

  private int next;
  private long skipped;
  private long warmedUp;
  private long measured;

  CompactingTrace(
      TraceFile trace,
      Stretch stretch,
      @Nullable CompactionCache place,
      boolean ahead,
      Stages stages)
      throws IOException {
    this.format = trace.format();
    this.storedBytes = trace.storedBytes();
    this.stretch = stretch;
    this.stages = stages;
    this.fetchesAreInstructions = trace.fetchesAreInstructions();
    this.writer = place == null ? null : new CompactionWriter(place);
    this.trace = new TraceReadAhead(trace, ahead);
  }

  @Override
  public boolean read(CompactBatch batch) throws IOException {
    boolean any = fill(batch);
    CompactionWriter w = writer;
    if (w != null) {
      stages.compacted();
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
      ReferenceBatch raw = slot.batch();
      int n = (int) Math.min(slot.count() - next, left);
      if (begun && !Compactor.fits(raw, n, batch)) {
        return true;
      }
      if (skipped < stretch.skip()) {
        skipped += n;
      } else {
        if (!begun) {
          compactor.begin(raw, batch);
          begun = true;
        }
        compactor.add(raw, next, next + n, batch);
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
    if (next == slot.count()) {
      boolean atHand = trace.isAtHand();
      if (!atHand) {
        stages.compacted();
      }
      try {
        slot = trace.take();
        next = 0;
        if (!atHand) {
          stages.decoded();
        }
      } catch (IOException e) {
        if (!flawCanWait) {
          throw e;
        }
        flaw = e;
        return false;
      }
    }
    return slot.count() != 0;
  }

  @Override
  public Facts facts() {
    return new Facts(
        format,
        fetchesAreInstructions,
        slot.hashUpTo(next),
        slot.addressSpaces(),
        slot.cores(),
        slot.ignoredLines(),
        skipped,
        warmedUp,
        measured);
  }

  @Override
  public long readerNanos() {
    return trace.cpuNanos();
  }

  @Override
  public long hashNanos() {
    return trace.hashNanos();
  }

  @Override
  public boolean isKept() {
    return false;
  }

  @Override
  public long storedBytes() {
    return storedBytes;
  }

  @Override
  public long storedBytesRead() {
    return slot.storedBytesRead();
  }

  @Override
  public void close() {
    if (writer != null) {
      writer.abandon();
    }
    trace.close();
  }
}
