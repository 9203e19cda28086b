package io.lookaside.experiments.advise;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Measured what-ifs of a trace, and what follows from them. */
public final class Advice {
  /** A change that saves less than this share of all cycles is not worth it. */
  private static final double WORTH_OF_ALL = 0.01;

  /** Without a clock: less than this share of the cycles beyond the first level. */
  private static final double WORTH_OF_PENALTY = 0.1;

  /** And nothing is worth it if those cycles are less than this share of all of translation. */
  private static final double NOTABLE = 0.02;

  private static final double HALF = 0.5;

  /** What is less is written as zero. */
  private static final double NO_DIFFERENCE = 0.0005;

  private final AdviceRequest request;
  private final ObjectNode now;
  private final @Nullable ObjectNode timedNow;
  private final List<Claim> claims;
  private final List<String> left;

  /**
   * @param now the run that nothing was changed for
   * @param timedNow the same with a clock, or {@code null}
   * @param left what was not tried, and why
   */
  Advice(
      AdviceRequest request,
      ObjectNode now,
      @Nullable ObjectNode timedNow,
      List<Claim> claims,
      List<String> left) {
    this.request = request;
    this.now = now;
    this.timedNow = timedNow;
    this.claims = List.copyOf(claims);
    this.left = List.copyOf(left);
  }

  private Claim.Figures figures() {
    return Claim.Figures.of(now);
  }

  private boolean worth(Claim claim) {
    if (claim.timedBefore() != null) {
      return claim.timedSaved() >= WORTH_OF_ALL;
    }
    Claim.Figures f = claim.before();
    return claim.saved() >= WORTH_OF_PENALTY
        && f.penaltyCycles() >= NOTABLE * f.translationCycles();
  }

  /** What limits the program and what to do, in sentences, the most important first. */
  List<String> verdict() {
    List<String> verdict = new ArrayList<>();
    verdict.add(limit());
    structures(verdict);
    pages(verdict);
    if (claims.stream().noneMatch(this::worth)) {
      verdict.add(
          "Nothing that was tried gains much: neither larger pages nor larger structures matter to"
              + " this trace on this machine.");
    }
    return verdict;
  }

  private String limit() {
    Claim.Figures f = figures();
    String untimed =
        percent(f.penaltyCycles(), f.translationCycles())
            + " of the translation cycles are beyond first-level look-ups";
    if (timedNow == null) {
      return "Translation: " + untimed + ".";
    }
    JsonNode causes = timedNow.path("cycles").path("attributed");
    long total = timedNow.path("cycles").path("total").asLong(0);
    long translation = 0;
    for (String cause : List.of("l1Miss", "walkQueue", "walkMemory", "assist")) {
      translation += causes.path(cause).asLong(0);
    }
    long faults = causes.path("fault").asLong(0);
    return "Translation holds "
        + percent(translation, total)
        + " of all cycles up, and page faults "
        + percent(faults, total)
        + "; "
        + untimed
        + ".";
  }

  /** Which part of the machine is too small, if any is. */
  private void structures(List<String> verdict) {
    Claim best =
        claims.stream()
            .filter(c -> c.whatIf().kind() == WhatIf.Kind.MACHINE)
            .max(Comparator.comparingDouble(Claim::saved))
            .orElse(null);
    if (best != null && best.saved() >= WORTH_OF_PENALTY) {
      verdict.add(
          "Of the machine's structures one limits translation most: "
              + best.whatIf().change()
              + ", save "
              + percent(best.saved())
              + " of the cycles beyond the first level"
              + timedWords(best)
              + ".");
    } else if (best != null) {
      verdict.add(
          "No structure of the machine is a bottleneck: the best change, "
              + best.whatIf().change()
              + ", saves "
              + percent(Math.max(0, best.saved()))
              + " of the cycles beyond the first level.");
    }
    for (Claim claim : claims) {
      if (claim.whatIf().kind() == WhatIf.Kind.TIME) {
        verdict.add(
            "Walkers: "
                + claim.whatIf().change()
                + (Math.abs(claim.timedSaved()) < NO_DIFFERENCE
                    ? ", make no difference."
                    : ", save " + percent(claim.timedSaved()) + " of all cycles."));
      }
    }
  }

  private static String timedWords(Claim claim) {
    return claim.timedBefore() == null
        ? ""
        : " and " + percent(claim.timedSaved()) + " of all cycles";
  }

