package io.lookaside.os.malloc;

import io.lookaside.mmu.assoc.SeededRandom;
import java.io.BufferedReader;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * A recorded or generated sequence of allocator calls and touches. As text one call a line: {@code
 * m ID SIZE} (malloc), {@code c ID COUNT EACH} (calloc), {@code r ID SIZE} (realloc), {@code f ID}
 * (free), {@code t ID OFFSET BYTES} (write a range), {@code l ID OFFSET BYTES} (read a range);
 * empty lines and such as begin with {@code #} are passed over.
 */
public final class MallocTrace {
  /** What a call does. */
  public enum Kind {
    MALLOC('m', 2),
    CALLOC('c', 3),
    REALLOC('r', 2),
    FREE('f', 1),
    WRITE('t', 3),
    READ('l', 3);

    private final char letter;
    private final int numbers;

    Kind(char letter, int numbers) {
      this.letter = letter;
      this.numbers = numbers;
    }
  }

  /**
   * A call.
   *
   * @param id names the allocation, from 0 to {@link #MAX_ID}
   * @param first size, count or offset
   * @param second bytes each, or bytes of the range
   */
  public record Call(Kind kind, int id, long first, long second) {}

  /** The largest number that names an allocation. */
  public static final int MAX_ID = 10_000_000;

  private final List<Call> calls;

  /** A sequence of calls. */
  public MallocTrace(List<Call> calls) {
    this.calls = List.copyOf(calls);
  }

  /** The calls in order. */
  public List<Call> calls() {
    return calls;
  }

  /**
   * Reads a trace.
   *
   * @param name what messages call it
   * @throws MallocTraceException if a line is no call, with its number
   */
  public static MallocTrace read(BufferedReader reader, String name) throws IOException {
    List<Call> calls = new ArrayList<>();
    int number = 0;
    for (String line = reader.readLine(); line != null; line = reader.readLine()) {
      number++;
      String text = line.strip();
      if (!text.isEmpty() && !text.startsWith("#")) {
        calls.add(call(text, name, number));
      }
    }
    return new MallocTrace(calls);
  }

  /** Writes the calls as text, which {@link #read} reads. */
  public void write(Appendable to) throws IOException {
    for (Call call : calls) {
      to.append(call.kind().letter).append(' ').append(String.valueOf(call.id()));
      if (call.kind().numbers > 1) {
        to.append(' ').append(String.valueOf(call.first()));
      }
      if (call.kind().numbers > 2) {
        to.append(' ').append(String.valueOf(call.second()));
      }
      to.append('\n');
    }
  }

  private static Call call(String line, String name, int number) {
    String[] words = line.split("\\s+", -1);
    for (Kind kind : Kind.values()) {
      if (words[0].length() == 1 && words[0].charAt(0) == kind.letter) {
        if (words.length != kind.numbers + 1) {
          throw new MallocTraceException(
              name, number, "'" + kind.letter + "' takes " + kind.numbers + " numbers");
        }
        long[] values = new long[3];
        for (int i = 0; i < kind.numbers; i++) {
          if (!words[i + 1].matches("\\d{1,18}")) {
            throw new MallocTraceException(
                name, number, "'" + words[i + 1] + "' is not a number of at most 18 digits");
          }
          values[i] = Long.parseLong(words[i + 1]);
        }
        if (values[0] > MAX_ID) {
          throw new MallocTraceException(
              name, number, "allocation " + values[0] + " is above " + MAX_ID);
        }
        return new Call(kind, (int) values[0], values[1], values[2]);
      }
    }
    throw new MallocTraceException(
        name, number, "expected m, c, r, f, t or l and its numbers, as in 'm 1 4096'");
  }

  /**
   * A seeded random program: allocations of mostly small sizes, each written in full, about half of
   * them alive at a time.
   *
   * @param count how many allocations it makes
   */
  public static MallocTrace generate(long seed, int count) {
    SeededRandom random = new SeededRandom(seed);
    List<Call> calls = new ArrayList<>();
    List<Integer> live = new ArrayList<>();
    for (int id = 0; id < count; id++) {
      int draw = random.nextInt(100);
      long bytes;
      if (draw < 80) {
        bytes = 16L + random.nextInt(496);
      } else if (draw < 97) {
        bytes = 512L + random.nextInt(16_000);
      } else {
        bytes = 100_000L + random.nextInt(900_000);
      }
      calls.add(new Call(Kind.MALLOC, id, bytes, 0));
      calls.add(new Call(Kind.WRITE, id, 0, bytes));
      live.add(id);
      if (live.size() > count / 2 || random.nextInt(3) == 0) {
        int at = random.nextInt(live.size());
        calls.add(new Call(Kind.FREE, live.get(at), 0, 0));
        live.set(at, live.get(live.size() - 1));
        live.remove(live.size() - 1);
      }
    }
    return new MallocTrace(calls);
  }
}
