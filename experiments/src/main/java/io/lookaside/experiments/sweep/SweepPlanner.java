package io.lookaside.experiments.sweep;

import io.lookaside.simulator.Clock;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.RunOptions;
import io.lookaside.simulator.Simulation;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.Version;
import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.Problem;
import io.lookaside.timing.Overlap;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.ByteArrayInputStream;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.InvalidPathException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** Makes the plan of a sweep, or says everything that is wrong with it. */
public final class SweepPlanner {
  /** The most points of a sweep: as many results are merged into one file. */
  public static final int MAX_POINTS = 100_000;

  private static final int MOST_PROBLEMS = 50;
  private static final int KEY_LENGTH = 32;
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** A machine by the settings that make it, once for all points that have it. */
  private record Known(@Nullable MachineConfig config, @Nullable String hash) {}

  private final SweepSpec spec;
  private final Set<Problem> problems = new LinkedHashSet<>();
  private final Map<List<String>, Known> known = new HashMap<>();
  private final Map<String, ObjectNode> machines = new LinkedHashMap<>();

  /** A result's figures, by what decides which ones there are. */
  private final Map<List<Object>, Set<String>> figures = new HashMap<>();

  private SweepPlanner(SweepSpec spec) {
    this.spec = spec;
    problems.addAll(spec.problems());
  }

  /**
   * Plans.
   *
   * @throws ConfigException with everything that is wrong, invalid machines included
   * @throws FileNotFoundException if a trace or machine file is not there
   */
  public static SweepPlan plan(SweepSpec spec) throws ConfigException, IOException {
    return new SweepPlanner(spec).plan();
  }

  private SweepPlan plan() throws ConfigException, IOException {
    throwProblems(); // without a sound file there is nothing to combine
    long count = spec.traces().size();
    List<List<Axis>> dimensions = dimensions();
    for (List<Axis> dimension : dimensions) {
      count *= dimension.get(0).values().size();
      if (count > MAX_POINTS) {
        problems.add(
            new Problem(
                spec.file(),
                "",
                "has more than " + MAX_POINTS + " points; make it several sweeps"));
        throwProblems();
      }
    }
    List<SweepTrace> traces = traces();
    List<SweepPoint> points = new ArrayList<>();
    Map<String, SweepPoint> byKey = new HashMap<>();
    for (SweepTrace trace : traces) {
      for (int i = 0; i < count / traces.size(); i++) {
        SweepPoint point = point(points.size(), trace, combination(dimensions, i));
        if (point != null) {
          points.add(point);
          SweepPoint same = byKey.putIfAbsent(point.key(), point);
          if (same != null) {
            problems.add(
                new Problem(
                    spec.file(),
                    "",
                    "two points are the same run: "
                        + same.title()
                        + "; and "
                        + point.title()
                        + ". Remove one of them"));
          }
        }
      }
    }
    throwProblems();
    List<Measure> measures = measures();
    throwProblems();
    return new SweepPlan(
        spec.name(), Version.current(), traces, spec.axes(), measures, machines, points);
  }

  private void throwProblems() throws ConfigException {
    if (problems.isEmpty()) {
      return;
    }
    List<Problem> list = new ArrayList<>(problems);
    if (list.size() > MOST_PROBLEMS) {
      int more = list.size() - MOST_PROBLEMS;
      list = new ArrayList<>(list.subList(0, MOST_PROBLEMS));
      list.add(new Problem(spec.file(), "", "and " + more + " more"));
    }
    throw new ConfigException(list);
  }

  /** Axes that go in step are one dimension. */
  private List<List<Axis>> dimensions() {
    List<List<Axis>> dimensions = new ArrayList<>();
    int group = -1;
    for (Axis axis : spec.axes()) {
      if (axis.group() >= 0 && axis.group() == group) {
        dimensions.get(dimensions.size() - 1).add(axis);
      } else {
        dimensions.add(new ArrayList<>(List.of(axis)));
      }
      group = axis.group();
    }
    return dimensions;
  }

  /** The values of a combination: the last dimension varies fastest. */
  private static ObjectNode combination(List<List<Axis>> dimensions, int number) {
    int rest = number;
    int[] at = new int[dimensions.size()];
    for (int d = dimensions.size() - 1; d >= 0; d--) {
      int size = dimensions.get(d).get(0).values().size();
      at[d] = rest % size;
      rest /= size;
    }
    ObjectNode values = JSON.objectNode();
    for (int d = 0; d < at.length; d++) {
      for (Axis axis : dimensions.get(d)) {
        values.set(axis.name(), axis.values().get(at[d]));
      }
    }
    return values;
  }

