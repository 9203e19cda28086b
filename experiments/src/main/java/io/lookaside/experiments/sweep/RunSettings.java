package io.lookaside.experiments.sweep;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.os.FramePlacement;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.simulator.Clock;
import io.lookaside.simulator.OptionValues;
import io.lookaside.simulator.RunOptions;
import io.lookaside.timing.Overlap;
import io.lookaside.traces.TraceFormat;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The options of a point's run, under the names that they have on the command line of {@code run}.
 *
 * @param prefault {@code --map prefault}
 * @param frames {@code --frames}
 * @param pageSize {@code --page-size}
 * @param memory {@code --memory}, as written
 * @param thp {@code --thp}
 * @param skip {@code --skip}
 * @param warmup {@code --warmup}
 * @param maxReferences {@code --max-refs}, or {@code null} for all
 * @param seed {@code --seed}
 * @param overlap {@code --timing --overlap}, or {@code null} for a run without a clock
 */
record RunSettings(
    boolean prefault,
    FramePlacement frames,
    PageSize pageSize,
    @Nullable String memory,
    LinuxConfig.@Nullable Thp thp,
    long skip,
    long warmup,
    @Nullable Long maxReferences,
    long seed,
    @Nullable Overlap overlap) {
  /** The names of all options that a sweep knows. */
  static final List<String> NAMES =
      List.of(
          "map",
          "page-size",
          "frames",
          "memory",
          "thp",
          "skip",
          "warmup",
          "max-refs",
          "seed",
          "timing",
          "overlap");

  /**
   * Reads options.
   *
   * @param values by name; what is absent has the default of {@code run}
   * @throws IllegalArgumentException with a message for the user that begins with the option's name
   */
  static RunSettings of(Map<String, JsonNode> values) {
    boolean prefault = oneOf(values, "map", "demand", List.of("demand", "prefault")) == 1;
    List<String> sizes = PageSize.OF_LONG_MODE.stream().map(PageSize::label).toList();
    PageSize size = PageSize.OF_LONG_MODE.get(oneOf(values, "page-size", "4K", sizes));
    FramePlacement frames =
        read("frames", () -> FramePlacement.parse(text(values, "frames", "contiguous")));
    String memory = values.containsKey("memory") ? text(values, "memory", "") : null;
    if (memory != null) {
      linux(memory);
    }
    LinuxConfig.Thp thp =
        values.containsKey("thp")
            ? LinuxConfig.Thp.values()[oneOf(values, "thp", "", labels(LinuxConfig.Thp.values()))]
            : null;
    boolean placedOtherwise = size != PageSize.SIZE_4K || !frames.equals(FramePlacement.CONTIGUOUS);
    if ((memory != null || thp != null) && (prefault || placedOtherwise)) {
      throw new IllegalArgumentException(
          "memory: with memory or thp the kernel places pages itself; leave out page-size, frames"
              + " and map: prefault");
    }
    if (prefault && placedOtherwise) {
      throw new IllegalArgumentException(
          "map: prefault maps 4K pages to contiguous frames; page-size and frames need map: demand");
    }
    Long most = values.containsKey("max-refs") ? count(values, "max-refs") : null;
    if (most != null && most == 0) {
      throw new IllegalArgumentException("max-refs: must be at least 1");
    }
    boolean timing = flag(values, "timing");
    if (!timing && values.containsKey("overlap")) {
      throw new IllegalArgumentException("overlap: needs timing: true");
    }
    Overlap overlap =
        timing
            ? Overlap.values()[
                oneOf(
                    values,
                    "overlap",
                    "serial",
                    Arrays.stream(Overlap.values()).map(Overlap::label).toList())]
            : null;
    return new RunSettings(
        prefault,
        frames,
        size,
        memory,
        thp,
        count(values, "skip"),
        count(values, "warmup"),
        most,
        read("seed", () -> OptionValues.seed(text(values, "seed", "0"))),
        overlap);
  }

  /** Reads what {@link #json} wrote. */
  static RunSettings ofJson(JsonNode json) {
    Map<String, JsonNode> values = new LinkedHashMap<>();
    json.properties().forEach(e -> values.put(e.getKey(), e.getValue()));
    return of(values);
  }

  private static List<String> labels(Enum<?>[] constants) {
    return Arrays.stream(constants).map(c -> c.name().toLowerCase(Locale.ROOT)).toList();
  }

  private static String text(Map<String, JsonNode> values, String name, String otherwise) {
    JsonNode value = values.get(name);
    return value == null ? otherwise : Axis.text(value);
  }

  private static boolean flag(Map<String, JsonNode> values, String name) {
    String text = text(values, name, "false");
    if (!text.equals("true") && !text.equals("false")) {
      throw new IllegalArgumentException(name + ": expected true or false, not '" + text + "'");
    }
    return text.equals("true");
  }

  private static int oneOf(
      Map<String, JsonNode> values, String name, String otherwise, List<String> allowed) {
    return read(name, () -> OptionValues.oneOf(text(values, name, otherwise), allowed));
  }

  private static long count(Map<String, JsonNode> values, String name) {
    return count(name, text(values, name, "0"));
  }

  /** A count with a decimal suffix K, M or G, or none. */
  static long count(String name, String text) {
    return read(name, () -> OptionValues.count(text));
  }

  private static LinuxConfig linux(String memory) {
    return read("memory", () -> LinuxConfig.of(OptionValues.memoryBytes(memory)));
  }

  /** What a value says; complaints begin with the option's name. */
  private static <T> T read(String name, Supplier<T> value) {
    try {
      return value.get();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(name + ": " + e.getMessage(), e);
    }
  }

  /** The options that are in force, in the order of {@link #NAMES}. */
  ObjectNode json() {
    ObjectNode json = JsonNodeFactory.instance.objectNode();
    json.put("map", prefault ? "prefault" : "demand");
    json.put("page-size", pageSize.label());
    json.put("frames", frames.toString());
    if (memory != null) {
      json.put("memory", memory);
    }
    if (thp != null) {
      json.put("thp", thp.name().toLowerCase(Locale.ROOT));
    }
    json.put("skip", skip);
    json.put("warmup", warmup);
    if (maxReferences != null) {
      json.put("max-refs", maxReferences);
    }
    json.put("seed", seed);
    if (overlap != null) {
      json.put("timing", true);
      json.put("overlap", overlap.label());
    }
    return json;
  }

  /**
   * The words of a command line of {@code run}.
   *
   * @param quantum references of a turn, or {@code null} for one trace
   */
  List<String> words(@Nullable Long quantum) {
    List<String> words = new ArrayList<>();
    for (Map.Entry<String, JsonNode> e : json().properties()) {
      if (e.getKey().equals("seed") && quantum != null) {
        words.addAll(List.of("--quantum", Long.toString(quantum)));
      }
      words.add("--" + e.getKey());
      if (!e.getKey().equals("timing")) {
        words.add(Axis.text(e.getValue()));
      }
    }
    return words;
  }

  /** The options of a run of these traces. */
  RunOptions options(List<String> traces, @Nullable TraceFormat format, long quantum) {
    LinuxConfig linux = null;
    if (memory != null || thp != null) {
      linux =
          (memory == null ? LinuxConfig.of(RunOptions.DEFAULT_MEMORY) : linux(memory))
              .withSeed(seed)
              .withThp(thp == null ? LinuxConfig.Thp.MADVISE : thp);
    }
    return new RunOptions(
        RunOptions.Input.of(traces, format, quantum),
        new RunOptions.Window(skip, warmup, maxReferences == null ? Long.MAX_VALUE : maxReferences),
        RunOptions.Pages.of(prefault, frames, pageSize).under(linux),
        RunOptions.Watch.NOTHING,
        seed);
  }

  /** The clock of the run, if it has one. */
  @Nullable Clock clock() {
    return overlap == null ? null : new Clock(overlap, null);
  }
}
