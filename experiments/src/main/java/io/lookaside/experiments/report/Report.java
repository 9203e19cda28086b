package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block;
import io.lookaside.experiments.page.Document;
import io.lookaside.experiments.page.Section;
import io.lookaside.experiments.page.Table;
import io.lookaside.simulator.RunJson;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/** Results as a page for people. */
public final class Report {
  private final List<Result> results;
  private final List<RunView> runs;
  private final List<Section> sections = new ArrayList<>();

  private Report(List<Result> results) {
    this.results = results;
    this.runs = labelled(results);
  }

  /**
   * The page of one or more results.
   *
   * @return HTML: one file that needs no other
   */
  public static String html(List<Result> results) {
    return new Report(results).document().html();
  }

  private List<Result> of(Result.Kind kind) {
    return results.stream().filter(r -> r.kind() == kind).toList();
  }

  /** The runs, each named by trace and machine, and by file where that is not enough. */
  private static List<RunView> labelled(List<Result> results) {
    List<RunView> runs = new ArrayList<>();
    List<String> files = new ArrayList<>();
    for (Result result : results) {
      if (result.kind() == Result.Kind.RUN) {
        runs.add(RunView.of(result.name(), result.tree()));
        files.add(result.name());
      }
    }
    boolean oneTrace = runs.stream().map(RunView::trace).distinct().count() == 1;
    Map<String, Integer> uses = new HashMap<>();
    List<String> labels =
        runs.stream().map(r -> oneTrace ? r.machine() : r.trace() + ", " + r.machine()).toList();
    labels.forEach(l -> uses.merge(l, 1, Integer::sum));
    List<RunView> named = new ArrayList<>();
    Map<String, Integer> given = new HashMap<>();
    for (int i = 0; i < runs.size(); i++) {
      String label = labels.get(i);
      String full = uses.getOrDefault(label, 0) == 1 ? label : label + " (" + files.get(i) + ")";
      int times = given.merge(full, 1, Integer::sum);
      named.add(runs.get(i).withLabel(times == 1 ? full : full + " " + times));
    }
    return named;
  }

  private Document document() {
    overview();
    if (!runs.isEmpty()) {
      add("misses", "TLB misses", RunSections.misses(runs));
      add("cycles", "Cycles", RunSections.cycles(runs));
    }
    List<Result> sweeps = of(Result.Kind.SWEEP);
    if (!sweeps.isEmpty()) {
      add("sweep", "Sweep", SweepSections.of(sweeps));
    }
    List<Result> advice = of(Result.Kind.ADVICE);
    if (!advice.isEmpty()) {
      add("advice", "What would help", AdviceSections.of(advice));
    }
    List<Result> curves = of(Result.Kind.CURVE);
    if (!curves.isEmpty()) {
      add("curves", "Other geometries", CurveSections.of(curves));
    }
    if (!runs.isEmpty()) {
      add("latency", "Walk latency", RunSections.latencies(runs));
      add("ladder", "Page walks", RunSections.ladder(runs));
      add("addresses", "Addresses", MapSections.addresses(runs));
      add("pressure", "Memory over time", MapSections.pressure(runs));
      add("guilty", "Where misses come from", RunSections.guilty(runs));
    }
    List<Result> timelines = of(Result.Kind.TIMELINE);
    if (!timelines.isEmpty()) {
      add("timeline", "Timeline", TimelineSections.of(timelines));
    }
    provenance();
    String what = runs.isEmpty() ? results.get(0).name() : runs.get(0).trace();
    String more = results.size() == 1 ? "" : ", of " + results.size() + " results";
    return new Document("Address translation: " + what, "A report by Lookaside" + more, sections);
  }

  private void add(String id, String heading, List<Block> blocks) {
    if (!blocks.isEmpty()) {
      sections.add(new Section(id, heading, blocks));
    }
  }

  private void overview() {
    List<Block> blocks = new ArrayList<>();
    if (runs.size() == 1) {
      RunView run = runs.get(0);
      blocks.add(new Block.Facts(run.facts()));
      if (of(Result.Kind.ADVICE).isEmpty()) {
        run.findings().forEach(f -> blocks.add(new Block.Text(f)));
      }
    } else if (!runs.isEmpty()) {
      for (RunView run : runs) {
        List<String> findings = run.findings();
        if (!findings.isEmpty()) {
          blocks.add(new Block.Text(run.label() + ": " + findings.get(0)));
        }
      }
      blocks.add(new Block.Rows("All runs", comparison()));
    }
    for (Result sweep : of(Result.Kind.SWEEP)) {
      if (sweep.tree().path("points").size() > 0) {
        blocks.addAll(SweepSections.overview(sweep));
      }
    }
    for (Result advice : of(Result.Kind.ADVICE)) {
      blocks.addAll(AdviceSections.verdict(advice));
    }
    for (Result curve : of(Result.Kind.CURVE)) {
      blocks.add(
          new Block.Text(
              curve.name()
                  + ": "
                  + Figures.count(Figures.number(curve.tree(), "lookups"))
                  + " look-ups of "
                  + Figures.count(Figures.number(curve.tree(), "distinctPages"))
                  + " pages of "
                  + Figures.text(curve.tree(), "pageSize")
                  + "; a TLB that holds them all misses each once."));
    }
    add("overview", "Overview", blocks);
  }

  private Table comparison() {
    List<List<String>> rows = new ArrayList<>();
    for (RunView run : runs) {
      rows.add(
          List.of(
              run.label(),
              Figures.count(run.number("trace", "references")),
              Figures.count(run.misses("l1i") + run.misses("l1d")),
              Figures.count(run.misses("stlb")),
              Figures.decimal(run.perThousand(run.misses("stlb")))
                  + (run.hasInstructions() ? "" : " (references)"),
              Figures.count(run.number("walker", "memoryReads")),
              Figures.count(run.cycles())));
    }
    return new Table(
        List.of(
            "Run",
            "References",
            "First-level misses",
            "Second-level misses",
            "Per thousand instructions",
            "Table reads",
            "Cycles"),
        rows);
  }

  private void provenance() {
    List<Block> blocks = new ArrayList<>();
    for (Result result : results) {
      JsonNode provenance = result.tree().path("provenance");
      if (provenance.isMissingNode()) {
        continue;
      }
      List<List<String>> rows = new ArrayList<>();
      rows.add(List.of("Command", Figures.text(provenance, "command")));
      rows.add(List.of("Lookaside", Figures.text(provenance, "version")));
      rows.add(List.of("Trace", Figures.text(provenance, "traceHash")));
      if (provenance.has("machineHash")) {
        rows.add(List.of("Machine", Figures.text(provenance, "machineHash")));
      }
      for (String key : List.of("seed", "map", "frames", "pageSize")) {
        if (provenance.has(key)) {
          rows.add(List.of(key, provenance.path(key).asString("")));
        }
      }
      blocks.add(new Block.Rows(result.name(), new Table(List.of("What", "Value"), rows)));
      if (provenance.path("machine").isObject()) {
        blocks.add(
            new Block.Listing(
                "The machine of " + result.name(), RunJson.text(provenance.path("machine"))));
      }
    }
    add("provenance", "Configuration and provenance", blocks);
  }
}
