package io.lookaside.simulator;

import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.memory.TableMemory;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What page tables map at the end of a run, as extents of a bounded number. */
final class AddressSpaceMap {
  /** Extents of the result, at most, but for one for each process and page size. */
  static final int EXTENTS = 512;

  private static final int ENTRIES = 512;
  private static final int INDEX_BITS = 9;
  private static final int TOP_SHIFT = 39;
  private static final int SIGN = 64 - 48;

  private final TableMemory memory;
  private final List<RunResult.Extent> extents = new ArrayList<>();
  private int process;

  /** Gaps of so many bytes do not end an extent. */
  private long gap;

  private AddressSpaceMap(TableMemory memory) {
    this.memory = memory;
  }

  /**
   * Reads the 4-level tables of processes.
   *
   * @param cr3s the operand of MOV to CR3 of each
   * @param upperHalf whether the upper half belongs to the process, not to the kernel
   */
  static List<RunResult.Extent> of(TableMemory memory, List<Long> cr3s, boolean upperHalf) {
    AddressSpaceMap map = new AddressSpaceMap(memory);
    for (long cr3 : cr3s) {
      map.table(Cr3.tableAddress(cr3), TOP_SHIFT, 0, upperHalf ? ENTRIES : ENTRIES / 2);
      map.process++;
    }
    return List.copyOf(map.extents);
  }

  private void table(long table, int shift, long base, int entries) {
    for (int i = 0; i < entries; i++) {
      long entry = memory.read(table + (long) i * Long.BYTES);
      if (!Pte.isPresent(entry)) {
        continue;
      }
      long va = base | (long) i << shift;
      PageSize size = leaf(entry, shift);
      if (size != null) {
        add(va << SIGN >> SIGN, size);
      } else {
        table(Pte.tableAddress(entry), shift - INDEX_BITS, va, ENTRIES);
      }
    }
  }

  private static @Nullable PageSize leaf(long entry, int shift) {
    for (PageSize size : PageSize.OF_LONG_MODE) {
      if (size.shift() == shift && (size == PageSize.SIZE_4K || Pte.isLarge(entry))) {
        return size;
      }
    }
    return null;
  }

  private void add(long va, PageSize size) {
    RunResult.Extent last = extents.isEmpty() ? null : extents.get(extents.size() - 1);
    RunResult.Extent page = new RunResult.Extent(process, va, va + size.bytes() - 1, size, 1);
    if (last != null && joins(last, page)) {
      extents.set(extents.size() - 1, joined(last, page));
      return;
    }
    extents.add(page);
    if (extents.size() > 2 * EXTENTS) {
      coarsen();
    }
  }

  private boolean joins(RunResult.Extent a, RunResult.Extent b) {
    return a.process() == b.process()
        && a.pageSize() == b.pageSize()
        && Long.compareUnsigned(b.first() - a.last() - 1, gap) <= 0;
  }

  private static RunResult.Extent joined(RunResult.Extent a, RunResult.Extent b) {
    return new RunResult.Extent(
        a.process(), a.first(), b.last(), a.pageSize(), a.pages() + b.pages());
  }

  /** Lets wider gaps pass, until there are few extents or gaps have no end. */
  private void coarsen() {
    while (extents.size() > EXTENTS && gap >= 0) {
      gap = gap == 0 ? PageSize.SIZE_4K.bytes() : 2 * gap;
      List<RunResult.Extent> fewer = new ArrayList<>();
      for (RunResult.Extent extent : extents) {
        int end = fewer.size() - 1;
        if (end >= 0 && joins(fewer.get(end), extent)) {
          fewer.set(end, joined(fewer.get(end), extent));
        } else {
          fewer.add(extent);
        }
      }
      extents.clear();
      extents.addAll(fewer);
    }
  }
}
