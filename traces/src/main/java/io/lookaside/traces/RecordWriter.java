package io.lookaside.traces;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** A writer of a format without blocks: gathers bytes, and counts what is lost. */
abstract class RecordWriter implements TraceWriter {
  private static final int PIECE = 1 << 16;

  private final OutputStream out;

  /** Takes the bytes of a reference. */
  final ByteSink bytes = new ByteSink();

  final Loss.Counts losses;

  RecordWriter(OutputStream out, String size) {
    this.out = out;
    this.losses = new Loss.Counts(size);
  }

  /** Writes a reference to {@link #bytes}. */
  abstract void write(ReferenceBatch batch, int i);

  /** Writes to {@link #bytes} what is still held back. */
  void end() {
    // Most formats hold nothing back.
  }

  @Override
  public final void write(ReferenceBatch batch, int from, int to) throws IOException {
    for (int i = from; i < to; i++) {
      write(batch, i);
      if (bytes.length() >= PIECE) {
        flush();
      }
    }
  }

  @Override
  public final void finish() throws IOException {
    end();
    flush();
    out.flush();
  }

  @Override
  public final List<String> losses() {
    return losses.sentences();
  }

  @Override
  public final void close() throws IOException {
    out.close();
  }

  private void flush() throws IOException {
    out.write(bytes.array(), 0, bytes.length());
    bytes.clear();
  }
}
