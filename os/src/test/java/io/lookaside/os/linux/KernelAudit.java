package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.Pte;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Finds every owner of every frame by walking all tables, and compares that with the accounts. */
final class KernelAudit {
  private record Entry(long address, AddressSpace space, Vma area, long va, int shift, long word) {}

  private final LinuxKernel kernel;
  private final KernelState state;
  private final PageFrames frames;
  private final Map<Integer, List<Entry>> owners = new HashMap<>();
  private final Set<Integer> tables = new HashSet<>();

  private final Map<Integer, Integer> slotOwners = new HashMap<>();
  private final Set<Integer> exclusiveSlots = new HashSet<>();
  private final Map<AddressSpace, Long> swapEntries = new HashMap<>();
  private final Set<Integer> listed = new HashSet<>();
  private final Set<Integer> swapCached = new HashSet<>();

  private KernelAudit(LinuxKernel kernel) {
    this.kernel = kernel;
    this.state = kernel.state();
    this.frames = state.frames;
  }

  static void check(LinuxKernel kernel) {
    check(kernel, 0);
  }

  /**
   * Checks everything.
   *
   * @param taken frames that a driver has taken
   */
  static void check(LinuxKernel kernel, long taken) {
    KernelAudit audit = new KernelAudit(kernel);
    audit.walkAll();
    audit.checkSlots();
    audit.checkLists();
    audit.checkOwners();
    audit.checkTotals(taken);
    audit.checkCosts();
  }

  /** Every slot of swap has exactly its owners, and the swap cache has what it says. */
  private void checkSlots() {
    SwapArea swap = state.swap;
    for (FileMapping file : state.files()) {
      for (int slot : file.swapped.values()) {
        slotOwners.merge(slot, 1, Integer::sum);
      }
      for (long index : file.swapped.keySet()) {
        assertFalse(file.cached.containsKey(index), "a page of a file in memory and in swap");
      }
    }
    long used = 0;
    long cached = 0;
    for (int slot = 1; slot < swap.slots(); slot++) {
      int owners = slotOwners.getOrDefault(slot, 0);
      assertEquals(owners, swap.owners(slot), "owners of a slot");
      int pfn = swap.cached(slot);
      if (pfn != PageFrames.NONE) {
        cached++;
        swapCached.add(pfn);
        assertTrue(frames.is(pfn, PageFrames.SWAPCACHE), "a cached slot's page");
        assertEquals(slot, frames.slot(pfn), "the slot of a page in the swap cache");
      }
      boolean inUse = owners > 0 || pfn != PageFrames.NONE;
      used += inUse ? 1 : 0;
      boolean onlyThere = owners > 0 && pfn == PageFrames.NONE;
      assertTrue(!onlyThere || swap.store().contains(slot), "a slot without content");
      assertTrue(inUse || !swap.store().contains(slot), "content of a free slot");
    }
    assertEquals(used, swap.usedPages(), "slots in use");
    assertEquals(cached, swap.cachedPages(), "pages in the swap cache");
    for (int slot : exclusiveSlots) {
      assertEquals(1, swap.owners(slot), "a slot of one process that others name");
    }
    for (Task process : kernel.processes()) {
      long entries = swapEntries.getOrDefault(process.space(), 0L);
      assertEquals(entries, process.space().swappedPages(), "entries that name slots");
    }
  }

  /** No page is on two lists, or on one and free; every one is where its flags say. */
  private void checkLists() {
    LruLists lru = state.lru;
    for (int list = 0; list < LruLists.LISTS; list++) {
      long pages = 0;
      int last = PageFrames.NONE;
      for (int pfn = lru.head(list); pfn != PageFrames.NONE; pfn = frames.next(pfn)) {
        assertTrue(listed.add(pfn), "a page on two lists");
        assertTrue(frames.is(pfn, PageFrames.LRU), "a listed page that does not know it");
        assertEquals(list, lru.listOf(pfn), "the list of a page");
        assertEquals(last, frames.previous(pfn), "a list's links");
        assertTrue(frames.references(pfn) > 0, "a listed page that nobody holds");
        checkNotFree(pfn);
        pages += frames.is(pfn, PageFrames.HEAD) ? 1L << frames.order(pfn) : 1;
        last = pfn;
      }
      assertEquals(last, lru.tail(list), "the end of a list");
      assertEquals(pages, lru.size(list), "the size of a list");
    }
  }

