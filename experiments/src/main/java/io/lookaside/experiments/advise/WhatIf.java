package io.lookaside.experiments.advise;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.AddressRange;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/**
 * A change whose effect a run measures.
 *
 * @param id a short name
 * @param change in words, after "with"
 * @param kind what is changed
 * @param settings {@code path=value} of the machine
 * @param pageSize of first touches
 * @param range where first touches map pages of 2 MiB, or {@code null}
 * @param timed whether a clock has something to say of it
 */
record WhatIf(
    String id,
    String change,
    Kind kind,
    List<String> settings,
    PageSize pageSize,
    @Nullable AddressRange range,
    boolean timed) {
  /** What is changed. */
  enum Kind {
    /** Nothing: the run that all others are compared with. */
    NOTHING,
    /** The machine. */
    MACHINE,
    /** The pages of the whole program. */
    PAGES,
    /** The pages of a region. */
    REGION,
    /** What only a clock tells. */
    TIME
  }

  private static final int MORE = 4;

  WhatIf {
    settings = List.copyOf(settings);
  }

  static WhatIf nothing() {
    return new WhatIf(
        "now", "nothing changed", Kind.NOTHING, List.of(), PageSize.SIZE_4K, null, true);
  }

  static WhatIf region(int number, AddressRange range) {
    return new WhatIf(
        "region-" + number,
        "2M pages in " + range,
        Kind.REGION,
        List.of(),
        PageSize.SIZE_4K,
        range,
        number == 1);
  }

  /** The changes that are worth a try on a machine. */
  static List<WhatIf> of(JsonNode machine) {
    List<WhatIf> all = new ArrayList<>();
    all.add(
        new WhatIf(
            "pages-2m",
            "2M pages everywhere",
            Kind.PAGES,
            List.of(),
            PageSize.SIZE_2M,
            null,
            true));
    scaled(all, machine, "stlb-entries", "stlb", "entries", 2, "second-level entries", true);
    scaled(all, machine, "stlb-entries-x4", "stlb", "entries", MORE, "second-level entries", true);
    scaled(all, machine, "stlb-ways", "stlb", "ways", 2, "second-level ways", false);
    scaled(all, machine, "l1d-entries", "l1d", "entries", 2, "first-level data entries", true);
    scaled(all, machine, "l1i-entries", "l1i", "entries", 2, "first-level fetch entries", false);
    for (String level : List.of("pde", "pdpte")) {
      String path = "walker." + level + "Cache";
      String words = level.toUpperCase(Locale.ROOT) + " cache entries";
      scaled(all, machine, level + "-cache", path, "entries", MORE, words, false);
    }
    long walkers = machine.path("timing").path("walkers").asLong(0);
    if (walkers > 0) {
      all.add(
          new WhatIf(
              "walkers",
              2 * walkers + " walkers, not " + walkers,
              Kind.TIME,
              List.of("timing.walkers=" + 2 * walkers),
              PageSize.SIZE_4K,
              null,
              true));
    }
    return all;
  }

  /** Adds the change of a number to a multiple, where the machine has that number. */
  private static void scaled(
      List<WhatIf> all,
      JsonNode machine,
      String id,
      String path,
      String key,
      int factor,
      String words,
      boolean timed) {
    JsonNode node = machine;
    for (String step : path.split("\\.", -1)) {
      node = node.path(step);
    }
    long now = node.path(key).asLong(0);
    if (now > 0) {
      all.add(
          new WhatIf(
              id,
              factor * now + " " + words + ", not " + now,
              Kind.MACHINE,
              List.of(path + "." + key + "=" + factor * now),
              PageSize.SIZE_4K,
              null,
              timed));
    }
  }

  /** What the command line says of it. */
  List<String> words() {
    List<String> words = new ArrayList<>();
    settings.forEach(s -> words.addAll(List.of("--set", s)));
    if (pageSize != PageSize.SIZE_4K) {
      words.addAll(List.of("--page-size", pageSize.label()));
    }
    if (range != null) {
      words.addAll(List.of("--huge-pages", range.toString()));
    }
    return words;
  }
}
