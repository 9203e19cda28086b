package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block;
import io.lookaside.experiments.page.Chart;
import io.lookaside.experiments.page.Table;
import java.util.ArrayList;
import java.util.List;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a report says of a run's addresses and memory. */
final class MapSections {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** The widest extents that are drawn; the table has all. */
  private static final int DRAWN = 40;

  private MapSections() {}

  /** Accesses by address and time, and pages by address, of the runs that kept them. */
  static List<Block> addresses(List<RunView> runs) {
    List<Block> blocks = new ArrayList<>();
    for (RunView run : runs) {
      String of = runs.size() > 1 ? ": " + run.label() : "";
      JsonNode heatmap = run.tree().path("heatmap");
      if (heatmap.path("bands").size() > 0) {
        blocks.add(accesses(heatmap, of));
      }
      if (run.tree().path("addressSpace").size() > 0) {
        blocks.add(pages(run.tree().path("addressSpace"), of));
      }
    }
    return blocks;
  }

  private static String place(JsonNode band) {
    long process = Figures.number(band, "process");
    return Figures.text(band, "first") + (process == 0 ? "" : " (process " + process + ")");
  }

  private static Block accesses(JsonNode heatmap, String of) {
    long width = Math.max(1, Figures.number(heatmap, "referencesPerColumn"));
    JsonNode bands = heatmap.path("bands");
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    // The highest addresses stand on top, as in most pictures of address spaces.
    for (int i = bands.size() - 1; i >= 0; i--) {
      JsonNode band = bands.get(i);
      long sum = 0;
      long column = 0;
      for (JsonNode n : band.path("accesses")) {
        long accesses = n.asLong(0);
        if (accesses > 0) {
          ObjectNode row = rows.addObject();
          row.put("band", place(band));
          row.put("from", column * width);
          row.put("to", (column + 1) * width);
          row.put("accesses", accesses);
        }
        sum += accesses;
        column++;
      }
      table.add(
          List.of(
              Figures.text(band, "first"),
              Figures.text(band, "last"),
              Figures.text(band, "process").isEmpty()
                  ? Long.toString(Figures.number(band, "process"))
                  : Figures.text(band, "process"),
              Figures.count(sum)));
    }
    return Chart.of(
        "Accesses by address and time" + of,
        "Each row is a band of addresses that are in use, with gaps left out; the brighter, the"
            + " more references. Colours are on a logarithmic scale.",
        """
        {"mark": {"type": "rect", "tooltip": true},
         "height": {"step": 9},
         "encoding": {
           "x": {"field": "from", "type": "quantitative", "title": "references",
                 "axis": {"format": "~s"}, "scale": {"nice": false}},
           "x2": {"field": "to"},
           "y": {"field": "band", "type": "nominal", "title": "address", "sort": null,
                 "scale": {"paddingInner": 0}},
           "color": {"field": "accesses", "type": "quantitative", "title": "accesses",
                     "scale": {"type": "log", "scheme": "viridis"},
                     "legend": {"format": "~s"}}}}
        """,
        rows,
        new Table(List.of("First", "Last", "Process", "Accesses"), table));
  }

  private static Block pages(JsonNode extents, String of) {
    List<List<String>> table = new ArrayList<>();
    List<ObjectNode> rows = new ArrayList<>();
    for (JsonNode extent : extents) {
      long bytes = Figures.number(extent, "pages") * bytes(Figures.text(extent, "pageSize"));
      ObjectNode row = JSON.objectNode();
      row.put("extent", place(extent));
      row.put("kib", bytes >> 10);
      row.put("pages", Figures.text(extent, "pageSize"));
      rows.add(row);
      table.add(
          List.of(
              Figures.text(extent, "first"),
              Figures.text(extent, "last"),
              Figures.text(extent, "pageSize"),
              Figures.count(Figures.number(extent, "pages")),
              Figures.count(bytes >> 10)));
    }
    long least =
        rows.stream()
            .map(r -> r.path("kib").asLong())
            .sorted((a, b) -> Long.compare(b, a))
            .skip(Math.min(rows.size(), DRAWN) - 1L)
            .findFirst()
            .orElse(0L);
    ArrayNode drawn = JSON.arrayNode();
    for (int i = rows.size() - 1; i >= 0; i--) {
      if (rows.get(i).path("kib").asLong() >= least && drawn.size() < DRAWN) {
        drawn.add(rows.get(i));
      }
    }
    return Chart.of(
        "What is mapped, by which pages" + of,
        "Bars of mapped memory by the address where it begins, on a logarithmic axis; the colour is"
            + " the size of the pages."
            + (drawn.size() < rows.size() ? " The table has the smaller ones too." : ""),
        """
        {"mark": {"type": "bar", "tooltip": true},
         "height": {"step": 16},
         "encoding": {
           "y": {"field": "extent", "type": "nominal", "title": "address", "sort": null},
           "x": {"field": "kib", "type": "quantitative", "title": "KiB",
                 "scale": {"type": "log", "base": 4, "domainMin": 1}, "axis": {"format": ","}},
           "x2": {"datum": 1},
           "color": {"field": "pages", "type": "nominal", "title": "pages of",
                     "scale": {"domain": ["4K", "2M", "1G"]}}}}
        """,
        drawn,
        new Table(List.of("First", "Last", "Pages of", "Pages", "KiB"), table));
  }

  private static long bytes(String label) {
    return switch (label) {
      case "1G" -> 1L << 30;
      case "4M" -> 1L << 22;
      case "2M" -> 1L << 21;
      default -> 1L << 12;
    };
  }

  /**
   * Memory over time, of runs that have {@code pressure}: names in {@code columns}, the first that
   * of the time, and {@code rows} of numbers. A chart for each column.
   */
  static List<Block> pressure(List<RunView> runs) {
    List<Block> blocks = new ArrayList<>();
    for (RunView run : runs) {
      JsonNode columns = run.tree().path("pressure").path("columns");
      JsonNode rows = run.tree().path("pressure").path("rows");
      for (int i = 1; i < columns.size() && rows.size() > 0; i++) {
        String of = runs.size() > 1 ? ": " + run.label() : "";
        blocks.add(
            overTime(columns.path(0).asString(""), columns.path(i).asString(""), i, rows, of));
      }
    }
    return blocks;
  }

  private static Block overTime(String time, String column, int index, JsonNode rows, String of) {
    ArrayNode points = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    for (JsonNode row : rows) {
      ObjectNode point = points.addObject();
      point.put("time", row.path(0).asLong(0));
      point.put("value", row.path(index).asLong(0));
      table.add(
          List.of(Figures.count(row.path(0).asLong(0)), Figures.count(row.path(index).asLong(0))));
    }
    Chart chart =
        Chart.of(
            column + " over time" + of,
            column + ", by " + time + ".",
            """
            {"mark": {"type": "area", "line": true, "opacity": 0.4, "tooltip": true},
             "height": 120,
             "encoding": {
               "x": {"field": "time", "type": "quantitative", "axis": {"format": "~s"},
                     "scale": {"nice": false}},
               "y": {"field": "value", "type": "quantitative", "title": null,
                     "axis": {"format": "~s"}}}}
            """,
            points,
            new Table(List.of(time, column), table));
    if (chart.spec().path("encoding").path("x") instanceof ObjectNode x) {
      x.put("title", time);
    }
    return chart;
  }
}
