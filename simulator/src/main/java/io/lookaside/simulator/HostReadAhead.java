package io.lookaside.simulator;

import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.timing.MemoryHierarchy;
import io.lookaside.traces.ReferenceBatch;
import java.util.Arrays;

/**
 * Reads what the next references will need of page tables and of large caches, so that the misses
 * of the host's own caches overlap instead of coming one after the other. Changes nothing that is
 * emulated: what it finds may be out of date, and costs time only.
 */
final class HostReadAhead {
  private static final int REGION_SHIFT = PageSize.SIZE_2M.shift();
  private static final int MEMO_BITS = 10;
  private static final long NO_TABLE = -1;

  private final Mmu mmu;
  private final PhysicalMemory ram;
  private final MemoryHierarchy memory;

  // By the low bits of the number of a 2 MiB region: the region, and the address of its page table.
  private final long[] regions = new long[1 << MEMO_BITS];
  private final long[] tables = new long[1 << MEMO_BITS];

  // By reference: address and contents of the entry that maps its page.
  private final long[] addressOf;
  private final long[] entryOf;

  /** Nobody reads it: it keeps the compiler from leaving out what is read ahead. */
  @SuppressWarnings("unused")
  private long sum;

  /**
   * For at most so many references at once.
   *
   * @param memory the caches of the core
   */
  HostReadAhead(Machine machine, MemoryHierarchy memory, int most) {
    this.mmu = machine.mmu();
    this.ram = machine.memory();
    this.memory = memory;
    addressOf = new long[most];
    entryOf = new long[most];
    forget();
  }

  /** To be called when another address space is in use. */
  void forget() {
    Arrays.fill(regions, NO_TABLE);
  }

  /** Reads what the references of a batch at {@code from} to {@code to} - 1 may need. */
  void read(ReferenceBatch batch, int from, int to) {
    PagingContext context = mmu.context();
    PagingLevel leaf = context.format().level(0);
    for (int i = from; i < to; i++) {
      long va = batch.address(i);
      long region = va >>> REGION_SHIFT;
      int place = (int) region & ((1 << MEMO_BITS) - 1);
      long table = regions[place] == region ? tables[place] : find(context, va, region, place);
      long address = table == NO_TABLE ? 0 : leaf.entryAddress(table, va) & -Long.BYTES;
      addressOf[i - from] = address;
      entryOf[i - from] = ram.read(address);
    }
    long all = 0;
    for (int i = from; i < to; i++) {
      long entry = entryOf[i - from];
      long pa = Pte.tableAddress(entry) | (batch.address(i) & VirtualAddress.OFFSET_4K);
      all += memory.readAhead(pa) + memory.readAhead(addressOf[i - from]);
    }
    sum += all;
  }

  private long find(PagingContext context, long va, long region, int place) {
    PagingFormat format = context.format();
    long pointer = context.root(va);
    for (int number = format.top(); number > 0; number--) {
      PagingLevel level = format.level(number);
      long address = level.entryAddress(Pte.tableAddress(pointer), va);
      pointer = ram.read(address & -Long.BYTES) & level.entryMask();
      if (!Pte.isPresent(pointer) || level.isLeaf(pointer)) {
        return NO_TABLE;
      }
    }
    regions[place] = region;
    tables[place] = Pte.tableAddress(pointer);
    return tables[place];
  }
}
