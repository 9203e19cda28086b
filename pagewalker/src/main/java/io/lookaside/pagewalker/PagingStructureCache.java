package io.lookaside.pagewalker;

import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.VirtualAddress;

/**
 * A cache of the entries of one non-leaf level: from the address bits down to that level and a PCID
 * to the next table's address and the rights of the levels so far. Never global.
 *
 * <p>Source: Intel SDM Vol. 3A, "Caches for Paging Structures".
 */
final class PagingStructureCache {
  private static final long VALID = 1L << 60;
  private static final int PCID_SHIFT = 45;

  /** What {@link #lookup} returns on a miss; no entry is 0, for an entry has P set. */
  static final long MISS = AssociativeArray.ABSENT;

  private final AssociativeArray array;
  private final int shift;

  /**
   * An empty cache.
   *
   * @param shift number of address bits below those that select an entry of this level
   */
  PagingStructureCache(Geometry geometry, int shift, long seed) {
    this.array = new AssociativeArray(geometry, seed);
    this.shift = shift;
  }

  long lookup(long va, int pcid) {
    long number = VirtualAddress.vpn(va, shift);
    return array.lookup(number, tag(number, pcid));
  }

  /** Enters what {@link #lookup} did not find. */
  void insert(long va, int pcid, long pointer) {
    long number = VirtualAddress.vpn(va, shift);
    array.insert(number, tag(number, pcid), pointer);
  }

  void invalidateAddress(long va, int pcid) {
    long number = VirtualAddress.vpn(va, shift);
    int set = array.setOf(number);
    int way = array.find(set, tag(number, pcid));
    if (way >= 0) {
      array.remove(set, way);
    }
  }

  void invalidatePcid(int pcid) {
    for (int set = 0; set < array.sets(); set++) {
      for (int way = 0; way < array.ways(); way++) {
        long tag = array.tag(set, way);
        if (tag != AssociativeArray.INVALID && (int) (tag >>> PCID_SHIFT & 0xfff) == pcid) {
          array.remove(set, way);
        }
      }
    }
  }

  void invalidateAll() {
    array.clear();
  }

  private static long tag(long number, int pcid) {
    return VALID | (long) pcid << PCID_SHIFT | number;
  }
}
