package io.lookaside.simulator.config;

import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.TlbConfig;
import tools.jackson.databind.node.ObjectNode;

/**
 * A machine.
 *
 * @param name its name in results
 * @param tlb the TLBs
 * @param walker the page walker and its structure caches
 * @param memoryLatencyCycles cycles of one read of a page-table entry
 * @param effective the configuration as it is in force, after base and {@code --set}, for the
 *     record
 */
public record MachineConfig(
    String name,
    TlbConfig tlb,
    WalkerConfig walker,
    int memoryLatencyCycles,
    ObjectNode effective) {
  /** MAXPHYADDR. */
  public int physicalAddressBits() {
    return walker.physicalAddressBits();
  }
}
