package io.lookaside.benchmarks;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a trace as flat64, repeated to a length, for the comparison with C. */
final class ToFlat64 {
  private ToFlat64() {}

  /** Arguments: trace, output file, number of references. */
  public static void main(String[] args) throws IOException {
    long left = Long.parseLong(args[2]);
    ReferenceBatch batch = new ReferenceBatch();
    ByteBuffer bytes =
        ByteBuffer.allocate(ReferenceBatch.CAPACITY * Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(Path.of(args[1])))) {
      while (left > 0) {
        try (TraceFile trace = TraceFile.open(args[0], null, System.in)) {
          while (left > 0 && trace.read(batch) > 0) {
            bytes.clear();
            int n = (int) Math.min(left, batch.count());
            for (int i = 0; i < n; i++) {
              int kind = ReferenceBatch.kind(batch.descriptor(i));
              bytes.putLong((batch.address(i) & ~3L) | kind);
            }
            out.write(bytes.array(), 0, bytes.position());
            left -= n;
          }
        }
      }
    }
  }
}
