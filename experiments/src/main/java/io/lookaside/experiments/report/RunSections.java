package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block;
import io.lookaside.experiments.page.Chart;
import io.lookaside.experiments.page.Table;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a report says of runs. */
final class RunSections {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;
  private static final List<String> LEVELS = List.of("l1i", "l1d", "stlb");

  private RunSections() {}

  private static String levelName(String level) {
    return switch (level) {
      case "l1i" -> "first level, fetches";
      case "l1d" -> "first level, data";
      default -> "second level";
    };
  }

  /** Misses per thousand instructions: a chart for each trace, a group of bars for each machine. */
  static List<Block> misses(List<RunView> runs) {
    Map<String, List<RunView>> byTrace = new LinkedHashMap<>();
    runs.forEach(r -> byTrace.computeIfAbsent(r.trace(), t -> new ArrayList<>()).add(r));
    List<Block> blocks = new ArrayList<>();
    byTrace.forEach((trace, ofTrace) -> blocks.add(misses(trace, ofTrace)));
    return blocks;
  }

  private static Block misses(String trace, List<RunView> runs) {
    if (runs.stream().allMatch(r -> LEVELS.stream().allMatch(l -> r.misses(l) == 0))) {
      return new Block.Text(trace + ": nothing missed.");
    }
    boolean instructions = runs.stream().allMatch(RunView::hasInstructions);
    String unit = instructions ? "instructions" : "references";
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    for (RunView run : runs) {
      List<String> line = new ArrayList<>(List.of(run.label()));
      for (String level : LEVELS) {
        long per =
            instructions ? run.number("trace", "instructions") : run.number("trace", "references");
        double value = per == 0 ? 0 : 1000.0 * run.misses(level) / per;
        ObjectNode row = rows.addObject();
        row.put("run", run.label());
        row.put("level", levelName(level));
        row.put("misses", value);
        line.add(Figures.decimal(value));
      }
      table.add(line);
    }
    return Chart.of(
        "Misses per thousand " + unit + ": " + trace,
        "Bars of TLB misses per thousand " + unit + ", by machine and level.",
        """
        {"mark": {"type": "bar", "tooltip": true},
         "height": {"step": 14},
         "encoding": {
           "y": {"field": "run", "type": "nominal", "title": null, "sort": null},
           "yOffset": {"field": "level", "type": "nominal", "sort": null},
           "x": {"field": "misses", "type": "quantitative", "title": "misses per thousand UNIT"},
           "color": {"field": "level", "type": "nominal", "title": null, "sort": null}}}
        """
            .replace("UNIT", unit),
        rows,
        new Table(
            List.of("Machine", "First level, fetches", "First level, data", "Second level"),
            table));
  }

  /** Where the cycles go: a stacked bar for each run. */
  static List<Block> cycles(List<RunView> runs) {
    List<Block> blocks = new ArrayList<>();
    for (boolean timed : new boolean[] {true, false}) {
      List<RunView> some = runs.stream().filter(r -> r.timed() == timed && r.cycles() > 0).toList();
      if (some.isEmpty()) {
        continue;
      }
      List<String> headings = new ArrayList<>(List.of("Run"));
      headings.addAll(some.get(0).cycleParts().keySet());
      headings.add("sum");
      ArrayNode rows = JSON.arrayNode();
      List<List<String>> table = new ArrayList<>();
      for (RunView run : some) {
        List<String> line = new ArrayList<>(List.of(run.label()));
        int order = 0;
        for (Map.Entry<String, Long> part : run.cycleParts().entrySet()) {
          ObjectNode row = rows.addObject();
          row.put("run", run.label());
          row.put("cause", part.getKey());
          row.put("cycles", part.getValue());
          row.put("order", order++);
          line.add(Figures.count(part.getValue()));
        }
        line.add(Figures.count(run.cycles()));
        table.add(line);
      }
      blocks.add(
          Chart.of(
              timed ? "What the cycles went to" : "What the cycles of translation went to",
              timed
                  ? "Stacked bars of all cycles by what held retirement up."
                  : "Stacked bars of translation cycles by step; nothing overlaps in a run without"
                      + " a clock.",
              """
              {"mark": {"type": "bar", "tooltip": true},
               "height": {"step": 34},
               "encoding": {
                 "y": {"field": "run", "type": "nominal", "title": null, "sort": null},
                 "x": {"field": "cycles", "type": "quantitative", "title": "cycles",
                       "axis": {"format": "~s"}},
                 "order": {"field": "order"},
                 "color": {"field": "cause", "type": "nominal", "title": null, "sort": null}}}
              """,
              rows,
              new Table(headings, table)));
    }
    return blocks;
  }

