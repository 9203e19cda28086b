package io.lookaside.simulator;

import io.lookaside.mmu.stats.Counters;
import io.lookaside.simulator.MissRanking.Cost;
import io.lookaside.simulator.config.MachineConfig;
import it.unimi.dsi.fastutil.ints.IntArrays;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * Counts by key and process, of a bounded number of keys.
 *
 * <p>Up to its capacity it is exact. When it is full, the half of the keys with the least cost is
 * forgotten (their counts stay in the total), so that what turns up late can still be found. A key
 * may have been forgotten before, so its counts may then be too low: at each time by no more than
 * the highest that was forgotten, and the sum of these is {@link #undercount}.
 */
final class MissTable {
  private static final int METRICS = MissMetric.values().length;

  /** The metrics and, after them, cycles that a clock has shown. */
  static final int COLUMNS = METRICS + 1;

  private static final int MISSES = MissMetric.MISSES.ordinal();
  private static final int WALKS = MissMetric.WALKS.ordinal();
  private static final int ALL_WALKS = MissMetric.ALL_WALKS.ordinal();
  private static final int READS = MissMetric.MEMORY_READS.ordinal();
  private static final int ABSENT = -1;

  private final int capacity;
  private final boolean timed;
  private final int missCycles;
  private final int walkCycles;
  private final int readCycles;

  /** By process: the row of each key. */
  private final List<Long2IntOpenHashMap> rows = new ArrayList<>();

  // By row.
  private long[] keys = new long[16];
  private int[] processes = new int[16];
  private long[] counts = new long[16 * COLUMNS];
  private long[] firsts = new long[16];
  private long[] lasts = new long[16];
  private int size;

  private final long[] total = new long[COLUMNS];
  private final long[] undercount = new long[COLUMNS];

  /** An empty table of at most {@code capacity} keys, 2 or more. */
  MissTable(MachineConfig machine, int capacity) {
    this(machine, capacity, false);
  }

  /**
   * An empty table.
   *
   * @param timed whether the cycles of a key are those that are added with it, and not those that
   *     follow from its counts
   */
  MissTable(MachineConfig machine, int capacity, boolean timed) {
    this.timed = timed;
    this.capacity = capacity;
    this.missCycles = machine.tlb().stlb().latencyCycles();
    this.walkCycles = machine.walker().structureCacheLatencyCycles();
    this.readCycles = machine.memoryLatencyCycles();
  }

  /**
   * Adds to a key's counts.
   *
   * @param address widens the range of addresses that the key was met with
   * @param recipe what happened, by metric, and where a clock runs the cycles
   */
  void add(int process, long key, long address, long[] recipe) {
    int row = row(process, key, address);
    for (int m = 0; m < recipe.length; m++) {
      counts[row * COLUMNS + m] += recipe[m];
      total[m] += recipe[m];
    }
    if (Long.compareUnsigned(address, firsts[row]) < 0) {
      firsts[row] = address;
    }
    if (Long.compareUnsigned(address, lasts[row]) > 0) {
      lasts[row] = address;
    }
  }

  /** Forgets everything. */
  void clear() {
    rows.clear();
    size = 0;
    Arrays.fill(total, 0);
    Arrays.fill(undercount, 0);
  }

  private int row(int process, long key, long address) {
    Long2IntOpenHashMap map = rowsOf(process);
    int row = map.get(key);
    if (row != ABSENT) {
      return row;
    }
    if (size == capacity) {
      forgetHalf();
    }
    if (size == keys.length) {
      int more = Math.min(capacity, 2 * size);
      keys = Arrays.copyOf(keys, more);
      processes = Arrays.copyOf(processes, more);
      counts = Arrays.copyOf(counts, more * COLUMNS);
      firsts = Arrays.copyOf(firsts, more);
      lasts = Arrays.copyOf(lasts, more);
    }
    row = size++;
    keys[row] = key;
    processes[row] = process;
    Arrays.fill(counts, row * COLUMNS, (row + 1) * COLUMNS, 0);
    firsts[row] = address;
    lasts[row] = address;
    map.put(key, row);
    return row;
  }

  private Long2IntOpenHashMap rowsOf(int process) {
    while (rows.size() <= process) {
      Long2IntOpenHashMap map = new Long2IntOpenHashMap();
      map.defaultReturnValue(ABSENT);
      rows.add(map);
    }
    return rows.get(process);
  }

  private void forgetHalf() {
    int[] order = costliestFirst();
    int keep = capacity / 2;
    long[] most = new long[COLUMNS];
    for (int i = keep; i < size; i++) {
      int row = order[i];
      for (int m = 0; m < COLUMNS; m++) {
        most[m] = Math.max(most[m], counts[row * COLUMNS + m]);
      }
      rowsOf(processes[row]).remove(keys[row]);
    }
    for (int m = 0; m < COLUMNS; m++) {
      undercount[m] += most[m];
    }
    int[] kept = Arrays.copyOf(order, keep);
    Arrays.sort(kept); // so that no row is overwritten before it is moved
    for (int to = 0; to < keep; to++) {
      int from = kept[to];
      keys[to] = keys[from];
      processes[to] = processes[from];
      System.arraycopy(counts, from * COLUMNS, counts, to * COLUMNS, COLUMNS);
      firsts[to] = firsts[from];
      lasts[to] = lasts[from];
      rowsOf(processes[to]).put(keys[to], to);
    }
    size = keep;
  }

  /** The rows in descending order of cycles, then walks and misses; then by process and key. */
  int[] costliestFirst() {
    int[] order = new int[size];
    Arrays.setAll(order, i -> i);
    IntArrays.quickSort(order, this::compareCost);
    return order;
  }

  private int compareCost(int a, int b) {
    int c = Long.compare(cycles(b), cycles(a));
    c = c != 0 ? c : Long.compare(count(b, WALKS), count(a, WALKS));
    c = c != 0 ? c : Long.compare(count(b, MISSES), count(a, MISSES));
    return c != 0 ? c : comparePlace(a, b);
  }

  /** The rows by process and, in each, by key as an unsigned number. */
  int[] inOrderOfPlace() {
    int[] order = new int[size];
    Arrays.setAll(order, i -> i);
    IntArrays.quickSort(order, this::comparePlace);
    return order;
  }

  private int comparePlace(int a, int b) {
    int c = Integer.compare(processes[a], processes[b]);
    return c != 0 ? c : Long.compareUnsigned(keys[a], keys[b]);
  }

  private long count(int row, int metric) {
    return counts[row * COLUMNS + metric];
  }

  private long cycles(int row) {
    return cycles(counts, row * COLUMNS);
  }

  private long cycles(long[] values, int at) {
    if (timed) {
      return values[at + METRICS];
    }
    return values[at + MISSES] * missCycles
        + values[at + ALL_WALKS] * walkCycles
        + values[at + READS] * readCycles;
  }

  int size() {
    return size;
  }

  long key(int row) {
    return keys[row];
  }

  int process(int row) {
    return processes[row];
  }

  /** The lowest address that the key was met with. */
  long first(int row) {
    return firsts[row];
  }

  /** The highest address that the key was met with. */
  long last(int row) {
    return lasts[row];
  }

  Cost cost(int row) {
    return cost(Arrays.copyOfRange(counts, row * COLUMNS, (row + 1) * COLUMNS));
  }

  /** All that was added. */
  Cost total() {
    return cost(total);
  }

  /** The most by which a key's counts may be too low. */
  Cost undercount() {
    return cost(undercount);
  }

  /** What something cost that is no key of this table. */
  Cost cost(long[] values) {
    Counters<MissMetric> c = new Counters<>(MissMetric.class);
    System.arraycopy(values, 0, c.values(), 0, METRICS);
    return new Cost(c.snapshot(), cycles(values, 0));
  }

  static Cost sum(List<Cost> costs) {
    Counters<MissMetric> c = new Counters<>(MissMetric.class);
    long cycles = 0;
    for (Cost cost : costs) {
      for (MissMetric metric : MissMetric.values()) {
        c.add(metric, cost.counts().get(metric));
      }
      cycles += cost.cycles();
    }
    return new Cost(c.snapshot(), cycles);
  }
}
