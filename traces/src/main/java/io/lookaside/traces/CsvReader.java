package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.EnumSet;
import java.util.Locale;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * Reads comma-separated values. The first line names the columns, in any order: {@code kind}
 * ({@code L} load, {@code S} store, {@code I} fetch, {@code M} a load and then a store) and {@code
 * va}, and if one likes {@code size} (bytes, else 1), {@code pc}, {@code asid} and {@code core}.
 * Numbers are decimal, or hexadecimal after {@code 0x}. A field may stand in quotation marks. An
 * empty {@code size}, {@code pc}, {@code asid} or {@code core} is as if there were no such column.
 *
 * <p>A parser of its own and no library: a flaw is told with line, column and byte offset, which
 * libraries do not give, and no field becomes a string.
 */
final class CsvReader extends TextReader {
  /** The columns, in the order in which {@link CsvWriter} writes them. */
  enum Column {
    KIND,
    VA,
    SIZE,
    PC,
    ASID,
    CORE;

    String label() {
      return name().toLowerCase(Locale.ROOT);
    }

    static @Nullable Column ofLabel(String label) {
      for (Column column : values()) {
        if (column.label().equals(label)) {
          return column;
        }
      }
      return null;
    }
  }

  private static final Set<Column> REQUIRED = EnumSet.of(Column.KIND, Column.VA);
  private static final byte[] BYTE_ORDER_MARK = {(byte) 0xef, (byte) 0xbb, (byte) 0xbf};

  /** The columns as the header names them; empty until it was read. */
  private Column[] columns = {};

  // The fields of the row that is parsed.
  private byte kind;
  private boolean empty;
  private boolean quoted;

  CsvReader(InputStream in, String name) {
    super(in, name);
  }

  /** Whether the first line names the columns that are required. */
  static boolean matches(byte[] head, int length) {
    int end = 0;
    while (end < length && head[end] != '\n') {
      end++;
    }
    Set<Column> found = EnumSet.noneOf(Column.class);
    for (String field : header(head, 0, end)) {
      Column column = Column.ofLabel(field);
      if (column != null) {
        found.add(column);
      }
    }
    return found.containsAll(REQUIRED);
  }

  /** The names in a header line. */
  private static String[] header(byte[] b, int start, int end) {
    int from = start;
    if (end - start >= BYTE_ORDER_MARK.length
        && b[start] == BYTE_ORDER_MARK[0]
        && b[start + 1] == BYTE_ORDER_MARK[1]
        && b[start + 2] == BYTE_ORDER_MARK[2]) {
      from += BYTE_ORDER_MARK.length; // some spreadsheets write one
    }
    String[] names = new String(b, from, end - from, StandardCharsets.UTF_8).split(",", -1);
    for (int i = 0; i < names.length; i++) {
      String name = names[i].strip();
      if (name.length() >= 2 && name.startsWith("\"") && name.endsWith("\"")) {
        name = name.substring(1, name.length() - 1);
      }
      names[i] = name.toLowerCase(Locale.ROOT);
    }
    return names;
  }

  @Override
  String writer() {
    return "a csv trace";
  }

  @Override
  String example() {
    return "after the header csv has lines such as 'L,0x7ffd5a3c2e40,8'";
  }

  @Override
  String remedy() {
    return "a row has a field for each column of the header";
  }

  @Override
  boolean readLine(ReferenceBatch batch) throws TraceException {
    int start = position;
    if (columns.length == 0) {
      readHeader(start);
      return true;
    }
    if (isLineEnd(start)) {
      ignoreLine(start);
      return true;
    }
    long va = 0;
    int size = 1;
    long pc = 0;
    boolean pcKnown = false;
    long asid = 0;
    int core = 0;
    int p = start;
    for (int i = 0; i < columns.length; i++) {
      p = beginField(p);
      switch (columns[i]) {
        case KIND -> {
          kind = (byte) (buffer[p] & ~0x20);
          if (kind != 'L' && kind != 'S' && kind != 'I' && kind != 'M') {
            throw malformed(
                start, p, "a kind: L (load), S (store), I (fetch) or M (load, then store)");
          }
          p++;
        }
        case VA -> {
          if (empty) {
            throw malformed(start, p, "an address, such as 0x7ffd5a3c2e40");
          }
          va = number(start, p, -1L, "an address, decimal or hexadecimal after 0x, of 64 bits");
          p = parsed;
        }
        case SIZE -> {
          if (!empty) {
            String expected = "a size of 1 to " + ReferenceBatch.MAX_SIZE + " bytes";
            size = (int) number(start, p, ReferenceBatch.MAX_SIZE, expected);
            if (size == 0) {
              throw malformed(start, p, expected);
            }
            p = parsed;
          }
        }
        case PC -> {
          pcKnown = !empty;
          if (pcKnown) {
            pc =
                number(
                    start,
                    p,
                    -1L,
                    "an instruction's address, decimal or hexadecimal after 0x, of 64 bits");
            p = parsed;
          }
        }
        case ASID -> {
          if (!empty) {
            asid = number(start, p, -1L, "an address space: a number of 64 bits");
            p = parsed;
          }
        }
        case CORE -> {
          if (!empty) {
            core = (int) number(start, p, Integer.MAX_VALUE, "a core: a number below 2^31");
            p = parsed;
          }
        }
      }
      p = endField(start, p, i == columns.length - 1);
    }
    if (batch.count() > 0
        && (asid != batch.addressSpaceId()
            || core != batch.core()
            || pcKnown != batch.hasInstructionAddresses())) {
      return false;
    }
    position = p;
    batch.setOrigin(asid, core);
    switch (kind) {
      case 'L' -> add(batch, AccessKind.LOAD, va, size, pcKnown, pc);
      case 'S' -> add(batch, AccessKind.STORE, va, size, pcKnown, pc);
      case 'I' -> add(batch, AccessKind.FETCH, va, size, pcKnown, pc);
      default -> {
        add(batch, AccessKind.LOAD, va, size, pcKnown, pc);
        add(batch, AccessKind.STORE, va, size, pcKnown, pc);
      }
    }
    return true;
  }

