package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

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

  /** Eight bytes of the text as one number, the first in its lowest bits. */
  private static final VarHandle EIGHT =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** A one in each of eight bytes: times a byte, it repeats that. */
  private static final long EACH = 0x0101_0101_0101_0101L;

  private static final long ZEROS = EACH * '0';
  private static final long LOW_HALVES = EACH * 15;

  /** By {@link #prefixIndex}: the three bytes before an address, the first in the lowest bits. */
  private static final int[] PREFIXES = new int[16];

  /** By the same: the kind of the reference. */
  private static final int[] KINDS = new int[16];

  static {
    for (String prefix : new String[] {"I  ", " L ", " S ", " M "}) {
      int three = prefix.charAt(0) | (prefix.charAt(1) << 8) | (prefix.charAt(2) << 16);
      PREFIXES[prefixIndex(three)] = three;
      KINDS[prefixIndex(three)] =
          prefix.charAt(0) == 'I' ? FETCH : prefix.charAt(1) == 'S' ? STORE : LOAD;
    }
  }

  private static final int MODIFY = ' ' | ('M' << 8) | (' ' << 16);

  private final boolean quick;

  LackeyReader(InputStream in, String name) {
    this(in, name, false);
  }

  /**
   * A reader.
   *
   * @param mayBeEmpty whether a text without a reference is no flaw
   */
  LackeyReader(InputStream in, String name, boolean mayBeEmpty) {
    this(in, name, mayBeEmpty, true);
  }

  /**
   * A reader.
   *
   * @param quick whether lines of the usual form take the quick way, which gives the same
   */
  LackeyReader(InputStream in, String name, boolean mayBeEmpty, boolean quick) {
    super(in, name, mayBeEmpty);
    this.quick = quick;
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

  /** Where in {@link #PREFIXES} three bytes would stand; different for those that are there. */
  private static int prefixIndex(int three) {
    return (three ^ (three >> 8)) & 15;
  }

  /*
   * A usual line has one of the four prefixes, up to 15 hexadecimal digits in lower case, a comma,
   * one or two decimal digits, and a newline. Eight digits are checked and converted at a time as
   * one number, so that there is no loop over bytes and hardly a branch that depends on the address.
   */
  @Override
  int readUsualLines(ReferenceBatch batch) {
    byte[] b = buffer;
    int[] prefixes = PREFIXES;
    int[] kinds = KINDS;
    int n = batch.count();
    int p = position;
    int end = quick ? linesEnd : p;
    int lines = 0;
    while (p < end && n < ReferenceBatch.CAPACITY - 1) {
      int prefix = (int) (long) EIGHT.get(b, p) & 0xffffff;
      int kind = prefixIndex(prefix);
      if (prefixes[kind] != prefix) {
        break;
      }
      int digits = p + PREFIX;
      long eight = (long) EIGHT.get(b, digits);
      long nibbles = nibbles(eight);
      int comma = digits + Long.BYTES;
      long value;
      if (b[comma] == ',' && flaws(eight, nibbles) == 0) {
        value = packed(nibbles);
      } else {
        value = 0;
        if (flaws(eight, nibbles) == 0) {
          value = packed(nibbles);
          digits = comma;
          eight = (long) EIGHT.get(b, digits);
        }
        // The digits before the comma become the last of eight, after zeros.
        long commas = commas(eight);
        int bits = Long.numberOfTrailingZeros(commas) & -Byte.SIZE;
        comma = digits + (bits >> 3);
        if (commas == 0 || comma == p + PREFIX) {
          break;
        }
        eight = (eight << (Long.SIZE - Byte.SIZE - bits) << Byte.SIZE) | (ZEROS >>> bits);
        nibbles = nibbles(eight);
        if (flaws(eight, nibbles) != 0) {
          break;
        }
        value = (value << (bits >> 1)) | packed(nibbles);
      }
      int size = b[comma + 1] - '0';
      int next = comma + 3;
      if (size < 1 || size > 9) {
        break;
      }
      if (b[comma + 2] != '\n') {
        int ones = b[comma + 2] - '0';
        if (ones < 0 || ones > 9 || b[comma + 3] != '\n') {
          break;
        }
        size = size * 10 + ones;
        next++;
      }
      batch.set(n++, value, ReferenceBatch.descriptor(kinds[kind], size));
      if (prefix == MODIFY) {
        batch.set(n++, value, ReferenceBatch.descriptor(STORE, size));
      }
      p = next;
      lines++;
    }
    position = p;
    batch.setCount(n);
    return lines;
  }

  /** Bit 7 of the first byte that is a comma, and perhaps of some after it; 0 if there is none. */
  private static long commas(long eight) {
    long zeroAtComma = eight ^ EACH * ',';
    return (zeroAtComma - EACH) & ~zeroAtComma & (EACH << 7);
  }

  /**
   * What eight bytes are as digits, if they are: the bytes '0' to '9' and 'a' to 'f' become '0' to
   * '?', sixteen in a row.
   */
  private static long nibbles(long eight) {
    long letters = (eight >>> 6) & EACH;
    return eight - letters * ('a' - '0' - 10);
  }

  /** 0 if all eight bytes are digits. */
  private static long flaws(long eight, long nibbles) {
    long letters = (eight >>> 6) & EACH;
    long tenOrMore = (((nibbles & LOW_HALVES) + EACH * 6) >>> 4) & EACH;
    return ((nibbles ^ ZEROS) & ~LOW_HALVES) | (letters ^ tenOrMore);
  }

  /** The number that eight digits make, of which the first is in the lowest byte. */
  private static long packed(long nibbles) {
    long four = nibbles & LOW_HALVES;
    long eight = ((four << 4) | (four >>> 8)) & 0x00ff_00ff_00ff_00ffL;
    long sixteen = ((eight << 8) | (eight >>> 16)) & 0x0000_ffff_0000_ffffL;
    return ((sixteen << 16) | (sixteen >>> 32)) & 0xffff_ffffL;
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
