package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * A reader of a format that is lines of text: brings lines into a buffer, keeps their numbers and
 * byte offsets, and delivers the references before a flaw first. A subclass parses a line.
 */
abstract class TextReader implements TraceCursor {
  /** The longest line that is read; none of the formats writes lines of even 200 bytes. */
  static final int MAX_LINE = 1 << 16;

  static final int MAX_HEX_DIGITS = 16;

  /** The value of a hexadecimal digit, -1 of any other byte. */
  static final byte[] HEX = new byte[256];

  static {
    for (int i = 0; i < HEX.length; i++) {
      HEX[i] = (byte) Character.digit(i, 16);
    }
  }

  private final InputStream in;
  private final String name;

  /** Whether a text without a reference is no flaw. */
  private final boolean mayBeEmpty;

  /** How far {@link #readUsualLines} may look beyond the end of a line. */
  static final int LOOK_AHEAD = 64;

  private static final int BUFFER_BYTES = 4 * MAX_LINE;

  /** Holds the line that is parsed, with its newline. */
  final byte[] buffer = new byte[BUFFER_BYTES + LOOK_AHEAD];

  /** Where the line that is parsed begins; {@link #readLine} moves it behind the line. */
  int position;

  /** Where {@link #hex} stopped. */
  int parsed;

  /** End of the complete lines in the buffer: the byte after the last newline. */
  int linesEnd;

  private int end;
  private boolean endOfFile;
  private boolean lastLineUnended;

  /** Stream offset of {@code buffer[0]}. */
  private long bufferOffset;

  private long lines;
  private long ignoredLines;
  private long references;
  private @Nullable IOException flaw;

  TextReader(InputStream in, String name, boolean mayBeEmpty) {
    this.in = in;
    this.name = name;
    this.mayBeEmpty = mayBeEmpty;
  }

  TextReader(InputStream in, String name) {
    this(in, name, false);
  }

  /** Whose text this is, as in "this is not lackey's output". */
  abstract String writer();

  /** What a line looks like and how to make a trace, for one who gave a text without any. */
  abstract String example();

  /** What to do about a line that is not as expected. */
  abstract String remedy();

  /**
   * Parses the line at {@link #position}, whose newline is in the buffer, and moves on. Adds at
   * most two references.
   *
   * @return {@code false} if the line's references do not belong with those that are in the batch;
   *     then nothing was changed
   */
  abstract boolean readLine(ReferenceBatch batch) throws TraceException;

  /**
   * Parses lines of the usual form, a reference or two each, from {@link #position} on as far as
   * there are such up to {@link #linesEnd} and the batch has room for two, and moves behind them.
   * What it leaves is for {@link #readLine}, which takes every line.
   *
   * @return how many lines
   */
  int readUsualLines(ReferenceBatch batch) {
    return 0;
  }

  @Override
  public final int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    try {
      while (batch.count() < ReferenceBatch.CAPACITY - 1) {
        if (position == linesEnd && !refill()) {
          break;
        }
        int usual = readUsualLines(batch);
        if (usual > 0) {
          lines += usual;
          continue;
        }
        lines++;
        if (!readLine(batch)) {
          lines--;
          break;
        }
      }
    } catch (IOException e) {
      flaw = e;
      if (batch.count() == 0) {
        throw e;
      }
    }
    references += batch.count();
    if (batch.count() == 0 && references == 0 && !mayBeEmpty) {
      throw new TraceException(name + ": no reference in " + lines + " lines; " + example());
    }
    return batch.count();
  }

  @Override
  public final long ignoredLines() {
    return ignoredLines;
  }

  @Override
  public final void close() throws IOException {
    in.close();
  }

  /** The number of the line that is parsed, from 1. */
  final long lineNumber() {
    return lines;
  }

  /**
   * Parses 1 to 16 hexadecimal digits from {@code p} on, and sets {@link #parsed} to the byte after
   * them, or to {@code p} if there are none or too many.
   */
  final long hex(int p) {
    byte[] b = buffer;
    int q = p;
    long value = 0;
    int digit;
    while ((digit = HEX[b[q] & 0xff]) >= 0) {
      value = value << 4 | digit;
      q++;
    }
    parsed = q - p > MAX_HEX_DIGITS ? p : q;
    return value;
  }

  /** The first byte from {@code p} on that is neither a space nor a tab. */
  final int skipBlanks(int p) {
    int q = p;
    while (buffer[q] == ' ' || buffer[q] == '\t') {
      q++;
    }
    return q;
  }

  /** The position of "0x" skipped, where it stands at {@code p}. */
  final int skipHexPrefix(int p) {
    boolean prefix = buffer[p] == '0' && (buffer[p + 1] | 0x20) == 'x';
    return prefix ? p + 2 : p;
  }

  /** Whether the line ends at {@code p}, but for a carriage return. */
  final boolean isLineEnd(int p) {
    return buffer[p] == '\n' || (buffer[p] == '\r' && buffer[p + 1] == '\n');
  }

  /** The byte after the newline of the line that {@code p} stands in. */
  final int nextLine(int p) {
    int q = p;
    while (buffer[q] != '\n') {
      q++;
    }
    return q + 1;
  }

  /** Passes over the line at {@code start}, which must at least be text. */
  final void ignoreLine(int start) throws TraceException {
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
                + " is not text, so this is not "
                + writer()
                + "; name the format with --format");
      }
      p++;
    }
    if (p - start > MAX_LINE) {
      throw tooLong(start);
    }
    ignoredLines++;
    position = p + 1;
  }

  /** Whether the text ends at {@code p}, without a newline. */
  final boolean isCutOff(int p) {
    return lastLineUnended && p == linesEnd - 1;
  }

  /** A flaw at byte {@code p} of the line that begins at {@code start}. */
  final TraceException malformed(int start, int p, String expected) {
    boolean cut = isCutOff(p);
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
            + (cut ? "copy or record the trace again" : remedy()));
  }

  /** A flaw of the whole line. */
  final TraceException flawOfLine(String what) {
    return new TraceException(name + ":" + lines + ": " + what);
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
            + ", so this is not "
            + writer()
            + "; name the format with --format");
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
      int got = in.read(buffer, end, BUFFER_BYTES - 1 - end); // one byte is kept for a newline
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

  /** Control characters that no terminal program writes. */
  static boolean isBinary(byte c) {
    return c >= 0 && c < ' ' && c != '\n' && c != '\r' && c != '\t' && (c < 7 || c > 13) && c != 27;
  }
}
