package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.InputStream;

/**
 * Reads Dinero's traditional input, din: a label, 0 for a load, 1 for a store and 2 for a fetch,
 * and an address in hexadecimal; what follows them in a line is a comment. The labels 3 and 4
 * (escapes, of which 4 flushes Dinero's cache) are no references and are passed over. din has no
 * sizes.
 */
final class DinReader extends TextReader {
  private static final int FIRST_ESCAPE = 3;
  private static final int LAST_LABEL = 4;

  /** A reference has one byte where the format does not say. */
  private static final int SIZE = 1;

  DinReader(InputStream in, String name) {
    super(in, name);
  }

  /** Whether every line of the head, but for a last one that is cut, is one of din. */
  static boolean matches(byte[] head, int length) {
    int lines = 0;
    int start = 0;
    for (int i = 0; i < length; i++) {
      if (head[i] == '\n') {
        if (!looksLikeReference(head, start, i)) {
          return false;
        }
        lines++;
        start = i + 1;
      }
    }
    return lines > 0 || looksLikeReference(head, start, length);
  }

  private static boolean looksLikeReference(byte[] b, int start, int end) {
    int p = start;
    while (p < end && isBlank(b[p])) {
      p++;
    }
    if (end - p < 3 || b[p] < '0' || b[p] > '0' + LAST_LABEL || !isBlank(b[p + 1])) {
      return false;
    }
    p++;
    while (p < end && isBlank(b[p])) {
      p++;
    }
    return p < end && HEX[b[p] & 0xff] >= 0;
  }

  private static boolean isBlank(byte b) {
    return b == ' ' || b == '\t';
  }

  @Override
  String writer() {
    return "a din trace";
  }

  @Override
  String example() {
    return "din has lines such as '0 1fc0' (0 load, 1 store, 2 fetch, and an address)";
  }

  @Override
  String remedy() {
    return "din has a label and a hexadecimal address in each line, as in '2 401090'";
  }

  @Override
  boolean readLine(ReferenceBatch batch) throws TraceException {
    byte[] b = buffer;
    int start = position;
    int p = skipBlanks(start);
    if (isLineEnd(p)) {
      ignoreLine(start);
      return true;
    }
    int label = b[p] - '0';
    if (label < 0 || label > LAST_LABEL || !isBlank(b[p + 1])) {
      boolean labelGood = label >= 0 && label <= LAST_LABEL;
      throw malformed(
          start,
          labelGood ? p + 1 : p,
          "0 for a load, 1 for a store or 2 for a fetch, and a space");
    }
    p = skipHexPrefix(skipBlanks(p + 1));
    long address = hex(p);
    if (parsed == p || !(isBlank(b[parsed]) || isLineEnd(parsed))) {
      throw malformed(start, parsed, "an address of 1 to 16 hexadecimal digits");
    }
    if (label >= FIRST_ESCAPE) {
      ignoreLine(start);
      return true;
    }
    AccessKind kind =
        switch (label) {
          case 0 -> AccessKind.LOAD;
          case 1 -> AccessKind.STORE;
          default -> AccessKind.FETCH;
        };
    position = nextLine(parsed);
    batch.add(address, ReferenceBatch.descriptor(kind.ordinal(), SIZE));
    return true;
  }
}
