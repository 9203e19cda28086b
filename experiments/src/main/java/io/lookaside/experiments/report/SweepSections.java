package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block;
import io.lookaside.experiments.page.Chart;
import io.lookaside.experiments.page.Table;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.function.ToDoubleFunction;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a report says of sweeps: how misses and cycles follow the axes. */
final class SweepSections {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Bars of a chart, at most. */
  private static final int BARS = 40;

  /** Lines of a chart that colours tell apart. */
  private static final int LINES = 8;

  private static final double WIDE = 8;

  /** Rows of the table of all points. */
  private static final int ROWS = 1000;

  private SweepSections() {}

  /** A point: its run, and the values of the axes. */
  private record Point(RunView run, String trace, JsonNode axes) {
    double misses() {
      return run.perThousand(run.misses("stlb"));
    }

    double cyclesPerReference() {
      long references = Math.max(1, run.number("trace", "references"));
      return (double) run.cycles() / (double) references;
    }

    /** The values of axes in words. */
    String words(Set<String> names) {
      return names.stream()
          .map(n -> n + " " + axes.path(n).asString(""))
          .collect(Collectors.joining(", "));
    }
  }

  private static List<Point> points(Result sweep) {
    List<Point> points = new ArrayList<>();
    for (JsonNode point : sweep.tree().path("points")) {
      JsonNode axes = point.path("axes");
      points.add(
          new Point(RunView.of("", point.path("result")), Figures.text(point, "trace"), axes));
    }
    return points;
  }

  private static Set<String> axes(List<Point> points) {
    Set<String> names = new LinkedHashSet<>();
    points.forEach(p -> names.addAll(p.axes().propertyNames()));
    return names;
  }

  /** The best points in sentences. */
  static List<Block> overview(Result sweep) {
    List<Point> points = points(sweep);
    List<Block> blocks = new ArrayList<>();
    long missing = sweep.tree().path("missing").size();
    blocks.add(
        new Block.Text(
            sweep.name()
                + ": a sweep of "
                + Figures.count(points.size())
                + " points"
                + (missing == 0 ? "." : ", and " + missing + " that have no result.")));
    for (List<Point> ofTrace : byTrace(points).values()) {
      blocks.add(best(ofTrace, "second-level misses per thousand", Point::misses));
      blocks.add(best(ofTrace, "cycles per reference", Point::cyclesPerReference));
    }
    return blocks;
  }

  private static Block best(List<Point> points, String what, ToDoubleFunction<Point> figure) {
    Point best = points.stream().min(Comparator.comparingDouble(figure)).orElseThrow();
    Point worst = points.stream().max(Comparator.comparingDouble(figure)).orElseThrow();
    Set<String> axes = axes(points);
    return new Block.Text(
        best.trace()
            + ": fewest "
            + what
            + " with "
            + best.words(axes)
            + ": "
            + Figures.decimal(figure.applyAsDouble(best))
            + "; most with "
            + worst.words(axes)
            + ": "
            + Figures.decimal(figure.applyAsDouble(worst))
            + ".");
  }

  private static Map<String, List<Point>> byTrace(List<Point> points) {
    Map<String, List<Point>> byTrace = new LinkedHashMap<>();
    points.forEach(p -> byTrace.computeIfAbsent(p.trace(), t -> new ArrayList<>()).add(p));
    return byTrace;
  }

  /** Charts for each trace of each sweep, and all points as a table. */
  static List<Block> of(List<Result> sweeps) {
    List<Block> blocks = new ArrayList<>();
    for (Result sweep : sweeps) {
      List<Point> points = points(sweep);
      byTrace(points)
          .forEach(
              (trace, ofTrace) -> {
                boolean instructions = ofTrace.stream().allMatch(p -> p.run().hasInstructions());
                String per = instructions ? "thousand instructions" : "thousand references";
                blocks.add(chart(trace, ofTrace, "Second-level misses per " + per, Point::misses));
                blocks.add(
                    chart(trace, ofTrace, "Cycles per reference", Point::cyclesPerReference));
              });
      blocks.add(table(sweep, points));
    }
    return blocks;
  }

  /** The axis with most different numbers; empty if none has two. */
  private static String numericAxis(List<Point> points) {
    String chosen = "";
    long most = 1;
    for (String axis : axes(points)) {
      boolean numbers = points.stream().allMatch(p -> p.axes().path(axis).isNumber());
      long values = points.stream().map(p -> p.axes().path(axis).asString("")).distinct().count();
      if (numbers && values > most) {
        chosen = axis;
        most = values;
      }
    }
    return chosen;
  }

