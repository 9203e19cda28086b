package io.lookaside.simulator.config;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.Replacement;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.timing.CacheConfig;
import io.lookaside.timing.CoreConfig;
import io.lookaside.timing.DramConfig;
import io.lookaside.timing.InterruptConfig;
import io.lookaside.timing.MemoryConfig;
import io.lookaside.timing.MemoryHierarchy;
import io.lookaside.timing.TimingConfig;
import io.lookaside.tlb.PrefetchConfig;
import io.lookaside.tlb.SizePredictionConfig;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.function.Function;
import java.util.function.UnaryOperator;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * Turns a tree that fits the schema into the records of the modules, and reports what the schema
 * cannot say: relations between values.
 */
final class MachineBinder {
  private static final Geometry ANY = new Geometry(1, 1, ReplacementPolicy.Kind.LRU);

  private final ObjectNode tree;
  private final UnaryOperator<String> positionOf;
  private final List<Problem> problems = new ArrayList<>();

  private MachineBinder(ObjectNode tree, UnaryOperator<String> positionOf) {
    this.tree = tree;
    this.positionOf = positionOf;
  }

  /**
   * Binds; {@code positionOf} tells where the key of a pointer stands.
   *
   * @param known problems that are known already, to be reported with those found here
   */
  static MachineConfig bind(ObjectNode tree, UnaryOperator<String> positionOf, List<Problem> known)
      throws ConfigException {
    MachineBinder binder = new MachineBinder(tree, positionOf);
    binder.problems.addAll(known);
    MachineConfig config = binder.machine();
    if (!binder.problems.isEmpty()) {
      throw new ConfigException(binder.problems);
    }
    return config;
  }

  /**
   * What is wrong with the shapes of a tree that does not fit the schema: of those structures whose
   * numbers of entries and ways are numbers in their range.
   */
  static List<Problem> shapeProblems(JsonNode tree, UnaryOperator<String> positionOf) {
    List<Problem> problems = new ArrayList<>();
    addShapeProblems(tree, "", positionOf, problems);
    return problems;
  }

