package io.lookaside.simulator;

import io.lookaside.os.ShootdownListener;
import io.lookaside.timing.Recipe;
import io.lookaside.timing.Scheduler;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayList;

/** The interrupts that the kernel has sent, until they are written down in a recipe. */
final class Shootdowns implements ShootdownListener {
  private static final int AWAIT = -1;

  private final IntArrayList targets = new IntArrayList();
  private final LongArrayList works = new LongArrayList();
  private final IntArrayList targetsOfThreads = new IntArrayList();
  private final LongArrayList worksOfThreads = new LongArrayList();

  @Override
  public void interrupt(int processor, long work) {
    targets.add(processor);
    works.add(work);
  }

  @Override
  public void awaitAcknowledgements() {
    targets.add(AWAIT);
    works.add(0);
  }

  @Override
  public void interruptFromThread(int processor, long work) {
    targetsOfThreads.add(processor);
    worksOfThreads.add(work);
  }

  /** Sends those of threads of the kernel in a cycle, and forgets them. */
  void send(Scheduler scheduler, long cycle) {
    for (int i = 0; i < targetsOfThreads.size(); i++) {
      scheduler.interruptFromThread(targetsOfThreads.getInt(i), worksOfThreads.getLong(i), cycle);
    }
    forgetThreads();
  }

  /** Forgets those of threads of the kernel, before the clock runs. */
  void forgetThreads() {
    targetsOfThreads.clear();
    worksOfThreads.clear();
  }

  /**
   * Writes them down, and forgets them; not those of threads.
   *
   * @param core that sends them; what a thread of the kernel sent there is no interrupt between
   *     cores
   */
  void tell(Recipe recipe, int core) {
    for (int i = 0; i < targets.size(); i++) {
      int target = targets.getInt(i);
      if (target == AWAIT) {
        recipe.awaitAcknowledgements();
      } else if (target != core) {
        recipe.interrupt(target, works.getLong(i));
      }
    }
    targets.clear();
    works.clear();
  }
}
