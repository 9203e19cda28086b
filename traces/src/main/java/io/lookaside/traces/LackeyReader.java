package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads the text of valgrind's lackey: {@code I addr,size} a fetch, {@code L addr,size} a load,
 * {@code S addr,size} a store, {@code M addr,size} a load and then a store, with the address in
 * hexadecimal. Lines that begin otherwise are valgrind's or the program's and are passed over.
 */
final class LackeyReader implements TraceCursor {
  /** The longest line that is read; lackey's own have less than 40 bytes. */
  static final int MAX_LINE = 1 << 16;

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PREFIX = 3;
  private static final int MAX_HEX_DIGITS = 16;
  private static final byte[] HEX = new byte[256];

  static {
    for (int i = 0; i < HEX.length; i++) {
      HEX[i] = (byte) Character.digit(i, 16);
    }
  }

  private final InputStream in;
  private final String name;
  private final byte[] buffer = new byte[4 * MAX_LINE];

  private int position;

  /** End of the complete lines in the buffer: the byte after the last newline. */
  private int linesEnd;

  private int end;
  private boolean endOfFile;
  private boolean lastLineUnended;

  /** Stream offset of {@code buffer[0]}. */
  private long bufferOffset;

  private long lines;
  private long ignoredLines;
  private long references;
  private @Nullable IOException flaw;

  LackeyReader(InputStream in, String name) {
    this.in = in;
    this.name = name;
  }

  /** Whether this is text with a line of lackey's, or valgrind's banner of it. */
  static boolean matches(byte[] head, int length) {
    boolean found = false;
    int start = 0;
    for (int i = 0; i < length; i++) {
      if (isBinary(head[i])) {
        return false;
      }
      if (head[i] == '\n' || i == length - 1) {
        found |= looksLikeReference(head, start, i) || contains(head, start, i, "Lackey");
        start = i + 1;
      }
    }
    return found;
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    try {
      // A modify line makes two references.
      while (batch.count() < ReferenceBatch.CAPACITY - 1) {
        if (position == linesEnd && !refill()) {
          break;
        }
        readLine(batch);
      }
    } catch (IOException e) {
      flaw = e;
      if (batch.count() == 0) {
        throw e;
      }
    }
    references += batch.count();
    if (batch.count() == 0 && references == 0) {
      throw new TraceException(
          name
              + ": no reference in "
              + lines
              + " lines; lackey writes lines such as ' L 1ffeffe7e8,8'. Record with: valgrind"
              + " --tool=lackey --trace-mem=yes --log-file=FILE PROGRAM");
    }
    return batch.count();
  }

