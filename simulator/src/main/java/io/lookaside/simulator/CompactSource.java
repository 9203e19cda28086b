package io.lookaside.simulator;

import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.CompactedTrace;
import java.io.IOException;
import java.io.InputStream;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The references of one trace, compacted only: for batches of machines that all take them so. They
 * may come from what was kept of the trace, and are kept for the next time.
 */
final class CompactSource implements BatchSource {
  /*
   * The pass that maps pages reads the same stretch as the run: a compaction has the first touch of
   * every page, in their order. Its batches end with the warm-up, as phases do.
   */

  private final RunOptions options;
  private final InputStream standardInput;
  private final CompactedTrace.Cache cache;
  private final ProgressListener listener;
  private final ProcessTable processes = new ProcessTable(1);
  private final StageTimes times = new StageTimes(true);

  private BatchChunk.Phase phase;
  private @Nullable CompactedTrace trace;
  private CompactedTrace.@Nullable Facts facts;
  private long taken;
  private long referencesOfEarlierPasses;
  private long decoded;
  private long kept;
  private long readerNanosOfEarlierPasses;

  /**
   * A source of the references of the one trace that {@code options} name.
   *
   * @param prefault whether to go over them for the pages first
   */
  CompactSource(
      RunOptions options,
      InputStream standardInput,
      CompactedTrace.Cache cache,
      ProgressListener listener,
      boolean prefault) {
    this.options = options;
    this.standardInput = standardInput;
    this.cache = cache;
    this.listener = listener;
    this.phase = prefault ? BatchChunk.Phase.PREFAULT : BatchChunk.Phase.WARMUP;
  }

  @Override
  public boolean fill(BatchChunk chunk) throws IOException {
    times.begin();
    chunk.count = 0;
    while (chunk.count < chunk.limit) {
      if (phase == BatchChunk.Phase.WARMUP && taken == options.warmup()) {
        if (chunk.count > 0) {
          break; // a chunk is of one phase
        }
        phase = BatchChunk.Phase.MEASURE;
      }
      CompactedTrace open = open();
      CompactBatch batch = chunk.compacted[chunk.count];
      if (facts != null || !open.read(batch)) {
        endPass(open);
        if (chunk.count > 0 || facts != null) {
          break;
        }
        continue;
      }
      taken += batch.references();
      chunk.phase = phase;
      chunk.owners[chunk.count++] = processes.processOf(0, batch.records);
    }
    CompactedTrace open = trace;
    if (open != null) {
      book(open);
      long passedOver = facts == null ? options.skip() : facts.skipped();
      listener.progress(
          referencesOfEarlierPasses + passedOver + taken,
          open.storedBytesRead(),
          open.storedBytes());
    }
    return chunk.count > 0;
  }

  /** Books what was done last: see {@link CompactedTrace.Stages}. */
  private void book(CompactedTrace open) {
    if (open.isKept()) {
      times.decoded();
    } else {
      times.compacted();
    }
  }

  private CompactedTrace open() throws IOException {
    CompactedTrace open = trace;
    if (open == null) {
      open =
          CompactedTrace.open(
              options.traces().get(0),
              options.format(),
              standardInput,
              new CompactedTrace.Stretch(options.skip(), options.warmup(), options.maxReferences()),
              cache,
              options.readAhead(),
              times);
      trace = open;
      times.decoded();
    }
    return open;
  }

  /** After the last batch of a pass; after the run there are facts. */
  private void endPass(CompactedTrace open) throws IOException {
    if (facts != null) {
      return;
    }
    CompactedTrace.Facts known = open.facts();
    long references = known.skipped() + known.warmedUp() + known.measured();
    if (open.isKept()) {
      kept += references;
    } else {
      decoded += references;
    }
    if (phase == BatchChunk.Phase.PREFAULT) {
      book(open);
      readerNanosOfEarlierPasses += open.readerNanos();
      open.close();
      trace = null;
      referencesOfEarlierPasses = references;
      taken = 0;
      phase = BatchChunk.Phase.WARMUP;
    } else {
      facts = known;
    }
  }

  private CompactedTrace.Facts facts() {
    CompactedTrace.Facts known = facts;
    if (known == null) {
      throw new IllegalStateException("what is in a trace is known after its end");
    }
    return known;
  }

  @Override
  public long skipped() {
    return facts().skipped();
  }

  @Override
  public long warmedUp() {
    return facts().warmedUp();
  }

  @Override
  public long measured() {
    return facts().measured();
  }

  @Override
  public List<RunResult.TraceResult> results() {
    CompactedTrace.Facts known = facts();
    return List.of(
        new RunResult.TraceResult(
            known.format(),
            known.fetchesAreInstructions(),
            known.addressSpaces(),
            known.cores(),
            known.hash(),
            known.ignoredLines()));
  }

  @Override
  public BatchCost cost() {
    CompactedTrace open = trace;
    long readerNanos = readerNanosOfEarlierPasses + (open == null ? 0 : open.readerNanos());
    return new BatchCost(
        decoded,
        kept,
        0,
        readerNanos + times.nanos(StageTimes.Stage.DECODE),
        times.nanos(StageTimes.Stage.REPLAY),
        0,
        0,
        0);
  }

  @Override
  public void close() throws IOException {
    CompactedTrace open = trace;
    if (open != null) {
      readerNanosOfEarlierPasses += open.readerNanos(); // not known of a thread that has ended
      trace = null;
      open.close();
    }
  }
}
