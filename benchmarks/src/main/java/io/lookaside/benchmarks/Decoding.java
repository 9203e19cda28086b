package io.lookaside.benchmarks;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.ByteArrayInputStream;
import java.io.IOException;

/** Traces in memory, for benchmarks. */
final class Decoding {
  private Decoding() {}

  static TraceFormat format(String label) {
    TraceFormat format = TraceFormat.ofLabel(label);
    if (format == null) {
      throw new IllegalArgumentException("no format " + label);
    }
    return format;
  }

  /** Decodes a whole trace; returns how many references it has. */
  static long decode(TraceFormat format, byte[] trace, ReferenceBatch batch) throws IOException {
    long references = 0;
    try (TraceFile file = TraceFile.open("-", format, new ByteArrayInputStream(trace))) {
      int n;
      while ((n = file.read(batch)) > 0) {
        references += n;
      }
    }
    return references;
  }
}
