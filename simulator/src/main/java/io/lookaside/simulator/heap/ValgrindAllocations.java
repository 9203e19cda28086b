package io.lookaside.simulator.heap;

import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * Turns what valgrind prints with {@code --trace-malloc=yes} into the lines of a {@link
 * io.lookaside.os.malloc.MallocTrace}: addresses become numbers of allocations.
 *
 * <p>An aligned allocation is taken for a plain one of its size. Of what a forked child prints
 * nothing is taken: the first process alone.
 */
public final class ValgrindAllocations {
  private static final Pattern LINE = Pattern.compile("--(\\d+)-- (.*)");
  private static final Pattern MADE =
      Pattern.compile(
          "(?:malloc|_Znwm|_Znam|operator new\\S*)\\((?:size )?(\\d+)\\) = 0x(\\p{XDigit}+)");
  private static final Pattern ALIGNED =
      Pattern.compile("memalign\\(al \\d+, size (\\d+)\\) = 0x(\\p{XDigit}+)");
  private static final Pattern CALLOC =
      Pattern.compile("calloc\\((\\d+),(\\d+)\\) = 0x(\\p{XDigit}+)");
  private static final Pattern REALLOC =
      Pattern.compile("realloc\\(0x(\\p{XDigit}+),(\\d+)\\) = 0x(\\p{XDigit}+)");
  private static final Pattern FREE =
      Pattern.compile("(?:free|_ZdlPv\\w*|_ZdaPv\\w*)\\(0x(\\p{XDigit}+)\\)");

  private final Long2IntOpenHashMap ids = new Long2IntOpenHashMap();
  private int next;
  private long taken;

  /** Reads a log to its end and appends a line for each call. Returns how many there were. */
  public long convert(BufferedReader log, Appendable to) throws IOException {
    ids.defaultReturnValue(-1);
    String first = null;
    for (String line = log.readLine(); line != null; line = log.readLine()) {
      Matcher m = LINE.matcher(line);
      if (!m.matches()) {
        continue;
      }
      if (first == null) {
        first = m.group(1);
      }
      if (m.group(1).equals(first)) {
        call(m.group(2), to);
      }
    }
    return taken;
  }

  private void call(String text, Appendable to) throws IOException {
    Matcher m = REALLOC.matcher(text);
    if (m.find()) {
      long old = address(m.group(1));
      int id = ids.remove(old);
      if (id >= 0) {
        ids.put(address(m.group(3)), id);
        line(to, "r " + id + " " + m.group(2));
      }
      return;
    }
    m = CALLOC.matcher(text);
    if (m.find()) {
      line(to, "c " + made(m.group(3)) + " " + m.group(1) + " " + m.group(2));
      return;
    }
    m = ALIGNED.matcher(text);
    if (m.find()) {
      line(to, "m " + made(m.group(2)) + " " + m.group(1));
      return;
    }
    // realloc of nothing prints "realloc(0x0,N)malloc(N) = ..." and realloc to nothing a free.
    m = MADE.matcher(text);
    if (m.find()) {
      line(to, "m " + made(m.group(2)) + " " + m.group(1));
      return;
    }
    m = FREE.matcher(text);
    if (m.find()) {
      int id = ids.remove(address(m.group(1)));
      if (id >= 0) {
        line(to, "f " + id);
      }
    }
  }

  private int made(String address) {
    int id = next++;
    ids.put(address(address), id);
    return id;
  }

  private void line(Appendable to, String text) throws IOException {
    taken++;
    to.append(text).append('\n');
  }

  private static long address(String hex) {
    return Long.parseUnsignedLong(hex, 16);
  }
}
