package io.lookaside.simulator.curve;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.traces.TraceFormat;
import org.jspecify.annotations.Nullable;

/**
 * What a curve is made of.
 *
 * @param trace a path, or {@code -} for standard input
 * @param format the trace's format, or {@code null} to detect it
 * @param side the accesses that are looked up
 * @param pageSize the size of all pages
 * @param maxSets the largest number of sets, a power of two
 * @param maxWays the largest number of ways
 * @param skip references that are passed over first
 * @param maxReferences the most references after those
 * @param behind the machine whose first-level misses are looked up, or {@code null} for all
 *     accesses
 * @param cache whether to keep the compacted trace beside it, and to use what is kept
 */
public record CurveOptions(
    String trace,
    @Nullable TraceFormat format,
    Side side,
    PageSize pageSize,
    int maxSets,
    int maxWays,
    long skip,
    long maxReferences,
    @Nullable MachineConfig behind,
    boolean cache) {
  /** The most sets that can be asked for. */
  public static final int MAX_SETS = 1 << 16;

  /** The most ways that can be asked for; the cost of a look-up grows with them. */
  public static final int MAX_WAYS = 1 << 8;

  /** Which accesses are looked up. */
  public enum Side {
    /** Loads and stores. */
    DATA("data"),
    /** Instruction fetches. */
    FETCH("fetch"),
    /** Both, in one structure. */
    ALL("all");

    private final String label;

    Side(String label) {
      this.label = label;
    }

    /** The name on the command line and in results. */
    public String label() {
      return label;
    }
  }
}
