package io.lookaside.simulator.image;

import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pdpte;
import io.lookaside.mmu.format.Pte;
import it.unimi.dsi.fastutil.longs.LongOpenHashSet;
import java.io.IOException;
import java.util.Objects;

/** All translations of an address space of an image, in address order, lower half first. */
public final class ImageMap {
  /*
   * Tables may be shared, and may contain themselves. Linux maps one page table 65,504 times for the
   * stacks that return to 16-bit code, so sharing must be followed; but a few tables that share
   * everything stand for 2^36 mappings and more. The first visit of a table at a level is always
   * made, which bounds itself by the size of the image. Further visits are made as long as they have
   * looked at no more than MAX_SHARED_ENTRIES entries and yielded no more than MAX_SHARED_ROWS rows.
   */

  /** Rows that tables may yield beyond their first visit: 64 times what Linux needs. */
  static final long MAX_SHARED_ROWS = 1L << 22;

  /** Entries of tables that may be looked at beyond their first visit, a second's work or so. */
  static final long MAX_SHARED_ENTRIES = 1L << 28;

  private static final long BOTH = Pte.WRITABLE | Pte.USER; // rights that are ANDed
  private static final int LEVEL_MASK = 0xfff; // the low bits of a table's address are free

  /** Takes the lines, some at a time. */
  @FunctionalInterface
  public interface Sink {
    /** Takes whole lines. The buffer is emptied afterwards. */
    void accept(StringBuilder lines) throws IOException;
  }

  private static final int BUFFER_CHARS = 1 << 15;

  private final ImagePaging paging;
  private final ImageMemory memory;
  private final Sink sink;
  private final StringBuilder lines = new StringBuilder(BUFFER_CHARS + 128);
  private final LongOpenHashSet visited = new LongOpenHashSet();
  private boolean shared; // whether a table above the current one was visited before
  private long rows;
  private long sharedRows;
  private long sharedEntries;
  private long missingTables;
  private long firstMissingTable = -1;
  private long leftOut;

  private ImageMap(ImagePaging paging, ImageMemory memory, Sink sink) {
    this.paging = paging;
    this.memory = memory;
    this.sink = sink;
  }

  /** Writes a line for every translation, {@link Mapping#HEADER}; returns what there is to say. */
  public static ImageMap write(ImagePaging paging, ImageMemory memory, Sink sink)
      throws IOException {
    ImageMap map = new ImageMap(paging, memory, sink);
    PagingFormat format = paging.context().format();
    int top = format.top();
    long span = (long) format.level(top).entries() << format.level(top).shift();
    long end =
        Math.max(span, paging.mode().isLongMode() ? span : (long) Pdpte.COUNT << Pdpte.SHIFT);
    if (paging.pdptesMissing()) {
      map.noteMissing(paging.registers().cr3());
    }
    // A single top table, or in PAE paging four of them, one after the other.
    for (long va = 0; va < end; va += span) {
      long root = paging.context().root(va);
      if (Pte.isPresent(root)) {
        map.visit(root, top, va);
      }
    }
    map.flush();
    return map;
  }

  /** The number of translations that were written. */
  public long rows() {
    return rows;
  }

  /** The number of tables that the image does not hold. */
  public long missingTables() {
    return missingTables;
  }

  /** The physical address of the first of them. */
  public long firstMissingTable() {
    return firstMissingTable;
  }

  /** How many tables were not visited again because the bound was reached. */
  public long leftOut() {
    return leftOut;
  }

  /**
   * Visits a table.
   *
   * @param pointer its address, with the rights of the levels above
   * @param number of its level
   * @param from the first address that it translates, without sign extension
   */
  private void visit(long pointer, int number, long from) throws IOException {
    long table = Pte.tableAddress(pointer);
    if (!memory.holds(table)) {
      noteMissing(table);
      return;
    }
    boolean sharedAbove = shared;
    if (!visited.add((table & ~LEVEL_MASK) | number) || sharedAbove) {
      PagingLevel level = paging.context().format().level(number);
      if (sharedRows >= MAX_SHARED_ROWS || sharedEntries >= MAX_SHARED_ENTRIES) {
        leftOut++;
        return;
      }
      sharedEntries += level.entries();
      shared = true;
    }
    entries(pointer, number, from);
    shared = sharedAbove;
  }

  private void entries(long pointer, int number, long from) throws IOException {
    PagingLevel level = paging.context().format().level(number);
    long table = Pte.tableAddress(pointer);
    for (int i = 0; i < level.entries(); i++) {
      long va = from + ((long) i << level.shift());
      long address = level.entryAddress(table, va);
      long word = memory.read(address & -Long.BYTES);
      long entry = word >>> ((address & (Long.BYTES - 1)) << 3) & level.entryMask();
      if (!Pte.isPresent(entry) || (entry & level.reserved(entry)) != 0) {
        continue;
      }
      long rights = (pointer & entry & BOTH) | ((pointer | entry) & Pte.EXECUTE_DISABLE);
      if (level.isLeaf(entry)) {
        row(va, entry, Objects.requireNonNull(level.leafSize()), rights);
      } else {
        visit(Pte.tableAddress(entry) | rights | Pte.PRESENT, number - 1, va);
      }
    }
  }

  private void row(long va, long leaf, PageSize size, long rights) throws IOException {
    rows++;
    if (shared) {
      sharedRows++;
    }
    Mapping.append(lines, extended(va), Pte.frameAddress(leaf, size), size, leaf, rights);
    if (lines.length() >= BUFFER_CHARS) {
      flush();
    }
  }

  private void flush() throws IOException {
    sink.accept(lines);
    lines.setLength(0);
  }

  private long extended(long va) {
    int unused = Long.SIZE - paging.mode().linearAddressBits();
    return paging.mode().isLongMode() ? va << unused >> unused : va;
  }

  private void noteMissing(long table) {
    if (missingTables++ == 0) {
      firstMissingTable = table;
    }
  }
}
