package io.lookaside.experiments.sweep;

import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.NearMiss;
import io.lookaside.simulator.config.Problem;
import io.lookaside.simulator.config.YamlFile;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What a sweep file says. */
public final class SweepSpec {
  /** The most values that a range has. */
  static final int MAX_VALUES = 100_000;

  private static final String NAME_OF_FILE = "sweep file";

  /** A trace as the file names it. */
  record TraceSpec(
      String name,
      List<String> files,
      @Nullable TraceFormat format,
      long quantum,
      Path folder,
      String position) {}

  private final String file;
  private final String name;
  private final Path folder;
  private final YamlFile yaml;
  private final List<Problem> problems;
  private final List<TraceSpec> traces = new ArrayList<>();
  private final List<Axis> axes = new ArrayList<>();
  private final Map<String, JsonNode> settings = new LinkedHashMap<>();
  private final Map<String, JsonNode> options = new LinkedHashMap<>();
  private final List<String> measures = new ArrayList<>();
  private String machine = MachineLibrary.DEFAULT;

  private SweepSpec(String file, YamlFile yaml) {
    this.file = file;
    this.yaml = yaml;
    this.problems = new ArrayList<>(yaml.problems());
    Path path = Path.of(file).toAbsolutePath();
    this.folder = Objects.requireNonNull(path.getParent());
    this.name = yaml.tree().path("name").asString(baseName(file));
  }

  /**
   * Reads a sweep file.
   *
   * @param traces paths that take the place of the file's own traces, or none
   * @throws ConfigException for an error of syntax; what else is wrong is said when it is planned
   */
  public static SweepSpec read(String file, List<String> traces)
      throws ConfigException, IOException {
    YamlFile yaml =
        YamlFile.read(file, NAME_OF_FILE, "as in 'traces: [prog.lackey.xz]'", schemaText());
    SweepSpec spec = new SweepSpec(file, yaml);
    if (spec.problems.isEmpty()) {
      spec.bind(traces);
    }
    return spec;
  }