  /** The page-walk ladder: where walks began, and how many entries they read. */
  static List<Block> ladder(List<RunView> runs) {
    List<Block> blocks = new ArrayList<>();
    if (runs.stream().allMatch(r -> r.allWalks() == 0)) {
      return List.of(new Block.Text("There was no walk."));
    }
    Map<String, String> starts = new LinkedHashMap<>();
    starts.put("none", "root table");
    starts.put("pml5e", "PML5E cache");
    starts.put("pml4e", "PML4E cache");
    starts.put("pdpte", "PDPTE cache");
    starts.put("pde", "PDE cache");
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    for (RunView run : runs) {
      starts.forEach(
          (key, name) -> {
            long walks = run.number("pagingStructureCaches", key, "hits");
            if (walks > 0 || key.equals("none")) {
              step(rows, table, run, name, walks);
            }
          });
    }
    blocks.add(
        Chart.of(
            "Where walks began",
            "Walks by the table entry that they started from: the lower the step, the shorter the"
                + " walk that is left.",
            steps(runs),
            rows,
            new Table(List.of("Run", "Began at", "Walks", "Share"), table)));
    ArrayNode lengths = JSON.arrayNode();
    List<List<String>> lengthTable = new ArrayList<>();
    for (RunView run : runs) {
      JsonNode counts = run.tree().path("walkLengths");
      for (int n = 0; n <= 5; n++) {
        long walks = counts.path("reads" + n).asLong(0);
        if (walks > 0) {
          step(lengths, lengthTable, run, n + (n == 1 ? " entry" : " entries"), walks);
        }
      }
    }
    if (!lengths.isEmpty()) {
      blocks.add(
          Chart.of(
              "How many entries walks read",
              "Walks by the number of table entries that they read from memory.",
              steps(runs),
              lengths,
              new Table(List.of("Run", "Read", "Walks", "Share"), lengthTable)));
    }
    return blocks;
  }

  private static void step(
      ArrayNode rows, List<List<String>> table, RunView run, String step, long walks) {
    ObjectNode row = rows.addObject();
    row.put("run", run.label());
    row.put("step", step);
    row.put("walks", walks);
    table.add(
        List.of(run.label(), step, Figures.count(walks), Figures.percent(walks, run.allWalks())));
  }

  private static String steps(List<RunView> runs) {
    return """
    {"mark": {"type": "bar", "tooltip": true},
     "height": {"step": 22},
     "encoding": {
       "y": {"field": "step", "type": "nominal", "title": null, "sort": null},
       "yOffset": {"field": "run", "type": "nominal", "sort": null},
       "x": {"field": "walks", "type": "quantitative", "title": "walks", "axis": {"format": "~s"}},
       "color": {"field": "run", "type": "nominal", "title": null, "sort": null LEGEND}}}
    """
        .replace("LEGEND", legend(runs));
  }

  /** A legend of runs only where there are several. */
  private static String legend(List<RunView> runs) {
    return runs.size() == 1 ? ", \"legend\": null" : "";
  }

