package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import java.lang.management.ManagementFactory;
import java.util.List;
import org.junit.jupiter.api.Test;

/** The path of an access allocates nothing. */
class AllocationTest {
  private static final int MILLION = 1_000_000;
  private static final ThreadMXBean THREADS = (ThreadMXBean) ManagementFactory.getThreadMXBean();

  @Test
  void aMillionAccessesOnTheHitPathAllocateNothing() throws Exception {
    Machine machine = machine();
    ReplayEngine replay = replay(machine);
    ReferenceBatch batch = new ReferenceBatch();
    // Four pages in turn: each access finds its entry behind others in its set or in another set.
    try (SyntheticTrace trace =
        new SyntheticTrace(SyntheticTrace.Pattern.SEQUENTIAL, ReferenceBatch.CAPACITY)) {
      trace.read(batch);
    }
    for (int i = 0; i < batch.count(); i++) {
      batch.set(i, batch.address(0) + (long) (i % 4) * 4096, batch.descriptor(i));
      machine.kernel().prefault(batch.address(i));
    }
    replay.run(batch, 0, batch.count());
    long walksBefore = machine.walker().snapshot().get(WalkMetric.WALKS);
    assertEquals(0, allocatedBy(replay, batch));
    assertEquals(walksBefore, machine.walker().snapshot().get(WalkMetric.WALKS));
  }

  @Test
  void aMillionAccessesOnTheWalkPathAllocateNothing() throws Exception {
    Machine machine = machine();
    ReplayEngine replay = replay(machine);
    ReferenceBatch batch = new ReferenceBatch();
    try (SyntheticTrace trace =
        new SyntheticTrace(SyntheticTrace.Pattern.UNIFORM, ReferenceBatch.CAPACITY)) {
      trace.read(batch);
    }
    for (int i = 0; i < batch.count(); i++) {
      machine.kernel().prefault(batch.address(i));
    }
    replay.run(batch, 0, batch.count());
    long walksBefore = machine.walker().snapshot().get(WalkMetric.WALKS);
    assertEquals(0, allocatedBy(replay, batch));
    long walks = machine.walker().snapshot().get(WalkMetric.WALKS) - walksBefore;
    // 4,096 random pages in 1,536 entries: most accesses walk.
    assertTrue(walks > MILLION / 2, walks + " walks");
  }

  private static long allocatedBy(ReplayEngine replay, ReferenceBatch batch) {
    long self = Thread.currentThread().getId();
    THREADS.getThreadAllocatedBytes(self); // its own first call may allocate
    aMillion(replay, batch); // code that is linked when it is first run, and compiled meanwhile
    long before = THREADS.getThreadAllocatedBytes(self);
    aMillion(replay, batch);
    return THREADS.getThreadAllocatedBytes(self) - before;
  }

  private static void aMillion(ReplayEngine replay, ReferenceBatch batch) {
    for (int done = 0; done < MILLION; done += batch.count()) {
      replay.run(batch, 0, batch.count());
    }
  }

  private static Machine machine() throws Exception {
    return new Machine(
        MachineLibrary.load("reference", List.of()),
        FramePlacement.CONTIGUOUS,
        PageSize.SIZE_4K,
        0);
  }

  private static ReplayEngine replay(Machine machine) {
    return ReplayEngine.of(machine);
  }
}
