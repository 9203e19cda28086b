package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block;
import io.lookaside.experiments.page.Chart;
import io.lookaside.experiments.page.Table;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a report says of timelines: a window of cycles, track by track. */
final class TimelineSections {
  /** Slices that are drawn, at most: the first. */
  private static final int SLICES = 2000;

  /** Rows of the table. */
  private static final int ROWS = 300;

  private TimelineSections() {}

  /** A slice of a track. */
  private record Slice(String track, String name, long from, long to, long reference) {}

  static List<Block> of(List<Result> timelines) {
    List<Block> blocks = new ArrayList<>();
    for (Result timeline : timelines) {
      List<Slice> slices = slices(timeline.tree().path("traceEvents"));
      if (!slices.isEmpty()) {
        blocks.add(chart(timeline, slices, timelines.size() > 1));
      }
    }
    return blocks;
  }

  private static String track(JsonNode event) {
    return event.path("pid").asLong(0) + "/" + event.path("tid").asLong(0);
  }

  private static List<Slice> slices(JsonNode events) {
    Map<String, String> names = new HashMap<>();
    for (JsonNode event : events) {
      if (Figures.text(event, "ph").equals("M")
          && Figures.text(event, "name").equals("thread_name")) {
        names.put(track(event), Figures.text(event, "args", "name"));
      }
    }
    List<Slice> slices = new ArrayList<>();
    Map<String, JsonNode> begun = new HashMap<>();
    for (JsonNode event : events) {
      String id = Figures.text(event, "id");
      long at = Figures.number(event, "ts");
      switch (Figures.text(event, "ph")) {
        case "X" -> slices.add(slice(names, event, at + Figures.number(event, "dur")));
        case "b" -> begun.put(id, event);
        case "e" -> {
          JsonNode begin = begun.remove(id);
          if (begin != null) {
            slices.add(slice(names, begin, at));
          }
        }
        default -> {
          // Names are known already; nothing else is drawn.
        }
      }
    }
    slices.sort(
        Comparator.comparingLong(Slice::from).thenComparing(Slice::track).thenComparing(Slice::to));
    return slices;
  }

  private static Slice slice(Map<String, String> names, JsonNode event, long to) {
    String track = names.getOrDefault(track(event), track(event));
    return new Slice(
        track,
        Figures.text(event, "name"),
        Figures.number(event, "ts"),
        to,
        Figures.number(event, "args", "reference"));
  }

  private static Block chart(Result timeline, List<Slice> slices, boolean several) {
    List<Slice> drawn = slices.subList(0, Math.min(slices.size(), SLICES));
    ArrayNode rows = JsonNodeFactory.instance.arrayNode();
    List<List<String>> table = new ArrayList<>();
    for (Slice slice : drawn) {
      ObjectNode row = rows.addObject();
      row.put("track", slice.track());
      row.put("step", slice.name());
      row.put("from", slice.from());
      row.put("to", slice.to());
      row.put("reference", slice.reference());
      if (table.size() < ROWS) {
        table.add(
            List.of(
                slice.track(),
                slice.name(),
                Figures.count(slice.from()),
                Figures.count(slice.to()),
                Figures.count(slice.reference())));
      }
    }
    return Chart.of(
        "A window of cycles" + (several ? ": " + timeline.name() : ""),
        "What each walker and resource is busy with, cycle by cycle."
            + (drawn.size() < slices.size()
                ? " The first "
                    + Figures.count(SLICES)
                    + " of "
                    + Figures.count(slices.size())
                    + " steps; Perfetto shows all."
                : "")
            + (table.size() < drawn.size() ? " The table has the first " + ROWS + "." : ""),
        """
        {"mark": {"type": "bar", "tooltip": true, "opacity": 0.7},
         "height": {"step": 26},
         "encoding": {
           "y": {"field": "track", "type": "nominal", "title": null},
           "x": {"field": "from", "type": "quantitative", "title": "cycle",
                 "scale": {"zero": false, "nice": false}},
           "x2": {"field": "to"},
           "color": {"field": "step", "type": "nominal", "title": null}}}
        """,
        rows,
        new Table(List.of("Track", "Step", "From cycle", "To cycle", "Reference"), table));
  }
}
