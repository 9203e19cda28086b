package io.lookaside.simulator;

import java.util.List;

/**
 * How often bands of addresses were accessed over time.
 *
 * @param referencesPerColumn references that a column stands for; the last has the rest
 * @param columns how many there are
 * @param bands by process and address
 */
public record AccessHeatmap(long referencesPerColumn, int columns, List<Band> bands) {
  /** Copies the list. */
  public AccessHeatmap {
    bands = List.copyOf(bands);
  }

  /**
   * A band of addresses.
   *
   * @param process its process; 255 stands for all from 255 on
   * @param first its lowest address
   * @param last its highest address
   * @param accesses references that began in it, by column
   */
  public record Band(int process, long first, long last, List<Long> accesses) {
    /** Copies the list. */
    public Band {
      accesses = List.copyOf(accesses);
    }
  }
}
