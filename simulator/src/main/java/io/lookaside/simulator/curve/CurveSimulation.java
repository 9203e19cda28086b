package io.lookaside.simulator.curve;

import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.StageTimes;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.CompactedTrace;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceHasher;
import java.io.IOException;
import java.io.InputStream;

/** One pass over a trace for all geometries. */
public final class CurveSimulation {
  private final CurveOptions options;
  private final InputStream standardInput;
  private final ProgressListener listener;
  private final StageTimes times;
  private final CurvePass pass;

  /**
   * A pass that has not begun.
   *
   * @param standardInput read where the trace is {@code -}
   */
  public CurveSimulation(
      CurveOptions options,
      InputStream standardInput,
      ProgressListener listener,
      StageTimes times) {
    this.options = options;
    this.standardInput = standardInput;
    this.listener = listener;
    this.times = times;
    this.pass = new CurvePass(options);
  }

  /**
   * Goes to the end of the trace or of what was asked for.
   *
   * @throws TraceException if the trace is flawed, or ends before anything was looked at
   */
  public CurveResult run() throws IOException {
    return pass.takesCompacted() ? runCompacted() : runReferenceByReference();
  }

  private CurveResult runCompacted() throws IOException {
    CompactedTrace.Stretch stretch =
        new CompactedTrace.Stretch(options.skip(), 0, options.maxReferences());
    try (CompactedTrace trace =
        CompactedTrace.open(
            options.trace(),
            options.format(),
            standardInput,
            stretch,
            options.cache() ? CompactedTrace.Cache.BESIDE : CompactedTrace.Cache.NONE,
            times)) {
      times.decoded();
      CompactBatch batch = new CompactBatch();
      long read = options.skip();
      while (trace.read(batch)) {
        if (trace.isKept()) {
          times.decoded();
        }
        pass.take(batch);
        read += batch.references();
        if (trace.isKept()) {
          times.book(StageTimes.Stage.REPLAY);
        }
        listener.progress(read, trace.storedBytesRead(), trace.storedBytes());
      }
      times.book(StageTimes.Stage.REPLAY);
      times.add(StageTimes.Stage.DECODE, trace.readerNanos() - trace.hashNanos());
      times.add(StageTimes.Stage.HASH, trace.hashNanos());
      CompactedTrace.Facts facts = trace.facts();
      return result(facts.format(), facts.hash(), facts.skipped(), facts.measured());
    }
  }

  /** For a first level in front in which repetitions may change something. */
  private CurveResult runReferenceByReference() throws IOException {
    try (TraceFile trace = TraceFile.open(options.trace(), options.format(), standardInput)) {
      TraceHasher hasher = new TraceHasher();
      ReferenceBatch batch = new ReferenceBatch();
      long skipped = 0;
      long references = 0;
      int n;
      while (references < options.maxReferences() && (n = trace.read(batch)) > 0) {
        int from = (int) Math.min(n, options.skip() - skipped);
        skipped += from;
        int to = (int) Math.min(n, from + Math.min(n, options.maxReferences() - references));
        times.book(StageTimes.Stage.DECODE);
        hasher.add(batch, 0, to);
        times.book(StageTimes.Stage.HASH);
        pass.take(batch, from, to);
        references += to - from;
        times.book(StageTimes.Stage.REPLAY);
        listener.progress(skipped + references, trace.storedBytesRead(), trace.storedBytes());
      }
      return result(trace.format(), hasher.value(), skipped, references);
    }
  }

  private CurveResult result(TraceFormat format, long hash, long skipped, long references)
      throws TraceException {
    if (references == 0) {
      throw new TraceException(
          options.trace()
              + ": nothing to look up: the trace has "
              + skipped
              + " references, all of them skipped; lower --skip");
    }
    return new CurveResult(
        options, format, hash, references, pass.lookups(), pass.distinctPages(), pass.misses());
  }
}
