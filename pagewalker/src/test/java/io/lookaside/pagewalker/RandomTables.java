package io.lookaside.pagewalker;

import io.lookaside.mmu.memory.PhysicalMemory;
import java.util.ArrayList;
import java.util.List;
import java.util.SplittableRandom;

/** Random page tables, written alike to physical memory and to a reference. */
final class RandomTables {
  private static final int TABLES_PER_LEVEL = 2;
  private static final int[] INDICES = {0, 1, 255, 256, 511};

  /** Address of the first table: PML4s here, then PDPTs, PDs and PTs. */
  static final long FIRST_TABLE = 0x1000;

  private final SplittableRandom random;
  private final PhysicalMemory memory;
  private final ReferenceWalker reference;
  private final boolean noExecute;

  /** The addresses of all entries that were written. */
  final List<Long> entries = new ArrayList<>();

  RandomTables(
      SplittableRandom random,
      PhysicalMemory memory,
      ReferenceWalker reference,
      boolean noExecute) {
    this.random = random;
    this.memory = memory;
    this.reference = reference;
    this.noExecute = noExecute;
    for (int level = 0; level < 4; level++) {
      for (int table = 0; table < TABLES_PER_LEVEL; table++) {
        for (int index : INDICES) {
          entries.add(table(level, table) + 8L * index);
        }
      }
    }
    entries.forEach(this::rewrite);
  }

  private static long table(int level, int number) {
    return FIRST_TABLE + 0x1000L * (level * TABLES_PER_LEVEL + number);
  }

  long root() {
    return table(0, random.nextInt(TABLES_PER_LEVEL));
  }

  long address() {
    long va = random.nextInt(4096);
    for (int shift : new int[] {12, 21, 30, 39}) {
      va |= (long) INDICES[random.nextInt(INDICES.length)] << shift;
    }
    return (va & 1L << 47) == 0 ? va : va | ReferenceWalker.bits(63, 48);
  }

  /** Gives one of the entries a new random value. */
  void rewriteOne() {
    rewrite(entries.get(random.nextInt(entries.size())));
  }

  private void rewrite(long address) {
    int level = (int) ((address - FIRST_TABLE) >>> 12) / TABLES_PER_LEVEL;
    long entry = randomEntry(level);
    memory.write(address, entry);
    reference.memory.put(address, entry);
  }

  private boolean chance(int percent) {
    return random.nextInt(100) < percent;
  }

  private long randomEntry(int level) {
    if (chance(8)) {
      return random.nextLong() & ~1L;
    }
    int maximum = reference.physicalAddressBits;
    long low = ReferenceWalker.bits(maximum - 1, 12);
    // PWT, PCD, A, D, G and the ignored bits at random.
    long entry = random.nextLong() & 0x7ff0_0000_0000_0f78L;
    entry |= 1;
    entry |= chance(85) ? 1 << 1 : 0;
    entry |= chance(80) ? 1 << 2 : 0;
    entry |= chance(noExecute ? 15 : 2) ? 1L << 63 : 0;
    boolean large = (level == 1 || level == 2) && chance(25);
    if (level == 3) {
      entry |= random.nextLong() & (low | 1 << 7);
    } else if (large) {
      int shift = level == 1 ? 30 : 21;
      entry |= 1 << 7;
      entry |= random.nextLong() & (1 << 12 | ReferenceWalker.bits(maximum - 1, shift));
      if (chance(6)) {
        entry |= 1L << (13 + random.nextInt(shift - 13));
      }
    } else if (chance(5)) {
      entry |= random.nextLong() & low; // a table somewhere, with no entries present
    } else {
      entry |= table(level + 1, random.nextInt(TABLES_PER_LEVEL));
    }
    if (level == 0 && chance(5)) {
      entry |= 1 << 7;
    }
    if (maximum < 52 && chance(5)) {
      entry |= 1L << (maximum + random.nextInt(52 - maximum));
    }
    return entry;
  }
}
