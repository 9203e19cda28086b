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

  private KernelAudit(LinuxKernel kernel) {
    this.kernel = kernel;
    this.state = kernel.state();
    this.frames = state.frames;
  }

  static void check(LinuxKernel kernel, List<FileMapping> files) {
    KernelAudit audit = new KernelAudit(kernel);
    audit.walkAll();
    audit.checkOwners(files);
    audit.checkTotals(files);
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
        assertEquals(0, word, "an entry that is neither empty nor mapped");
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
    assertFalse(state.pages.zones().stream().anyMatch(z -> in(z, pfn) && z.isFree(pfn)), "free");
    if (LinuxPte.isWritable(word)) {
      assertTrue(area.is(Vma.WRITE), "the hardware may write what the area forbids");
      assertFalse(kernel.mapper().isZero(pfn), "the page of zeros is writable");
    }
  }

  private static boolean in(Zone zone, int pfn) {
    return pfn >= zone.start() && pfn < zone.end();
  }

  private void checkOwners(List<FileMapping> files) {
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
          Set<Long> found = new HashSet<>();
          kernel.mapper().visitMappings(pfn, (area, va, address, shift) -> found.add(address));
          Set<Long> wanted = new HashSet<>();
          entries.forEach(e -> wanted.add(e.address));
          assertTrue(found.containsAll(wanted), "the reverse map misses an owner");
          if (!frames.is(pfn, PageFrames.HEAD | PageFrames.TAIL)) {
            assertEquals(wanted, found, "the reverse map finds one who is no owner");
          }
        });
    for (FileMapping file : allFiles(files)) {
      for (int pfn : file.cached.values()) {
        references.merge(pfn, 1, Integer::sum);
      }
    }
    references.forEach((head, n) -> assertEquals(n, frames.references(head), "references"));
    for (Task process : kernel.processes()) {
      long expected = resident.getOrDefault(process.space(), 0L);
      assertEquals(expected, process.space().residentPages(), "resident pages");
    }
  }

  private Set<FileMapping> allFiles(List<FileMapping> files) {
    Set<FileMapping> all = new HashSet<>(files);
    for (Task process : kernel.processes()) {
      for (Vma area : process.space().areas()) {
        if (area.file != null) {
          all.add(area.file);
        }
      }
    }
    return all;
  }

  private void checkTotals(List<FileMapping> files) {
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
    for (FileMapping file : allFiles(files)) {
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
    assertEquals(kernel.pages().managedFrames(), free + used.size() + pool, "free + used = total");
  }

  private void addWhole(Set<Integer> used, int head) {
    int size = frames.is(head, PageFrames.HEAD) ? 1 << frames.order(head) : 1;
    for (int i = 0; i < size; i++) {
      used.add(head + i);
    }
  }
}