  private List<SweepTrace> traces() throws IOException {
    List<SweepTrace> traces = new ArrayList<>();
    for (SweepSpec.TraceSpec t : spec.traces()) {
      List<TraceFileId> files = new ArrayList<>();
      for (String file : t.files()) {
        try {
          files.add(TraceFileId.of(file, t.folder().resolve(file).toAbsolutePath().normalize()));
        } catch (InvalidPathException e) {
          throw new FileNotFoundException(file + ": is no file name: " + e.getReason());
        } catch (FileNotFoundException e) {
          throw new FileNotFoundException(t.position() + ": " + e.getMessage());
        }
      }
      traces.add(new SweepTrace(t.name(), files, t.format(), t.quantum()));
    }
    return traces;
  }

  /** The point of a combination, or {@code null} if it has a problem. */
  private @Nullable SweepPoint point(int index, SweepTrace trace, ObjectNode axes)
      throws IOException {
    Map<String, JsonNode> options = new LinkedHashMap<>(spec.options());
    Map<String, JsonNode> settings = new LinkedHashMap<>(spec.settings());
    String machine = spec.machine();
    for (Map.Entry<String, JsonNode> e : axes.properties()) {
      if (e.getKey().equals(Axis.MACHINE)) {
        machine = Axis.text(e.getValue());
      } else if (RunSettings.NAMES.contains(e.getKey())) {
        options.put(e.getKey(), e.getValue());
      } else {
        settings.put(e.getKey(), e.getValue());
      }
    }
    RunSettings run = null;
    try {
      run = RunSettings.of(options);
    } catch (IllegalArgumentException e) {
      optionProblem(axes, String.valueOf(e.getMessage()));
    }
    List<String> overrides =
        settings.entrySet().stream().map(e -> e.getKey() + "=" + setting(e.getValue())).toList();
    Known made = machine(machine, overrides, axes);
    MachineConfig config = made.config();
    String hash = made.hash();
    if (run == null || config == null || hash == null) {
      return null;
    }
    if (run.overlap() != null && config.timing() == null) {
      problems.add(
          new Problem(
              spec.positionOf("/options/timing"),
              "timing",
              "machine " + config.name() + " has no timing: key, which a clock needs"));
      return null;
    }
    noteFigures(config, run);
    List<String> words = new ArrayList<>(List.of("run"));
    trace.files().forEach(f -> words.add(f.file()));
    if (trace.format() != null) {
      words.addAll(List.of("--format", trace.format().label()));
    }
    words.addAll(List.of("--machine", machine));
    overrides.forEach(o -> words.addAll(List.of("--set", o)));
    words.addAll(run.words(trace.files().size() > 1 ? trace.quantum() : null));
    String command = String.join(" ", words);
    ObjectNode decisive = JSON.objectNode();
    decisive.put("version", Version.current());
    decisive.put("machine", hash);
    decisive.put("command", command);
    decisive.set("options", run.json());
    decisive
        .putArray("traces")
        .addAll(trace.files().stream().map(f -> JSON.stringNode(f.sha256())).toList());
    String digest = RunJson.hash(decisive);
    String key = digest.substring(digest.indexOf(':') + 1).substring(0, KEY_LENGTH);
    machines.putIfAbsent(hash, config.effective());
    return new SweepPoint(index, key, trace.name(), axes, hash, run.json(), command);
  }

  /** A value as {@code --set} takes it. */
  private static String setting(JsonNode value) {
    boolean word =
        value.isString()
            && value.stringValue().matches("[A-Za-z][A-Za-z0-9-]*")
            && !Set.of("true", "false", "null").contains(value.stringValue());
    return word ? value.stringValue() : value.toString();
  }

  private void optionProblem(ObjectNode axes, String message) {
    int colon = message.indexOf(':');
    String option = message.substring(0, Math.max(0, colon));
    String position = axisPosition(option);
    problems.add(
        new Problem(
            position == null ? spec.positionOf("/options/" + option) : position,
            option,
            message.substring(colon + 1).strip() + with(axes, RunSettings.NAMES)));
  }

  private @Nullable String axisPosition(String name) {
    return spec.axes().stream()
        .filter(a -> a.name().equals(name))
        .map(Axis::position)
        .findFirst()
        .orElse(null);
  }

