package io.lookaside.simulator.conform;

import io.lookaside.mmu.memory.TableMemory;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;

/** Physical memory of a few words, all others zero, that is emptied at little cost. */
final class SparseMemory implements TableMemory {
  /** Beyond this a table is not worth clearing. */
  private static final int KEPT_WORDS = 1 << 12;

  private Long2LongOpenHashMap words = new Long2LongOpenHashMap();

  @Override
  public long read(long pa) {
    return words.get(pa);
  }

  @Override
  public void write(long pa, long value) {
    words.put(pa, value);
  }

  /** The 32 bits at a multiple of 4. */
  int read32(long pa) {
    return (int) (read(pa & -Long.BYTES) >>> bitInWord(pa));
  }

  /** Writes the 32 bits at a multiple of 4. */
  void write32(long pa, int value) {
    long word = read(pa & -Long.BYTES);
    long mask = 0xffff_ffffL << bitInWord(pa);
    write(pa & -Long.BYTES, (word & ~mask) | (value & 0xffff_ffffL) << bitInWord(pa));
  }

  void clear() {
    if (words.size() > KEPT_WORDS) {
      words = new Long2LongOpenHashMap();
    } else {
      words.clear();
    }
  }

  private static int bitInWord(long pa) {
    return (int) (pa & 4) << 3;
  }
}
