package io.lookaside.experiments.explore;

import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.memory.TableMemory;
import io.lookaside.os.AddressRange;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.LongPredicate;

/** Finds the pages that the tables of an address space take, and what they map. */
final class TableCollector {
  private static final long PAGE = 4096;
  private static final int LONG_MODE_TOP = 47;

  /** Runs of pages that are listed. */
  static final int RUNS = 400;

  /**
   * Pages of one size and of the same rights in a row.
   *
   * @param rights as letters: user or supervisor, read, write, execute
   */
  record Run(long first, long last, String pageSize, String rights) {}

  private final PagingFormat format;
  private final TableMemory memory;
  private final LongPredicate holds;
  private final List<AddressRange> ranges;
  private final int limit;
  private final TreeSet<Long> pages = new TreeSet<>();
  private final Set<Long> visited = new HashSet<>();
  private final List<Run> runs = new ArrayList<>();
  private long runsLeftOut;
  private boolean full;

  /**
   * @param holds whether the memory has a page
   * @param ranges the addresses whose tables are wanted; all if there are none
   * @param limit the most pages
   */
  TableCollector(
      PagingFormat format,
      TableMemory memory,
      LongPredicate holds,
      List<AddressRange> ranges,
      int limit) {
    this.format = format;
    this.memory = memory;
    this.holds = holds;
    this.ranges = ranges;
    this.limit = limit;
  }

  /** Visits the tables from a top table, which translates addresses from {@code from} on. */
  void visit(long table, long from) {
    visit(table, format.top(), from, Pte.WRITABLE | Pte.USER);
  }

  private void visit(long table, int number, long from, long rights) {
    if (!holds.test(table) || !visited.add((table & -PAGE) | number)) {
      return;
    }
    if (pages.size() == limit && !pages.contains(table & -PAGE)) {
      full = true;
      return;
    }
    pages.add(table & -PAGE);
    PagingLevel level = format.level(number);
    for (int i = 0; i < level.entries(); i++) {
      long va = from + ((long) i << level.shift());
      long address = level.entryAddress(table, (long) i << level.shift());
      long word = memory.read(address & ~7L);
      long entry = word >>> (8 * (address & 7)) & level.entryMask();
      if (!Pte.isPresent(entry) || (entry & level.reserved(entry)) != 0) {
        continue;
      }
      long last = va + ((1L << level.shift()) - 1);
      if (!wanted(canonical(va), canonical(last))) {
        continue;
      }
      long here =
          (rights & entry & (Pte.WRITABLE | Pte.USER)) | ((rights | entry) & Pte.EXECUTE_DISABLE);
      if (level.isLeaf(entry)) {
        add(canonical(va), canonical(last), level, here);
      } else {
        visit(Pte.tableAddress(entry), number - 1, va, here);
      }
    }
  }

  private boolean wanted(long first, long last) {
    return ranges.isEmpty()
        || ranges.stream()
            .anyMatch(
                r ->
                    Long.compareUnsigned(r.first(), last) <= 0
                        && Long.compareUnsigned(first, r.last()) <= 0);
  }

  private long canonical(long va) {
    if (!format.mode().isLongMode()) {
      return va;
    }
    int unused = 63 - (LONG_MODE_TOP + 9 * (format.top() - 3));
    return va << unused >> unused;
  }

  private void add(long first, long last, PagingLevel level, long rights) {
    String size = Objects.requireNonNull(level.leafSize()).label();
    String words =
        ((rights & Pte.USER) != 0 ? "u" : "s")
            + "r"
            + ((rights & Pte.WRITABLE) != 0 ? "w" : "-")
            + ((rights & Pte.EXECUTE_DISABLE) != 0 ? "-" : "x");
    Run before = runs.isEmpty() ? null : runs.get(runs.size() - 1);
    if (before != null
        && before.last() + 1 == first
        && before.pageSize().equals(size)
        && before.rights().equals(words)) {
      runs.set(runs.size() - 1, new Run(before.first(), last, size, words));
    } else if (runs.size() < RUNS) {
      runs.add(new Run(first, last, size, words));
    } else {
      runsLeftOut++;
    }
  }

  /** Whether there were more pages than the limit. */
  boolean full() {
    return full;
  }

  /** The physical addresses of the pages, ascending. */
  List<Long> pages() {
    return List.copyOf(pages);
  }

  /** What the tables map, as far as it is listed. */
  List<Run> runs() {
    return List.copyOf(runs);
  }

  /** How many runs, or parts of runs, are not listed. */
  long runsLeftOut() {
    return runsLeftOut;
  }
}
