package io.lookaside.simulator.image;

import it.unimi.dsi.fastutil.Arrays;
import it.unimi.dsi.fastutil.longs.LongArrayList;

/**
 * Which ranges of physical memory stand where in a file: disjoint extents in ascending order.
 *
 * <p>Where parts of the file hold the same memory, the one that begins at the lower address counts,
 * and of those that begin together the one that stands later in the file.
 */
final class PhysicalExtents {
  /** Absent in {@link #offsetOf}. */
  static final long ABSENT = -1;

  private final long[] starts;
  private final long[] ends; // the first address after the extent
  private final long[] offsets;
  private final long bytes;

  private PhysicalExtents(long[] starts, long[] ends, long[] offsets) {
    this.starts = starts;
    this.ends = ends;
    this.offsets = offsets;
    long sum = 0;
    for (int i = 0; i < starts.length; i++) {
      sum += ends[i] - starts[i];
    }
    this.bytes = sum;
  }

  /** Collects extents in any order. */
  static final class Builder {
    private final LongArrayList starts = new LongArrayList();
    private final LongArrayList ends = new LongArrayList();
    private final LongArrayList offsets = new LongArrayList();
    private boolean ascending = true;

    /** Adds an extent of at least one byte; its end does not exceed 2^52. */
    void add(long start, long length, long offset) {
      int last = starts.size() - 1;
      if (last >= 0) {
        long end = ends.getLong(last);
        if (start == end && offset == offsets.getLong(last) + end - starts.getLong(last)) {
          ends.set(last, end + length);
          return;
        }
        ascending &= start >= end;
      }
      starts.add(start);
      ends.add(start + length);
      offsets.add(offset);
    }

    PhysicalExtents build() {
      long[] s = starts.toLongArray();
      long[] e = ends.toLongArray();
      long[] o = offsets.toLongArray();
      if (ascending) {
        return new PhysicalExtents(s, e, o);
      }
      Arrays.quickSort(
          0,
          s.length,
          (a, b) -> s[a] != s[b] ? Long.compare(s[a], s[b]) : Long.compare(o[b], o[a]),
          (a, b) -> {
            swap(s, a, b);
            swap(e, a, b);
            swap(o, a, b);
          });
      Builder disjoint = new Builder();
      long covered = 0;
      for (int i = 0; i < s.length; i++) {
        long start = Math.max(s[i], covered);
        if (start < e[i]) {
          disjoint.add(start, e[i] - start, o[i] + start - s[i]);
          covered = e[i];
        }
      }
      return disjoint.build();
    }

    private static void swap(long[] array, int a, int b) {
      long x = array[a];
      array[a] = array[b];
      array[b] = x;
    }
  }

  /** The number of extents. */
  int count() {
    return starts.length;
  }

  /** The address of an extent's first byte. */
  long start(int index) {
    return starts[index];
  }

  /** The first address after an extent. */
  long end(int index) {
    return ends[index];
  }

  /** The number of bytes in all of them. */
  long bytes() {
    return bytes;
  }

  /** The extent that holds the byte at {@code pa}, or {@link #ABSENT}. */
  int find(long pa) {
    int i = java.util.Arrays.binarySearch(starts, pa);
    if (i < 0) {
      i = -i - 2; // the last that begins before
    }
    return i >= 0 && pa < ends[i] ? i : (int) ABSENT;
  }

  /** Where in the file the byte at {@code pa} stands, given its extent. */
  long offsetOf(long pa, int extent) {
    return offsets[extent] + pa - starts[extent];
  }
}
