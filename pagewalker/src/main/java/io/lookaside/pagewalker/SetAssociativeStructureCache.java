package io.lookaside.pagewalker;

import io.lookaside.mmu.assoc.AssociativeArray;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.format.VirtualAddress;

/** A paging-structure cache of a given shape. */
final class SetAssociativeStructureCache extends PagingStructureCache {
  private final AssociativeArray array;

  /** An empty cache. */
  SetAssociativeStructureCache(Geometry geometry, long seed) {
    this.array = new AssociativeArray(geometry, seed);
  }

  @Override
  long lookup(long va, int shift, int pcid) {
    long number = VirtualAddress.vpn(va, shift);
    return array.lookup(number, tag(number, pcid));
  }

  @Override
  void insert(long va, int shift, int pcid, long pointer) {
    long number = VirtualAddress.vpn(va, shift);
    array.insert(number, tag(number, pcid), pointer);
  }

  @Override
  void invalidateAddress(long va, int shift, int pcid) {
    long number = VirtualAddress.vpn(va, shift);
    int set = array.setOf(number);
    int way = array.find(set, tag(number, pcid));
    if (way >= 0) {
      array.remove(set, way);
    }
  }

  @Override
  void invalidatePcid(int pcid) {
    for (int set = 0; set < array.sets(); set++) {
      for (int way = 0; way < array.ways(); way++) {
        long tag = array.tag(set, way);
        if (tag != AssociativeArray.INVALID && pcid(tag) == pcid) {
          array.remove(set, way);
        }
      }
    }
  }

  @Override
  void invalidateAll() {
    array.clear();
  }
}
