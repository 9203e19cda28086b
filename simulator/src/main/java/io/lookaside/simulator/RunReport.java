package io.lookaside.simulator;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.CostPart;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.image.ImageMetric;
import io.lookaside.simulator.image.ImageSource;
import io.lookaside.timing.CacheMetric;
import io.lookaside.timing.CycleCause;
import io.lookaside.timing.DramMetric;
import io.lookaside.timing.Overlap;
import io.lookaside.timing.TimingMetric;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.HdrHistogram.Histogram;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;

/** A result as text for people. */
public final class RunReport {
  private static final int CONFIGURATION_WIDTH = 100;
  private static final int STALE_SHOWN = 20;

  private final RunResult result;
  private final String command;
  private final StringBuilder out = new StringBuilder();

  private RunReport(RunResult result, String command) {
    this.result = result;
    this.command = command;
  }

  /**
   * The whole report, lines ending in a newline.
   *
   * @param command the command that made the result
   */
  public static String of(RunResult result, String command) {
    RunReport report = new RunReport(result, command);
    report.header();
    report.summary();
    report.tlbs();
    report.options();
    report.prefetch();
    report.breakdown();
    report.walks();
    result.top().forEach(report::ranking);
    report.os();
    report.image();
    report.stale();
    report.time();
    report.cores();
    report.totals();
    report.provenance();
    return report.out.toString();
  }

