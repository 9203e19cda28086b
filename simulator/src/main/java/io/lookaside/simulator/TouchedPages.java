package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.os.Kernel;
import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.PackedReference;
import io.lookaside.traces.ReferenceBatch;
import org.jspecify.annotations.Nullable;

/**
 * What references do to page tables, whatever caches stand before these: which pages fault and are
 * mapped, which A and D bits are set, where in physical memory each reference goes. For machines
 * that map 4 KiB pages which the user may read, write and execute, and keep them mapped.
 */
final class TouchedPages {
  /*
   * Why no cache matters. The first reference to a page finds nothing of it in any TLB, so it walks,
   * faults where an entry is missing, and sets the A bits of the entries on its way that have none.
   * A walk which begins further down, at what a structure cache holds, passes by entries that were
   * read before and have theirs. The first store to a page finds its D bit clear, in memory as in
   * any copy, and sets it: in its walk, or by an assist. So the entries that are read after it, and
   * how far a walk gets, are the same for all; how many reads that takes, and whether there is a
   * walk at all, is not, and is the business of LruReplay.
   *
   * Tables are read at random, and most reads miss the nearer caches of the host. So a block of
   * references goes in loops of little else: pages, their entries, and then what they say.
   */

  /** The most references that are taken in one go. */
  static final int BLOCK = 128;

  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** A tag is the PCID, and above it a one so that it is never 0. */
  private static final int PCID_SHIFT = 45;

  private static final long VALID = 1L << 60;

  private static final long USER_PAGE = Pte.PRESENT | Pte.WRITABLE | Pte.USER;
  private static final long FORBIDDEN = Pte.EXECUTE_DISABLE | Pte.GLOBAL;
  private static final long USER_PAGE_MASK = USER_PAGE | FORBIDDEN;
  private static final long TABLE_MASK = USER_PAGE | Pte.EXECUTE_DISABLE | Pte.PAGE_SIZE;
  private static final int PAGE_LEVEL = 3;

  /** No level. */
  private static final int NONE = -1;

  private static final int LEVEL_BITS = 9;
  private static final int INDEX_MASK = (1 << LEVEL_BITS) - 1;

  /** Where the D bit of an entry is, less where an event has it. */
  private static final int DIRTY_SHIFT =
      Long.numberOfTrailingZeros(Pte.DIRTY) - Integer.numberOfTrailingZeros(PageReferences.DIRTY);

  private final PhysicalMemory memory;
  private final Kernel kernel;
  private final PageNumbers numbers = new PageNumbers();
  private final long[] entries = new long[BLOCK];
  private long root;

  /** What {@link #leaf} has to say beside the entry. */
  private int event;

  /** No pages yet; {@link #enter} has to come first. */
  TouchedPages(PhysicalMemory memory, Kernel kernel) {
    this.memory = memory;
    this.kernel = kernel;
  }

  /**
   * Goes to an address space.
   *
   * @param cr3 what CR3 holds there, its PCID included
   */
  void enter(long cr3) {
    root = Cr3.tableAddress(cr3);
    numbers.enter(VALID | (long) Cr3.pcid(cr3) << PCID_SHIFT);
  }

  PageNumbers numbers() {
    return numbers;
  }

  /**
   * Takes a block of references, and the one after it if it does not stay in one page.
   *
   * @param batch has them
   * @param repeats by reference: how often its last page counts once more in the sum of physical
   *     addresses; or {@code null}
   * @param into gets the references, behind those that it has, and all counts
   * @return how many were taken
   */
  int block(ReferenceBatch batch, int @Nullable [] repeats, int from, int to, PageReferences into) {
    long[] words = batch.words;
    into.reserve(BLOCK);
    int[] pages = into.pages();
    int at = into.count();
    int n = Math.min(to - from, BLOCK);
    long kinds = kindsInOnePage(words, from, from + n);
    if (kinds < 0 || !numbers.known(words, from, n, pages, at, entries)) {
      n = inOnePage(words, from, from + n);
      kinds = counted(words, from, from + n);
      for (int i = 0; i < n; i++) {
        int page = numbers.number(PackedReference.address(words[from + i]));
        pages[at + i] = page;
        entries[i] = numbers.table(page >>> PageNumbers.INDEX_BITS) + 8L * (page & INDEX_MASK);
      }
    }
    addKinds(kinds, n, into.references());
    memory.readAll(entries, n);
    int i = pass(words, from, 0, n, into);
    while (i < n) {
      long va = PackedReference.address(words[from + i]);
      int kind = PackedReference.kind(words[from + i]);
      entries[i] = firstTouch(va, pages[at + i], kind, into);
      into.events()[at + i] = (byte) event;
      into.physicalAddressSum += Pte.tableAddress(entries[i]) | (va & VirtualAddress.OFFSET_4K);
      i = pass(words, from, i + 1, n, into);
    }
    if (repeats != null) {
      into.physicalAddressSum += repeated(words, repeats, from, n);
    }
    into.added(n);
    if (n < BLOCK && from + n < to) {
      long va = batch.address(from + n);
      int descriptor = batch.descriptor(from + n);
      int kind = descriptor & PageReferences.KIND_MASK;
      into.references()[kind]++;
      other(va, va + (descriptor >>> 2), kind, repeats == null ? 0 : repeats[from + n], into);
      n++;
    }
    into.setRegions(numbers);
    return n;
  }

