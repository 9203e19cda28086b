package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.InputStream;

/**
 * Reads the text of valgrind's lackey: {@code I addr,size} a fetch, {@code L addr,size} a load,
 * {@code S addr,size} a store, {@code M addr,size} a load and then a store, with the address in
 * hexadecimal. Lines that begin otherwise are valgrind's or the program's and are passed over.
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
      return true;
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
}
