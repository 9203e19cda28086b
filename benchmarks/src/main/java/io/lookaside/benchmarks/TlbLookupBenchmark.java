package io.lookaside.benchmarks;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.format.Translation;
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

/** One translation that a TLB answers, through the MMU, without the replay's shortcut. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(1)
public class TlbLookupBenchmark {
  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final long BASE = 0x7f00_0000_0000L;

  /** Half of the first level: every access hits there. */
  private static final int FEW = 32;

  /** Twice the first level, a twelfth of the second: in turn, every access hits the second. */
  private static final int MANY = 128;

  private final long[] few = pages(FEW);
  private final long[] many = pages(MANY);
  private Mmu firstLevel = Machines.reference().mmu();
  private Mmu secondLevel = firstLevel;

  /** Warms the TLBs. */
  @Setup
  public void warm() {
    Machine one = Machines.reference(few);
    firstLevel = one.mmu();
    Machine other = Machines.reference(many);
    secondLevel = other.mmu();
    l1Hit();
    secondLevelHit();
  }

  @Benchmark
  @OperationsPerInvocation(FEW)
  public long l1Hit() {
    return sum(firstLevel, few);
  }

  @Benchmark
  @OperationsPerInvocation(MANY)
  public long secondLevelHit() {
    return sum(secondLevel, many);
  }

  private static long sum(Mmu mmu, long[] addresses) {
    long sum = 0;
    for (long va : addresses) {
      sum += Translation.physicalAddress(mmu.translate(va, LOAD), va);
    }
    return sum;
  }

  private static long[] pages(int n) {
    long[] addresses = new long[n];
    for (int i = 0; i < n; i++) {
      addresses[i] = BASE + 4096L * i;
    }
    return addresses;
  }
}
