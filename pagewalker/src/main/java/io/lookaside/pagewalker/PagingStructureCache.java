package io.lookaside.pagewalker;

import io.lookaside.mmu.format.VirtualAddress;

/**
 * A cache of the entries of one non-leaf level: from the address bits down to that level and a PCID
 * to the next table's address and the rights of the levels so far. Never global.
 *
 * <p>Addresses are told apart from the bit {@code shift} upwards, which is that of the level in the
 * paging mode in force.
 *
 * <p>Source: Intel SDM Vol. 3A, "Caches for Paging Structures".
 */
abstract class PagingStructureCache {
  /** What {@link #lookup} returns on a miss; no entry is 0, for an entry has P set. */
  static final long MISS = 0;

  private static final long VALID = 1L << 60;
  private static final int PCID_SHIFT = 45;

  abstract long lookup(long va, int shift, int pcid);

  /** Enters what {@link #lookup} did not find. */
  abstract void insert(long va, int shift, int pcid, long pointer);

  abstract void invalidateAddress(long va, int shift, int pcid);

  abstract void invalidatePcid(int pcid);

  abstract void invalidateAll();

  /** What an entry is found by, never 0: a number of {@link VirtualAddress#vpn} and a PCID. */
  static long tag(long number, int pcid) {
    return VALID | (long) pcid << PCID_SHIFT | number;
  }

  static int pcid(long tag) {
    return (int) (tag >>> PCID_SHIFT) & 0xfff;
  }
}
