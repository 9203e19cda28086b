package io.lookaside.simulator;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.traces.ReferenceBatch;

/**
 * An {@link LruReplay} for one of many machines: it runs code that all share, and goes over to a
 * class of its own, which has to be compiled for itself, after so many walks that this pays.
 */
final class AdaptiveReplay implements ReplayEngine {
  /** Compiling takes as long as is saved on so many walks; who did them will do as many more. */
  static final long WALKS = 1 << 22;

  private final ReplayParts parts;
  private final long walksToGo;
  private ReplayEngine engine;

  /** What engines before this one counted. */
  private Snapshot<ReferenceMetric> before;

  private long sumBefore;
  private boolean ofItsOwn;

  /**
   * A replay that has not begun.
   *
   * @param walks after how many it goes over
   */
  AdaptiveReplay(ReplayParts parts, long walks) {
    this.parts = parts;
    this.walksToGo = walks;
    this.engine = new LruReplay(parts);
    this.before = engine.snapshot();
  }

  @Override
  public int run(ReferenceBatch batch, int from, int to) {
    int end = engine.run(batch, from, to);
    goOver();
    return end;
  }

  @Override
  public void run(PageReferences references) {
    engine.run(references);
    goOver();
  }

  private void goOver() {
    if (!ofItsOwn && parts.machine().walker().snapshot().get(WalkMetric.WALKS) >= walksToGo) {
      before = snapshot();
      sumBefore = physicalAddressSum();
      engine = LruReplay.inClassOfItsOwn(parts);
      ofItsOwn = true;
    }
  }

  @Override
  public void addressSpaceChanged() {
    engine.addressSpaceChanged();
  }

  @Override
  public Snapshot<ReferenceMetric> snapshot() {
    return before.plus(engine.snapshot());
  }

  @Override
  public long physicalAddressSum() {
    return sumBefore + engine.physicalAddressSum();
  }
}
