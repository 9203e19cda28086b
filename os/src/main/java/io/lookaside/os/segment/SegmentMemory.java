package io.lookaside.os.segment;

import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import java.util.Map;
import java.util.TreeMap;
import org.jspecify.annotations.Nullable;

/**
 * Physical memory that is given out in segments of any size, each contiguous. What is free lies in
 * holes between them; neighbouring holes are one. A request that no hole can hold fails, however
 * much is free in all, unless compaction moves the segments together first.
 */
public final class SegmentMemory {
  /** What {@link #allocate} returns when nothing is large enough. */
  public static final long REFUSED = -1;

  private record Segment(int id, long bytes) {}

  private final long bytes;
  private final Fit fit;
  private final long granule;
  private final boolean compacting;
  private final long bytesPerCycle;

  /** Holes by start. */
  private final TreeMap<Long, Long> holes = new TreeMap<>();

  /** Segments by start. */
  private final TreeMap<Long, Segment> segments = new TreeMap<>();

  private final Int2LongOpenHashMap starts = new Int2LongOpenHashMap();
  private final Int2LongOpenHashMap sizes = new Int2LongOpenHashMap();
  private long nextFrom;
  private long freeBytes;
  private long requestedBytes;
  private long compactions;
  private long movedBytes;
  private long searched;

  /**
   * Memory that is one hole.
   *
   * @param granule sizes are rounded up to a multiple of this; 1 for none
   * @param compacting whether a request that fits in no hole moves all segments together
   * @param bytesPerCycle speed of swapping a segment out, and again of swapping it in
   */
  public SegmentMemory(long bytes, Fit fit, long granule, boolean compacting, long bytesPerCycle) {
    this.bytes = bytes;
    this.fit = fit;
    this.granule = granule;
    this.compacting = compacting;
    this.bytesPerCycle = bytesPerCycle;
    this.freeBytes = bytes;
    holes.put(0L, bytes);
    starts.defaultReturnValue(REFUSED);
  }

  /** Bytes in all holes. */
  public long freeBytes() {
    return freeBytes;
  }

  /** Bytes that rounding adds to what was asked for: internal fragmentation. */
  public long internalFragmentation() {
    return bytes - freeBytes - requestedBytes;
  }

  /** The size of the largest hole. */
  public long largestHole() {
    return holes.values().stream().mapToLong(Long::longValue).max().orElse(0);
  }

  /** The number of holes. */
  public int holes() {
    return holes.size();
  }

  /** The share of free memory that is outside the largest hole, 0 to 1. */
  public double externalFragmentation() {
    return freeBytes == 0 ? 0 : 1 - (double) largestHole() / freeBytes;
  }

  /** How often segments were moved together. */
  public long compactions() {
    return compactions;
  }

  /** Bytes that compaction has moved. */
  public long movedBytes() {
    return movedBytes;
  }

  /** What compaction has cost: each moved byte is swapped out and in. */
  public long compactionCycles() {
    return 2 * movedBytes / bytesPerCycle;
  }

  /** Holes that were looked at in all searches. */
  public long holesSearched() {
    return searched;
  }

  /** Where a segment begins, or {@link #REFUSED} if there is none of that number. */
  public long start(int id) {
    return starts.get(id);
  }

  /**
   * Places a segment.
   *
   * @param id a number that no living segment has
   * @param size in bytes, more than 0
   * @return its start, or {@link #REFUSED}
   */
  public long allocate(int id, long size) {
    if (size <= 0 || starts.containsKey(id)) {
      throw new IllegalArgumentException("segment " + id + " of " + size + " bytes");
    }
    long rounded = (size + granule - 1) / granule * granule;
    Map.@Nullable Entry<Long, Long> hole = find(rounded);
    if (hole == null && compacting && freeBytes >= rounded) {
      compact();
      hole = find(rounded);
    }
    if (hole == null) {
      return REFUSED;
    }
    long start = hole.getKey();
    long rest = hole.getValue() - rounded;
    holes.remove(start);
    if (rest > 0) {
      holes.put(start + rounded, rest);
    }
    segments.put(start, new Segment(id, rounded));
    starts.put(id, start);
    sizes.put(id, size);
    nextFrom = start + rounded;
    freeBytes -= rounded;
    requestedBytes += size;
    return start;
  }

  private Map.@Nullable Entry<Long, Long> find(long size) {
    Map.Entry<Long, Long> chosen = null;
    Iterable<Map.Entry<Long, Long>> order = holes.entrySet();
    if (fit == Fit.NEXT) {
      for (Map.Entry<Long, Long> hole : holes.tailMap(nextFrom, true).entrySet()) {
        searched++;
        if (hole.getValue() >= size) {
          return hole;
        }
      }
      order = holes.headMap(nextFrom, false).entrySet();
    }
    for (Map.Entry<Long, Long> hole : order) {
      searched++;
      long has = hole.getValue();
      if (has < size) {
        continue;
      }
      if (fit == Fit.FIRST || fit == Fit.NEXT) {
        return hole;
      }
      boolean better =
          chosen == null || (fit == Fit.BEST ? has < chosen.getValue() : has > chosen.getValue());
      if (better) {
        chosen = hole;
      }
    }
    return chosen;
  }

  /** Takes a segment away; its place merges with the holes beside it. */
  public void free(int id) {
    long start = starts.remove(id);
    if (start == REFUSED) {
      throw new IllegalArgumentException("there is no segment " + id);
    }
    Segment segment = segments.remove(start);
    if (segment == null) {
      throw new IllegalStateException("segment " + id + " is nowhere");
    }
    freeBytes += segment.bytes;
    requestedBytes -= sizes.remove(id);
    long from = start;
    long size = segment.bytes;
    Map.Entry<Long, Long> below = holes.lowerEntry(start);
    if (below != null && below.getKey() + below.getValue() == start) {
      from = below.getKey();
      size += below.getValue();
    }
    Long above = holes.remove(start + segment.bytes);
    if (above != null) {
      size += above;
    }
    holes.put(from, size);
  }

  /** Moves all segments to the bottom, in their order, so that one hole is left at the top. */
  public void compact() {
    compactions++;
    long at = 0;
    TreeMap<Long, Segment> moved = new TreeMap<>();
    for (Map.Entry<Long, Segment> entry : segments.entrySet()) {
      Segment segment = entry.getValue();
      if (entry.getKey() != at) {
        movedBytes += segment.bytes;
      }
      moved.put(at, segment);
      starts.put(segment.id, at);
      at += segment.bytes;
    }
    segments.clear();
    segments.putAll(moved);
    holes.clear();
    if (at < bytes) {
      holes.put(at, bytes - at);
    }
    nextFrom = at;
  }
}