  private void checkNotFree(int pfn) {
    assertFalse(state.pages.zones().stream().anyMatch(z -> in(z, pfn) && z.isFree(pfn)), "free");
  }

  /** Every cycle of every thread is attributed. */
  private void checkCosts() {
    for (KernelState.Worker thread : KernelState.Worker.values()) {
      long sum = 0;
      for (CostPart part : CostPart.values()) {
        sum += state.costs(thread).snapshot().get(part);
      }
      assertEquals(kernel.snapshot().get(thread.total), sum, "cycles of " + thread);
    }
  }

  private void walkAll() {
    walkTable(kernel.idleSpace(), kernel.idleRoot(), 0, 0, true);
    for (Task process : kernel.processes()) {
      AddressSpace space = process.space();
      int before = tables.size();
      walkTable(space, space.root, 0, 0, false);
      for (int i = 0; i < space.deposits.size(); i++) {
        assertTrue(tables.add(PhysicalPages.pfn(space.deposits.getLong(i))), "a table twice");
      }
      assertEquals(space.tableBytes() / 4096, tables.size() - before, "tables of a process");
      checkAreas(space);
    }
  }

  private static void checkAreas(AddressSpace space) {
    long end = 0;
    long pages = 0;
    for (Vma area : space.areas()) {
      assertTrue(area.start >= end && area.end > area.start, "areas overlap");
      end = area.end;
      pages += area.pages();
    }
    assertEquals(pages, space.virtualPages());
  }

  private void walkTable(AddressSpace space, long table, int level, long base, boolean kernelHalf) {
    assertTrue(tables.add(PhysicalPages.pfn(table)), "a table with two parents");
    TableFormat format = state.config.format();
    int shift = format.shift(level);
    int last = level == 0 && !kernelHalf ? format.firstKernelIndex() : format.entries();
    for (int i = 0; i < last; i++) {
      long address = table + (long) i * format.entryBytes();
      long word = state.tables.read(address);
      long va = base + ((long) i << shift);
      if (!LinuxPte.isMapped(word)) {
        if (word != 0) {
          assertEquals(format.levels() - 1, level, "an entry that is neither empty nor mapped");
          assertTrue(space.areaAt(va) != null, "a swapped page that no area has");
          swapEntries.merge(space, 1L, Long::sum);
          slotOwners.merge(LinuxPte.slot(format, word), 1, Integer::sum);
          if (LinuxPte.isSwapExclusive(format, word)) {
            exclusiveSlots.add(LinuxPte.slot(format, word));
          }
        }
      } else if (level < format.levels() - 1 && Pte.isPresent(word) && !Pte.isLarge(word)) {
        walkTable(space, Pte.tableAddress(word), level + 1, va, kernelHalf);
      } else if (!kernelHalf) {
        Vma area = space.areaAt(va);
        assertTrue(area != null, "a page that no area has");
        int pfn = LinuxPte.pfn(word, shift);
        owners
            .computeIfAbsent(pfn, p -> new ArrayList<>())
            .add(new Entry(address, space, area, va, shift, word));
        checkRights(area, word, pfn);
      }
    }
  }

  private void checkRights(Vma area, long word, int pfn) {
    checkNotFree(pfn);
    if (LinuxPte.isWritable(word)) {
      assertTrue(area.is(Vma.WRITE), "the hardware may write what the area forbids");
      assertFalse(kernel.mapper().isZero(pfn), "the page of zeros is writable");
    }
  }

  private static boolean in(Zone zone, int pfn) {
    return pfn >= zone.start() && pfn < zone.end();
  }

