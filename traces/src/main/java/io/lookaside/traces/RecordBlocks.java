package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * The bytes of a trace of fixed-size records, brought in block by block: whole records first; that
 * one is cut off, or that reading fails, is told only after the records before it.
 */
final class RecordBlocks {
  private final InputStream in;
  private final String name;
  private final String format;
  private final int recordBytes;
  private final byte[] bytes;
  private @Nullable IOException failure;
  private int limit;
  private int end;
  private boolean endOfFile;

  /** Stream offset of {@code bytes[0]}. */
  private long blockOffset;

  RecordBlocks(InputStream in, String name, String format, int recordBytes, int records) {
    this.in = in;
    this.name = name;
    this.format = format;
    this.recordBytes = recordBytes;
    this.bytes = new byte[recordBytes * records];
  }

  /** The block: always the same array. */
  byte[] bytes() {
    return bytes;
  }

  /** The end of the whole records in the block. */
  int limit() {
    return limit;
  }

  /**
   * Replaces the block, of which every record up to {@link #limit} has been used, by the next one.
   *
   * @return whether there is a record in it; if not, the trace has ended
   * @throws TraceException if the trace ends within a record
   */
  boolean refill() throws IOException {
    int rest = end - limit;
    System.arraycopy(bytes, limit, bytes, 0, rest);
    blockOffset += limit;
    limit = 0;
    end = rest;
    if (failure != null) {
      throw failure;
    }
    while (end < recordBytes && !endOfFile) {
      read();
    }
    limit = end - end % recordBytes;
    if (limit == 0 && end > 0) {
      throw new TraceException(
          at(0)
              + " is cut off after "
              + end
              + " of "
              + recordBytes
              + " bytes; a "
              + format
              + " trace has whole records only. Copy or record the trace again, or stop before"
              + " it with --max-refs");
    }
    return limit > 0;
  }

  private void read() throws IOException {
    try {
      int got = in.read(bytes, end, bytes.length - end);
      if (got < 0) {
        endOfFile = true;
      } else {
        end += got;
      }
    } catch (IOException e) {
      failure = e;
      if (end < recordBytes) {
        throw e;
      }
    }
  }

  /** The number of a record in the block, 1 for the trace's first. */
  long recordNumber(int position) {
    return (blockOffset + position) / recordBytes + 1;
  }

  /** "NAME: record N at byte offset B", the beginning of a message about a record in the block. */
  String at(int position) {
    return name
        + ": record "
        + recordNumber(position)
        + " at byte offset "
        + (blockOffset + position);
  }

  void close() throws IOException {
    in.close();
  }
}
