package io.lookaside.os.linux;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/**
 * Chooses a process to kill when memory is short and nothing can be reclaimed: the one with the
 * most pages in memory, in swap and in page tables, corrected by its oom_score_adj.
 *
 * <p>Source: Linux 6.1, mm/oom_kill.c, {@code oom_badness}, {@code select_bad_process}, {@code
 * oom_kill_process}.
 */
final class OomKiller {
  /** A process with this oom_score_adj is never killed. */
  static final int NEVER = -1000;

  /** Messages that are kept. */
  private static final int MAX_MESSAGES = 1000;

  private static final int KIB_SHIFT = PhysicalPages.PAGE_SHIFT - 10;

  private final KernelState kernel;
  private final List<Task> processes;
  private final Consumer<Task> end;
  private final List<String> messages = new ArrayList<>();

  /**
   * A killer.
   *
   * @param processes those that live, in the order of their making
   * @param end ends a process and frees its memory
   */
  OomKiller(KernelState kernel, List<Task> processes, Consumer<Task> end) {
    this.kernel = kernel;
    this.processes = processes;
    this.end = end;
  }

  List<String> messages() {
    return messages;
  }

  /** How bad a process is, in pages; {@link Long#MIN_VALUE} if it must not be killed. */
  long badness(Task task) {
    if (task.oomScoreAdj == NEVER || task.oomVictim) {
      return Long.MIN_VALUE;
    }
    AddressSpace space = task.space;
    long pages = space.residentPages() + space.swapEntries + space.tables;
    long total = kernel.pages.managedFrames() + kernel.swap.totalPages();
    return pages + task.oomScoreAdj * (total / 1000);
  }

  private @Nullable Task choose() {
    Task chosen = null;
    long most = Long.MIN_VALUE;
    for (Task task : processes) {
      long points = badness(task);
      if (points != Long.MIN_VALUE && points >= most) {
        most = points;
        chosen = task;
      }
    }
    return chosen;
  }

  /**
   * Kills a process; {@code false} if there is none to kill, or who asks is to be refused instead.
   * The process for which the kernel works ends when the kernel is done with its request.
   */
  boolean kill(int order) {
    if (!kernel.config.has(Mechanism.OOM_KILLER)) {
      return false;
    }
    Task asking = kernel.task;
    Task victim = choose();
    String asker = asking == null ? "swapper/0" : asking.name();
    int adj = asking == null ? 0 : asking.oomScoreAdj;
    say(
        String.format(
            Locale.ROOT,
            "%s invoked oom-killer: gfp_mask=0x140dca(GFP_HIGHUSER_MOVABLE|__GFP_COMP|__GFP_ZERO),"
                + " order=%d, oom_score_adj=%d",
            asker,
            order,
            adj));
    if (victim == null) {
      say("Out of memory and no killable processes...");
      return false;
    }
    AddressSpace space = victim.space;
    say(
        String.format(
            Locale.ROOT,
            "Out of memory: Killed process %d (%s) total-vm:%dkB, anon-rss:%dkB, file-rss:%dkB,"
                + " shmem-rss:%dkB, UID:0 pgtables:%dkB oom_score_adj:%d",
            victim.pid(),
            victim.name(),
            space.totalPages << KIB_SHIFT,
            space.residentAnon << KIB_SHIFT,
            space.residentFile << KIB_SHIFT,
            space.residentShared << KIB_SHIFT,
            space.tables << KIB_SHIFT,
            victim.oomScoreAdj));
    kernel.count(KernelMetric.OOM_KILLS, 1);
    kernel.spend(CostPart.SIGNALS, kernel.config.costs().signal());
    victim.oomVictim = true;
    if (victim != asking) {
      end.accept(victim);
    }
    return true;
  }

  private void say(String message) {
    if (messages.size() < MAX_MESSAGES) {
      messages.add(message);
    }
  }
}
