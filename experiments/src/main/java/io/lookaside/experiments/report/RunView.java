package io.lookaside.experiments.report;

import io.lookaside.experiments.page.Block.Fact;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.JsonNode;

/**
 * A run's result as a report reads it.
 *
 * @param label what tells it from the other runs of the report
 * @param trace the name of its trace
 * @param machine the name of its machine
 */
record RunView(String label, String trace, String machine, JsonNode tree) {
  /** A share of cycles from which on a cause is worth words. */
  private static final double NOTABLE = 0.05;

  private static final double HALF = 0.5;

  static RunView of(String label, JsonNode tree) {
    return new RunView(
        label, traceName(tree), Figures.text(tree, "provenance", "machine", "name"), tree);
  }

  RunView withLabel(String newLabel) {
    return new RunView(newLabel, trace, machine, tree);
  }

  /** The traces' names without their folders; for results that do not hold them, the command's. */
  private static String traceName(JsonNode tree) {
    List<String> names = new ArrayList<>();
    Figures.at(tree, "provenance", "traces").forEach(n -> names.add(stem(n.asString(""))));
    if (names.isEmpty()) {
      String[] words = Figures.text(tree, "provenance", "command").split(" ", -1);
      names.add(words.length > 1 ? stem(words[1]) : "trace");
    }
    return String.join(" + ", names);
  }

  private static String stem(String path) {
    return path.substring(path.lastIndexOf('/') + 1);
  }

  long number(String... path) {
    return Figures.number(tree, path);
  }

  long misses(String level) {
    return number("tlbs", level, "misses");
  }

  long lookups(String level) {
    return number("tlbs", level, "lookups");
  }

  /** Whether misses are told per thousand instructions, not references. */
  boolean hasInstructions() {
    return number("trace", "instructions") > 0;
  }

  /** What misses are told per thousand of. */
  long thousandths() {
    return hasInstructions() ? number("trace", "instructions") : number("trace", "references");
  }

  double perThousand(long events) {
    return thousandths() == 0 ? 0 : 1000.0 * events / thousandths();
  }

  boolean timed() {
    return tree.path("cycles").has("attributed");
  }

  long allWalks() {
    return number("walker", "walks")
        + number("walker", "retries")
        + number("walker", "dirtyAssists");
  }

  long translations() {
    return lookups("l1i") + lookups("l1d");
  }

  /**
   * What the cycles went to, by cause in a fixed order: of all cycles with a clock, else of those
   * of translation, which then follow from the counts.
   */
  Map<String, Long> cycleParts() {
    Map<String, Long> parts = new LinkedHashMap<>();
    if (timed()) {
      JsonNode causes = tree.path("cycles").path("attributed");
      parts.put("issue and retirement", Figures.number(causes, "base"));
      parts.put("data", Figures.number(causes, "data"));
      parts.put("first-level TLB misses", Figures.number(causes, "l1Miss"));
      parts.put("waiting for a walker", Figures.number(causes, "walkQueue"));
      parts.put("page walks", Figures.number(causes, "walkMemory"));
      parts.put("dirty assists", Figures.number(causes, "assist"));
      parts.put("page faults", Figures.number(causes, "fault"));
      return parts;
    }
    JsonNode m = tree.path("provenance").path("machine");
    long first =
        lookups("l1i") * Figures.number(m, "l1i", "latencyCycles")
            + lookups("l1d") * Figures.number(m, "l1d", "latencyCycles");
    long second = lookups("stlb") * Figures.number(m, "stlb", "latencyCycles");
    long caches = allWalks() * Figures.number(m, "walker", "structureCacheLatencyCycles");
    parts.put("first-level look-ups", first);
    parts.put("second-level look-ups", second);
    parts.put("structure-cache look-ups", caches);
    parts.put("reads of table entries", cycles() - first - second - caches);
    return parts;
  }

  /** The cycles that {@link #cycleParts} divides. */
  long cycles() {
    return timed() ? number("cycles", "total") : number("cycles", "translation");
  }

