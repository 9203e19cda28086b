package io.lookaside.experiments.advise;

import io.lookaside.mmu.format.PageSize;
import java.util.LinkedHashMap;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.node.ObjectNode;

/**
 * What a change does, as a run measured it.
 *
 * @param before the figures without it
 * @param after the figures with it
 * @param command the run of {@code after}
 * @param timedBefore total cycles without it, or {@code null} where no clock was asked
 * @param timedAfter total cycles with it, or {@code null}
 * @param timedCommand the run of {@code timedAfter}, or {@code null}
 */
record Claim(
    WhatIf whatIf,
    Figures before,
    Figures after,
    String command,
    @Nullable Long timedBefore,
    @Nullable Long timedAfter,
    @Nullable String timedCommand) {

  /**
   * Figures of a run.
   *
   * @param penaltyCycles translation cycles beyond the first-level look-ups
   * @param mappedBytes of the program's pages
   */
  record Figures(
      long firstLevelMisses,
      long secondLevelMisses,
      long memoryReads,
      long pageFaults,
      long translationCycles,
      long penaltyCycles,
      long mappedBytes,
      long pageTableBytes) {

    static Figures of(ObjectNode run) {
      long firstLevel = 0;
      long misses = 0;
      for (String level : new String[] {"l1i", "l1d"}) {
        var counts = run.path("tlbs").path(level);
        misses += counts.path("misses").asLong(0);
        firstLevel +=
            counts.path("lookups").asLong(0)
                * run.path("provenance")
                    .path("machine")
                    .path(level)
                    .path("latencyCycles")
                    .asLong(0);
      }
      long mapped = 0;
      for (var size : PageSize.OF_LONG_MODE) {
        mapped += size.bytes() * run.path("mappedPages").path(size.label()).asLong(0);
      }
      long cycles = run.path("cycles").path("translation").asLong(0);
      return new Figures(
          misses,
          run.path("tlbs").path("stlb").path("misses").asLong(0),
          run.path("walker").path("memoryReads").asLong(0),
          run.path("faults").path("pageFaults").asLong(0),
          cycles,
          cycles - firstLevel,
          mapped,
          run.path("pageTables").path("bytes").asLong(0));
    }

    /** By name, in the order in which they are written. */
    Map<String, Long> byName() {
      Map<String, Long> all = new LinkedHashMap<>();
      all.put("firstLevelMisses", firstLevelMisses);
      all.put("secondLevelMisses", secondLevelMisses);
      all.put("memoryReads", memoryReads);
      all.put("pageFaults", pageFaults);
      all.put("translationCycles", translationCycles);
      all.put("penaltyCycles", penaltyCycles);
      all.put("mappedBytes", mappedBytes);
      all.put("pageTableBytes", pageTableBytes);
      return all;
    }
  }

  /** The share of the cycles beyond first-level look-ups that it saves; negative if it costs. */
  double saved() {
    return before.penaltyCycles == 0
        ? 0
        : (double) (before.penaltyCycles - after.penaltyCycles) / before.penaltyCycles;
  }

  /** The share of all cycles that it saves; 0 where no clock was asked. */
  double timedSaved() {
    return timedBefore == null || timedAfter == null || timedBefore == 0
        ? 0
        : (double) (timedBefore - timedAfter) / timedBefore;
  }
}