  /** The JSON schema of sweep files. */
  public static String schemaText() {
    try (InputStream in = SweepSpec.class.getResourceAsStream("schema.json")) {
      return new String(Objects.requireNonNull(in).readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** A file's name without its folder and without what follows the first dot. */
  static String baseName(String file) {
    Path path = Path.of(file).getFileName();
    String last = path == null ? file : path.toString();
    int dot = last.indexOf('.', 1);
    return dot < 0 ? last : last.substring(0, dot);
  }

  private void bind(List<String> otherTraces) {
    JsonNode tree = yaml.tree();
    if (otherTraces.isEmpty()) {
      JsonNode list = tree.path("traces");
      for (int i = 0; i < list.size(); i++) {
        trace(list.get(i), "/traces/" + i);
      }
    } else {
      for (String path : otherTraces) {
        addTrace(
            baseName(path),
            List.of(path),
            null,
            SweepTrace.DEFAULT_QUANTUM,
            Path.of(""),
            "--trace " + path);
      }
    }
    machine = tree.path("machine").asString(MachineLibrary.DEFAULT);
    tree.path("set").properties().forEach(e -> settings.put(e.getKey(), e.getValue()));
    tree.path("options").properties().forEach(e -> options.put(e.getKey(), e.getValue()));
    tree.path("measures").forEach(m -> measures.add(m.stringValue()));
    axes(tree.path("axes"), "/axes", -1);
    JsonNode groups = tree.path("zip");
    for (int g = 0; g < groups.size(); g++) {
      int before = axes.size();
      axes(groups.get(g), "/zip/" + g, g);
      List<Axis> group = axes.subList(before, axes.size());
      if (group.stream().map(a -> a.values().size()).distinct().count() > 1) {
        List<String> lengths =
            group.stream().map(a -> a.name() + " has " + a.values().size()).toList();
        problem(
            "/zip/" + g, "axes of a group need as many values each: " + String.join(", ", lengths));
      }
    }
    Set<String> names = new HashSet<>();
    for (Axis axis : axes) {
      if (!names.add(axis.name())) {
        problems.add(new Problem(axis.position(), axis.name(), "is an axis already; remove one"));
      }
      if (options.containsKey(axis.name()) || settings.containsKey(axis.name())) {
        problems.add(
            new Problem(
                axis.position(), axis.name(), "is an axis and fixed as well; remove one of them"));
      }
    }
  }

  private void trace(JsonNode node, String pointer) {
    List<String> files = new ArrayList<>();
    if (node.isString()) {
      files.add(node.stringValue());
    } else {
      node.path("files").forEach(f -> files.add(f.stringValue()));
      if (node.has("file")) {
        files.add(node.path("file").stringValue());
      }
      if (node.has("file") == node.has("files")) {
        problem(pointer, "needs file or files, one of them");
        return;
      }
    }
    TraceFormat format = null;
    JsonNode label = node.path("format");
    if (label.isString()) {
      format = TraceFormat.ofLabel(label.stringValue());
      if (format == null) {
        problem(
            pointer + "/format",
            "'"
                + label.stringValue()
                + "' cannot be read; expected one of "
                + TraceFormat.labels());
      }
    }
    long quantum = SweepTrace.DEFAULT_QUANTUM;
    if (node.has("quantum")) {
      try {
        quantum = RunSettings.count("quantum", Axis.text(node.path("quantum")));
      } catch (IllegalArgumentException e) {
        problem(pointer + "/quantum", String.valueOf(e.getMessage()));
      }
      if (files.size() == 1 || quantum == 0) {
        problem(pointer + "/quantum", "is at least 1, and for several files");
      }
    }
    String name = node.path("name").asString(baseName(files.get(0)));
    addTrace(name, files, format, quantum, folder, yaml.positionOf(pointer));
  }

  private void addTrace(
      String traceName,
      List<String> files,
      @Nullable TraceFormat format,
      long quantum,
      Path from,
      String position) {
    if (files.contains(TraceFile.STANDARD_INPUT)) {
      problems.add(
          new Problem(position, "", "standard input is read once only; save the trace to a file"));
    } else if (traces.stream().anyMatch(t -> t.name().equals(traceName))) {
      problems.add(
          new Problem(
              position, "", "a trace is called '" + traceName + "' already; give it a name: key"));
    } else {
      traces.add(new TraceSpec(traceName, List.copyOf(files), format, quantum, from, position));
    }
  }

  private void axes(JsonNode node, String pointer, int group) {
    for (Map.Entry<String, JsonNode> e : node.properties()) {
      String at = pointer + "/" + e.getKey();
      String axis = e.getKey();
      List<String> words = new ArrayList<>(RunSettings.NAMES);
      words.add(Axis.MACHINE);
      if (!axis.contains(".") && !words.contains(axis) && !machineKeys().contains(axis)) {
        words.addAll(machineKeys());
        problem(at, NearMiss.unknown("no axis is called so", axis, words));
        continue;
      }
      List<JsonNode> values = new ArrayList<>();
      if (e.getValue().isArray()) {
        e.getValue().forEach(values::add);
      } else {
        range(at, e.getValue(), values);
      }
      if (values.stream().anyMatch(JsonNode::isNull)) {
        problem(at, "has an empty value; write a value, or '~' as text in quotes");
      }
      axes.add(new Axis(axis, values, group, yaml.positionOf(at)));
    }
  }

  /** The top-level keys of machines that are values and not groups of keys. */
  private static List<String> machineKeys() {
    return List.of(
        "physicalAddressBits", "gigabytePages", "overFlush", "inclusion", "reloadWholePages");
  }

  private void range(String pointer, JsonNode node, List<JsonNode> values) {
    long from = node.path("from").asLong();
    long to = node.path("to").asLong();
    long step = node.path("step").asLong(1);
    long factor = node.path("factor").asLong(0);
    if (node.has("step") && node.has("factor")) {
      problem(pointer, "has a step and a factor; remove one of them");
    } else if (from > to) {
      problem(pointer, "begins at " + from + ", which is after its end, " + to);
    } else if (factor > 0 && from < 1) {
      problem(pointer, "begins at " + from + "; with a factor a range begins at 1 or above");
    } else {
      for (long v = from; v <= to && values.size() <= MAX_VALUES; ) {
        values.add(JsonNodeFactory.instance.numberNode(v));
        long next = factor > 0 ? v * factor : v + step;
        if (next <= v || (factor > 0 && v > Long.MAX_VALUE / factor)) {
          break; // beyond what a word holds
        }
        v = next;
      }
      if (values.size() > MAX_VALUES) {
        problem(pointer, "has more than " + MAX_VALUES + " values");
        values.clear();
      }
    }
  }

  private void problem(String pointer, String message) {
    String path = pointer.substring(1).replace('/', '.');
    problems.add(new Problem(yaml.positionOf(pointer), path, message));
  }

  /** The file's path, for messages. */
  String file() {
    return file;
  }

  /** The sweep's name. */
  public String name() {
    return name;
  }

  /** The folder from which paths in the file are read. */
  Path folder() {
    return folder;
  }

  List<Problem> problems() {
    return problems;
  }

  List<TraceSpec> traces() {
    return traces;
  }

  List<Axis> axes() {
    return axes;
  }

  /** Changes to the machine that hold for all points, by path. */
  Map<String, JsonNode> settings() {
    return settings;
  }

  /** Options that hold for all points, by name. */
  Map<String, JsonNode> options() {
    return options;
  }

  /** The figures that were asked for, as written; empty for those of {@link Measures}. */
  List<String> measures() {
    return measures;
  }

  /** The base machine as written. */
  String machine() {
    return machine;
  }

  /** Where something of the file stands. */
  String positionOf(String pointer) {
    return yaml.positionOf(pointer);
  }

  /** The machine that a name means: a shipped one, or a file of this folder. */
  String machinePath(String nameOrFile) {
    boolean isFile =
        nameOrFile.contains("/") || nameOrFile.endsWith(".yaml") || nameOrFile.endsWith(".yml");
    try {
      return isFile ? folder.resolve(nameOrFile).normalize().toString() : nameOrFile;
    } catch (InvalidPathException e) {
      return nameOrFile; // said when it is opened
    }
  }

  /** For tests and messages. */
  @Override
  public String toString() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    axes.forEach(a -> json.putArray(a.name()).addAll(a.values()));
    return name + " " + json;
  }
}
