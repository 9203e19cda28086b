package io.lookaside.benchmarks;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.simulator.Machine;
import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineLibrary;
import java.io.IOException;
import java.util.List;

/** Machines for benchmarks. */
final class Machines {
  private Machines() {}

  /** The machine {@code reference}, cold, with the pages of {@code addresses} mapped. */
  static Machine reference(long... addresses) {
    try {
      Machine machine =
          new Machine(
              MachineLibrary.load("reference", List.of()),
              FramePlacement.CONTIGUOUS,
              PageSize.SIZE_4K,
              0);
      for (long va : addresses) {
        machine.kernel().prefault(va);
      }
      return machine;
    } catch (ConfigException | MachineLibrary.UnknownMachineException | IOException e) {
      throw new IllegalStateException("the shipped machine must load", e);
    }
  }
}
