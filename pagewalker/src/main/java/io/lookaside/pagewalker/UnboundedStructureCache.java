package io.lookaside.pagewalker;

import io.lookaside.mmu.format.VirtualAddress;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;

/** A paging-structure cache that forgets nothing unless told to. */
final class UnboundedStructureCache extends PagingStructureCache {
  private final Long2LongOpenHashMap pointers = new Long2LongOpenHashMap(); // absent: 0, a MISS

  @Override
  long lookup(long va, int shift, int pcid) {
    return pointers.get(tag(VirtualAddress.vpn(va, shift), pcid));
  }

  @Override
  void insert(long va, int shift, int pcid, long pointer) {
    pointers.put(tag(VirtualAddress.vpn(va, shift), pcid), pointer);
  }

  @Override
  void invalidateAddress(long va, int shift, int pcid) {
    pointers.remove(tag(VirtualAddress.vpn(va, shift), pcid));
  }

  @Override
  void invalidatePcid(int pcid) {
    if (!pointers.isEmpty()) {
      pointers.keySet().removeIf((long tag) -> pcid(tag) == pcid);
    }
  }

  @Override
  void invalidateAll() {
    if (!pointers.isEmpty()) {
      pointers.clear();
    }
  }
}
