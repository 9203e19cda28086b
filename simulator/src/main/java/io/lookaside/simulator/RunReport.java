package io.lookaside.simulator;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;

/** A result as text for people. */
public final class RunReport {
  private final RunResult result;
  private final StringBuilder out = new StringBuilder();

  private RunReport(RunResult result) {
    this.result = result;
  }

  /** The whole report, lines ending in a newline. */
  public static String of(RunResult result) {
    RunReport report = new RunReport(result);
    report.header();
    report.summary();
    report.tlbs();
    report.walks();
    report.totals();
    return report.out.toString();
  }

  private void header() {
    Snapshot<ReferenceMetric> r = result.references();
    String description = result.machine().effective().path("description").asString("");
    line("trace    %s (%s)", printable(result.options().trace()), result.format().label());
    line(
        "         %s references: %s fetches, %s loads, %s stores; %s page crossings",
        count(r.get(ReferenceMetric.REFERENCES)),
        count(r.get(ReferenceMetric.FETCHES)),
        count(r.get(ReferenceMetric.LOADS)),
        count(r.get(ReferenceMetric.STORES)),
        count(r.get(ReferenceMetric.PAGE_CROSSINGS)));
    if (result.skipped() > 0 || result.warmedUp() > 0) {
      line(
          "         after %s references skipped and %s of warm-up, which are not counted",
          count(result.skipped()), count(result.warmedUp()));
    }
    if (result.ignoredLines() > 0) {
      line("         %s lines were no references", count(result.ignoredLines()));
    }
    if (result.addressSpaces() > 1) {
      line("         of %s address spaces, each with its own PCID", count(result.addressSpaces()));
    }
    if (result.cores() > 1) {
      line("         of %s cores, replayed in their order on one", count(result.cores()));
    }
    line("machine  %s%s", result.machine().name(), description.isEmpty() ? "" : ": " + description);
    RunOptions o = result.options();
    line(
        "pages    %s, mapped %s, frames %s; seed %d",
        o.pageSize().label(),
        o.prefault() ? "before the run" : "on first touch",
        o.frames(),
        o.seed());
    line("");
  }

  private void summary() {
    long translations = lookups(0) + lookups(1);
    long firstHits = hits(0) + hits(1);
    long walks = result.walks().get(WalkMetric.WALKS);
    line(
        "Of %s translations the first-level TLBs answered %s, the second level %s, and %s took a"
            + " page walk%s.",
        count(translations),
        percent(firstHits, translations),
        percent(hits(2), translations),
        percent(walks, translations),
        walks == 0 ? "" : " (one in " + count(Math.round((double) translations / walks)) + ")");
    line("");
  }

  private void tlbs() {
    line("TLBs");
    List<String[]> rows = new ArrayList<>();
    for (RunResult.LevelResult level : result.levels()) {
      TlbCounts c = level.counts();
      long misses = c.get(TlbMetric.MISSES);
      List<TlbStructureConfig> structures = level.config().structures();
      rows.add(
          new String[] {
            level.config().name(),
            structures.size() == 1 ? shape(structures.get(0)) : purpose(level.config()),
            count(c.get(TlbMetric.LOOKUPS)),
            count(c.get(TlbMetric.HITS)),
            count(misses),
            percent(misses, c.get(TlbMetric.LOOKUPS)),
            perThousand(misses)
          });
      if (structures.size() > 1) {
        for (TlbStructureConfig s : structures) {
          Snapshot<TlbStructureMetric> part = level.structures().get(s.name());
          long partHits = part == null ? 0 : part.get(TlbStructureMetric.HITS);
          rows.add(new String[] {"  " + s.name(), shape(s), "", count(partHits), "", "", ""});
        }
      }
    }
    String unit = result.instructions() != null ? "instructions" : "references";
    table(
        rows,
        "structure",
        "what it is",
        "lookups",
        "hits",
        "misses",
        "miss rate",
        "per 1000 " + unit);
    line("");
  }

