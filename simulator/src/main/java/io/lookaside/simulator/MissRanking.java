package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * Where misses come from: the places that cost most translation cycles beyond the first-level
 * look-ups.
 *
 * @param axis what the places are
 * @param limit how many were asked for
 * @param places the costliest, at most {@code limit}, in descending order of cycles
 * @param distinct how many places there are, as far as they are remembered
 * @param total all places together, remembered or not, known or not
 * @param unknown what is of no known place: of an unknown instruction
 * @param undercount the most by which each count of a place may be too low; 0 where it is exact
 */
public record MissRanking(
    Axis axis,
    int limit,
    List<Place> places,
    long distinct,
    Cost total,
    Cost unknown,
    Cost undercount) {

  /** What a ranking is of. */
  public enum Axis {
    /** Instructions, by their addresses. */
    PC,
    /** Pages, of the size that the tables map them with. */
    PAGE,
    /**
     * Regions: runs of neighbouring blocks of 2 MiB in each of which something missed, from the
     * first to the last page that did.
     */
    REGION;

    /** The word for the command line and results. */
    public String label() {
      return name().toLowerCase(Locale.ROOT);
    }
  }

  /**
   * What misses cost.
   *
   * @param cycles translation cycles of second-level look-ups, walks, retries and assists
   */
  public record Cost(Snapshot<MissMetric> counts, long cycles) {}

  /**
   * One place.
   *
   * @param process the number of its process
   * @param first its address, or the first of it
   * @param last the last address of it; {@code first} for an instruction
   * @param size the size of a page, else {@code null}
   */
  public record Place(int process, long first, long last, @Nullable PageSize size, Cost cost) {}

  /** Whether every count is exact. */
  public boolean exact() {
    for (MissMetric metric : MissMetric.values()) {
      if (undercount.counts().get(metric) != 0) {
        return false;
      }
    }
    return true;
  }

  /** The listed places together. */
  public Cost listed() {
    return MissTable.sum(places.stream().map(Place::cost).toList());
  }
}
