package io.lookaside.os.linux;

import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.mmu.stats.Counters;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** What the parts of the kernel share: configuration, memory, tables, accounts. */
final class KernelState {
  final LinuxConfig config;
  final PhysicalMemory memory;
  final PhysicalPages pages;
  final PageFrames frames;
  final PageTables tables;
  final Cpus cpus;
  final Counters<KernelMetric> counters = new Counters<>(KernelMetric.class);

  /** Pages of memory that areas were promised. */
  long committed;

  private final List<@Nullable Mapping> mappings = new ArrayList<>();
  private final IntArrayList freeIds = new IntArrayList();

  KernelState(LinuxConfig config, PhysicalMemory memory, List<Processor> processors) {
    this.config = config;
    this.memory = memory;
    this.pages =
        new PhysicalPages(memory, config.memoryBytes(), config.has(Mechanism.BUDDY_MERGING));
    this.frames = pages.frames();
    this.tables = new PageTables(config.format(), memory, pages);
    this.cpus = new Cpus(this, processors);
    mappings.add(null); // 0 is none
  }

  void count(KernelMetric metric, long amount) {
    counters.add(metric, amount);
  }

  void spend(long cycles) {
    counters.add(KernelMetric.CYCLES, cycles);
  }

  int newMappingId() {
    if (freeIds.isEmpty()) {
      mappings.add(null);
      return mappings.size() - 1;
    }
    return freeIds.popInt();
  }

  <M extends Mapping> M register(M mapping) {
    mappings.set(mapping.id, mapping);
    return mapping;
  }

  void forget(Mapping mapping) {
    mappings.set(mapping.id, null);
    freeIds.push(mapping.id);
  }

  @Nullable Mapping mapping(int pfn) {
    return mappings.get(frames.mapping(pfn));
  }

  /** Pays for clearing 2^order frames. */
  void zeroed(int order) {
    count(KernelMetric.PAGES_ZEROED, 1L << order);
    spend((PhysicalPages.PAGE_BYTES << order) / config.costs().bytesZeroedPerCycle());
  }

  /** Copies 2^order frames and pays for it. */
  void copy(int from, int to, int order) {
    long bytes = PhysicalPages.PAGE_BYTES << order;
    memory.copy(PhysicalPages.address(from), PhysicalPages.address(to), bytes);
    count(KernelMetric.PAGES_COPIED, 1L << order);
    spend(bytes / config.costs().bytesCopiedPerCycle());
  }
}
