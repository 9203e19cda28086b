package io.lookaside.timing;

import static java.util.Objects.requireNonNull;

import java.util.HashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/** How long caches and DRAM take by docs/model/timing.md, for the slow models. */
final class SlowMemory {
  private static final int FETCH = 2;

  private final Latencies latencies;
  private final MemoryConfig memory;

  /** By bank: the cycle from which it is free. */
  private final Map<Integer, Long> bankFree = new HashMap<>();

  SlowMemory(Latencies latencies, MemoryConfig memory) {
    this.latencies = latencies;
    this.memory = memory;
  }

  /** When the read of a table entry is over that begins in {@code now}, or waits for its bank. */
  long read(int served, long now) {
    return bank(served, now) + cycles(served, memory.l1d(), memory.fixedLatencyCycles());
  }

  /** When an access of a kind is over whose data are asked for in {@code now}. */
  long access(int served, int kind, long now) {
    return bank(served, now) + dataCycles(served, kind);
  }

  int dataCycles(int served, int kind) {
    int whole = cycles(served, kind == FETCH ? memory.l1i() : memory.l1d(), 0);
    return memory.parallelLookup() ? Math.max(0, whole - lookupCycles(kind)) : whole;
  }

  /** What the look-up in the first-level TLB of a kind takes. */
  int lookupCycles(int kind) {
    return kind == FETCH ? latencies.l1iCycles() : latencies.l1dCycles();
  }

  /** What of a fetch is hidden: the time of a hit in the first level. */
  int hiddenFetch() {
    return dataCycles(memory.cached() ? Served.L1 : Served.UNCACHED, FETCH);
  }

  static boolean isDram(int served) {
    int place = Served.place(served);
    return place == Served.DRAM_ROW_HIT || place == Served.DRAM_ROW_MISS;
  }

  private long bank(int served, long now) {
    if (!isDram(served)) {
      return now;
    }
    DramConfig dram = requireNonNull(memory.dram());
    boolean opens = Served.place(served) == Served.DRAM_ROW_MISS;
    int opening = opens ? dram.rowMissCycles() - dram.rowHitCycles() : 0;
    long start = Math.max(now, bankFree.getOrDefault(Served.bank(served), 0L));
    bankFree.put(Served.bank(served), start + dram.burstCycles() + opening);
    return start;
  }

  private int cycles(int served, @Nullable CacheConfig first, int uncached) {
    return switch (Served.place(served)) {
      case Served.L1 -> requireNonNull(first).latencyCycles();
      case Served.L2 -> requireNonNull(memory.l2()).latencyCycles();
      case Served.LAST_LEVEL -> requireNonNull(memory.llc()).latencyCycles();
      case Served.DRAM_ROW_HIT -> requireNonNull(memory.dram()).rowHitCycles();
      case Served.DRAM_ROW_MISS -> requireNonNull(memory.dram()).rowMissCycles();
      default -> uncached;
    };
  }
}