  List<Fact> facts() {
    List<Fact> facts = new ArrayList<>();
    facts.add(new Fact("Trace", trace));
    facts.add(new Fact("Machine", machine));
    facts.add(new Fact("References", Figures.count(number("trace", "references"))));
    String per = hasInstructions() ? " per thousand instructions" : " per thousand references";
    facts.add(new Fact("Second-level misses" + per, Figures.decimal(perThousand(misses("stlb")))));
    long firsts = misses("l1i") + misses("l1d");
    facts.add(new Fact("First-level misses" + per, Figures.decimal(perThousand(firsts))));
    long translations = Math.max(1, translations());
    facts.add(
        new Fact(
            "Cycles per translation",
            Figures.decimal(number("cycles", "translation") / (double) translations)));
    facts.add(
        new Fact(
            "Table entries read per walk",
            allWalks() == 0
                ? "–"
                : Figures.decimal(number("walker", "memoryReads") / (double) allWalks())));
    facts.add(new Fact("Page faults", Figures.count(number("faults", "pageFaults"))));
    facts.add(
        new Fact("Page tables", Figures.decimal(number("pageTables", "bytes") / 1024.0) + " KiB"));
    return facts;
  }

  /** What limits the program, as far as this run tells, in sentences. */
  List<String> findings() {
    List<String> findings = new ArrayList<>();
    long walks = number("walker", "walks");
    if (cycles() == 0) {
      return findings;
    }
    if (timed()) {
      timedFindings(findings);
    } else {
      untimedFindings(findings);
    }
    long retries = number("walker", "retries");
    if (walks > 0 && retries >= HALF * walks) {
      findings.add(
          Figures.percent(retries, walks)
              + " of the walks are the first touch of a page, which no TLB can avoid: only larger"
              + " pages make them fewer.");
    }
    return findings;
  }

  private void timedFindings(List<String> findings) {
    Map<String, Long> parts = cycleParts();
    long total = Math.max(1, cycles());
    long translation = 0;
    for (String cause :
        List.of(
            "first-level TLB misses",
            "waiting for a walker",
            "page walks",
            "dirty assists",
            "page faults")) {
      translation += parts.getOrDefault(cause, 0L);
    }
    String worst = "";
    for (Map.Entry<String, Long> part : parts.entrySet()) {
      if (worst.isEmpty() || part.getValue() > parts.getOrDefault(worst, 0L)) {
        worst = part.getKey();
      }
    }
    findings.add(
        "Most cycles go to "
            + worst
            + ": "
            + Figures.percent(parts.getOrDefault(worst, 0L), total)
            + " of "
            + Figures.count(total)
            + ". Translation and page faults take "
            + Figures.percent(translation, total)
            + "; no change of TLBs, walkers or pages can save more than that.");
  }

  private void untimedFindings(List<String> findings) {
    Map<String, Long> parts = cycleParts();
    long total = Math.max(1, cycles());
    long beyond = total - parts.getOrDefault("first-level look-ups", 0L);
    long walking =
        parts.getOrDefault("reads of table entries", 0L)
            + parts.getOrDefault("structure-cache look-ups", 0L);
    if (beyond < NOTABLE * total) {
      findings.add(
          "Translation hardly limits this program: "
              + Figures.percent(total - beyond, total)
              + " of its translation cycles are first-level look-ups, which a core overlaps with"
              + " the access itself.");
    } else {
      boolean walkBound = walking >= beyond - walking;
      findings.add(
          (walkBound
                  ? "Page walks limit the translation of this program: they take "
                  : "Second-level look-ups limit the translation of this program: they take ")
              + Figures.percent(walkBound ? walking : beyond - walking, total)
              + " of the translation cycles.");
    }
    findings.add(
        "At most "
            + Figures.percent(walking, total)
            + " of the translation cycles can be saved by anything that avoids or shortens walks,"
            + " and "
            + Figures.percent(beyond, total)
            + " by a first level that never misses.");
  }
}
