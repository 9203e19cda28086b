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

/** What a report says of advice. */
final class AdviceSections {
  private AdviceSections() {}

  /** The sentences in which it is summed up. */
  static List<Block> verdict(Result advice) {
    List<Block> blocks = new ArrayList<>();
    advice.tree().path("verdict").forEach(s -> blocks.add(new Block.Text(s.asString(""))));
    return blocks;
  }

  /** Each change and what it was measured to do. */
  static List<Block> of(List<Result> all) {
    List<Block> blocks = new ArrayList<>();
    for (Result advice : all) {
      blocks.add(chart(advice, all.size() > 1));
      List<List<String>> commands = new ArrayList<>();
      for (JsonNode claim : advice.tree().path("claims")) {
        commands.add(List.of(Figures.text(claim, "change"), Figures.text(claim, "command")));
        if (claim.has("timedCommand")) {
          commands.add(
              List.of(
                  Figures.text(claim, "change") + ", with a clock",
                  Figures.text(claim, "timedCommand")));
        }
      }
      blocks.add(
          new Block.Rows(
              "The run behind each figure", new Table(List.of("With", "Command"), commands)));
    }
    return blocks;
  }

  private static Block chart(Result advice, boolean several) {
    JsonNode tree = advice.tree();
    long penalty = Figures.number(tree, "baseline", "figures", "penaltyCycles");
    long total = Figures.number(tree, "baseline", "totalCycles");
    ArrayNode rows = JsonNodeFactory.instance.arrayNode();
    List<List<String>> table = new ArrayList<>();
    for (JsonNode claim : tree.path("claims")) {
      String change = Figures.text(claim, "change");
      long saved = Figures.number(claim, "penaltyCyclesSaved");
      row(
          rows,
          change,
          "cycles beyond the first level",
          penalty == 0 ? 0 : (double) saved / penalty);
      boolean timed = claim.has("totalCycles") && total > 0;
      long fewer = total - Figures.number(claim, "totalCycles");
      if (timed) {
        row(rows, change, "all cycles", (double) fewer / total);
      }
      table.add(
          List.of(
              change,
              Figures.percent(saved, penalty),
              timed ? Figures.percent(fewer, total) : "–",
              Figures.count(Figures.number(claim, "figures", "secondLevelMisses")),
              Figures.count(Figures.number(claim, "figures", "pageFaults")),
              Figures.count(Figures.number(claim, "figures", "mappedBytes") >> 10)));
    }
    return Chart.of(
        "What would help" + (several ? ": " + advice.name() : ""),
        "The share of cycles that each change saves, measured by a run of the same trace: of the"
            + " translation cycles beyond first-level look-ups, and of all cycles where a clock ran.",
        """
        {"mark": {"type": "bar", "tooltip": true},
         "height": {"step": 12},
         "encoding": {
           "y": {"field": "change", "type": "nominal", "title": null, "sort": null},
           "yOffset": {"field": "of", "type": "nominal", "sort": null},
           "x": {"field": "saved", "type": "quantitative", "title": "saved",
                 "axis": {"format": ".0%"}},
           "color": {"field": "of", "type": "nominal", "title": null, "sort": null}}}
        """,
        rows,
        new Table(
            List.of(
                "With",
                "Saved beyond the first level",
                "Saved of all cycles",
                "Second-level misses",
                "Page faults",
                "Mapped KiB"),
            table));
  }

  private static void row(ArrayNode rows, String change, String of, double saved) {
    ObjectNode row = rows.addObject();
    row.put("change", change);
    row.put("of", of);
    row.put("saved", saved);
  }
}
