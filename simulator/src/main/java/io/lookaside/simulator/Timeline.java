package io.lookaside.simulator;

import io.lookaside.timing.Recipe;
import io.lookaside.timing.Served;
import io.lookaside.timing.Step;
import io.lookaside.timing.TimingObserver;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/**
 * A window of cycles as a trace in the trace-event format, which Perfetto and Chrome's tracing page
 * open. A cycle is shown as a microsecond, the format's unit.
 *
 * <p>Each core is a process. Its page walkers are tracks on which walks stand as slices, with the
 * reads of table entries within; look-ups, by TLB, waits and data accesses, of which many go on at
 * once, are asynchronous slices grouped by what they use. On the core's own track stand the
 * kernel's work between references, shootdowns from the first interrupt to the last answer, and the
 * handlers that answer others' interrupts; arrows lead from each interrupt to its handler and from
 * there back.
 *
 * <p>Samples of memory pressure are counters.
 *
 * <p>Source: "Trace Event Format", Google, the events {@code X}, {@code b}, {@code e}, {@code s},
 * {@code f}, {@code C} and {@code M}.
 */
public final class Timeline implements TimingObserver {
  /** The most steps that are kept; later ones are counted and left out. */
  public static final int MAX_STEPS = 200_000;

  /** The number of the core's own track. */
  private static final int CORE = 0;

  /** The numbers of the TLBs' tracks. */
  private static final int FIRST_LEVEL = 1;

  private static final int SECOND_LEVEL = 2;

  /** The number of the track of the first step; each step that is no other's has one. */
  private static final int FIRST_STEP = 10;

  /** The number of the first walker's track. */
  private static final int FIRST_WALKER = FIRST_STEP + Step.values().length;