  private static void addShapeProblems(
      JsonNode node, String pointer, UnaryOperator<String> positionOf, List<Problem> problems) {
    long entries = node.path("entries").asLong(0);
    long ways = node.path("ways").asLong(0);
    boolean inRange = entries > 0 && entries <= Geometry.MAX_ENTRIES;
    if (inRange && ways > 0 && ways <= Geometry.MAX_WAYS) {
      try {
        new Geometry((int) entries, (int) ways, ReplacementPolicy.Kind.LRU);
      } catch (IllegalArgumentException e) {
        String at = pointer + "/ways";
        String message = String.valueOf(e.getMessage());
        problems.add(new Problem(positionOf.apply(at), Pointers.dotted(at), message));
      }
    }
    if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        addShapeProblems(node.get(i), pointer + "/" + i, positionOf, problems);
      }
    } else {
      for (Map.Entry<String, JsonNode> e : node.properties()) {
        addShapeProblems(e.getValue(), pointer + "/" + e.getKey(), positionOf, problems);
      }
    }
  }

  private MachineConfig machine() {
    TlbConfig.Inclusion inclusion =
        constant(
            TlbConfig.Inclusion.values(),
            TlbConfig.Inclusion::label,
            tree.path("inclusion").stringValue());
    TlbConfig tlb =
        tlb(
            level("l1i", EnumSet.of(AccessKind.FETCH)),
            level("l1d", EnumSet.of(AccessKind.LOAD, AccessKind.STORE)),
            level("stlb", EnumSet.allOf(AccessKind.class)),
            inclusion);
    WalkerConfig walker =
        new WalkerConfig(
            tree.path("walker").path("structureCacheLatencyCycles").intValue(),
            cache("/walker/pml5eCache"),
            cache("/walker/pml4eCache"),
            cache("/walker/pdpteCache"),
            cache("/walker/pdeCache"),
            constant(
                TableUpdates.values(),
                TableUpdates::label,
                tree.path("walker").path("accessedBits").stringValue("as-walked")));
    CpuFeatures features =
        new CpuFeatures(
            tree.path("physicalAddressBits").intValue(),
            tree.path("gigabytePages").booleanValue(true),
            true,
            tree.path("overFlush").booleanValue(false));
    return new MachineConfig(
        tree.path("name").stringValue(),
        tree.path("cores").intValue(1),
        features,
        tlb,
        walker,
        tree.path("memory").path("latencyCycles").intValue(),
        timing(),
        tree);
  }

  private TlbConfig tlb(
      TlbLevelConfig l1i, TlbLevelConfig l1d, TlbLevelConfig stlb, TlbConfig.Inclusion inclusion) {
    boolean whole = tree.path("reloadWholePages").asBoolean(false);
    try {
      return new TlbConfig(l1i, l1d, stlb, inclusion, whole, prefetch());
    } catch (IllegalArgumentException e) {
      problem(culprit(whole, inclusion, l1i, l1d), e);
      return new TlbConfig(plain(l1i), plain(l1d), plain(stlb), inclusion);
    }
  }

  private @Nullable PrefetchConfig prefetch() {
    JsonNode node = tree.path("tlbPrefetch");
    if (!node.isObject()) {
      return null;
    }
    try {
      return new PrefetchConfig(
          constant(
              PrefetchConfig.Kind.values(),
              PrefetchConfig.Kind::label,
              node.path("kind").stringValue()),
          node.path("bufferEntries").intValue(),
          node.path("streams").intValue(0));
    } catch (IllegalArgumentException e) {
      problem("/tlbPrefetch", e);
      return null;
    }
  }

  /** The key to blame for levels that do not go together. */
  private static String culprit(
      boolean whole, TlbConfig.Inclusion inclusion, TlbLevelConfig l1i, TlbLevelConfig l1d) {
    if (whole && inclusion == TlbConfig.Inclusion.EXCLUSIVE) {
      return "/reloadWholePages";
    }
    if (inclusion == TlbConfig.Inclusion.NON_INCLUSIVE
        && (l1i.predictsSizes() || l1d.predictsSizes())) {
      return l1i.predictsSizes() ? "/l1i" : "/l1d";
    }
    return "/inclusion";
  }

  /** A level without what might not go with another, to go on with. */
  private static TlbLevelConfig plain(TlbLevelConfig level) {
    List<TlbStructureConfig> structures = new ArrayList<>();
    for (TlbStructureConfig s : level.structures()) {
      structures.add(new TlbStructureConfig(s.name(), s.geometry(), s.pageSizes(), s.accesses()));
    }
    return new TlbLevelConfig(level.name(), level.latencyCycles(), structures);
  }

  private @Nullable TimingConfig timing() {
    JsonNode node = tree.path("timing");
    if (!node.isObject()) {
      return null;
    }
    JsonNode core = node.path("core");
    CoreConfig config =
        new CoreConfig(
            core.path("issueWidth").intValue(),
            core.path("reorderBufferEntries").intValue(),
            core.path("loadQueueEntries").intValue(),
            core.path("storeQueueEntries").intValue(),
            node.at("/ports/l1i").intValue(),
            node.at("/ports/l1d").intValue(),
            node.at("/ports/stlb").intValue(),
            node.at("/missRegisters/l1i").intValue(),
            node.at("/missRegisters/l1d").intValue(),
            node.path("walkers").intValue(),
            node.path("assistCycles").intValue(),
            node.path("pageFaultCycles").intValue());
    int uncached = tree.path("memory").path("latencyCycles").intValue();
    int switchCycles = node.path("contextSwitchCycles").intValue(0);
    JsonNode caches = node.path("caches");
    if (!caches.isObject()) {
      return new TimingConfig(config, MemoryConfig.fixed(uncached), interrupts(node), switchCycles);
    }
    try {
      MemoryConfig memory =
          new MemoryConfig(
              uncached,
              dataCache("/timing/caches/l1i"),
              dataCache("/timing/caches/l1d"),
              dataCache("/timing/caches/l2"),
              dataCache("/timing/caches/llc"),
              dram("/timing/caches/dram"),
              caches.path("tables").stringValue().equals("l1d"),
              caches.path("lookup").stringValue().equals("parallel"));
      return new TimingConfig(config, memory, interrupts(node), switchCycles);
    } catch (IllegalArgumentException e) {
      problem("/timing/caches", e);
      return null;
    }
  }

  private static @Nullable InterruptConfig interrupts(JsonNode timing) {
    JsonNode node = timing.path("interrupts");
    return node.isObject()
        ? new InterruptConfig(
            node.path("sendCycles").intValue(),
            node.path("deliverCycles").intValue(),
            node.path("handlerCycles").intValue(),
            node.path("acknowledgeCycles").intValue())
        : null;
  }

  private @Nullable CacheConfig dataCache(String pointer) {
    JsonNode node = tree.at(pointer);
    if (!node.isObject()) {
      return null;
    }
    int lines = node.path("sizeKiB").intValue() * 1024 / MemoryHierarchy.LINE_BYTES;
    return new CacheConfig(geometry(pointer, node, lines), node.path("latencyCycles").intValue());
  }

  private @Nullable DramConfig dram(String pointer) {
    JsonNode node = tree.at(pointer);
    try {
      return new DramConfig(
          node.path("banks").intValue(),
          node.path("rowBytes").intValue(),
          node.path("rowHitCycles").intValue(),
          node.path("rowMissCycles").intValue(),
          node.path("burstCycles").intValue());
    } catch (IllegalArgumentException e) {
      problem(pointer, e);
      return new DramConfig(1, 64, Integer.MAX_VALUE, Integer.MAX_VALUE, 0);
    }
  }

  private TlbLevelConfig level(String name, Set<AccessKind> all) {
    String pointer = "/" + name;
    JsonNode node = tree.at(pointer);
    List<TlbStructureConfig> structures = new ArrayList<>();
    structures.add(structure(name, pointer, node, all));
    JsonNode parts = node.path("parts");
    for (int i = 0; i < parts.size(); i++) {
      structures.add(
          unique(structure(name, pointer + "/parts/" + i, parts.get(i), all), structures));
    }
    for (AccessKind kind : all) {
      boolean held =
          structures.stream()
              .anyMatch(
                  s -> s.accesses().contains(kind) && s.pageSizes().contains(PageSize.SIZE_4K));
      if (!held) {
        String word = kind.name().toLowerCase(Locale.ROOT);
        problem(
            pointer,
            new IllegalArgumentException(
                "no structure holds 4K pages for " + word + "; see accesses and pageSizes"));
      }
    }
    int latency = node.path("latencyCycles").intValue();
    try {
      return new TlbLevelConfig(name, latency, structures);
    } catch (IllegalArgumentException e) {
      problem(parts.isEmpty() ? pointer : pointer + "/parts", e);
      return new TlbLevelConfig(name, latency, structures.subList(0, 1));
    }
  }

  private TlbStructureConfig structure(
      String level, String pointer, JsonNode node, Set<AccessKind> all) {
    EnumSet<PageSize> sizes = EnumSet.noneOf(PageSize.class);
    node.path("pageSizes")
        .forEach(s -> sizes.add(constant(PageSize.values(), PageSize::label, s.stringValue())));
    EnumSet<AccessKind> accesses = EnumSet.noneOf(AccessKind.class);
    node.path("accesses")
        .forEach(a -> accesses.add(AccessKind.valueOf(a.stringValue().toUpperCase(Locale.ROOT))));
    if (accesses.isEmpty()) {
      accesses.addAll(all);
    } else if (!all.containsAll(accesses)) {
      problem(
          pointer + "/accesses",
          new IllegalArgumentException(
              level + " is asked by " + words(all) + " only, not by " + words(accesses)));
    }
    String name = structureName(level, sizes, accesses, all);
    Geometry geometry = geometry(pointer, node);
    try {
      return new TlbStructureConfig(
          name,
          geometry,
          sizes,
          accesses,
          node.path("coalescedPages").intValue(1),
          sizePrediction(pointer + "/sizePrediction"));
    } catch (IllegalArgumentException e) {
      problem(pointer, e);
      return new TlbStructureConfig(name, geometry, sizes, accesses);
    }
  }

  private @Nullable SizePredictionConfig sizePrediction(String pointer) {
    JsonNode node = tree.at(pointer);
    if (!node.isObject()) {
      return null;
    }
    try {
      return new SizePredictionConfig(
          node.path("entries").intValue(), node.path("reprobeCycles").intValue());
    } catch (IllegalArgumentException e) {
      problem(pointer, e);
      return null;
    }
  }

  /** The same structure, with a number at its name where another has the name already. */
  private static TlbStructureConfig unique(TlbStructureConfig s, List<TlbStructureConfig> before) {
    long alike =
        before.stream()
            .filter(b -> b.accesses().equals(s.accesses()) && b.pageSizes().equals(s.pageSizes()))
            .count();
    String name = alike == 0 ? s.name() : s.name() + "-" + (alike + 1);
    return new TlbStructureConfig(
        name, s.geometry(), s.pageSizes(), s.accesses(), s.coalescedPages(), s.sizePrediction());
  }

  /** For example {@code l1d-4k}, {@code stlb-4k-2m}, {@code l1d-store-4k}. */
  private static String structureName(
      String level, Set<PageSize> sizes, Set<AccessKind> accesses, Set<AccessKind> all) {
    StringBuilder name = new StringBuilder(level);
    if (!accesses.equals(all)) {
      accesses.forEach(a -> name.append('-').append(a.name().toLowerCase(Locale.ROOT)));
    }
    sizes.forEach(s -> name.append('-').append(s.label().toLowerCase(Locale.ROOT)));
    return name.toString();
  }

  private static String words(Set<AccessKind> kinds) {
    List<String> words = new ArrayList<>();
    kinds.forEach(k -> words.add(k.name().toLowerCase(Locale.ROOT)));
    return String.join(", ", words);
  }

  private @Nullable Geometry cache(String pointer) {
    JsonNode node = tree.at(pointer);
    return node.isObject() ? geometry(pointer, node) : null;
  }

  private Geometry geometry(String pointer, JsonNode node) {
    return geometry(pointer, node, node.path("entries").intValue());
  }

  private Geometry geometry(String pointer, JsonNode node, int entries) {
    try {
      return new Geometry(
          entries,
          node.path("ways").intValue(),
          replacement(pointer + "/replacement", node.path("replacement").stringValue()));
    } catch (IllegalArgumentException e) {
      problem(pointer + "/ways", e);
      return ANY;
    }
  }

  private Replacement replacement(String pointer, String label) {
    if (!label.startsWith(OwnReplacement.PREFIX)) {
      return constant(ReplacementPolicy.Kind.values(), ReplacementPolicy.Kind::label, label);
    }
    try {
      return OwnReplacement.load(label);
    } catch (IllegalArgumentException e) {
      problem(pointer, e);
      return ReplacementPolicy.Kind.LRU;
    }
  }

  private void problem(String pointer, IllegalArgumentException e) {
    problems.add(
        new Problem(
            positionOf.apply(pointer), Pointers.dotted(pointer), String.valueOf(e.getMessage())));
  }

  private static <E> E constant(E[] values, Function<E, String> label, String text) {
    for (E value : values) {
      if (label.apply(value).equals(text)) {
        return value;
      }
    }
    throw new IllegalStateException("the schema let '" + text + "' through");
  }
}
