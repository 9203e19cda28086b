package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block;
import io.lookaside.experiments.page.Chart;
import io.lookaside.experiments.page.Table;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.TreeSet;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a report says of curves. */
final class CurveSections {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Points of a curve for each doubling of the size. */
  private static final int POINTS_PER_OCTAVE = 8;

  private static final double WIDE = 1.1;

  /** A range that a linear axis would flatten. */
  private static final double FAR = 30;

  private CurveSections() {}

  /** The miss-ratio curves of all results in one chart, and a heat map for each. */
  static List<Block> of(List<Result> curves) {
    List<Block> blocks = new ArrayList<>();
    blocks.add(lines(curves));
    for (Result curve : curves) {
      if (curve.tree().path("setAssociative").size() > 0) {
        blocks.add(heatMap(curve, curves.size() > 1));
      }
    }
    return blocks;
  }

  private static String label(Result curve) {
    return curve.name()
        + " ("
        + Figures.text(curve.tree(), "side")
        + ", "
        + Figures.text(curve.tree(), "pageSize")
        + " pages)";
  }

  private static Block lines(List<Result> curves) {
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    double least = Double.MAX_VALUE;
    double most = 0;
    for (Result curve : curves) {
      long lookups = Figures.number(curve.tree(), "lookups");
      JsonNode sizes = curve.tree().path("fullyAssociative");
      long drawn = 0;
      long last = -1;
      for (int i = 0; i < sizes.size(); i++) {
        long entries = Figures.number(sizes.get(i), "entries");
        long misses = Figures.number(sizes.get(i), "misses");
        boolean due = entries >= drawn * Math.pow(2, 1.0 / POINTS_PER_OCTAVE);
        boolean flat = misses == last && i + 1 < sizes.size();
        if (!due || (flat && Long.bitCount(entries) != 1)) {
          continue;
        }
        drawn = entries;
        last = misses;
        ObjectNode row = rows.addObject();
        row.put("curve", label(curve));
        row.put("entries", entries);
        double ratio = lookups == 0 ? 0 : (double) misses / lookups;
        row.put("ratio", ratio);
        least = Math.min(least, ratio);
        most = Math.max(most, ratio);
        table.add(
            List.of(
                label(curve),
                Figures.count(entries),
                Figures.count(misses),
                Figures.percent(misses, lookups)));
      }
    }
    return Chart.of(
        "Miss ratio by size, fully associative",
        "The share of look-ups that miss an LRU TLB, by its number of entries.",
        """
        {"mark": {"type": "line", "point": true, "tooltip": true},
         "height": 260,
         "encoding": {
           "x": {"field": "entries", "type": "quantitative", "title": "entries",
                 "scale": {"type": "log", "base": 2, "nice": false}},
           "y": {"field": "ratio", "type": "quantitative", "title": "miss ratio",
                 "scale": {"type": "SCALE"}, "axis": {"format": ".2~%"}},
           "color": {"field": "curve", "type": "nominal", "title": null, "sort": null}}}
        """
            .replace("SCALE", least > 0 && most > FAR * least ? "log" : "linear"),
        rows,
        new Table(List.of("Curve", "Entries", "Misses", "Miss ratio"), table));
  }

  private static Block heatMap(Result curve, boolean several) {
    long lookups = Figures.number(curve.tree(), "lookups");
    Map<Long, Map<Long, Long>> bySets = new TreeMap<>();
    TreeSet<Long> ways = new TreeSet<>();
    ArrayNode rows = JSON.arrayNode();
    for (JsonNode geometry : curve.tree().path("setAssociative")) {
      long sets = Figures.number(geometry, "sets");
      long way = Figures.number(geometry, "ways");
      long misses = Figures.number(geometry, "misses");
      bySets.computeIfAbsent(sets, s -> new TreeMap<>()).put(way, misses);
      ways.add(way);
      ObjectNode row = rows.addObject();
      row.put("sets", sets);
      row.put("ways", way);
      row.put("misses", misses);
      row.put("ratio", lookups == 0 ? 0 : (double) misses / lookups);
    }
    List<String> headings = new ArrayList<>(List.of("Sets"));
    ways.forEach(w -> headings.add(w + (w == 1 ? " way" : " ways")));
    List<List<String>> table = new ArrayList<>();
    bySets.forEach(
        (sets, byWays) -> {
          List<String> line = new ArrayList<>(List.of(Figures.count(sets)));
          for (long way : ways) {
            Long misses = byWays.get(way);
            line.add(misses == null ? "–" : Figures.percent(misses, lookups));
          }
          table.add(line);
        });
    return Chart.of(
        "Miss ratio by sets and ways" + (several ? ": " + label(curve) : ""),
        "Each field is an LRU TLB of so many sets and ways; the darker, the fewer look-ups miss."
            + " Colours are on a logarithmic scale.",
        """
        {"mark": {"type": "rect", "tooltip": true},
         "height": {"step": 22},
         "encoding": {
           "x": {"field": "ways", "type": "ordinal", "title": "ways", "axis": {"labelAngle": 0}},
           "y": {"field": "sets", "type": "ordinal", "title": "sets"},
           "color": {"field": "ratio", "type": "quantitative", "title": "miss ratio",
                     "scale": {"type": "SCALE", "scheme": "viridis"},
                     "legend": {"format": ".1~%"}},
           "tooltip": [{"field": "sets", "type": "quantitative"},
                       {"field": "ways", "type": "quantitative"},
                       {"field": "misses", "type": "quantitative", "format": ","},
                       {"field": "ratio", "type": "quantitative", "format": ".3~%"}]}}
        """
            .replace("SCALE", logarithmic(bySets) ? "log" : "linear"),
        rows,
        new Table(headings, table));
  }

  /** Whether all counts are positive and differ enough for a logarithmic scale. */
  private static boolean logarithmic(Map<Long, Map<Long, Long>> bySets) {
    long least = Long.MAX_VALUE;
    long most = 0;
    for (Map<Long, Long> byWays : bySets.values()) {
      for (long misses : byWays.values()) {
        least = Math.min(least, misses);
        most = Math.max(most, misses);
      }
    }
    return least > 0 && most > WIDE * least;
  }
}