  private static final String[] ENTRIES = {"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

  /** By walker: the level that it reads next, and how long its walk had waited for it. */
  private final Map<Long, Integer> levels = new HashMap<>();

  private final Map<Long, Long> queued = new HashMap<>();

  private final long from;
  private final long to;
  private final StringWriter text = new StringWriter();
  private final JsonGenerator json;

  /** Tracks that have been named, with their names. */
  private final Map<Long, String> tracks = new LinkedHashMap<>();

  /** By core and walker: the cycle in which the walk that is under way began. */
  private final Map<Long, Long> walkStarts = new LinkedHashMap<>();

  /** Cores that have been named. */
  private final Set<Integer> named = new HashSet<>();

  private final Map<Long, String> walkCauses = new LinkedHashMap<>();
  private int steps;
  private long leftOut;
  private long asynchronous;

  /**
   * An empty timeline.
   *
   * @param from the first cycle that is shown
   * @param to the first cycle that is not shown any more
   */
  public Timeline(long from, long to) {
    this.from = from;
    this.to = to;
    json = JsonMapper.shared().createGenerator(text);
    json.writeStartObject();
    json.writeStringProperty("displayTimeUnit", "ns");
    json.writeName("traceEvents");
    json.writeStartArray();
  }

  /** How many steps of the window were left out, since there were more than {@link #MAX_STEPS}. */
  public long leftOut() {
    return leftOut;
  }

  @Override
  public void step(
      int core,
      long reference,
      Step step,
      int argument,
      long address,
      int unit,
      long begin,
      long end) {
    if (end < from || begin >= to) {
      return;
    }
    if (steps == MAX_STEPS) {
      leftOut++;
      return;
    }
    long walker = (long) core << 32 | unit;
    switch (step) {
      case STRUCTURE_CACHES -> {
        steps++;
        walkStarts.put(walker, begin);
        walkCauses.put(walker, cause(argument));
        levels.put(walker, Recipe.firstLevel(argument));
        slice(core, unit, reference, step.words(), begin, end);
        json.writeStringProperty("hit", startedFrom(argument));
        endSlice();
      }
      case READ -> {
        steps++;
        int level = levels.getOrDefault(walker, -1);
        levels.put(walker, level - 1);
        slice(core, unit, reference, "read " + entry(level), begin, end);
        json.writeStringProperty("address", "0x" + Long.toHexString(address));
        json.writeStringProperty("servedBy", Served.name(argument));
        endSlice();
      }
      case END_WALK -> {
        steps++;
        Long start = walkStarts.remove(walker);
        if (start != null) {
          String name = "walk (" + walkCauses.get(walker) + ")";
          slice(core, unit, reference, name, start, end);
          json.writeNumberProperty("cyclesInQueue", queued.getOrDefault(walker, 0L));
          endSlice();
        }
      }
      case WALKER -> {
        queued.put(walker, end - begin);
        if (end > begin) {
          steps++;
          asynchronous(core, step, reference, argument, address, begin, end);
        }
      }
      case SHOOTDOWN -> {
        steps++;
        onCore(core, "shootdown", begin, end);
      }
      case KERNEL_WORK -> {
        if (end > begin) {
          steps++;
          onCore(core, step.words(), begin, end);
        }
      }
      case TRANSLATED, PREFETCH, PREFETCHED -> {
        // Ends where the step before does.
      }
      default -> {
        if (end > begin) {
          steps++;
          asynchronous(core, step, reference, argument, address, begin, end);
        }
      }
    }
  }

  /** Shows samples of memory pressure in the window as counters of the kernel. */
  public void pressure(PressureResult pressure) {
    for (int row = 0; row < pressure.rows().size(); row++) {
      long cycle = pressure.get(row, PressureMetric.CYCLES);
      if (cycle >= from && cycle < to) {
        for (PressureMetric metric : PressureMetric.values()) {
          if (metric != PressureMetric.CYCLES && metric != PressureMetric.REFERENCES) {
            counter(metric, cycle, pressure.get(row, metric));
          }
        }
      }
    }
  }

  private void counter(PressureMetric metric, long cycle, long value) {
    begin("memory: " + metric.key(), "memory", "C", 0, 0, cycle);
    json.writeName("args");
    json.writeStartObject();
    json.writeNumberProperty(metric.unit(), value);
    json.writeEndObject();
    json.writeEndObject();
  }

  @Override
  public void interrupt(int sender, int target, long sent, long taken, long done) {
    if (done < from || sent >= to) {
      return;
    }
    if (steps == MAX_STEPS) {
      leftOut++;
      return;
    }
    steps++;
    onCore(target, "interrupt of core " + sender, taken, done);
    arrow("interrupt", sender, sent, target, taken);
    arrow("answer", target, done, sender, done);
  }

  private void onCore(int core, String name, long begin, long end) {
    tracks.putIfAbsent((long) core << 32 | CORE, "core");
    begin(name, "kernel", "X", core, CORE, begin);
    json.writeNumberProperty("dur", end - begin);
    json.writeEndObject();
  }

  /** An arrow between slices on the tracks of two cores. */
  private void arrow(String name, int fromCore, long begin, int toCore, long end) {
    String id = "0x" + Long.toHexString(++asynchronous);
    tracks.putIfAbsent((long) fromCore << 32 | CORE, "core");
    begin(name, "shootdown", "s", fromCore, CORE, begin);
    json.writeStringProperty("id", id);
    json.writeEndObject();
    begin(name, "shootdown", "f", toCore, CORE, end);
    json.writeStringProperty("bp", "e");
    json.writeStringProperty("id", id);
    json.writeEndObject();
  }

  /** The whole timeline as JSON text. To be called once, at the end. */
  public String text() {
    tracks.forEach(
        (track, name) -> {
          int core = (int) (track >> 32);
          name("thread_name", core, track.intValue(), name);
          if (named.add(core)) {
            name("process_name", core, track.intValue(), "core " + core);
          }
        });
    json.writeEndArray();
    json.writeEndObject();
    json.close();
    return text.append('\n').toString();
  }

  private void slice(int core, int walker, long reference, String name, long begin, long end) {
    int track = FIRST_WALKER + walker;
    tracks.putIfAbsent((long) core << 32 | track, "page walker " + walker);
    begin(name, "walk", "X", core, track, begin);
    json.writeNumberProperty("dur", end - begin);
    json.writeName("args");
    json.writeStartObject();
    json.writeNumberProperty("reference", reference);
  }

  private void endSlice() {
    json.writeEndObject();
    json.writeEndObject();
  }

  private void asynchronous(
      int core, Step step, long reference, int argument, long address, long begin, long end) {
    int track = FIRST_STEP + step.ordinal();
    String name = step.words();
    if (step == Step.LOOKUP) {
      track = FIRST_LEVEL;
      name = "first-level TLB";
    } else if (step == Step.SECOND_LEVEL) {
      track = SECOND_LEVEL;
      name = "second-level TLB";
    }
    tracks.putIfAbsent((long) core << 32 | track, name);
    String id = "0x" + Long.toHexString(++asynchronous);
    begin(step.words(), step.name(), "b", core, track, begin);
    json.writeStringProperty("id", id);
    boolean data = step == Step.DATA;
    arguments(reference, data ? Served.name(argument) : null, data ? address : 0);
    json.writeEndObject();
    begin(step.words(), step.name(), "e", core, track, end);
    json.writeStringProperty("id", id);
    json.writeEndObject();
  }

  private void begin(String name, String category, String phase, int core, int track, long cycle) {
    json.writeStartObject();
    json.writeStringProperty("name", name);
    json.writeStringProperty("cat", category);
    json.writeStringProperty("ph", phase);
    json.writeNumberProperty("ts", cycle);
    json.writeNumberProperty("pid", core);
    json.writeNumberProperty("tid", track);
  }

  private void arguments(long reference, @Nullable String served, long address) {
    json.writeName("args");
    json.writeStartObject();
    json.writeNumberProperty("reference", reference);
    if (served != null) {
      json.writeStringProperty("address", "0x" + Long.toHexString(address));
      json.writeStringProperty("servedBy", served);
    }
    json.writeEndObject();
  }

  private void name(String what, int core, int track, String name) {
    json.writeStartObject();
    json.writeStringProperty("name", what);
    json.writeStringProperty("ph", "M");
    json.writeNumberProperty("pid", core);
    json.writeNumberProperty("tid", track);
    json.writeName("args");
    json.writeStartObject();
    json.writeStringProperty("name", name);
    json.writeEndObject();
    json.writeEndObject();
  }

  /** The name of an entry of a level, from 0 on; of the modes whose tables have that many. */
  static String entry(int level) {
    return level < 0 || level >= ENTRIES.length ? "entry" : ENTRIES[level];
  }

  /** Which structure cache gave the table in which a walk begins. */
  static String startedFrom(int argument) {
    int level = Recipe.firstLevel(argument);
    return level < 0 || level >= 3 ? "none" : entry(level + 1) + " cache";
  }

  private static String cause(int argument) {
    return switch (Recipe.cause(argument)) {
      case MISS -> "miss";
      case RETRY -> "after a page fault";
      case ASSIST -> "dirty assist";
      case PREFETCH -> "prefetch";
    };
  }
}
