package io.lookaside.benchmarks;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import io.lookaside.simulator.Machine;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** One translation that takes a page walk. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class PageWalkBenchmark {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final long BASE = 0x7f00_0000_0000L;
  private static final long DIRTY = 1L << 6;

  /** 16 page tables full of pages: more than the second level holds, fewer than the PDE cache. */
  private static final int PAGES = 16 * 512;

  /** Regions of 512 GiB, each with a top-level entry of its own, more than any cache holds. */
  private static final int REGIONS = 200;

  private static final int STORES = 32;

  private final long[] pages = addresses(PAGES, 4096);
  private final long[] regions = addresses(REGIONS, -(1L << 39) + (1L << 30) + (1L << 21) + 4096);
  private final long[] stores = addresses(STORES, 4096);
  private Mmu warm = Machines.reference().mmu();
  private Mmu cold = warm;
  private Mmu clean = warm;
  private PhysicalMemory cleanMemory = new PhysicalMemory();
  private final long[] leaves = new long[STORES];

  /** Maps the pages. */
  @Setup
  public void map() {
    warm = Machines.reference(pages).mmu();
    cold = Machines.reference(regions).mmu();
    Machine machine = Machines.reference(stores);
    clean = machine.mmu();
    cleanMemory = machine.memory();
    // Root, PDPT and PD are the first three table pages, so the page table is the fourth.
    for (int i = 0; i < STORES; i++) {
      leaves[i] = 0x4000 + 8L * i;
    }
    walkFromPdeCache();
    coldFourLevelWalk();
  }

  @Benchmark
  @OperationsPerInvocation(PAGES)
  public long walkFromPdeCache() {
    return sum(warm, pages);
  }

  /**
   * Walks that read four entries: neighbours share none, and TLBs are flushed before each round.
   */
  @Benchmark
  @OperationsPerInvocation(REGIONS)
  public long coldFourLevelWalk() {
    cold.writeCr3(cold.registers().cr3());
    return sum(cold, regions);
  }

  /** Includes what makes the entry clean again: INVLPG, one store to memory and a load. */
  @Benchmark
  @OperationsPerInvocation(STORES)
  public long storeThroughCleanEntry() {
    long sum = 0;
    for (int i = 0; i < STORES; i++) {
      long va = stores[i];
      clean.invlpg(va);
      cleanMemory.write(leaves[i], cleanMemory.read(leaves[i]) & ~DIRTY);
      sum += clean.translate(va, LOAD);
      sum += Translation.physicalAddress(clean.translate(va, STORE), va);
    }
    return sum;
  }

  private static long sum(Mmu mmu, long[] addresses) {
    long sum = 0;
    for (long va : addresses) {
      sum += Translation.physicalAddress(mmu.translate(va, LOAD), va);
    }
    return sum;
  }

  private static long[] addresses(int n, long step) {
    long[] addresses = new long[n];
    for (int i = 0; i < n; i++) {
      addresses[i] = BASE + step * i;
    }
    return addresses;
  }
}
