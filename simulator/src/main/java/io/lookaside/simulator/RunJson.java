package io.lookaside.simulator;

import io.lookaside.mmu.stats.Metric;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.tlb.TlbStructureMetric;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Results as JSON, schema {@code lookaside.run/1}: the same bytes for the same run anywhere. */
public final class RunJson {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

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
          putAll(tlbs.putObject(part.getKey()), part.getValue(), Set.of());
        }
      }
    }
    Snapshot<WalkMetric> walks = result.walks();
    ObjectNode caches = root.putObject("pagingStructureCaches");
    caches.putObject("pde").put("hits", walks.get(WalkMetric.PDE_HITS));
    caches.putObject("pdpte").put("hits", walks.get(WalkMetric.PDPTE_HITS));
    caches.putObject("pml4e").put("hits", walks.get(WalkMetric.PML4E_HITS));
    caches.putObject("none").put("hits", walks.get(WalkMetric.ROOT_STARTS));
    putAll(
        root.putObject("walker"),
        walks,
        Set.of(
            WalkMetric.PDE_HITS,
            WalkMetric.PDPTE_HITS,
            WalkMetric.PML4E_HITS,
            WalkMetric.ROOT_STARTS));
    ObjectNode faults = root.putObject("faults");
    put(faults, result.references(), ReferenceMetric.PAGE_FAULTS);
    put(faults, result.references(), ReferenceMetric.GENERAL_PROTECTION);
    root.putObject("cycles").put("translation", result.translationCycles());
    root.put("physicalAddressSum", "0x" + Long.toHexString(result.physicalAddressSum()));
    ObjectNode mapped = root.putObject("mappedPages");
    result.mappedPages().forEach((size, pages) -> mapped.put(size.label(), pages));
    return root;
  }

  /** The text of a JSON tree, with a newline at its end. */
  public static String text(JsonNode node) {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    DefaultPrettyPrinter printer =
        new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter);
    return JsonMapper.shared().writer().with(printer).writeValueAsString(node) + "\n";
  }

  /** SHA-256 of a tree, whatever the order of its keys. */
  public static String hash(JsonNode tree) {
    try {
      MessageDigest digest = MessageDigest.getInstance("SHA-256");
      digest.update(sorted(tree).toString().getBytes(StandardCharsets.UTF_8));
      return "sha256:" + HexFormat.of().formatHex(digest.digest());
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }

  private static void provenance(ObjectNode node, RunResult result, String command) {
    node.put("version", Version.current());
    node.put("command", command);
    node.set("machine", result.machine().effective());
    node.put("machineHash", hash(result.machine().effective()));
    node.put("traceHash", "refs64:" + HexFormat.of().toHexDigits(result.traceHash()));
    node.put("seed", result.options().seed());
    node.put("map", result.options().prefault() ? "prefault" : "demand");
    node.put("frames", result.options().frames().toString());
    node.put("pageSize", result.options().pageSize().label());
  }

  private static void trace(ObjectNode node, RunResult result) {
    node.put("format", result.format().label());
    Snapshot<ReferenceMetric> counts = result.references();
    put(node, counts, ReferenceMetric.REFERENCES);
    put(node, counts, ReferenceMetric.FETCHES);
    put(node, counts, ReferenceMetric.LOADS);
    put(node, counts, ReferenceMetric.STORES);
    node.put("instructions", result.instructions());
    put(node, counts, ReferenceMetric.PAGE_CROSSINGS);
    node.put("skipped", result.skipped());
    node.put("warmup", result.warmedUp());
    node.put("ignoredLines", result.ignoredLines());
    node.put("addressSpaces", result.addressSpaces());
    node.put("cores", result.cores());
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