  private static void add(
      ReferenceBatch batch, AccessKind kind, long va, int size, boolean pcKnown, long pc) {
    int descriptor = ReferenceBatch.descriptor(kind.ordinal(), size);
    if (pcKnown) {
      batch.add(va, descriptor, pc);
    } else {
      batch.add(va, descriptor);
    }
  }

  private void readHeader(int start) throws TraceException {
    int next = nextLine(start);
    String[] names = header(buffer, start, next - 1);
    Column[] found = new Column[names.length];
    Set<Column> seen = EnumSet.noneOf(Column.class);
    for (int i = 0; i < names.length; i++) {
      Column column = Column.ofLabel(names[i]);
      if (column == null) {
        throw flawOfLine(
            "'"
                + shortened(names[i])
                + "' is no column of a csv trace; the first line names them:"
                + " kind,va and, if one likes, size,pc,asid,core");
      }
      if (!seen.add(column)) {
        throw flawOfLine("the column '" + names[i] + "' stands twice in the header; name it once");
      }
      found[i] = column;
    }
    if (!seen.containsAll(REQUIRED)) {
      throw flawOfLine(
          "the header has no column "
              + (seen.contains(Column.KIND) ? "va" : "kind")
              + "; a csv trace needs at least kind,va");
    }
    columns = found;
    position = next;
  }

  private static String shortened(String name) {
    int most = 40;
    return name.length() <= most ? name : name.substring(0, most) + "...";
  }

  /** Moves to a field's content and notes whether it is quoted, and empty. */
  private int beginField(int from) {
    int p = skipBlanks(from);
    quoted = buffer[p] == '"';
    if (quoted) {
      p = skipBlanks(p + 1);
    }
    byte c = buffer[p];
    empty = c == ',' || c == '"' || isLineEnd(p);
    return p;
  }

  /** Moves behind a field's end, which is a comma, or for the last one the line's end. */
  private int endField(int start, int from, boolean last) throws TraceException {
    int p = skipBlanks(from);
    if (quoted) {
      if (buffer[p] != '"') {
        throw malformed(start, p, "the end of the field and a quotation mark");
      }
      p = skipBlanks(p + 1);
    }
    if (last) {
      if (!isLineEnd(p)) {
        throw malformed(start, p, "the end of the line after " + columns.length + " fields");
      }
      return nextLine(p);
    }
    if (buffer[p] != ',') {
      throw malformed(start, p, "a comma: the header names " + columns.length + " columns");
    }
    return p + 1;
  }

  /** An unsigned number of at most {@code max}; {@link #parsed} is the byte after it. */
  private long number(int start, int p, long max, String expected) throws TraceException {
    int digits = skipHexPrefix(p);
    long value;
    if (digits != p) {
      value = hex(digits);
      if (parsed == digits) {
        throw malformed(start, digits, expected);
      }
    } else {
      value = 0;
      int q = p;
      int digit;
      while ((digit = buffer[q] - '0') >= 0 && digit <= 9) {
        boolean overflows =
            Long.compareUnsigned(value, Long.divideUnsigned(-1L, 10)) > 0
                || Long.compareUnsigned(value * 10, -1L - digit) > 0;
        if (overflows) {
          throw malformed(start, p, expected);
        }
        value = value * 10 + digit;
        q++;
      }
      if (q == p) {
        throw malformed(start, p, expected);
      }
      parsed = q;
    }
    byte next = buffer[parsed];
    if (next != ',' && next != '"' && next != ' ' && next != '\t' && !isLineEnd(parsed)) {
      throw malformed(start, parsed, expected);
    }
    if (Long.compareUnsigned(value, max) > 0) {
      throw malformed(start, p, expected);
    }
    return value;
  }
}
