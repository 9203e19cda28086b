package io.lookaside.simulator;

import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.Compactor;
import io.lookaside.traces.ReferenceBatch;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import java.util.Objects;
import org.jspecify.annotations.Nullable;

/** All references of one or several traces, and each slice compacted if that is asked for. */
final class MixSource implements BatchSource {
  private final RunOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final Compactor compactor = new Compactor();
  private final StageTimes times = new StageTimes(true);

  private BatchChunk.Phase phase;
  private @Nullable TraceMix traces;
  private long skipped;
  private long taken;
  private long warmedUp;
  private long measured;
  private long referencesOfEarlierPasses;

  // Thread CPU time that reading took in earlier passes: in threads of its own, and here.
  private long aheadOfEarlierPasses;
  private long inTurnOfEarlierPasses;

  /**
   * A source of the references that {@code options} ask for.
   *
   * @param prefault whether to go over them for the pages first
   */
  MixSource(
      RunOptions options, InputStream standardInput, ProgressListener listener, boolean prefault) {
    this.options = options;
    this.standardInput = standardInput;
    this.listener = listener;
    this.phase = prefault ? BatchChunk.Phase.PREFAULT : BatchChunk.Phase.WARMUP;
  }

  @Override
  public boolean fill(BatchChunk chunk) throws IOException {
    times.begin();
    boolean any = fillSlices(chunk);
    times.compacted();
    return any;
  }

  private boolean fillSlices(BatchChunk chunk) throws IOException {
    TraceMix mix = open();
    chunk.count = 0;
    while (chunk.count < chunk.limit) {
      long left = left();
      int n = left == 0 ? 0 : mix.next(left);
      if (n == 0) {
        if (chunk.count > 0) {
          break; // a chunk is of one phase
        }
        if (!nextPhase(left == 0)) {
          return false;
        }
        mix = open();
        continue;
      }
      if (skipped < options.skip()) {
        skipped += n;
        continue;
      }
      taken += n;
      chunk.phase = phase;
      chunk.owners[chunk.count] = mix.process();
      ReferenceBatch slice = chunk.slices[chunk.count];
      slice.copy(mix.batch(), mix.from(), mix.to());
      if (chunk.compacted.length > 0) {
        CompactBatch compact = chunk.compacted[chunk.count];
        compactor.begin(slice, compact);
        compactor.add(slice, 0, slice.count(), compact);
      }
      chunk.count++;
    }
    listener.progress(
        referencesOfEarlierPasses + mix.referencesRead(), mix.storedBytesRead(), mix.storedBytes());
    return true;
  }

  /** References until the skipped ones or the phase end. */
  private long left() {
    if (skipped < options.skip()) {
      return options.skip() - skipped;
    }
    long wanted =
        switch (phase) {
          case PREFAULT -> {
            long both = options.warmup() + options.maxReferences();
            yield both < 0 ? Long.MAX_VALUE : both; // the sum may overflow
          }
          case WARMUP -> options.warmup();
          case MEASURE -> options.maxReferences();
        };
    return wanted - taken;
  }

  /** Goes on to the next phase; returns whether there is one. */
  private boolean nextPhase(boolean complete) throws IOException {
    TraceMix mix = Objects.requireNonNull(traces);
    switch (phase) {
      case PREFAULT -> {
        referencesOfEarlierPasses = mix.referencesRead();
        aheadOfEarlierPasses = mix.nanosAhead();
        inTurnOfEarlierPasses = mix.nanosInTurn();
        mix.close();
        traces = null;
        skipped = 0;
        phase = BatchChunk.Phase.WARMUP;
      }
      case WARMUP -> {
        warmedUp = taken;
        phase = BatchChunk.Phase.MEASURE;
      }
      case MEASURE -> {
        measured = taken;
        return false;
      }
    }
    taken = 0;
    return complete || phase == BatchChunk.Phase.WARMUP;
  }

  private TraceMix open() throws IOException {
    TraceMix mix = traces;
    if (mix == null) {
      mix = new TraceMix(options, standardInput);
      traces = mix;
    }
    return mix;
  }

  @Override
  public long skipped() {
    return skipped;
  }

  @Override
  public long warmedUp() {
    return warmedUp;
  }

  @Override
  public long measured() {
    return measured;
  }

  @Override
  public List<RunResult.TraceResult> results() {
    return Objects.requireNonNull(traces).results();
  }

  @Override
  public BatchCost cost() {
    TraceMix mix = traces;
    long ahead = aheadOfEarlierPasses + (mix == null ? 0 : mix.nanosAhead());
    long inTurn = inTurnOfEarlierPasses + (mix == null ? 0 : mix.nanosInTurn());
    return new BatchCost(
        referencesOfEarlierPasses + (mix == null ? 0 : mix.referencesRead()),
        0,
        0,
        ahead + inTurn,
        times.nanos(StageTimes.Stage.REPLAY) - inTurn,
        0,
        0,
        0);
  }

  @Override
  public void close() {
    TraceMix mix = traces;
    if (mix != null) {
      // Not known of threads that have ended.
      referencesOfEarlierPasses += mix.referencesRead();
      aheadOfEarlierPasses += mix.nanosAhead();
      inTurnOfEarlierPasses += mix.nanosInTurn();
      traces = null;
      mix.close();
    }
  }
}