  /*
   * What was left out hits the entry that its set used last, and a store among it an entry with D
   * set: the machines that fit here are LRU, and a page stays where it is mapped. So it adds only to
   * the references and, each as far from its page as its record's last page is, to the sum.
   */

  /**
   * Takes compacted references.
   *
   * @param into gets those that were kept, behind those that it has, and all counts
   */
  void take(CompactBatch batch, PageReferences into) {
    ReferenceBatch records = batch.records;
    int i = 0;
    while (i < records.count()) {
      i += block(records, batch.repeats, i, records.count(), into);
    }
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      into.references()[kind] += batch.leftOut(kind);
    }
    into.physicalAddressSum += batch.leftOutAddressSum();
  }

  /** As {@link #counted}; less than 0 if one of the references is {@link PackedReference#APART}. */
  private static long kindsInOnePage(long[] words, int from, int to) {
    long counted = 0;
    long any = 0;
    for (int i = from; i < to; i++) {
      counted += words[i] & PackedReference.COUNTED;
      any |= words[i];
    }
    return (any & PackedReference.APART) == 0 ? counted : -1;
  }

  /** How many references from one on, up to the end or one that does not, stay in one page. */
  private static int inOnePage(long[] words, int from, int to) {
    int end = from;
    while (end < to && (words[end] & PackedReference.APART) == 0) {
      end++;
    }
    return end - from;
  }

  /**
   * Passes over references of a block whose entries were read and need nothing.
   *
   * @param i the place in the block of the first of them
   * @return that of the first that needs something, or n
   */
  private int pass(long[] words, int from, int i, int n, PageReferences into) {
    long[] read = entries;
    byte[] events = into.events();
    int at = into.count();
    long sum = 0;
    int next = i;
    for (; next < n; next++) {
      long word = words[from + next];
      int kind = PackedReference.kind(word);
      long entry = read[next];
      if (((~entry & wanted(kind)) | (entry & FORBIDDEN)) != 0) {
        break;
      }
      events[at + next] = (byte) event(kind, entry);
      sum += Pte.tableAddress(entry) | PackedReference.offset(word);
    }
    into.physicalAddressSum += sum;
    return next;
  }

  /** What the repetitions of a block's references add. */
  private long repeated(long[] words, int[] repeats, int from, int n) {
    long sum = 0;
    for (int i = 0; i < n; i++) {
      long page = PackedReference.address(words[from + i]) & ~VirtualAddress.OFFSET_4K;
      sum += repeats[from + i] * (Pte.tableAddress(entries[i]) - page);
    }
    return sum;
  }

  /** A reference to several pages, or to none. */
  private void other(long va, long last, int kind, int repeats, PageReferences into) {
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      into.notCanonical()[kind]++;
      return;
    }
    long more = pagesAfterTheFirst(va, last);
    into.crossings()[kind] += more;
    into.reserve((int) more + 1);
    long next = va;
    long frame = append(next, kind, into);
    for (long i = 0; i < more; i++) {
      next = (next & ~VirtualAddress.OFFSET_4K) + PageSize.SIZE_4K.bytes();
      frame = append(next, kind, into);
    }
    into.physicalAddressSum += repeats * (frame - (next & ~VirtualAddress.OFFSET_4K));
  }

  private long append(long va, int kind, PageReferences into) {
    int page = numbers.number(va);
    long frame = Pte.tableAddress(leaf(va, page, kind, into));
    into.add(page, event);
    into.physicalAddressSum += frame | (va & VirtualAddress.OFFSET_4K);
    return frame;
  }

  /** How many pages a reference touches after its first, up to 2^16 bytes further on. */
  static long pagesAfterTheFirst(long va, long last) {
    return ((last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT)) & (~0L >>> PAGE_SHIFT);
  }

  /** The sum of {@link PackedReference#COUNTED} bits. */
  private static long counted(long[] words, int from, int to) {
    long counted = 0;
    for (int i = from; i < to; i++) {
      counted += words[i] & PackedReference.COUNTED;
    }
    return counted;
  }

  /**
   * Counts references by kind.
   *
   * @param counted the sum of their {@link PackedReference#COUNTED} bits
   * @param n how many there are
   */
  static void addKinds(long counted, int n, long[] into) {
    long stores = PackedReference.stores(counted);
    long fetches = PackedReference.fetches(counted);
    into[AccessKind.LOAD.ordinal()] += n - stores - fetches;
    into[STORE] += stores;
    into[FETCH] += fetches;
  }

  /** What the bits of {@link #USER_PAGE_MASK} and, as the kind needs them, A and D are. */
  private static long wanted(int kind) {
    return USER_PAGE | Pte.ACCESSED | Pte.DIRTY * (kind & STORE); // no branch: STORE is 1
  }

  private static int event(int kind, long entry) {
    return kind << PageReferences.KIND_SHIFT
        | ((int) (entry >>> DIRTY_SHIFT) & PageReferences.DIRTY);
  }

  /**
   * One reference to a page.
   *
   * @param into gets counts
   * @return the page's entry as it is afterwards
   */
  long leaf(long va, int page, int kind, PageReferences into) {
    long table = numbers.table(page >>> PageNumbers.INDEX_BITS);
    if (table != 0) {
      long entry = memory.read(table + 8L * (page & INDEX_MASK));
      long wanted = wanted(kind);
      if ((entry & (USER_PAGE_MASK | wanted)) == wanted) {
        event = event(kind, entry);
        return entry;
      }
    }
    return firstTouch(va, page, kind, into);
  }

  /** The event of the last reference that {@link #leaf} took. */
  int event() {
    return event;
  }

  /** A reference that may be the first to its page, or the first store to it. */
  private long firstTouch(long va, int page, int kind, PageReferences into) {
    int region = page >>> PageNumbers.INDEX_BITS;
    int missing = NONE;
    long table = numbers.table(region);
    long entry = table == 0 ? 0 : memory.read(table + 8L * (page & INDEX_MASK));
    if (!Pte.isPresent(entry)) {
      missing = mapped(va, region, kind, into);
      table = numbers.table(region);
      entry = memory.read(table + 8L * (page & INDEX_MASK));
    }
    if ((entry & USER_PAGE_MASK) != USER_PAGE) {
      throw unexpected(va, entry);
    }
    long used = entry | wanted(kind);
    memory.write(table + 8L * (page & INDEX_MASK), used);
    into.accessedBitsSet += Pte.isAccessed(entry) ? 0 : 1;
    boolean setsDirty = Pte.isDirty(used) && !Pte.isDirty(entry);
    into.dirtyBitsSet += setsDirty ? 1 : 0;
    event =
        event(kind, used)
            | (setsDirty ? PageReferences.SETS_DIRTY : 0)
            | (missing + 1) << PageReferences.MISSING_SHIFT;
    return used;
  }

  /**
   * Sees to it that a page is mapped and its page table known.
   *
   * @return the level of the entry that was missing, or NONE
   */
  private int mapped(long va, int region, int kind, PageReferences into) {
    int missing = missing(va, region, into);
    if (missing != NONE) {
      fault(va, kind, into);
      if (missing(va, region, into) != NONE) {
        throw unexpected(va, 0);
      }
    }
    return missing;
  }

  /**
   * Walks to an entry of the last level, unless the page table is known already.
   *
   * @return the level of the entry that is missing, or NONE
   */
  private int missing(long va, int region, PageReferences into) {
    long table = numbers.table(region);
    if (table == 0) {
      table = root;
      for (int level = 0; level < PAGE_LEVEL; level++) {
        long address = table + (index(va, level) << 3);
        long entry = memory.read(address);
        if (!Pte.isPresent(entry)) {
          return level;
        }
        if ((entry & TABLE_MASK) != USER_PAGE) {
          throw unexpected(va, entry);
        }
        if (!Pte.isAccessed(entry)) {
          memory.write(address, entry | Pte.ACCESSED);
          into.accessedBitsSet++;
        }
        table = Pte.tableAddress(entry);
      }
      numbers.setTable(region, table);
    }
    return Pte.isPresent(memory.read(table + (index(va, PAGE_LEVEL) << 3))) ? NONE : PAGE_LEVEL;
  }

  private static long index(long va, int level) {
    return (va >>> (PAGE_SHIFT + LEVEL_BITS * (PAGE_LEVEL - level))) & INDEX_MASK;
  }

  private void fault(long va, int kind, PageReferences into) {
    into.pageFaults++;
    int code = PageFaultCode.USER;
    code |= kind == STORE ? PageFaultCode.WRITE : 0;
    code |= kind == FETCH ? PageFaultCode.FETCH : 0;
    if (!kernel.handlePageFault(va, code)) {
      throw unexpected(va, 0);
    }
  }

  private static IllegalStateException unexpected(long va, long entry) {
    return new IllegalStateException(
        "not a page that user code may read, write and execute: entry 0x"
            + Long.toHexString(entry)
            + " for address 0x"
            + Long.toHexString(va));
  }
}
