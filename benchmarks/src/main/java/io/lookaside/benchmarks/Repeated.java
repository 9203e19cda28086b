package io.lookaside.benchmarks;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceWriter;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a trace, again and again up to a number of references, in a format of choice. */
final class Repeated {
  private Repeated() {}

  /** Arguments: trace, format, output file, number of references. */
  public static void main(String[] args) throws IOException {
    TraceFormat format = TraceFormat.ofLabel(args[1]);
    if (format == null) {
      throw new IllegalArgumentException("no format " + args[1]);
    }
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(Path.of(args[2])))) {
      write(Path.of(args[0]), format, out, Long.parseLong(args[3]));
    }
  }

  static void write(Path trace, TraceFormat format, OutputStream out, long references)
      throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    long left = references;
    try (TraceWriter writer = TraceWriter.open(format, out, true)) {
      while (left > 0) {
        try (TraceFile file =
            TraceFile.open(trace.toString(), null, InputStream.nullInputStream())) {
          while (left > 0 && file.read(batch) > 0) {
            int n = (int) Math.min(left, batch.count());
            writer.write(batch, 0, n);
            left -= n;
          }
        }
      }
      writer.finish();
    }
  }
}
