package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stale.StaleUse;
import io.lookaside.mmu.stats.Metric;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.image.ImageSource;
import io.lookaside.timing.TimingMetric;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureConfig;
import io.lookaside.tlb.TlbStructureMetric;
import java.math.BigDecimal;
import java.math.RoundingMode;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.EnumSet;
import java.util.HexFormat;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.HdrHistogram.Histogram;
import org.HdrHistogram.HistogramIterationValue;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Results as JSON, schema {@code lookaside.run/1}: the same bytes for the same run anywhere. */
public final class RunJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private static final int CLASSES_PER_DOUBLING = 4;

  private RunJson() {}

  /**
   * The result of a run.
   *
   * @param command the command that made it, without options that only direct the output
   */
  public static ObjectNode of(RunResult result, String command) {
    ObjectNode root = JSON.objectNode();
    root.put("schema", "lookaside.run/1");
    provenance(root.putObject("provenance"), result, command);
    trace(root.putObject("trace"), result);
    counts(root, result);
    ObjectNode mapped = root.putObject("mappedPages");
    result.mappedPages().forEach((size, pages) -> mapped.put(size.label(), pages));
    ObjectNode pageTables = root.putObject("pageTables");
    pageTables.put("pages", result.tablePages());
    pageTables.put("bytes", result.tablePages() * PageSize.SIZE_4K.bytes());
    ObjectNode lengths = root.putObject("walkLengths");
    WalkMetric.LENGTHS.forEach(metric -> put(lengths, result.walks(), metric));
    rates(root.putObject("rates"), result);
    ObjectNode breakdown = root.putObject("breakdown");
    for (RunResult.LevelResult level : result.levels()) {
      breakdown(breakdown.putObject(level.config().name()), level);
    }
    if (!result.top().isEmpty()) {
      ObjectNode top = root.putObject("top");
      result.top().forEach(ranking -> ranking(top.putObject(ranking.axis().label()), ranking));
    }
    AccessHeatmap heatmap = result.heatmap();
    if (heatmap != null) {
      heatmap(root.putObject("heatmap"), heatmap);
      addressSpace(root.putArray("addressSpace"), result);
    }
    LinuxConfig linux = result.options().linux();
    if (linux != null && result.os() != null) {
      ObjectNode os = root.putObject("os");
      os.put("memoryBytes", linux.memoryBytes());
      os.put("thp", linux.thp().name().toLowerCase(Locale.ROOT));
      os.put("swapBytes", linux.swapBytes());
      os.put("swappiness", linux.reclaim().swappiness());
      long period = result.options().khugepagedPeriod();
      if (period > 0) {
        os.put("khugepagedPeriod", period);
      }
      putAll(os, result.os(), Set.of());
      memory(root, os, result.memory());
    }
    if (!result.perCore().isEmpty()) {
      ArrayNode cores = root.putArray("cores");
      for (int i = 0; i < result.perCore().size(); i++) {
        RunResult core = result.perCore().get(i);
        ObjectNode node = cores.addObject();
        node.put("core", i);
        ObjectNode trace = node.putObject("trace");
        references(trace, core);
        put(trace, core.processes(), ProcessMetric.CONTEXT_SWITCHES);
        counts(node, core);
      }
    }
    image(root, result);
    stale(root, result.stale());
    return root;
  }

  private static void memory(ObjectNode root, ObjectNode os, @Nullable MemoryResult memory) {
    if (memory == null) {
      return;
    }
    ObjectNode costs = os.putObject("costs");
    putAll(costs.putObject("processes"), memory.costs(), Set.of());
    putAll(costs.putObject("kswapd"), memory.kswapdCosts(), Set.of());
    putAll(costs.putObject("flusher"), memory.flusherCosts(), Set.of());
    ArrayNode killed = os.putArray("killed");
    for (MemoryResult.Killed process : memory.killed()) {
      ObjectNode node = killed.addObject();
      node.put("process", process.process());
      node.put("references", process.references());
      node.put("passedOver", process.passedOver());
    }
    ArrayNode messages = os.putArray("messages");
    memory.messages().forEach(messages::add);
    PressureResult pressure = memory.pressure();
    if (pressure == null) {
      return;
    }
    ObjectNode node = root.putObject("pressure");
    node.put("every", pressure.every());
    ArrayNode columns = node.putArray("columns");
    for (PressureMetric metric : PressureMetric.values()) {
      ObjectNode column = columns.addObject();
      column.put("name", metric.key());
      column.put("unit", metric.unit());
      column.put("since", metric.isCounted() ? "row before" : "moment");
    }
    ArrayNode rows = node.putArray("rows");
    for (List<Long> row : pressure.rows()) {
      ArrayNode values = rows.addArray();
      row.forEach(value -> values.add(value.longValue()));
    }
  }

  /** What is counted on one core, or on all together. */
  private static void counts(ObjectNode root, RunResult result) {
    ObjectNode tlbs = root.putObject("tlbs");
    for (RunResult.LevelResult level : result.levels()) {
      ObjectNode node = tlbs.putObject(level.config().name());
      for (TlbMetric metric : TlbMetric.values()) {
        node.put(metric.key(), level.counts().get(metric));
      }
    }
    for (RunResult.LevelResult level : result.levels()) {
      if (level.structures().size() > 1) {
        for (Map.Entry<String, Snapshot<TlbStructureMetric>> part : level.structures().entrySet()) {
          putAll(tlbs.putObject(part.getKey()), part.getValue(), OF_OPTIONS);
        }
      }
    }
    options(root, result);
    Snapshot<WalkMetric> walks = result.walks();
    ObjectNode caches = root.putObject("pagingStructureCaches");
    caches.putObject("pde").put("hits", walks.get(WalkMetric.PDE_HITS));
    caches.putObject("pdpte").put("hits", walks.get(WalkMetric.PDPTE_HITS));
    caches.putObject("pml4e").put("hits", walks.get(WalkMetric.PML4E_HITS));
    caches.putObject("pml5e").put("hits", walks.get(WalkMetric.PML5E_HITS));
    caches.putObject("none").put("hits", walks.get(WalkMetric.ROOT_STARTS));
    Set<WalkMetric> elsewhere = EnumSet.copyOf(WalkMetric.LENGTHS);
    elsewhere.add(WalkMetric.PDE_HITS);
    elsewhere.add(WalkMetric.PDPTE_HITS);
    elsewhere.add(WalkMetric.PML4E_HITS);
    elsewhere.add(WalkMetric.PML5E_HITS);
    elsewhere.add(WalkMetric.ROOT_STARTS);
    elsewhere.add(WalkMetric.PREFETCH_WALKS);
    elsewhere.add(WalkMetric.PREFETCH_READS);
    putAll(root.putObject("walker"), walks, elsewhere);
    ObjectNode faults = root.putObject("faults");
    faults.put(ReferenceMetric.PAGE_FAULTS.key(), result.pageFaults());
    put(faults, result.references(), ReferenceMetric.GENERAL_PROTECTION);
    cycles(root, result);
    root.put("physicalAddressSum", hex(result.physicalAddressSum()));
  }

  /** The address space of an image, and what had no translation there. */
  private static void image(ObjectNode root, RunResult result) {
    ImageSource source = result.options().image();
    RunResult.ImageResult image = result.image();
    if (source == null || image == null) {
      return;
    }
    ObjectNode node = root.putObject("image");
    node.put("file", source.image().name());
    node.put("format", source.image().format().label());
    node.put("paging", image.paging().mode().label());
    node.put("cr3", hex(image.paging().registers().cr3()));
    node.put("cpl", source.privilege().label());
    putAll(node, image.counts(), Set.of());
  }

  private static void stale(ObjectNode root, RunResult.@Nullable StaleResult stale) {
    if (stale == null) {
      return;
    }
    ObjectNode node = root.putObject("staleTranslations");
    node.put("count", stale.count());
    ArrayNode uses = node.putArray("uses");
    for (StaleUse use : stale.uses()) {
      ObjectNode entry = uses.addObject();
      entry.put("address", hex(use.va()));
      entry.put("pcid", use.pcid());
      entry.put("fromStructureCache", use.fromStructureCache());
      StaleUse.Change change = use.change();
      entry.put("changed", change.place().name().toLowerCase(Locale.ROOT));
      if (change.place() == StaleUse.Place.ENTRY) {
        entry.put("entry", change.name());
        entry.put("entryAddress", hex(change.address()));
        entry.put("before", hex(change.before()));
        entry.put("after", hex(change.after()));
      }
      entry.put("missing", use.missingInvalidation());
    }
  }

  private static final Set<TlbStructureMetric> OF_OPTIONS =
      EnumSet.noneOf(TlbStructureMetric.class);

  static {
    OF_OPTIONS.addAll(TlbStructureMetric.OF_COALESCING);
    OF_OPTIONS.addAll(TlbStructureMetric.OF_SIZE_PREDICTION);
  }

  /** What structures count that few machines have. */
  private static void options(ObjectNode root, RunResult result) {
    ObjectNode node = JSON.objectNode();
    for (RunResult.LevelResult level : result.levels()) {
      for (TlbStructureConfig s : level.config().structures()) {
        Set<TlbStructureMetric> metrics = EnumSet.noneOf(TlbStructureMetric.class);
        if (s.coalescedPages() > 1) {
          metrics.addAll(TlbStructureMetric.OF_COALESCING);
        }
        if (s.sizePrediction() != null) {
          metrics.addAll(TlbStructureMetric.OF_SIZE_PREDICTION);
        }
        Snapshot<TlbStructureMetric> counts = level.structures().get(s.name());
        if (counts != null && !metrics.isEmpty()) {
          ObjectNode one = node.putObject(s.name());
          metrics.forEach(metric -> put(one, counts, metric));
        }
      }
    }
    if (!node.isEmpty()) {
      root.set("tlbOptions", node);
    }
    Snapshot<TlbStructureMetric> buffer = result.prefetchBuffer();
    if (buffer != null) {
      ObjectNode prefetch = root.putObject("tlbPrefetch");
      prefetch.put("issued", result.walks().get(WalkMetric.PREFETCH_WALKS));
      prefetch.put("memoryReads", result.walks().get(WalkMetric.PREFETCH_READS));
      prefetch.put("entered", buffer.get(TlbStructureMetric.FILLS));
      prefetch.put("useful", buffer.get(TlbStructureMetric.HITS));
      prefetch.put("useless", buffer.get(TlbStructureMetric.EVICTIONS));
      if (result.timing() != null) {
        prefetch.put("late", result.timing().counts().get(TimingMetric.LATE_PREFETCHES));
      }
    }
  }

  private static void cycles(ObjectNode root, RunResult result) {
    ObjectNode cycles = root.putObject("cycles");
    cycles.put("translation", result.translationCycles());
    TimingResult timing = result.timing();
    if (timing == null) {
      return;
    }
    cycles.put("total", timing.totalCycles());
    if (!result.perCore().isEmpty()) {
      cycles.put("elapsed", timing.elapsedCycles());
    }
    putAll(cycles.putObject("attributed"), timing.attributed(), Set.of());
    ObjectNode node = root.putObject("timing");
    node.put("overlap", timing.overlap().label());
    putAll(
        node,
        timing.counts(),
        EnumSet.of(TimingMetric.TRANSLATION_CYCLES, TimingMetric.LATE_PREFETCHES));
    Histogram walks = timing.walkLatencies();
    long count = walks.getTotalCount();
    ObjectNode latency = ((ObjectNode) root.get("walker")).putObject("latencyCycles");
    latency.put("mean", ratio(timing.counts().get(TimingMetric.WALK_CYCLES), count));
    latency.put("p50", walks.getValueAtPercentile(50));
    latency.put("p90", walks.getValueAtPercentile(90));
    latency.put("p99", walks.getValueAtPercentile(99));
    latency.put("max", walks.getMaxValue());
    histogram(latency.putArray("histogram"), walks);
    if (!timing.caches().isEmpty()) {
      ObjectNode caches = root.putObject("caches");
      timing.caches().forEach((name, counts) -> putAll(caches.putObject(name), counts, Set.of()));
    }
    if (timing.dram() != null) {
      putAll(root.putObject("dram"), timing.dram(), Set.of());
    }
  }

  /** Four classes for each doubling of the latency; those without walks are left out. */
  private static void histogram(ArrayNode classes, Histogram walks) {
    long begun = -1;
    ObjectNode current = null;
    for (HistogramIterationValue value : walks.recordedValues()) {
      long latency = value.getValueIteratedTo();
      long width = Math.max(1, Long.highestOneBit(latency) / CLASSES_PER_DOUBLING);
      long from = latency - latency % width;
      if (current == null || from != begun) {
        current = classes.addObject();
        current.put("from", from).put("to", from + width - 1).put("walks", 0L);
        begun = from;
      }
      current.put("walks", current.get("walks").asLong() + value.getCountAtValueIteratedTo());
    }
  }

  /** Shares and means; {@code null} where there is nothing to divide by. */
  private static void rates(ObjectNode node, RunResult result) {
    Long instructions = result.instructions();
    long references = result.references().get(ReferenceMetric.REFERENCES);
    long thousandth = 1000;
    for (RunResult.LevelResult level : result.levels()) {
      ObjectNode rates = node.putObject(level.config().name());
      long misses = level.counts().get(TlbMetric.MISSES);
      rates.put("missRate", ratio(misses, level.counts().get(TlbMetric.LOOKUPS)));
      rates.put(
          "missesPerThousandInstructions",
          instructions == null ? null : ratio(thousandth * misses, instructions));
      rates.put("missesPerThousandReferences", ratio(thousandth * misses, references));
    }
    ObjectNode walker = node.putObject("walker");
    walker.put(
        "memoryReadsPerWalk",
        ratio(result.walks().get(WalkMetric.MEMORY_READS), result.allWalks()));
    node.putObject("cycles")
        .put("perTranslation", ratio(result.translationCycles(), result.translations()));
  }

  /** A quotient with at most six decimal places, the same on every Java; {@code null} for none. */
  private static @Nullable BigDecimal ratio(long part, long whole) {
    if (whole == 0) {
      return null;
    }
    BigDecimal quotient =
        BigDecimal.valueOf(part)
            .divide(BigDecimal.valueOf(whole), 6, RoundingMode.HALF_EVEN)
            .stripTrailingZeros();
    return quotient.setScale(Math.max(0, quotient.scale())); // no exponent
  }

  private static void heatmap(ObjectNode node, AccessHeatmap heatmap) {
    node.put("referencesPerColumn", heatmap.referencesPerColumn());
    node.put("columns", heatmap.columns());
    ArrayNode bands = node.putArray("bands");
    for (AccessHeatmap.Band band : heatmap.bands()) {
      ObjectNode entry = bands.addObject();
      entry.put("process", band.process());
      entry.put("first", hex(band.first()));
      entry.put("last", hex(band.last()));
      ArrayNode accesses = entry.putArray("accesses");
      band.accesses().forEach(accesses::add);
    }
  }

  private static void addressSpace(ArrayNode node, RunResult result) {
    for (RunResult.Extent extent : result.addressSpace()) {
      ObjectNode entry = node.addObject();
      entry.put("process", extent.process());
      entry.put("first", hex(extent.first()));
      entry.put("last", hex(extent.last()));
      entry.put("pageSize", extent.pageSize().label());
      entry.put("pages", extent.pages());
    }
  }

  private static void ranking(ObjectNode node, MissRanking ranking) {
    node.put("limit", ranking.limit());
    node.put("distinct", ranking.distinct());
    node.put("exact", ranking.exact());
    cost(node.putObject("undercount"), ranking.undercount());
    cost(node.putObject("total"), ranking.total());
    cost(node.putObject("listed"), ranking.listed());
    if (ranking.axis() == MissRanking.Axis.PC) {
      cost(node.putObject("unknown"), ranking.unknown());
    }
    ArrayNode entries = node.putArray("entries");
    for (MissRanking.Place place : ranking.places()) {
      ObjectNode entry = entries.addObject();
      entry.put("process", place.process());
      if (ranking.axis() == MissRanking.Axis.REGION) {
        entry.put("first", hex(place.first()));
        entry.put("last", hex(place.last()));
      } else {
        entry.put("address", hex(place.first()));
      }
      if (place.size() != null) {
        entry.put("size", place.size().label());
      }
      cost(entry, place.cost());
    }
  }

  private static void cost(ObjectNode node, MissRanking.Cost cost) {
    for (MissMetric metric : MissMetric.values()) {
      put(node, cost.counts(), metric);
    }
    node.put("cycles", cost.cycles());
  }

  static String hex(long address) {
    return "0x" + Long.toHexString(address);
  }

  /** A level's counts by kind of access and page size. */
  private static void breakdown(ObjectNode node, RunResult.LevelResult level) {
    for (AccessKind kind : level.kinds()) {
      ObjectNode ofKind = node.putObject(kind.name().toLowerCase(Locale.ROOT));
      for (TlbMetric metric : TlbMetric.values()) {
        ofKind.put(metric.key(), level.counts().get(metric, kind));
      }
      ObjectNode sizes = ofKind.putObject("pageSizes");
      for (PageSize page : level.pageSizes()) {
        ObjectNode ofSize = sizes.putObject(page.label());
        ofSize.put(TlbMetric.HITS.key(), level.counts().hits(kind, page));
        ofSize.put(TlbMetric.MISSES.key(), level.counts().misses(kind, page));
      }
      sizes.putObject("unmapped").put(TlbMetric.MISSES.key(), level.counts().unmappedMisses(kind));
    }
  }

  /** The text of a JSON tree, with a newline at its end. */
  public static String text(JsonNode node) {
    return JsonText.indented(node) + "\n";
  }

  /** SHA-256 of a tree, whatever the order of its keys. */
  public static String hash(JsonNode tree) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(JsonText.compact(sorted(tree)).getBytes(StandardCharsets.UTF_8));
      return "sha256:" + HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void provenance(ObjectNode node, RunResult result, String command) {
    node.put("version", Version.current());
    node.put("command", command);
    ArrayNode traces = node.putArray("traces");
    for (String trace : result.options().traces()) {
      traces.add(trace);
    }
    node.set("machine", result.machine().effective());
    node.put("machineHash", hash(result.machine().effective()));
    node.put("traceHash", hashText(result.traceHash()));
    node.put("seed", result.options().seed());
    node.put("map", result.options().prefault() ? "prefault" : "demand");
    node.put("frames", result.options().frames().toString());
    node.put("pageSize", result.options().pageSize().label());
    if (!result.options().hugePages().isEmpty()) {
      ArrayNode ranges = node.putArray("hugePages");
      result.options().hugePages().forEach(range -> ranges.add(range.toString()));
    }
  }

  /** A trace's hash as it is written. */
  public static String hashText(long hash) {
    return "refs64:" + HexFormat.of().toHexDigits(hash);
  }

  private static void trace(ObjectNode node, RunResult result) {
    node.put("format", result.format());
    references(node, result);
    node.put("skipped", result.skipped());
    node.put("warmup", result.warmedUp());
    node.put("ignoredLines", result.ignoredLines());
    node.put("addressSpaces", result.addressSpaces());
    node.put("cores", result.cores());
    node.put(
        ProcessMetric.CONTEXT_SWITCHES.key(),
        result.processes().get(ProcessMetric.CONTEXT_SWITCHES));
    if (result.traces().size() > 1) {
      node.put("quantum", result.options().quantum());
      if (result.options().quantumCycles() > 0) {
        node.put("quantumCycles", result.options().quantumCycles());
      }
      ArrayNode traces = node.putArray("traces");
      for (int i = 0; i < result.traces().size(); i++) {
        RunResult.TraceResult one = result.traces().get(i);
        ObjectNode entry = traces.addObject();
        entry.put("name", result.options().traces().get(i));
        entry.put("format", one.format().label());
        entry.put("traceHash", hashText(one.hash()));
        entry.put("addressSpaces", one.addressSpaces());
        entry.put("cores", one.cores());
        entry.put("ignoredLines", one.ignoredLines());
      }
    }
  }

  private static void references(ObjectNode node, RunResult result) {
    Snapshot<ReferenceMetric> counts = result.references();
    put(node, counts, ReferenceMetric.REFERENCES);
    put(node, counts, ReferenceMetric.FETCHES);
    put(node, counts, ReferenceMetric.LOADS);
    put(node, counts, ReferenceMetric.STORES);
    node.put("instructions", result.instructions());
    put(node, counts, ReferenceMetric.PAGE_CROSSINGS);
  }

  private static <M extends Enum<M> & Metric> void put(
      ObjectNode node, Snapshot<M> counts, M metric) {
    node.put(metric.key(), counts.get(metric));
  }

  private static <M extends Enum<M> & Metric> void putAll(
      ObjectNode node, Snapshot<M> counts, Set<M> except) {
    for (M metric : counts.metrics()) {
      if (!except.contains(metric)) {
        put(node, counts, metric);
      }
    }
  }

  private static JsonNode sorted(JsonNode node) {
    if (node.isArray()) {
      var array = JSON.arrayNode();
      node.forEach(e -> array.add(sorted(e)));
      return array;
    }
    if (!node.isObject()) {
      return node;
    }
    ObjectNode object = JSON.objectNode();
    for (String key : new TreeSet<>(node.propertyNames())) {
      object.set(key, sorted(node.get(key)));
    }
    return object;
  }
}