  private static Set<String> values(List<Point> points, String axis) {
    return points.stream().map(p -> p.axes().path(axis).asString("")).collect(Collectors.toSet());
  }

  /** Whether the numbers of an axis span so much that they are better seen by their logarithms. */
  private static boolean isWide(List<Point> points, String axis) {
    double least =
        points.stream().mapToDouble(p -> p.axes().path(axis).asDouble(0)).min().orElse(0);
    double most = points.stream().mapToDouble(p -> p.axes().path(axis).asDouble(0)).max().orElse(0);
    return least > 0 && most >= WIDE * least;
  }

  private static Block chart(
      String trace, List<Point> points, String what, ToDoubleFunction<Point> figure) {
    String axis = numericAxis(points);
    Set<String> others = new LinkedHashSet<>(axes(points));
    // What is the same everywhere tells no line from another.
    others.removeIf(a -> a.equals(axis) || values(points, a).size() == 1);
    boolean wide = !axis.isEmpty() && isWide(points, axis);
    ArrayNode rows = JSON.arrayNode();
    List<List<String>> table = new ArrayList<>();
    List<Point> drawn =
        axis.isEmpty()
            ? points.stream().sorted(Comparator.comparingDouble(figure)).limit(BARS).toList()
            : points;
    for (Point point : drawn) {
      ObjectNode row = rows.addObject();
      row.set("x", point.axes().path(axis));
      row.put("point", point.words(others));
      row.put("y", figure.applyAsDouble(point));
      table.add(List.of(point.words(axes(points)), Figures.decimal(figure.applyAsDouble(point))));
    }
    long lines = drawn.stream().map(p -> p.words(others)).distinct().count();
    String spec =
        axis.isEmpty()
            ? """
              {"mark": {"type": "bar", "tooltip": true},
               "height": {"step": 20},
               "encoding": {
                 "y": {"field": "point", "type": "nominal", "title": null, "sort": null},
                 "x": {"field": "y", "type": "quantitative", "title": null}}}
              """
            : """
              {"mark": {"type": "line", "point": true, "tooltip": true},
               "height": 240,
               "encoding": {
                 "x": {"field": "x", "type": "quantitative", "scale": {SCALE}},
                 "y": {"field": "y", "type": "quantitative", "title": null},
                 "HOW": {"field": "point", "type": "nominal", "title": null, "sort": null}}}
              """
                .replace("SCALE", wide ? "\"type\": \"log\", \"base\": 2" : "\"zero\": false")
                .replace("HOW", lines > 1 && lines <= LINES ? "color" : "detail");
    Chart chart =
        Chart.of(
            what + ": " + trace,
            axis.isEmpty()
                ? "A bar for each point of the sweep"
                    + (drawn.size() < points.size() ? ", the lowest " + BARS + "." : ".")
                : "A line for each combination of the other axes, along " + axis + ".",
            spec,
            rows,
            new Table(List.of("Point", what), table));
    if (!axis.isEmpty() && chart.spec().path("encoding").path("x") instanceof ObjectNode x) {
      x.put("title", axis);
    }
    return chart;
  }

  private static Block table(Result sweep, List<Point> points) {
    Set<String> axes = axes(points);
    List<String> headings = new ArrayList<>(List.of("Trace"));
    headings.addAll(axes);
    headings.addAll(List.of("Second-level misses", "Misses per thousand", "Table reads", "Cycles"));
    List<List<String>> rows = new ArrayList<>();
    for (Point point : points.subList(0, Math.min(points.size(), ROWS))) {
      List<String> row = new ArrayList<>(List.of(point.trace()));
      axes.forEach(a -> row.add(point.axes().path(a).asString("–")));
      row.add(Figures.count(point.run().misses("stlb")));
      row.add(Figures.decimal(point.misses()));
      row.add(Figures.count(point.run().number("walker", "memoryReads")));
      row.add(Figures.count(point.run().cycles()));
      rows.add(row);
    }
    String cut =
        points.size() > ROWS ? ", the first " + ROWS + " of " + points.size() + " points" : "";
    return new Block.Rows("All points of " + sweep.name() + cut, new Table(headings, rows));
  }
}
