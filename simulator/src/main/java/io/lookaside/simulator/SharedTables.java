package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.traces.PackedReference;
import io.lookaside.traces.ReferenceBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Page tables that many machines share which run the same references: each sets the same bits of
 * them and faults at the same places (see {@link TouchedPages}), so it is done once for all.
 */
final class SharedTables {
  /** What tables depend on, beside the references. */
  record Key(int physicalAddressBits, FramePlacement frames, boolean prefault, long seed) {}

  private final Machine machine;
  private final TouchedPages touched;
  private final boolean prefaults;
  private boolean prefaulting;
  private int process;

  /** Tables without pages, of a machine that {@link #keyOf} has a key for. */
  SharedTables(MachineConfig config, RunOptions options) {
    this.machine = new Machine(config, options.frames(), options.pageSize(), options.seed());
    this.prefaults = options.prefault();
    this.touched = new TouchedPages(machine.memory(), machine.kernel());
    touched.enter(machine.mmu().registers().cr3());
  }

  /** Which machines and options have the same tables; {@code null} where none are shared. */
  static @Nullable Key keyOf(MachineConfig config, RunOptions options) {
    return options.linux() == null
            && options.image() == null
            && !options.checkStale()
            && !options.heatmap()
            && options.pageSize() == PageSize.SIZE_4K
            && options.hugePages().isEmpty()
            && MissProfile.of(config, options, false) == null
            && LruFit.fits(config, PageSize.SIZE_4K)
        ? new Key(
            config.physicalAddressBits(), options.frames(), options.prefault(), options.seed())
        : null;
  }

  /** A machine that has these tables. It must not be let run other processes: this does that. */
  Machine machine(MachineConfig config, long seed) {
    return machine.sharingMemory(config, seed);
  }

  /**
   * Does what a chunk does to the tables.
   *
   * @param into gets its references, none where it only maps pages
   */
  void take(BatchChunk chunk, PageReferences into) {
    into.clear();
    if (chunk.phase == BatchChunk.Phase.PREFAULT) {
      prefaulting = true;
      for (int i = 0; prefaults && i < chunk.count; i++) {
        prefault(chunk.owners[i], chunk.touches(i));
      }
      return;
    }
    if (prefaulting) {
      prefaulting = false;
      machine.kernel().switchTo(process);
    }
    for (int i = 0; i < chunk.count; i++) {
      if (chunk.owners[i] != process) {
        process = chunk.owners[i];
        touched.enter(machine.kernel().switchTo(process));
        into.contextSwitches++;
      }
      touched.take(chunk.compacted[i], into);
    }
  }

  private void prefault(int owner, ReferenceBatch slice) {
    machine.kernel().switchTo(owner);
    // The slice before may be another process's.
    long[] lastPage = new long[AccessKind.COUNT + 1];
    Arrays.fill(lastPage, PackedReference.NO_PAGE);
    Simulation.prefault(machine.kernel(), slice, 0, slice.count(), lastPage);
  }
}
