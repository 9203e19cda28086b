package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** A trace being written from front to back. */
public interface TraceWriter extends Closeable {
  /** The formats that can be written. */
  List<TraceFormat> FORMATS =
      List.of(
          TraceFormat.CHAMPSIM,
          TraceFormat.LACKEY,
          TraceFormat.CSV,
          TraceFormat.FLAT64,
          TraceFormat.COMPACT);

  /** Writes references {@code from} to {@code to} - 1 of a batch. */
  void write(ReferenceBatch batch, int from, int to) throws IOException;

  /** Writes what ends the trace; after it there is only {@link #close}. */
  void finish() throws IOException;

  /** What the format could not carry of the references written so far, a sentence each. */
  List<String> losses();

  /**
   * Begins a trace.
   *
   * @param format one of {@link #FORMATS}
   * @param out takes the bytes in pieces large and small; the writer closes it
   * @param fetchesAreInstructions whether the trace has exactly one fetch for each instruction
   */
  static TraceWriter open(TraceFormat format, OutputStream out, boolean fetchesAreInstructions)
      throws IOException {
    return switch (format) {
      case LACKEY -> new LackeyWriter(out);
      case CHAMPSIM -> new ChampSimWriter(out);
      case CSV -> new CsvWriter(out);
      case FLAT64 -> new Flat64Writer(out);
      case COMPACT -> new CompactWriter(out, fetchesAreInstructions);
      default -> throw new IllegalArgumentException(format.label() + " cannot be written");
    };
  }
}