  private void walks() {
    Snapshot<WalkMetric> w = result.walks();
    line("Page walks");
    List<String[]> rows = new ArrayList<>();
    walkRow(rows, "walks", w.get(WalkMetric.WALKS), "one for every second-level miss");
    walkRow(rows, "retries", w.get(WalkMetric.RETRIES), "repeated after a page fault was answered");
    walkRow(rows, "dirty assists", w.get(WalkMetric.DIRTY_ASSISTS), "a store found a clean entry");
    long all = result.allWalks();
    walkRow(
        rows,
        "memory reads",
        w.get(WalkMetric.MEMORY_READS),
        all == 0
            ? ""
            : format("%.2f for each of these", (double) w.get(WalkMetric.MEMORY_READS) / all));
    start(rows, "from PDE cache", WalkMetric.PDE_HITS, "1 read is left for a 4 KiB page");
    start(rows, "from PDPTE cache", WalkMetric.PDPTE_HITS, "2 reads are left");
    start(rows, "from PML4E cache", WalkMetric.PML4E_HITS, "3 reads are left");
    start(rows, "from the root", WalkMetric.ROOT_STARTS, "4 reads are left");
    walkRow(rows, "A bits set", w.get(WalkMetric.ACCESSED_BITS_SET), "in entries of all levels");
    walkRow(
        rows, "D bits set", w.get(WalkMetric.DIRTY_BITS_SET), "pages written for the first time");
    table(rows, "event", "count", "");
    line("");
  }

  private void start(List<String[]> rows, String name, WalkMetric metric, String meaning) {
    long n = result.walks().get(metric);
    walkRow(rows, name, n, percent(n, result.allWalks()) + " of all walks; " + meaning);
  }

  private void totals() {
    Snapshot<ReferenceMetric> r = result.references();
    long translations = lookups(0) + lookups(1);
    long cycles = result.translationCycles();
    line(
        "translation cycles     %s, %s for each translation",
        count(cycles), translations == 0 ? "none" : format("%.3f", (double) cycles / translations));
    line(
        "faults                 %s page faults, %s general protection",
        count(r.get(ReferenceMetric.PAGE_FAULTS)),
        count(r.get(ReferenceMetric.GENERAL_PROTECTION)));
    List<String> mapped = new ArrayList<>();
    for (PageSize size : PageSize.values()) {
      Long pages = result.mappedPages().get(size);
      if (pages != null && pages > 0) {
        mapped.add(count(pages) + " of " + size.label());
      }
    }
    line("pages mapped           %s", mapped.isEmpty() ? "none" : String.join(", ", mapped));
    line("physical address sum   0x%s", Long.toHexString(result.physicalAddressSum()));
    line("trace hash             refs64:%s", HexFormat.of().toHexDigits(result.traceHash()));
    line("machine hash           %s", RunJson.hash(result.machine().effective()));
    line("lookaside              %s", Version.current());
  }

  private long lookups(int level) {
    return result.levels().get(level).counts().get(TlbMetric.LOOKUPS);
  }

  private long hits(int level) {
    return result.levels().get(level).counts().get(TlbMetric.HITS);
  }

  private static void walkRow(List<String[]> rows, String name, long n, String meaning) {
    rows.add(new String[] {name, count(n), meaning});
  }

  private static String purpose(TlbLevelConfig level) {
    return level.structures().size() + " structures in parallel";
  }

  private static String shape(TlbStructureConfig s) {
    List<String> sizes = s.pageSizes().stream().map(PageSize::label).toList();
    int ways = s.geometry().ways();
    return s.geometry().entries()
        + " entries, "
        + (s.geometry().sets() == 1 ? "fully associative" : ways + "-way")
        + ", "
        + String.join("+", sizes)
        + ", "
        + s.geometry().replacement().label();
  }

  private String perThousand(long n) {
    Long instructions = result.instructions();
    long base =
        instructions != null ? instructions : result.references().get(ReferenceMetric.REFERENCES);
    return base == 0 ? "" : format("%.3f", 1000.0 * n / base);
  }

  private static String percent(long part, long whole) {
    return whole == 0 ? "0 %" : format("%.2f %%", 100.0 * part / whole);
  }

  private static String count(long n) {
    return format("%,d", n);
  }

  /** A name from outside, without characters that a terminal would obey. */
  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  /** A table whose columns of numbers are aligned to the right. */
  private void table(List<String[]> rows, String... headers) {
    Column[] columns = new Column[headers.length];
    for (int i = 0; i < headers.length; i++) {
      int column = i;
      boolean numbers = rows.stream().allMatch(row -> row[column].matches("[0-9.,]*( %)?"));
      columns[i] =
          new Column()
              .header(headers[i])
              .maxWidth(60)
              .headerAlign(numbers ? HorizontalAlign.RIGHT : HorizontalAlign.LEFT)
              .dataAlign(numbers ? HorizontalAlign.RIGHT : HorizontalAlign.LEFT);
    }
    String text =
        AsciiTable.getTable(AsciiTable.NO_BORDERS, columns, rows.toArray(new String[0][]));
    text.lines().map(String::stripTrailing).forEach(l -> out.append(l).append('\n'));
  }

  private static String format(String format, Object... arguments) {
    return String.format(Locale.ROOT, format, arguments);
  }

  private void line(String format, Object... arguments) {
    out.append(format(format, arguments)).append('\n');
  }
}
