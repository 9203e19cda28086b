package io.lookaside.benchmarks;

import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.Compactor;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** Decoded references for benchmarks: synthetic streams, and those of {@link Samples}. */
final class Streams {
  private Streams() {}

  /**
   * Exactly {@code references} references.
   *
   * @param stream the name of a sample, with its ending, or of a {@link SyntheticTrace.Pattern}
   */
  static List<ReferenceBatch> batches(String stream, int references) throws IOException {
    if (stream.contains(".")) {
      return Samples.batches(stream, references);
    }
    List<ReferenceBatch> all = new ArrayList<>();
    SyntheticTrace trace = new SyntheticTrace(SyntheticTrace.Pattern.valueOf(stream), references);
    ReferenceBatch batch = new ReferenceBatch();
    while (trace.read(batch) > 0) {
      all.add(batch);
      batch = new ReferenceBatch();
    }
    return all;
  }

  /** What {@link Compactor} makes of batches, one for each. */
  static List<CompactBatch> compacted(List<ReferenceBatch> batches) {
    Compactor compactor = new Compactor();
    List<CompactBatch> all = new ArrayList<>();
    for (ReferenceBatch batch : batches) {
      CompactBatch compact = new CompactBatch();
      compactor.begin(batch, compact);
      compactor.add(batch, 0, batch.count(), compact);
      all.add(compact);
    }
    return all;
  }
}