  private void checkOwners() {
    Map<AddressSpace, Long> resident = new HashMap<>();
    Map<Integer, Integer> references = new HashMap<>();
    owners.forEach(
        (pfn, entries) -> {
          if (kernel.mapper().isZero(pfn)) {
            return;
          }
          int whole = 0;
          int small = 0;
          for (Entry entry : entries) {
            boolean huge = entry.shift > 12;
            whole += huge ? 1 : 0;
            small += huge ? 0 : 1;
            long pages = 1L << (entry.shift - 12);
            boolean hugetlb = frames.is(pfn, PageFrames.HUGETLB);
            resident.merge(entry.space, hugetlb ? 0 : pages, Long::sum);
            boolean exposed = LinuxPte.isWritable(entry.word) && entry.area.isPrivate();
            if (exposed) {
              assertEquals(1, entries.size(), "a private page that one may write and others see");
              assertTrue(frames.is(pfn, PageFrames.ANON));
            }
          }
          if (frames.is(pfn, PageFrames.HUGETLB)) {
            assertEquals(entries.size(), frames.maps(pfn), "entries of a hugetlb page");
          } else {
            assertEquals(small, frames.maps(pfn), "small entries of a frame");
            if (frames.is(pfn, PageFrames.HEAD)) {
              assertEquals(whole, frames.wholeMaps(pfn), "huge entries of a page");
            }
          }
          references.merge(frames.head(pfn), entries.size(), Integer::sum);
          assertTrue(
              frames.is(frames.head(pfn), PageFrames.HUGETLB) || listed.contains(frames.head(pfn)),
              "a mapped page on no list");
          Set<Long> found = new HashSet<>();
          kernel.mapper().visitMappings(pfn, (area, va, address, shift) -> found.add(address));
          Set<Long> wanted = new HashSet<>();
          entries.forEach(e -> wanted.add(e.address));
          assertTrue(found.containsAll(wanted), "the reverse map misses an owner");
          if (!frames.is(pfn, PageFrames.HEAD | PageFrames.TAIL)) {
            assertEquals(wanted, found, "the reverse map finds one who is no owner");
          }
        });
    long dirty = 0;
    for (FileMapping file : state.files()) {
      for (int pfn : file.cached.values()) {
        references.merge(pfn, 1, Integer::sum);
        assertTrue(
            frames.is(pfn, PageFrames.HUGETLB) || listed.contains(pfn), "a cached page on no list");
        boolean isDirty = frames.is(pfn, PageFrames.DIRTY) && file.backed();
        assertEquals(isDirty, file.dirty.contains(frames.index(pfn)), "dirty pages of a file");
        dirty += isDirty ? 1 : 0;
      }
      assertTrue(file.cached.size() >= file.dirty.size(), "a dirty page that is gone");
    }
    assertEquals(dirty, state.dirtyPages, "dirty pages");
    for (int pfn : swapCached) {
      references.merge(pfn, 1, Integer::sum);
      assertTrue(listed.contains(pfn), "a page of the swap cache on no list");
    }
    references.forEach((head, n) -> assertEquals(n, frames.references(head), "references"));
    for (Task process : kernel.processes()) {
      long expected = resident.getOrDefault(process.space(), 0L);
      assertEquals(expected, process.space().residentPages(), "resident pages");
    }
  }

  private void checkTotals(long taken) {
    Set<Integer> used = new HashSet<>(tables);
    long pool = 0;
    for (int shift : new int[] {21, 30}) {
      pool += (long) kernel.hugetlb().total(shift) << (shift - 12);
    }
    for (int pfn : owners.keySet()) {
      if (pfn != PhysicalPages.ZERO_PFN && !frames.is(pfn, PageFrames.HUGETLB)) {
        addWhole(used, frames.head(pfn));
      }
    }
    used.addAll(swapCached);
    for (FileMapping file : state.files()) {
      for (int pfn : file.cached.values()) {
        if (!frames.is(pfn, PageFrames.HUGETLB)) {
          used.add(pfn);
        }
      }
    }
    int hugeZero = kernel.mapper().hugeZeroIfMade();
    if (hugeZero != PageFrames.NONE) {
      for (int i = 0; i < 512; i++) {
        used.add(hugeZero + i);
      }
    }
    long free = kernel.pages().freeFrames();
    assertEquals(
        kernel.pages().managedFrames(), free + used.size() + pool + taken, "free + used = total");
  }

  private void addWhole(Set<Integer> used, int head) {
    int size = frames.is(head, PageFrames.HEAD) ? 1 << frames.order(head) : 1;
    for (int i = 0; i < size; i++) {
      used.add(head + i);
    }
  }
}
