package io.lookaside.simulator.conform;

import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * Reads a vector file line by line: the words of a line, and the comment behind them. Lines without
 * words are passed over.
 */
final class VectorReader implements Closeable {
  private static final int BUFFER_BYTES = 1 << 16;

  /** The longest line that is taken for one. */
  private static final int MAX_LINE_BYTES = 1 << 16;

  private static final int MAX_WORDS = 16;

  private final InputStream in;
  private final String name;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int position;
  private int end;

  private byte[] line = new byte[256];
  private int length;
  private long lineNumber;

  private byte[] stepLine = new byte[0];
  private int stepLength;
  private long stepLineNumber;

  private final int[] wordStart = new int[MAX_WORDS];
  private final int[] wordEnd = new int[MAX_WORDS];
  private int words;

  /** Where the comment begins, behind its {@code #}; the end of the line if there is none. */
  private int comment;

  VectorReader(InputStream in, String name) {
    this.in = in;
    this.name = name;
  }

  /** Goes to the next line that has words; {@code false} at the end. */
  boolean next() throws IOException {
    while (readLine()) {
      split();
      if (words > 0) {
        return true;
      }
    }
    return false;
  }

  /** The number of words. */
  int words() {
    return words;
  }

  String word(int i) throws VectorException {
    if (i >= words) {
      throw flaw("the line ends where another word is expected: '" + text() + "'");
    }
    return new String(line, wordStart[i], wordEnd[i] - wordStart[i], StandardCharsets.ISO_8859_1);
  }

  /** Whether the line has a word {@code i} and it is {@code text}. */
  boolean is(int i, String text) {
    if (i >= words || wordEnd[i] - wordStart[i] != text.length()) {
      return false;
    }
    for (int k = 0; k < text.length(); k++) {
      if (line[wordStart[i] + k] != text.charAt(k)) {
        return false;
      }
    }
    return true;
  }

  /** Word {@code i} as a number: 0x and up to 16 hexadecimal digits, or decimal. */
  long number(int i) throws VectorException {
    if (i >= words) {
      throw flaw("the line ends where a number is expected: '" + text() + "'");
    }
    return number(line, wordStart[i], wordEnd[i]);
  }

  /** The part of word {@code i} behind a colon as a number, as in {@code ds:0x10}. */
  long numberBehindColon(int i) throws VectorException {
    return number(line, colon(i) + 1, wordEnd[i]);
  }

  /** The part of word {@code i} before a colon as a number. */
  long numberBeforeColon(int i) throws VectorException {
    return number(line, wordStart[i], colon(i));
  }

  /** The part of word {@code i} before a colon. */
  String wordBeforeColon(int i) throws VectorException {
    int from = i < words ? wordStart[i] : 0;
    return new String(line, from, colon(i) - from, StandardCharsets.ISO_8859_1);
  }

  private int colon(int i) throws VectorException {
    if (i < words) {
      for (int k = wordStart[i]; k < wordEnd[i]; k++) {
        if (line[k] == ':') {
          return k;
        }
      }
    }
    throw flaw("expected two parts with a colon between them: '" + text() + "'");
  }

  /** Whether the line has a comment. */
  boolean hasComment() {
    return comment < length;
  }

  /** The comment without its first {@code #}. */
  String comment() {
    return new String(line, comment, length - comment, StandardCharsets.ISO_8859_1);
  }

  /** A number in a text that this file holds. */
  long number(String text) throws VectorException {
    byte[] bytes = text.getBytes(StandardCharsets.ISO_8859_1);
    return number(bytes, 0, bytes.length);
  }

  /** An exception that names this file and the line where it stands. */
  VectorException flaw(String message) {
    return new VectorException(position() + ": " + message);
  }

  /** File and line, for messages. */
  String position() {
    return name + ":" + lineNumber;
  }

  /** Keeps this line as the step that later lines judge. */
  void markStep() {
    if (stepLine.length < length) {
      stepLine = new byte[line.length];
    }
    stepLength = words == 0 ? 0 : wordEnd[words - 1] - wordStart[0];
    System.arraycopy(line, wordStart[0], stepLine, 0, stepLength);
    stepLineNumber = lineNumber;
  }

  /** The words of the line that was kept last. */
  String step() {
    return new String(stepLine, 0, stepLength, StandardCharsets.ISO_8859_1);
  }

  /** File and line of the line that was kept last. */
  String stepPosition() {
    return name + ":" + stepLineNumber;
  }

  /** The words of the line as they stand there. */
  String text() {
    return words == 0
        ? ""
        : new String(
            line, wordStart[0], wordEnd[words - 1] - wordStart[0], StandardCharsets.ISO_8859_1);
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private long number(byte[] bytes, int from, int to) throws VectorException {
    boolean hex = to - from > 2 && bytes[from] == '0' && (bytes[from + 1] | 0x20) == 'x';
    int first = hex ? from + 2 : from;
    long value = 0;
    boolean good = to > first && to - first <= (hex ? 16 : 18);
    for (int i = first; i < to && good; i++) {
      int digit = Character.digit(bytes[i], hex ? 16 : 10);
      good = digit >= 0;
      value = hex ? value << 4 | digit : value * 10 + digit;
    }
    if (!good) {
      String text = new String(bytes, from, to - from, StandardCharsets.ISO_8859_1);
      throw flaw(
          "'" + text + "' is no number; expected 0x and 1 to 16 hexadecimal digits, or a decimal");
    }
    return value;
  }

  private boolean readLine() throws IOException {
    length = 0;
    lineNumber++;
    boolean any = false;
    while (true) {
      if (position == end) {
        position = 0;
        end = Math.max(0, in.read(buffer));
        if (end == 0) {
          return any;
        }
      }
      any = true;
      byte b = buffer[position++];
      if (b == '\n') {
        return true;
      }
      if (length == MAX_LINE_BYTES) {
        throw flaw("the line is longer than " + MAX_LINE_BYTES + " bytes; is this a vector file?");
      }
      if (length == line.length) {
        line = Arrays.copyOf(line, 2 * length);
      }
      line[length++] = b;
    }
  }

  private void split() throws VectorException {
    words = 0;
    comment = length;
    int i = 0;
    while (i < length) {
      if (line[i] == '#') {
        comment = i + 1;
        return;
      }
      if (isSpace(line[i])) {
        i++;
        continue;
      }
      if (words == MAX_WORDS) {
        throw flaw("more than " + MAX_WORDS + " words in a line; is this a vector file?");
      }
      wordStart[words] = i;
      while (i < length && !isSpace(line[i]) && line[i] != '#') {
        i++;
      }
      wordEnd[words++] = i;
    }
  }

  private static boolean isSpace(byte b) {
    return b == ' ' || b == '\t' || b == '\r';
  }
}
