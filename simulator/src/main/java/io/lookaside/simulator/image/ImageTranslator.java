package io.lookaside.simulator.image;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.WalkerConfig;
import java.util.Objects;

/**
 * Translates addresses with the tables of an image, one walk each. It is the machine's own walker,
 * without structure caches and without writing A and D, that does it.
 */
public final class ImageTranslator {
  private static final int LOAD = AccessKind.LOAD.ordinal();

  private final ImagePaging paging;
  private final ImageMemory memory;
  private final HardwarePageWalker walker;

  // The entry that the last walk read last.
  private long lastAddress;
  private long lastEntry;
  private int lastLevel;

  /** A translator for an address space. */
  public ImageTranslator(ImagePaging paging, ImageMemory memory) {
    this.paging = paging;
    this.memory = memory;
    this.walker = new HardwarePageWalker(WalkerConfig.READ_ONLY, memory, 0, new LastEntry());
  }

  /** Appends the line of an address, {@link Mapping#HEADER}. */
  public void append(StringBuilder out, long va) {
    if (!paging.mode().isLinear(va)) {
      Mapping.append(out, va, Mapping.Absence.NONCANONICAL);
      return;
    }
    long t = walk(va);
    if (!Translation.isValid(t)) {
      Mapping.append(out, va, isMissing() ? Mapping.Absence.MISSING : Mapping.Absence.UNMAPPED);
      return;
    }
    PageSize size = Objects.requireNonNull(paging.context().format().level(lastLevel).leafSize());
    Mapping.append(out, va, Translation.physicalAddress(t, va), size, lastEntry, t);
  }

  /**
   * Whether {@code va}, of which a walk does not yield a translation, has none because the image
   * lacks a page of the tables.
   */
  public boolean lacksTablesFor(long va) {
    return paging.mode().isLinear(va) && !Translation.isValid(walk(va)) && isMissing();
  }

  private long walk(long va) {
    lastAddress = -1;
    return walker.walk(va, LOAD, paging.context(), PageWalker.Cause.MISS);
  }

  private boolean isMissing() {
    return lastAddress < 0 ? paging.pdptesMissing() : !memory.holds(lastAddress);
  }

  private final class LastEntry implements WalkObserver {
    @Override
    public void onStart(long va, int level, long pointer) {}

    @Override
    public void onEntry(int level, long address, long entry) {
      lastAddress = address;
      lastEntry = entry;
      lastLevel = level;
    }

    @Override
    public void onEnd(long outcome) {}
  }
}
