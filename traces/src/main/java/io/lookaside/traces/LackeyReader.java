package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.InputStream;

/**
 * Reads the text of valgrind's lackey: {@code I addr,size} a fetch, {@code L addr,size} a load,
 * {@code S addr,size} a store, {@code M addr,size} a load and then a store, with the address in
 * hexadecimal. Lines that begin otherwise are valgrind's or the program's and are passed over. So
 * is a line that begins like a reference and goes on without a hexadecimal digit, as a sentence
 * may, unless it also ends like one, in a comma and a number: that is a reference which was
 * damaged.
 */
final class LackeyReader extends TextReader {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PREFIX = 3;

  LackeyReader(InputStream in, String name) {
    this(in, name, false);
  }

  /**
   * A reader.
   *
   * @param mayBeEmpty whether a text without a reference is no flaw
   */
  LackeyReader(InputStream in, String name, boolean mayBeEmpty) {
    super(in, name, mayBeEmpty);
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
  String writer() {
    return "lackey's output";
  }

  @Override
  String example() {
    return "lackey writes lines such as ' L 1ffeffe7e8,8'. Record with: valgrind"
        + " --tool=lackey --trace-mem=yes --log-file=FILE PROGRAM";
  }

  @Override
  String remedy() {
    return "if the program's own output is mixed in, record with --log-file=FILE";
  }

  @Override
  boolean readLine(ReferenceBatch batch) throws TraceException {
    byte[] b = buffer;
    int start = position;
    byte first = b[start];
    byte second = b[start + 1];
    boolean reference =
        (first == ' ' ? second == 'L' || second == 'S' || second == 'M' : first == 'I')
            && (first == ' ' || second == ' ')
            && b[start + 2] == ' '
            && HEX[b[start + PREFIX] & 0xff] >= 0;
    if (!reference) {
      passOver(start);
      return true;
    }
    int type = first == ' ' ? second : first;
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
    return true;
  }

  /** Passes over a line that is no reference, unless it is what was left of one. */
  private void passOver(int start) throws TraceException {
    int prefix = prefixBytes(buffer, start);
    int end = start + prefix;
    if ((prefix > 0 && isCutOff(end)) || (prefix == PREFIX && isDamaged(start))) {
      throw malformed(start, end, "an address of 1 to 16 hexadecimal digits and a comma");
    }
    ignoreLine(start);
  }

  /** Whether a line that begins like a reference ends like one too, without a blank between. */
  private boolean isDamaged(int start) {
    byte[] b = buffer;
    int comma = -1;
    int p = start + PREFIX;
    for (; !isLineEnd(p); p++) {
      if (b[p] == ' ' || b[p] == '\t') {
        return false;
      }
      if (b[p] == ',') {
        comma = p;
      } else if (comma >= 0 && (b[p] < '0' || b[p] > '9')) {
        comma = -1;
      }
    }
    return comma >= 0 && comma < p - 1;
  }

  /** How many bytes of a line are as a reference begins: up to 3, the last before the address. */
  private static int prefixBytes(byte[] b, int start) {
    byte type = b[start];
    int p = start + 1;
    if (type == ' ') {
      type = b[p];
      if (type != 'L' && type != 'S' && type != 'M') {
        return 1;
      }
      p++;
    } else if (type != 'I') {
      return 0;
    }
    while (p < start + PREFIX && b[p] == ' ') {
      p++;
    }
    return p - start;
  }

  private static boolean looksLikeReference(byte[] b, int start, int end) {
    return end - start > PREFIX + 2
        && prefixBytes(b, start) == PREFIX
        && HEX[b[start + PREFIX] & 0xff] >= 0;
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
}
