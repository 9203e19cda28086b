package io.lookaside.timing;

import org.jspecify.annotations.Nullable;

/**
 * All that timing needs to know of a machine beside the latencies of its translation structures.
 *
 * @param core the core, the same for all cores
 * @param memory what is behind the TLBs of each core
 * @param interrupts what interrupts between cores cost, or {@code null} if the machine does not say
 * @param contextSwitchCycles of the kernel when another process is let run, with its MOV to CR3
 */
public record TimingConfig(
    CoreConfig core,
    MemoryConfig memory,
    @Nullable InterruptConfig interrupts,
    int contextSwitchCycles) {
  /** Timing of a core that neither interrupts others nor lets processes take turns. */
  public TimingConfig(CoreConfig core, MemoryConfig memory) {
    this(core, memory, null, 0);
  }
}