  @Override
  public long ignoredLines() {
    return ignoredLines;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  /** Parses one line, whose newline is in the buffer. */
  private void readLine(ReferenceBatch batch) throws TraceException {
    byte[] b = buffer;
    int start = position;
    lines++;
    int type;
    if (b[start] == ' ') {
      type = b[start + 1];
    } else {
      type = b[start] == 'I' && b[start + 1] == ' ' ? 'I' : 0;
    }
    boolean reference =
        (type == 'I' || type == 'L' || type == 'S' || type == 'M')
            && b[start + 2] == ' '
            && HEX[b[start + PREFIX] & 0xff] >= 0;
    if (!reference) {
      ignoreLine(start);
      return;
    }
    int p = start + PREFIX;
    long address = 0;
    int digit;
    while ((digit = HEX[b[p] & 0xff]) >= 0) {
      address = address << 4 | digit;
      p++;
    }
    if (b[p] != ',' || p - start - PREFIX > MAX_HEX_DIGITS) {
      throw malformed(start, p, "an address of 1 to 16 hexadecimal digits and a comma");
    }
    p++;
    int sizeStart = p;
    int size = 0;
    while ((digit = b[p] - '0') >= 0 && digit <= 9 && size <= ReferenceBatch.MAX_SIZE) {
      size = size * 10 + digit;
      p++;
    }
    if (b[p] == '\r') {
      p++;
    }
    if (b[p] != '\n' || p == sizeStart || size == 0 || size > ReferenceBatch.MAX_SIZE) {
      throw malformed(start, p, "a size of 1 to " + ReferenceBatch.MAX_SIZE + " bytes");
    }
    position = p + 1;
    switch (type) {
      case 'I' -> batch.add(address, ReferenceBatch.descriptor(FETCH, size));
      case 'L' -> batch.add(address, ReferenceBatch.descriptor(LOAD, size));
      case 'S' -> batch.add(address, ReferenceBatch.descriptor(STORE, size));
      default -> {
        batch.add(address, ReferenceBatch.descriptor(LOAD, size));
        batch.add(address, ReferenceBatch.descriptor(STORE, size));
      }
    }
  }

  private void ignoreLine(int start) throws TraceException {
    int p = start;
    while (buffer[p] != '\n') {
      if (isBinary(buffer[p])) {
        throw new TraceException(
            name
                + ":"
                + lines
                + ":"
                + (p - start + 1)
                + ": byte 0x"
                + Integer.toHexString(buffer[p] & 0xff)
                + " at byte offset "
                + (bufferOffset + p)
                + " is not text, so this is not lackey's output; name the format with --format");
      }
      p++;
    }
    if (p - start > MAX_LINE) {
      throw tooLong(start);
    }
    ignoredLines++;
    position = p + 1;
  }

  private TraceException tooLong(int start) {
    return new TraceException(
        name
            + ":"
            + lines
            + ": a line of more than "
            + MAX_LINE
            + " bytes at byte offset "
            + (bufferOffset + start)
            + ", so this is not lackey's output; name the format with --format");
  }

  private TraceException malformed(int start, int p, String expected) {
    boolean cut = lastLineUnended && p == linesEnd - 1;
    return new TraceException(
        name
            + ":"
            + lines
            + ":"
            + (p - start + 1)
            + ": expected "
            + expected
            + (cut ? ", but the trace is cut off here" : "")
            + " (byte offset "
            + (bufferOffset + p)
            + "); "
            + (cut
                ? "copy or record the trace again"
                : "if the program's own output is mixed in, record with --log-file=FILE"));
  }

  /** Brings further complete lines into the buffer; {@code false} at the end. */
  private boolean refill() throws IOException {
    int rest = end - position;
    System.arraycopy(buffer, position, buffer, 0, rest);
    bufferOffset += position;
    position = 0;
    linesEnd = 0;
    end = rest;
    int searched = 0;
    while (true) {
      for (int i = end - 1; i >= searched; i--) {
        if (buffer[i] == '\n') {
          linesEnd = i + 1;
          return true;
        }
      }
      searched = end;
      if (endOfFile) {
        return endLastLine();
      }
      if (end > MAX_LINE) {
        lines++;
        throw tooLong(0);
      }
      int got = in.read(buffer, end, buffer.length - 1 - end); // one byte is kept for a newline
      if (got < 0) {
        endOfFile = true;
      } else {
        end += got;
      }
    }
  }

  private boolean endLastLine() {
    if (end == 0) {
      return false;
    }
    buffer[end++] = '\n';
    linesEnd = end;
    lastLineUnended = true;
    return true;
  }

  private static boolean looksLikeReference(byte[] b, int start, int end) {
    if (end - start <= PREFIX + 2) {
      return false;
    }
    boolean prefix =
        b[start] == ' '
            ? (b[start + 1] == 'L' || b[start + 1] == 'S' || b[start + 1] == 'M')
            : b[start] == 'I' && b[start + 1] == ' ';
    return prefix && b[start + 2] == ' ' && HEX[b[start + PREFIX] & 0xff] >= 0;
  }

  private static boolean contains(byte[] b, int start, int end, String word) {
    for (int i = start; i + word.length() <= end; i++) {
      int k = 0;
      while (k < word.length() && b[i + k] == word.charAt(k)) {
        k++;
      }
      if (k == word.length()) {
        return true;
      }
    }
    return false;
  }

  /** Control characters that no terminal program writes. */
  private static boolean isBinary(byte c) {
    return c >= 0 && c < ' ' && c != '\n' && c != '\r' && c != '\t' && (c < 7 || c > 13) && c != 27;
  }
}