  /** The distribution of walk latencies of the runs with a clock. */
  static List<Block> latencies(List<RunView> runs) {
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    List<Block> blocks = new ArrayList<>();
    List<List<String>> summary = new ArrayList<>();
    for (RunView run : runs) {
      JsonNode latency = run.tree().path("walker").path("latencyCycles");
      if (latency.isMissingNode()) {
        continue;
      }
      summary.add(
          List.of(
              run.label(),
              Figures.decimal(latency.path("mean").asDouble(0)),
              Figures.count(latency.path("p50").asLong(0)),
              Figures.count(latency.path("p90").asLong(0)),
              Figures.count(latency.path("p99").asLong(0)),
              Figures.count(latency.path("max").asLong(0))));
      long walks = 0;
      for (JsonNode bucket : latency.path("histogram")) {
        walks += bucket.path("walks").asLong(0);
      }
      for (JsonNode bucket : latency.path("histogram")) {
        ObjectNode row = rows.addObject();
        row.put("run", run.label());
        row.put("from", bucket.path("from").asLong(0));
        row.put("end", bucket.path("to").asLong(0) + 1);
        row.put("walks", bucket.path("walks").asLong(0));
        table.add(
            List.of(
                run.label(),
                Figures.count(bucket.path("from").asLong(0)),
                Figures.count(bucket.path("to").asLong(0)),
                Figures.count(bucket.path("walks").asLong(0)),
                Figures.percent(bucket.path("walks").asLong(0), walks)));
      }
    }
    if (!summary.isEmpty()) {
      blocks.add(
          new Block.Rows(
              "Cycles from the request of a walk to its end",
              new Table(List.of("Run", "Mean", "Median", "p90", "p99", "Max"), summary)));
    }
    if (!rows.isEmpty()) {
      blocks.add(
          Chart.of(
              "Distribution of walk latencies",
              "Walks by their latency in cycles, on a logarithmic axis.",
              """
              {"mark": {"type": "bar", "tooltip": true, "opacity": 0.75},
               "height": 220,
               "encoding": {
                 "x": {"field": "from", "type": "quantitative", "title": "cycles",
                       "scale": {"type": "symlog", "constant": 8}},
                 "x2": {"field": "end"},
                 "y2": {"datum": 0},
                 "y": {"field": "walks", "type": "quantitative", "title": "walks", "stack": null,
                       "axis": {"format": "~s"}},
                 "color": {"field": "run", "type": "nominal", "title": null, "sort": null LEGEND}}}
              """
                  .replace("LEGEND", legend(runs)),
              rows,
              new Table(List.of("Run", "From", "To", "Walks", "Share"), table)));
    }
    return blocks;
  }

  /** The instructions, pages and regions whose misses cost most. */
  static List<Block> guilty(List<RunView> runs) {
    List<Block> blocks = new ArrayList<>();
    for (RunView run : runs) {
      for (String axis : List.of("pc", "page", "region")) {
        JsonNode ranking = run.tree().path("top").path(axis);
        if (ranking.path("entries").size() > 0) {
          blocks.add(guilty(run, axis, ranking, runs.size() > 1));
        }
      }
    }
    return blocks;
  }

  private static Block guilty(RunView run, String axis, JsonNode ranking, boolean several) {
    String what =
        switch (axis) {
          case "pc" -> "Instructions";
          case "page" -> "Pages";
          default -> "Regions";
        };
    long total = Figures.number(ranking, "total", "cycles");
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    for (JsonNode entry : ranking.path("entries")) {
      String place =
          axis.equals("region")
              ? Figures.text(entry, "first") + " – " + Figures.text(entry, "last")
              : Figures.text(entry, "address");
      long process = Figures.number(entry, "process");
      String label = process == 0 ? place : place + " (process " + process + ")";
      long cycles = Figures.number(entry, "cycles");
      ObjectNode row = rows.addObject();
      row.put("place", label);
      row.put("cycles", cycles);
      row.put("share", Figures.percent(cycles, total));
      table.add(
          List.of(
              label,
              Figures.count(Figures.number(entry, "misses")),
              Figures.count(Figures.number(entry, "walks")),
              Figures.count(Figures.number(entry, "memoryReads")),
              Figures.count(cycles),
              Figures.percent(cycles, total)));
    }
    boolean exact = ranking.path("exact").asBoolean(true);
    return Chart.of(
        what + " whose misses cost most" + (several ? ": " + run.label() : ""),
        "Translation cycles beyond the first level, for the "
            + table.size()
            + " costliest of "
            + Figures.count(Figures.number(ranking, "distinct"))
            + (exact ? "." : "; the places are too many to be exact, see the result's undercount."),
        """
        {"mark": {"type": "bar", "tooltip": true},
         "height": {"step": 20},
         "encoding": {
           "y": {"field": "place", "type": "nominal", "title": null, "sort": null},
           "x": {"field": "cycles", "type": "quantitative", "title": "cycles",
                 "axis": {"format": "~s"}},
           "tooltip": [{"field": "place", "type": "nominal"},
                       {"field": "cycles", "type": "quantitative", "format": ","},
                       {"field": "share", "type": "nominal"}]}}
        """,
        rows,
        new Table(List.of(what, "Misses", "Walks", "Entries read", "Cycles", "Share"), table));
  }
}
