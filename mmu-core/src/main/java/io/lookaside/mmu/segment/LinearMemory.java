package io.lookaside.mmu.segment;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.TableMemory;

/**
 * What segmentation rests on: linear memory as the processor's own accesses to descriptor tables
 * see it, and the modes that decide what segmentation means.
 */
public interface LinearMemory {
  /** The physical memory beneath. */
  TableMemory physical();

  /**
   * Translates one byte's address as an implicit supervisor-mode access, which an access to a
   * descriptor table is at any CPL (SDM Vol. 3A, "Access Rights").
   *
   * @param kind code of a load or store, see {@link io.lookaside.mmu.AccessKind}
   * @return a valid {@link Translation}, or the fault of one
   */
  long translate(long linear, int kind);

  /** EFER.LMA: whether IA-32e mode is active. */
  boolean longModeActive();

  /** Whether an address is canonical, in the width that is in use. */
  boolean isCanonical(long linear);

  /** Linear memory with paging switched off: linear addresses are the physical ones. */
  static LinearMemory unpaged(TableMemory memory) {
    return new LinearMemory() {
      @Override
      public TableMemory physical() {
        return memory;
      }

      @Override
      public long translate(long linear, int kind) {
        long frame = (linear & Pte.FRAME) | Pte.DIRTY;
        return Translation.ofLeaf(frame, PageSize.SIZE_4K, Pte.WRITABLE | Pte.USER, false);
      }

      @Override
      public boolean longModeActive() {
        return false;
      }

      @Override
      public boolean isCanonical(long linear) {
        return true; // 32 bits, all of which count
      }
    };
  }
}
