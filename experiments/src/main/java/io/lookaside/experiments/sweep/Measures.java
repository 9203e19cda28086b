package io.lookaside.experiments.sweep;

import io.lookaside.simulator.RunCsv;
import io.lookaside.simulator.config.NearMiss;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Set;
import tools.jackson.databind.JsonNode;

/** The names of figures: their paths in a run's result, or enough of a path's end. */
public final class Measures {
  /** The columns of a sweep that asks for none. */
  static final List<String> DEFAULT =
      List.of(
          "trace.references",
          "trace.instructions",
          "tlbs.l1i.misses",
          "tlbs.l1d.misses",
          "tlbs.stlb.misses",
          "rates.stlb.missesPerThousandInstructions",
          "rates.stlb.missesPerThousandReferences",
          "walker.walks",
          "walker.memoryReads",
          "faults.pageFaults",
          "pageTables.bytes",
          "cycles.translation",
          "rates.cycles.perTranslation",
          "cycles.total");

  private Measures() {}

  /** Adds the paths of all figures of a result; provenance is none. */
  public static void addPaths(JsonNode result, Collection<String> paths) {
    result.properties().stream()
        .filter(e -> !Set.of("schema", "provenance").contains(e.getKey()))
        .forEach(e -> addPaths(e.getKey(), e.getValue(), paths));
  }

  private static void addPaths(String path, JsonNode node, Collection<String> paths) {
    if (node.isObject()) {
      node.properties().forEach(e -> addPaths(path + "." + e.getKey(), e.getValue(), paths));
    } else if (!node.isArray()) {
      paths.add(path);
    }
  }

  /**
   * The figure that a name means.
   *
   * @param name a path, or the end of one that only one path has
   * @param paths all paths there are
   * @throws IllegalArgumentException with a message for the user if it means none, or several
   */
  public static Measure resolve(String name, Collection<String> paths) {
    if (paths.contains(name)) {
      return new Measure(name, RunCsv.unit(name));
    }
    List<String> ends = paths.stream().filter(p -> p.endsWith("." + name)).sorted().toList();
    if (ends.isEmpty()) {
      List<String> names = new ArrayList<>(paths);
      paths.stream().filter(p -> p.contains(".")).forEach(p -> names.add(end(p)));
      throw new IllegalArgumentException(
          "no result has a figure called '"
              + name
              + "'"
              + NearMiss.hint(name, names)
              + " (all are in the JSON of a run)");
    }
    // tlbs.stlb.misses before breakdown.stlb.load.pageSizes.4K.misses, if nothing else is as short.
    long shortest = ends.stream().mapToLong(Measures::steps).min().orElse(0);
    List<String> best = ends.stream().filter(p -> steps(p) == shortest).toList();
    if (best.size() > 1) {
      throw new IllegalArgumentException(
          "'" + name + "' may mean " + String.join(" or ", best) + "; write one of them");
    }
    return new Measure(best.get(0), RunCsv.unit(best.get(0)));
  }

  private static String end(String path) {
    return path.substring(path.indexOf('.') + 1);
  }

  private static long steps(String path) {
    return path.chars().filter(c -> c == '.').count();
  }
}
