package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.InputStream;

/**
 * Reads what Intel Pin's example tool pinatrace writes: {@code 0xip: R 0xaddr} a load and {@code
 * 0xip: W 0xaddr} a store of the instruction at {@code ip}. One variant of the tool adds the size
 * in bytes, in decimal, and the value. Lines that begin with {@code #} are comments; {@code #eof}
 * is the last one, so a text that ends without it in the middle of a line was cut off there.
 */
final class PinReader extends TextReader {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();

  PinReader(InputStream in, String name) {
    super(in, name);
  }

  /** Whether the first line that is no comment is one of pinatrace's. */
  static boolean matches(byte[] head, int length) {
    int p = 0;
    while (p < length && (head[p] == '#' || head[p] == '\n' || head[p] == '\r')) {
      p = lineEnd(head, p, length) + 1;
    }
    if (p + 2 >= length || head[p] != '0' || head[p + 1] != 'x') {
      return false;
    }
    int q = p + 2;
    while (q < length && HEX[head[q] & 0xff] >= 0) {
      q++;
    }
    return q > p + 2
        && q + 2 < length
        && head[q] == ':'
        && head[q + 1] == ' '
        && (head[q + 2] == 'R' || head[q + 2] == 'W');
  }

  private static int lineEnd(byte[] b, int from, int length) {
    int p = from;
    while (p < length && b[p] != '\n') {
      p++;
    }
    return p;
  }

  @Override
  String writer() {
    return "pinatrace's output";
  }

  @Override
  String example() {
    return "pinatrace writes lines such as '0x7f5e1c2b1090: R 0x7ffd5a3c2e40'";
  }

  @Override
  String remedy() {
    return "if other output is mixed in, let the tool write to a file of its own";
  }

  @Override
  boolean readLine(ReferenceBatch batch) throws TraceException {
    byte[] b = buffer;
    int start = position;
    if (b[start] == '#' || isLineEnd(start)) {
      ignoreLine(start);
      return true;
    }
    int p = skipHexPrefix(start);
    long ip = hex(p);
    if (parsed == p || b[parsed] != ':') {
      throw malformed(start, parsed, "an instruction's address, such as 0x401090, and a colon");
    }
    p = skipBlanks(parsed + 1);
    int kind = b[p] == 'R' ? LOAD : STORE;
    if (b[p] != 'R' && b[p] != 'W') {
      throw malformed(start, p, "R for a load or W for a store");
    }
    p = skipHexPrefix(skipBlanks(p + 1));
    long address = hex(p);
    if (parsed == p || !(b[parsed] == ' ' || b[parsed] == '\t' || isLineEnd(parsed))) {
      throw malformed(start, parsed, "an address of 1 to 16 hexadecimal digits");
    }
    p = skipBlanks(parsed);
    int size = 1; // what a reference has whose format does not say
    if (!isLineEnd(p)) {
      int sizeStart = p;
      size = 0;
      int digit;
      while ((digit = b[p] - '0') >= 0 && digit <= 9 && size <= ReferenceBatch.MAX_SIZE) {
        size = size * 10 + digit;
        p++;
      }
      boolean ended = b[p] == ' ' || b[p] == '\t' || isLineEnd(p);
      if (!ended || p == sizeStart || size == 0 || size > ReferenceBatch.MAX_SIZE) {
        throw malformed(start, p, "a size of 1 to " + ReferenceBatch.MAX_SIZE + " bytes");
      }
    }
    int next = nextLine(p); // the value that the access moved may follow
    if (isCutOff(next - 1)) {
      throw malformed(start, next - 1, "the rest of the line, and #eof in the end");
    }
    position = next;
    batch.add(address, ReferenceBatch.descriptor(kind, size), ip);
    return true;
  }
}
