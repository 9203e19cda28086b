package io.lookaside.simulator;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.CostPart;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What a run tells of the memory of the kernel modelled on Linux, besides its counts.
 *
 * @param costs what its cycles for processes went to
 * @param kswapdCosts what kswapd's went to
 * @param flusherCosts what those of the thread that writes files back went to
 * @param killed processes that were killed since memory was short, warm-up's included
 * @param messages what the OOM killer has said
 * @param pressure samples of memory pressure, or {@code null} where none were asked for
 */
public record MemoryResult(
    Snapshot<CostPart> costs,
    Snapshot<CostPart> kswapdCosts,
    Snapshot<CostPart> flusherCosts,
    List<Killed> killed,
    List<String> messages,
    @Nullable PressureResult pressure) {
  /**
   * A process that was killed.
   *
   * @param process its number
   * @param references of it that were carried out, the last of which it was killed in or after
   * @param passedOver of it that came afterwards and were not carried out
   */
  public record Killed(int process, long references, long passedOver) {}

  /** Copies the lists. */
  public MemoryResult {
    killed = List.copyOf(killed);
    messages = List.copyOf(messages);
  }
}
