package io.lookaside.benchmarks;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;

/** The traces of real programs in traces/samples. */
final class Samples {
  /** The folder; {@code benchmarks/jmh} names it. */
  private static final Path FOLDER =
      Path.of(System.getProperty("lookaside.samples", "traces/samples"));

  private Samples() {}

  static Path path(String name) {
    return FOLDER.resolve(name);
  }

  static TraceFile open(String name) throws IOException {
    return TraceFile.open(path(name).toString(), null, InputStream.nullInputStream());
  }

  /**
   * Exactly {@code references} references of a sample: of a longer one, batches at even distances;
   * a shorter one is repeated.
   */
  static List<ReferenceBatch> batches(String name, int references) throws IOException {
    long all = 0;
    try (TraceFile trace = open(name)) {
      ReferenceBatch batch = new ReferenceBatch();
      int n;
      while ((n = trace.read(batch)) > 0) {
        all += n;
      }
    }
    long every = Math.max(1, all / references);
    List<ReferenceBatch> kept = new ArrayList<>();
    int left = references;
    while (left > 0) {
      try (TraceFile trace = open(name)) {
        ReferenceBatch batch = new ReferenceBatch();
        for (long i = 0; left > 0 && trace.read(batch) > 0; i++) {
          if (i % every == 0) {
            ReferenceBatch copy = new ReferenceBatch();
            copy.copy(batch, 0, Math.min(left, batch.count()));
            left -= copy.count();
            kept.add(copy);
          }
        }
      }
    }
    return kept;
  }
}