  private void header() {
    Snapshot<ReferenceMetric> r = result.references();
    String description = result.machine().effective().path("description").asString("");
    for (int i = 0; i < result.traces().size(); i++) {
      RunResult.TraceResult trace = result.traces().get(i);
      String label = i == 0 ? "trace  " : "       ";
      String name = printable(result.options().traces().get(i));
      line("%s  %s (%s)", label, name, trace.format().label());
    }
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
      line(
          "         of %s processes, each with its own page tables and PCID; %s context switches",
          count(result.addressSpaces()),
          count(result.processes().get(ProcessMetric.CONTEXT_SWITCHES)));
    }
    int cores = result.machine().cores();
    boolean turns = cores == 1 || result.processes().get(ProcessMetric.CONTEXT_SWITCHES) > 0;
    if (result.traces().size() > 1 && turns) {
      long cycles = result.options().quantumCycles();
      line(
          "         the traces%s take turns of %s",
          cores == 1 ? "" : " of a core",
          cycles > 0
              ? count(cycles) + " cycles"
              : count(result.options().quantum()) + " references");
    }
    if (cores > 1) {
      line("         on %s cores: thread t of trace i on core (i + t) modulo %s", cores, cores);
    } else if (result.cores() > 1) {
      line("         of %s cores, replayed in their order on one", count(result.cores()));
    }
    line("machine  %s%s", result.machine().name(), description.isEmpty() ? "" : ": " + description);
    RunOptions o = result.options();
    if (o.image() != null) {
      line(
          "image    %s (%s)",
          printable(o.image().image().name()), o.image().image().format().description());
    } else {
      line(
          "pages    %s, mapped %s, frames %s; seed %d",
          o.pageSize().label(),
          o.prefault() ? "before the run" : "on first touch",
          o.frames(),
          o.seed());
    }
    line("");
  }

  private void summary() {
    long translations = result.translations();
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
            perThousand(misses, result.instructions()),
            perThousand(misses, result.references().get(ReferenceMetric.REFERENCES))
          });
      if (structures.size() > 1) {
        for (TlbStructureConfig s : structures) {
          Snapshot<TlbStructureMetric> part = level.structures().get(s.name());
          long partHits = part == null ? 0 : part.get(TlbStructureMetric.HITS);
          rows.add(new String[] {"  " + s.name(), shape(s), "", count(partHits), "", "", "", ""});
        }
      }
    }
    table(
        rows,
        "structure",
        "what it is",
        "lookups",
        "hits",
        "misses",
        "miss rate",
        "per 1000 instr.",
        "per 1000 refs");
    line("");
  }

  /** What few machines have: entries for groups of pages, one page size after the other. */
  private void options() {
    for (RunResult.LevelResult level : result.levels()) {
      for (TlbStructureConfig s : level.config().structures()) {
        Snapshot<TlbStructureMetric> counts = level.structures().get(s.name());
        if (counts == null) {
          continue;
        }
        if (s.coalescedPages() > 1) {
          line(
              "%s: %s of %s hits were in entries of %d pages, and %s of %s fills made such"
                  + " entries.",
              s.name(),
              count(counts.get(TlbStructureMetric.COALESCED_HITS)),
              count(counts.get(TlbStructureMetric.HITS)),
              s.coalescedPages(),
              count(counts.get(TlbStructureMetric.COALESCED_FILLS)),
              count(counts.get(TlbStructureMetric.FILLS)));
          line("");
        }
        if (s.sizePrediction() != null) {
          line(
              "%s: %s of %s hits were of the page size that was expected; %s further probes.",
              s.name(),
              count(counts.get(TlbStructureMetric.SIZE_PREDICTED)),
              count(counts.get(TlbStructureMetric.HITS)),
              count(counts.get(TlbStructureMetric.REPROBES)));
          line("");
        }
      }
    }
  }

  private void prefetch() {
    Snapshot<TlbStructureMetric> buffer = result.prefetchBuffer();
    if (buffer != null) {
      TimingResult timing = result.timing();
      line(
          "TLB prefetch: %s walks ahead; %s of the pages were needed%s, %s were dropped unused.",
          count(result.walks().get(WalkMetric.PREFETCH_WALKS)),
          count(buffer.get(TlbStructureMetric.HITS)),
          timing == null
              ? ""
              : " ("
                  + count(timing.counts().get(TimingMetric.LATE_PREFETCHES))
                  + " before they were there)",
          count(buffer.get(TlbStructureMetric.EVICTIONS)));
      line("");
    }
  }

  private void breakdown() {
    line("By access and page size");
    List<String[]> rows = new ArrayList<>();
    for (RunResult.LevelResult level : result.levels()) {
      for (AccessKind kind : level.kinds()) {
        String word =
            kind.name().toLowerCase(Locale.ROOT) + (kind == AccessKind.FETCH ? "es" : "s");
        for (PageSize page : level.pageSizes()) {
          long h = level.counts().hits(kind, page);
          breakdownRow(rows, level, word, page.label(), h, level.counts().misses(kind, page));
        }
        breakdownRow(rows, level, word, "unmapped", 0, level.counts().unmappedMisses(kind));
      }
    }
    table(rows, "level", "access", "page size", "hits", "misses", "miss rate");
    line("");
  }

  private static void breakdownRow(
      List<String[]> rows,
      RunResult.LevelResult level,
      String access,
      String page,
      long hits,
      long misses) {
    if (hits + misses > 0) {
      String rate = percent(misses, hits + misses);
      String name = level.config().name();
      rows.add(new String[] {name, access, page, count(hits), count(misses), rate});
    }
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
    for (int n = 0; n < WalkMetric.LENGTHS.size(); n++) {
      long ofThisLength = w.get(WalkMetric.LENGTHS.get(n));
      if (ofThisLength > 0) {
        String share = percent(ofThisLength, all) + " of all walks";
        walkRow(rows, "walks of " + n + (n == 1 ? " read" : " reads"), ofThisLength, share);
      }
    }
    start(rows, "from PDE cache", WalkMetric.PDE_HITS, "1 read is left for a 4 KiB page");
    start(rows, "from PDPTE cache", WalkMetric.PDPTE_HITS, "2 reads are left");
    start(rows, "from PML4E cache", WalkMetric.PML4E_HITS, "3 reads are left");
    if (w.get(WalkMetric.PML5E_HITS) != 0) {
      start(rows, "from PML5E cache", WalkMetric.PML5E_HITS, "4 reads are left");
    }
    start(rows, "from the root", WalkMetric.ROOT_STARTS, "all levels are read");
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

  /** What the kernel modelled on Linux did, where it ran. */
  private void os() {
    Snapshot<KernelMetric> counts = result.os();
    LinuxConfig linux = result.options().linux();
    if (counts == null || linux == null) {
      return;
    }
    line(
        "Kernel (%s MiB of memory, huge pages %s)",
        count(linux.memoryBytes() >> 20), linux.thp().name().toLowerCase(Locale.ROOT));
    List<String[]> rows = new ArrayList<>();
    for (KernelMetric metric : counts.metrics()) {
      if (counts.get(metric) != 0) {
        rows.add(new String[] {metric.key(), count(counts.get(metric)), metric.meaning()});
      }
    }
    table(rows, "event", "count", "");
    line("");
    MemoryResult memory = result.memory();
    if (memory != null) {
      memory(memory);
    }
  }

  private void memory(MemoryResult memory) {
    List<String[]> rows = new ArrayList<>();
    for (CostPart part : CostPart.values()) {
      rows.add(
          new String[] {
            part.key(),
            count(memory.costs().get(part)),
            count(memory.kswapdCosts().get(part)),
            count(memory.flusherCosts().get(part))
          });
    }
    table(rows, "cycles for", "processes", "kswapd", "flusher");
    line("");
    for (MemoryResult.Killed killed : memory.killed()) {
      line(
          "Process %s was killed since memory was full: %s references were carried out, %s passed"
              + " over",
          count(killed.process()), count(killed.references()), count(killed.passedOver()));
    }
    memory.messages().forEach(message -> line("%s", message));
    if (!memory.killed().isEmpty()) {
      line("");
    }
    PressureResult pressure = memory.pressure();
    if (pressure != null) {
      line("Memory pressure (pages of 4 KiB; the last columns since the row before)");
      List<String[]> samples = new ArrayList<>();
      PressureText.summary(pressure).forEach(row -> samples.add(row.toArray(new String[0])));
      table(samples, PressureText.SUMMARY_HEADERS.toArray(new String[0]));
      line("");
    }
  }

  /** What had no translation in the image, where the run is in one. */
  private void image() {
    RunResult.ImageResult image = result.image();
    ImageSource source = result.options().image();
    if (image == null || source == null) {
      return;
    }
    String who =
        switch (source.privilege()) {
          case ANY -> "whether user mode or the kernel";
          case SUPERVISOR -> "the kernel's";
          case USER -> "user mode's";
        };
    line(
        "Image (%s, CR3 0x%x; accesses %s)",
        image.paging().mode().description(), image.paging().registers().cr3(), who);
    List<String[]> rows = new ArrayList<>();
    for (ImageMetric metric : ImageMetric.values()) {
      rows.add(new String[] {metric.key(), count(image.counts().get(metric)), metric.meaning()});
    }
    table(rows, "no translation", "count", "");
    line("");
  }

  /** The first uses of stale translations, where somebody looked. */
  private void stale() {
    RunResult.StaleResult stale = result.stale();
    if (stale == null) {
      return;
    }
    line("Stale translations used: %s", stale.count() == 0 ? "none" : count(stale.count()));
    stale.uses().stream().limit(STALE_SHOWN).forEach(use -> line("  %s", use));
    if (stale.count() > STALE_SHOWN) {
      line("  and %s more", count(stale.count() - STALE_SHOWN));
    }
    line("");
  }

  private void time() {
    TimingResult timing = result.timing();
    if (timing == null) {
      return;
    }
    long total = timing.totalCycles();
    Snapshot<ReferenceMetric> r = result.references();
    line("Time (%s)", timing.overlap().label());
    List<String[]> rows = new ArrayList<>();
    long references = r.get(ReferenceMetric.REFERENCES);
    rows.add(
        new String[] {
          "all", count(total), "", format("%.3f for each reference", (double) total / references)
        });
    for (CycleCause cause : CycleCause.values()) {
      long cycles = timing.attributed().get(cause);
      rows.add(
          new String[] {
            "  " + cause.key(), count(cycles), percent(cycles, total), cause.meaning()
          });
    }
    table(rows, "cycles", "count", "share", "");
    line("");
    List<String[]> memory = new ArrayList<>();
    timing
        .caches()
        .forEach(
            (name, c) ->
                memory.add(
                    new String[] {
                      name,
                      count(c.get(CacheMetric.LOOKUPS)),
                      count(c.get(CacheMetric.MISSES)),
                      percent(c.get(CacheMetric.MISSES), c.get(CacheMetric.LOOKUPS)),
                      count(c.get(CacheMetric.TABLE_LOOKUPS)),
                      percent(c.get(CacheMetric.TABLE_HITS), c.get(CacheMetric.TABLE_LOOKUPS))
                    }));
    Snapshot<DramMetric> dram = timing.dram();
    if (dram != null) {
      memory.add(
          new String[] {
            "DRAM",
            count(dram.get(DramMetric.ACCESSES)),
            "",
            "",
            count(dram.get(DramMetric.TABLE_ACCESSES)),
            ""
          });
      table(memory, "cache", "accesses", "misses", "miss rate", "for table entries", "their hits");
      line("");
    }
    Histogram walks = timing.walkLatencies();
    line(
        "page walks took        half of them up to %s cycles, 90 %% up to %s, 99 %% up to %s, at"
            + " most %s",
        count(walks.getValueAtPercentile(50)),
        count(walks.getValueAtPercentile(90)),
        count(walks.getValueAtPercentile(99)),
        count(walks.getMaxValue()));
    if (timing.overlap() != Overlap.SERIAL) {
      line(
          "merged hits            %s hits waited for a page that was on its way",
          count(timing.counts().get(TimingMetric.MERGED_HITS)));
    }
  }

  /** What each core did, where there are several. */
  private void cores() {
    if (result.perCore().isEmpty()) {
      return;
    }
    line("Cores");
    List<String[]> rows = new ArrayList<>();
    for (RunResult core : result.perCore()) {
      long translations = core.translations();
      long firstMisses =
          core.levels().get(0).counts().get(TlbMetric.MISSES)
              + core.levels().get(1).counts().get(TlbMetric.MISSES);
      rows.add(
          new String[] {
            Integer.toString(rows.size()),
            count(core.references().get(ReferenceMetric.REFERENCES)),
            percent(firstMisses, translations),
            count(core.walks().get(WalkMetric.WALKS)),
            count(core.references().get(ReferenceMetric.PAGE_FAULTS)),
            count(core.processes().get(ProcessMetric.CONTEXT_SWITCHES)),
            core.timing() == null ? "" : count(core.timing().totalCycles()),
          });
    }
    table(
        rows,
        "core",
        "references",
        "first-level misses",
        "walks",
        "page faults",
        "context switches",
        "cycles");
    line("");
  }

  private void totals() {
    Snapshot<ReferenceMetric> r = result.references();
    long translations = result.translations();
    long cycles = result.translationCycles();
    line(
        "translation cycles     %s, %s for each translation",
        count(cycles), translations == 0 ? "none" : format("%.3f", (double) cycles / translations));
    line(
        "faults                 %s page faults, %s general protection",
        count(result.pageFaults()), count(r.get(ReferenceMetric.GENERAL_PROTECTION)));
    List<String> mapped = new ArrayList<>();
    for (PageSize size : PageSize.OF_LONG_MODE) {
      Long pages = result.mappedPages().get(size);
      if (pages != null && pages > 0) {
        mapped.add(count(pages) + " of " + size.label());
      }
    }
    if (result.image() == null) {
      line("pages mapped           %s", mapped.isEmpty() ? "none" : String.join(", ", mapped));
      line(
          "page tables            %s pages, %s KiB",
          count(result.tablePages()), count(result.tablePages() * PageSize.SIZE_4K.bytes() / 1024));
    }
    line("physical address sum   %s", RunJson.hex(result.physicalAddressSum()));
    line("");
  }

  private void provenance() {
    line("lookaside              %s", Version.current());
    line("command                %s", printable(command));
    line("trace hash             %s", RunJson.hashText(result.traceHash()));
    line("machine hash           %s", RunJson.hash(result.machine().effective()));
    String label = "machine";
    for (String settings : configuration()) {
      line("%-21s  %s", label, printable(settings));
      label = "";
    }
  }

  /** The effective configuration as {@code path=value}, in lines, without its description. */
  private List<String> configuration() {
    List<String> settings = new ArrayList<>();
    settings("", result.machine().effective(), settings);
    settings.removeIf(s -> s.startsWith("name=") || s.startsWith("description="));
    List<String> lines = new ArrayList<>();
    StringBuilder line = new StringBuilder();
    for (String setting : settings) {
      if (line.length() > 0 && line.length() + setting.length() >= CONFIGURATION_WIDTH) {
        lines.add(line.toString());
        line.setLength(0);
      }
      line.append(line.length() > 0 ? " " : "").append(setting);
    }
    lines.add(line.toString());
    return lines;
  }

  private static void settings(String path, JsonNode node, List<String> out) {
    if (node.isObject()) {
      String prefix = path.isEmpty() ? "" : path + ".";
      node.properties().forEach(e -> settings(prefix + e.getKey(), e.getValue(), out));
    } else if (node.isArray() && node.size() > 0 && node.get(0).isObject()) {
      for (int i = 0; i < node.size(); i++) {
        settings(path + "." + i, node.get(i), out);
      }
    } else if (node.isArray()) {
      List<String> elements = new ArrayList<>();
      node.forEach(e -> elements.add(e.asString()));
      out.add(path + "=[" + String.join(",", elements) + "]");
    } else {
      out.add(path + "=" + node.asString());
    }
  }

  /** Where misses come from. */
  private void ranking(MissRanking ranking) {
    MissRanking.Cost all = ranking.total();
    MissRanking.Cost listed = ranking.listed();
    boolean several = result.addressSpaces() > 1;
    String what =
        switch (ranking.axis()) {
          case PC -> "instructions";
          case PAGE -> "pages";
          case REGION -> "regions";
        };
    line(
        "Top %s of %s %s with misses, by the cycles that these cost",
        count(ranking.places().size()), count(ranking.distinct()), what);
    List<String[]> rows = new ArrayList<>();
    for (MissRanking.Place place : ranking.places()) {
      rows.add(costRow(placeName(place, several), place.cost(), all));
    }
    rows.add(costRow("these together", listed, all));
    if (ranking.unknown().counts().get(MissMetric.ALL_WALKS) > 0
        || ranking.unknown().counts().get(MissMetric.MISSES) > 0) {
      rows.add(costRow("instruction unknown", ranking.unknown(), all));
    }
    rows.add(costRow("all", all, all));
    table(rows, what, "L1 misses", "share", "walks", "share", "walk reads", "cycles", "share");
    if (!ranking.exact()) {
      line(
          "More %s than can be remembered: each of these may have up to %s misses more.",
          what, count(ranking.undercount().counts().get(MissMetric.MISSES)));
    }
    line("");
  }

  private static String placeName(MissRanking.Place place, boolean several) {
    String name = several ? place.process() + ":" : "";
    name += RunJson.hex(place.first());
    if (place.size() != null) {
      return name + " " + place.size().label();
    }
    return place.first() == place.last() ? name : name + " - " + RunJson.hex(place.last());
  }

  private static String[] costRow(String name, MissRanking.Cost cost, MissRanking.Cost all) {
    long misses = cost.counts().get(MissMetric.MISSES);
    long walks = cost.counts().get(MissMetric.WALKS);
    return new String[] {
      name,
      count(misses),
      percent(misses, all.counts().get(MissMetric.MISSES)),
      count(walks),
      percent(walks, all.counts().get(MissMetric.WALKS)),
      count(cost.counts().get(MissMetric.MEMORY_READS)),
      count(cost.cycles()),
      percent(cost.cycles(), all.cycles())
    };
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

  /** Empty where the base is unknown or zero. */
  private static String perThousand(long n, @Nullable Long base) {
    return base == null || base == 0 ? "" : format("%.3f", 1000.0 * n / base);
  }

  private static String percent(long part, long whole) {
    return whole == 0 ? "0 %" : format("%.2f %%", 100.0 * part / whole);
  }

  static String count(long n) {
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
