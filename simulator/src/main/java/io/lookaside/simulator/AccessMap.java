package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.traces.ReferenceBatch;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * How often addresses are accessed over time: a matrix of bounded size, whatever the length of the
 * trace and the spread of its addresses.
 */
final class AccessMap {
  /*
   * The matrix adapts to what comes. A row is a chunk of addresses, at first a page; when there are
   * too many, chunks double. A column is a number of references; when the columns are full, pairs of
   * them are added up and the number doubles. So what is kept at the end depends on the references
   * alone. At last neighbouring chunks are put together to bands for the eye: a run of chunks without
   * a gap gets bands by its share of all chunks, and one at least.
   */

  /** Columns of the result, at most. */
  static final int COLUMNS = 128;

  /** Chunks that are told apart, at most. */
  static final int CHUNKS = 1024;

  /** Bands of the result, at most, but for one for each process. */
  static final int BANDS = 64;

  /** Processes that are told apart; all later ones count as the last. */
  static final int PROCESSES = 256;

  private static final int FIRST_REFERENCES_PER_COLUMN = 256;
  private static final int ADDRESS_BITS = 52;
  private static final long ADDRESS = (1L << ADDRESS_BITS) - 1;
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final int NONE = -1;

  /** By process and chunk its row in {@link #counts}. */
  private final Long2IntOpenHashMap rows = new Long2IntOpenHashMap();

  private long[] counts = new long[CHUNKS * COLUMNS];
  private int chunkShift = PAGE_SHIFT;
  private long referencesPerColumn = FIRST_REFERENCES_PER_COLUMN;
  private long references;
  private long lastKey = -1;
  private int lastRow;

  AccessMap() {
    rows.defaultReturnValue(NONE);
  }

  /** Forgets everything: the end of the warm-up. */
  void clear() {
    rows.clear();
    Arrays.fill(counts, 0);
    chunkShift = PAGE_SHIFT;
    referencesPerColumn = FIRST_REFERENCES_PER_COLUMN;
    references = 0;
    lastKey = -1;
  }

  /** Counts references {@code from} to {@code to} - 1 of a slice of a process. */
  void add(int process, ReferenceBatch batch, int from, int to) {
    long owner = (long) Math.min(process, PROCESSES - 1) << ADDRESS_BITS;
    for (int i = from; i < to; i++) {
      long column = references++ / referencesPerColumn;
      if (column == COLUMNS) {
        fold();
        column = COLUMNS / 2;
      }
      long key = owner | (batch.address(i) >>> chunkShift & ADDRESS);
      if (key != lastKey) {
        lastRow = row(owner, batch.address(i));
        lastKey = owner | (batch.address(i) >>> chunkShift & ADDRESS); // chunks may have doubled
      }
      counts[lastRow * COLUMNS + (int) column]++;
    }
  }

  private int row(long owner, long address) {
    int row = rows.get(owner | (address >>> chunkShift & ADDRESS));
    if (row != NONE) {
      return row;
    }
    while (rows.size() == CHUNKS) {
      coarsen();
    }
    // The chunk may be there by now.
    long key = owner | (address >>> chunkShift & ADDRESS);
    row = rows.get(key);
    if (row == NONE) {
      row = rows.size();
      rows.put(key, row);
    }
    return row;
  }

  /** Adds up pairs of columns. */
  private void fold() {
    for (int row = 0; row < rows.size(); row++) {
      int base = row * COLUMNS;
      for (int i = 0; i < COLUMNS / 2; i++) {
        counts[base + i] = counts[base + 2 * i] + counts[base + 2 * i + 1];
      }
      Arrays.fill(counts, base + COLUMNS / 2, base + COLUMNS, 0);
    }
    referencesPerColumn *= 2;
  }

  /** Doubles the chunks. */
  private void coarsen() {
    long[] keys = sortedKeys();
    long[] old = counts;
    counts = new long[CHUNKS * COLUMNS];
    Long2IntOpenHashMap before = new Long2IntOpenHashMap(rows);
    rows.clear();
    chunkShift++;
    for (long key : keys) {
      long wider = (key & ~ADDRESS) | (key & ADDRESS) >>> 1;
      int row = rows.get(wider);
      if (row == NONE) {
        row = rows.size();
        rows.put(wider, row);
      }
      int from = before.get(key) * COLUMNS;
      for (int i = 0; i < COLUMNS; i++) {
        counts[row * COLUMNS + i] += old[from + i];
      }
    }
  }

  private long[] sortedKeys() {
    long[] keys = rows.keySet().toLongArray();
    Arrays.sort(keys); // by process, then by address
    return keys;
  }

  /** What was counted. */
  AccessHeatmap result() {
    long[] keys = sortedKeys();
    // Runs of chunks without a gap; then the nearest runs become one, until they are few enough.
    List<int[]> runs = new ArrayList<>();
    for (int i = 0; i < keys.length; i++) {
      if (i > 0 && keys[i] - keys[i - 1] == 1) {
        runs.get(runs.size() - 1)[1] = i;
      } else {
        runs.add(new int[] {i, i});
      }
    }
    while (runs.size() > BANDS / 2) {
      int nearest = nearest(runs, keys);
      if (nearest < 0) {
        break; // each is another process's
      }
      runs.get(nearest)[1] = runs.remove(nearest + 1)[1];
    }
    List<AccessHeatmap.Band> bands = new ArrayList<>();
    int spare = Math.max(0, BANDS - runs.size());
    int columns = (int) ((references + referencesPerColumn - 1) / referencesPerColumn);
    for (int[] run : runs) {
      int chunks = run[1] - run[0] + 1;
      int parts = Math.min(chunks, 1 + (int) ((long) spare * chunks / keys.length));
      for (int part = 0; part < parts; part++) {
        int first = run[0] + (int) ((long) chunks * part / parts);
        int last = run[0] + (int) ((long) chunks * (part + 1) / parts) - 1;
        bands.add(band(keys, first, last, columns));
      }
    }
    return new AccessHeatmap(referencesPerColumn, columns, bands);
  }

  /** The run that is nearest to the one after it, of the same process; -1 if there is none. */
  private static int nearest(List<int[]> runs, long[] keys) {
    int nearest = -1;
    long least = Long.MAX_VALUE;
    for (int i = 0; i + 1 < runs.size(); i++) {
      long end = keys[runs.get(i)[1]];
      long begin = keys[runs.get(i + 1)[0]];
      if (end >>> ADDRESS_BITS == begin >>> ADDRESS_BITS && begin - end < least) {
        least = begin - end;
        nearest = i;
      }
    }
    return nearest;
  }

  private AccessHeatmap.Band band(long[] keys, int first, int last, int columns) {
    List<Long> accesses = new ArrayList<>();
    for (int column = 0; column < columns; column++) {
      long sum = 0;
      for (int i = first; i <= last; i++) {
        sum += counts[rows.get(keys[i]) * COLUMNS + column];
      }
      accesses.add(sum);
    }
    return new AccessHeatmap.Band(
        (int) (keys[first] >>> ADDRESS_BITS),
        (keys[first] & ADDRESS) << chunkShift,
        ((keys[last] & ADDRESS) << chunkShift) + (1L << chunkShift) - 1,
        accesses);
  }
}