  /** Whether larger pages help, and where. */
  private void pages(List<String> verdict) {
    for (Claim claim : claims) {
      if (claim.whatIf().kind() == WhatIf.Kind.PAGES) {
        long more = claim.after().mappedBytes() - claim.before().mappedBytes();
        verdict.add(
            (worth(claim) ? "Huge pages would help: " : "Huge pages would hardly help: ")
                + claim.whatIf().change()
                + " save "
                + percent(claim.saved())
                + " of the cycles beyond the first level"
                + timedWords(claim)
                + (more > 0 ? ", for " + bytes(more) + " of memory more" : "")
                + ".");
      }
    }
    List<Claim> regions =
        claims.stream()
            .filter(c -> c.whatIf().kind() == WhatIf.Kind.REGION)
            .sorted(Comparator.comparingDouble(Claim::saved).reversed())
            .toList();
    if (!regions.isEmpty() && regions.get(0).saved() >= WORTH_OF_PENALTY) {
      Claim best = regions.get(0);
      verdict.add(
          (best.saved() >= HALF ? "Most of that is one region: " : "The region that gains most: ")
              + best.whatIf().change()
              + " save "
              + percent(best.saved())
              + " of the cycles beyond the first level"
              + timedWords(best)
              + ".");
    }
  }

  /** The advice for programs, schema {@code lookaside.advice/1}. */
  public ObjectNode json() {
    ObjectNode root = JsonNodeFactory.instance.objectNode();
    root.put("schema", "lookaside.advice/1");
    ObjectNode provenance = root.putObject("provenance");
    for (String key : List.of("version", "traces", "machine", "machineHash", "traceHash", "seed")) {
      provenance.set(key, now.path("provenance").path(key));
    }
    root.set("trace", now.path("trace"));
    ObjectNode baseline = root.putObject("baseline");
    baseline.put("command", request.command(WhatIf.nothing(), false));
    figures(baseline.putObject("figures"), figures());
    if (timedNow != null) {
      baseline.put("timedCommand", request.command(WhatIf.nothing(), true));
      baseline.put("totalCycles", timedNow.path("cycles").path("total").asLong(0));
    }
    ArrayNode sentences = root.putArray("verdict");
    verdict().forEach(sentences::add);
    ArrayNode list = root.putArray("claims");
    for (Claim claim : claims) {
      ObjectNode entry = list.addObject();
      entry.put("id", claim.whatIf().id());
      entry.put("change", claim.whatIf().change());
      entry.put("worth", worth(claim));
      entry.put("command", claim.command());
      figures(entry.putObject("figures"), claim.after());
      entry.put(
          "penaltyCyclesSaved", claim.before().penaltyCycles() - claim.after().penaltyCycles());
      if (claim.timedCommand() != null) {
        entry.put("timedCommand", claim.timedCommand());
        entry.put("totalCycles", claim.timedAfter());
      }
    }
    ArrayNode untried = root.putArray("notTried");
    left.forEach(untried::add);
    return root;
  }

  private static void figures(ObjectNode node, Claim.Figures figures) {
    figures.byName().forEach(node::put);
  }

  /** The advice for people. */
  public String text() {
    StringBuilder out = new StringBuilder();
    Claim.Figures f = figures();
    out.append(
        line(
            "%s on %s: %,d references",
            request.trace(),
            now.path("provenance").path("machine").path("name").asString(""),
            now.path("trace").path("references").asLong(0)));
    for (String sentence : verdict()) {
      out.append("- ").append(sentence).append('\n');
    }
    out.append("\nMeasured, each by a run of the trace:\n");
    String row = "%-48s %15s %8s %14s %8s";
    out.append(line(row, "", "cycles beyond", "", "2nd-level", "all"));
    out.append(line(row, "with", "the first level", "", "misses", "cycles"));
    out.append(
        line(
            row,
            "nothing changed",
            number(f.penaltyCycles()),
            "",
            number(f.secondLevelMisses()),
            ""));
    for (Claim claim : claims) {
      out.append(
          line(
              row,
              claim.whatIf().change(),
              number(claim.after().penaltyCycles()),
              signed(-claim.saved()),
              number(claim.after().secondLevelMisses()),
              claim.timedBefore() == null ? "" : signed(-claim.timedSaved())));
    }
    if (!left.isEmpty()) {
      out.append("\nNot tried:\n");
      left.forEach(reason -> out.append("- ").append(reason).append('\n'));
    }
    out.append("\n--json FILE names the command of each.\n");
    return out.toString();
  }

  private static String line(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments).stripTrailing() + "\n";
  }

  private static String number(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  private static String percent(long part, long whole) {
    return percent(whole == 0 ? 0 : (double) part / whole);
  }

  private static String percent(double share) {
    return String.format(Locale.ROOT, "%.1f %%", 100 * share);
  }

  private static String signed(double share) {
    return Math.abs(share) < NO_DIFFERENCE
        ? "0.0 %"
        : String.format(Locale.ROOT, "%+.1f %%", 100 * share);
  }

  private static String bytes(long n) {
    Map<Long, String> units = Map.of(1L << 10, "KiB", 1L << 20, "MiB", 1L << 30, "GiB");
    long unit = n >= 1L << 30 ? 1L << 30 : n >= 1L << 20 ? 1L << 20 : 1L << 10;
    return String.format(Locale.ROOT, "%.1f %s", (double) n / unit, units.get(unit));
  }
}