  /** Says which values a problem comes with, of those axes that may have to do with it. */
  private static String with(ObjectNode axes, List<String> names) {
    String text =
        axes.properties().stream()
            .filter(e -> names.isEmpty() || names.contains(e.getKey()))
            .map(e -> e.getKey() + " " + Axis.text(e.getValue()))
            .collect(Collectors.joining(", "));
    return text.isEmpty() ? "" : " (with " + text + ")";
  }

  private Known machine(String name, List<String> overrides, ObjectNode axes) throws IOException {
    List<String> identity = new ArrayList<>(overrides);
    identity.add(name);
    Known made = known.get(identity);
    if (made == null) {
      made = make(name, overrides, axes);
      known.put(identity, made);
    }
    return made;
  }

  private Known make(String name, List<String> overrides, ObjectNode axes) throws IOException {
    String at = axisPosition(Axis.MACHINE);
    String position = at == null ? spec.positionOf("/machine") : at;
    try {
      MachineConfig config = MachineLibrary.load(spec.machinePath(name), overrides);
      return new Known(config, RunJson.hash(config.effective()));
    } catch (ConfigException e) {
      List<String> ofMachine =
          spec.axes().stream().map(Axis::name).filter(n -> !RunSettings.NAMES.contains(n)).toList();
      for (Problem p : e.problems()) {
        problems.add(
            new Problem(
                positionOf(p.position()),
                p.path(),
                p.message() + (ofMachine.isEmpty() ? "" : with(axes, ofMachine))));
      }
    } catch (MachineLibrary.UnknownMachineException | FileNotFoundException e) {
      problems.add(new Problem(position, Axis.MACHINE, String.valueOf(e.getMessage())));
    }
    return new Known(null, null);
  }

  /** The place in the sweep file of what {@code --set} is to blame for. */
  private String positionOf(String position) {
    String option = "--set ";
    if (!position.startsWith(option)) {
      return position;
    }
    String path = position.substring(option.length(), position.indexOf('='));
    String axis = axisPosition(path);
    return axis == null ? spec.positionOf("/set/" + path) : axis;
  }

  /** Notes which figures the result of such a run has, from a run of one reference. */
  private void noteFigures(MachineConfig config, RunSettings run) throws IOException {
    boolean linux = run.memory() != null || run.thp() != null;
    boolean timing = run.overlap() != null;
    List<Object> kind = List.of(config.name(), timing, linux);
    if (!figures.containsKey(kind)) {
      RunOptions options = run.options(List.of(TraceFile.STANDARD_INPUT), TraceFormat.FLAT64, 1);
      options =
          new RunSettings(
                  false,
                  options.frames(),
                  options.pageSize(),
                  run.memory(),
                  run.thp(),
                  0,
                  0,
                  1L,
                  0,
                  null)
              .options(options.traces(), options.format(), options.quantum());
      Simulation simulation =
          new Simulation(
              config,
              options,
              new ByteArrayInputStream(new byte[Long.BYTES]),
              (references, bytes, total) -> {},
              new StageTimes(false),
              timing ? new Clock(Overlap.SERIAL, null) : null);
      Set<String> paths = new LinkedHashSet<>();
      Measures.addPaths(RunJson.of(simulation.run(), ""), paths);
      figures.put(kind, paths);
    }
  }

  private List<Measure> measures() {
    Set<String> paths = new LinkedHashSet<>();
    figures.values().forEach(paths::addAll);
    List<Measure> measures = new ArrayList<>();
    if (spec.measures().isEmpty()) {
      Measures.DEFAULT.stream()
          .filter(paths::contains)
          .forEach(m -> measures.add(Measures.resolve(m, paths)));
      return measures;
    }
    Set<String> taken = new HashSet<>();
    for (int i = 0; i < spec.measures().size(); i++) {
      String name = Objects.requireNonNull(spec.measures().get(i));
      String problem;
      try {
        Measure measure = Measures.resolve(name, paths);
        measures.add(measure);
        problem = taken.add(measure.path()) ? "" : "is the measure " + measure.path() + " again";
      } catch (IllegalArgumentException e) {
        problem = String.valueOf(e.getMessage());
      }
      if (!problem.isEmpty()) {
        problems.add(new Problem(spec.positionOf("/measures/" + i), "measures." + i, problem));
      }
    }
    return measures;
  }
}
