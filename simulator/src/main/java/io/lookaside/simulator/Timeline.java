package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.timing.Recipe;
import io.lookaside.timing.Served;
import io.lookaside.timing.Step;
import io.lookaside.timing.TimingObserver;
import io.lookaside.tlb.TlbConfig;
import io.lookaside.tlb.TlbLevelConfig;
import io.lookaside.tlb.TlbStructureConfig;
import java.io.StringWriter;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JsonGenerator;
import tools.jackson.databind.json.JsonMapper;

/**
 * A window of cycles as a trace in the trace-event format, which Perfetto and Chrome's tracing page
 * open. A cycle is shown as a microsecond, the format's unit.
 *
 * <p>Each core is a process. Its page walkers are tracks on which walks stand as slices, with the
 * reads of table entries within. Each TLB is a track of look-ups, and waits and data accesses are
 * tracks too, by kind; of these many go on at once, so they are asynchronous slices. On the core's
 * own track stand the kernel's work between references, shootdowns from the first interrupt to the
 * last answer, and the handlers that answer others' interrupts; arrows lead from each interrupt to
 * its handler and from there back.
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

  /** The number of the first TLB's track. */
  private static final int FIRST_TLB = 1;

  /** The number of the track of the first step; each step that is no other's has one. */
  private static final int FIRST_STEP = 10;

  private static final List<Set<AccessKind>> PARTS =
      List.of(EnumSet.of(AccessKind.FETCH), EnumSet.of(AccessKind.LOAD, AccessKind.STORE));

  /** The number of the first walker's track. */
  private static final int FIRST_WALKER = FIRST_STEP + Step.values().length;

  private static final String[] ENTRIES = {"PTE", "PDE", "PDPTE", "PML4E", "PML5E"};

  /** By walker: the level that it reads next, and how long its walk had waited for it. */
  private final Map<Long, Integer> levels = new HashMap<>();

  private final Map<Long, Long> queued = new HashMap<>();

  /** The TLBs by the numbers of their tracks, from {@link #FIRST_TLB} on. */
  private final List<String> tlbs = new ArrayList<>();

  // By kind of access: the numbers of the tracks of the TLBs that it looks in.
  private final int[] firstLevel = new int[AccessKind.COUNT];
  private final int[] secondLevel = new int[AccessKind.COUNT];

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
   * @param config the TLBs of each core
   * @param from the first cycle that is shown
   * @param to the first cycle that is not shown any more
   */
  public Timeline(TlbConfig config, long from, long to) {
    addTlbs(config.l1i(), "L1I TLB", PARTS.get(0), firstLevel);
    addTlbs(config.l1d(), "L1D TLB", PARTS.get(1), firstLevel);
    addTlbs(config.stlb(), "second-level TLB", EnumSet.allOf(AccessKind.class), secondLevel);
    this.from = from;
    this.to = to;
    json = JsonMapper.shared().createGenerator(text);
    json.writeStartObject();
    json.writeStringProperty("displayTimeUnit", "ns");
    json.writeName("traceEvents");
    json.writeStartArray();
  }

  /** Gives a track to each part of a level in which other kinds of access do not look. */
  private void addTlbs(
      TlbLevelConfig level, String name, Set<AccessKind> looking, int[] trackOfKind) {
    Set<AccessKind> left = EnumSet.copyOf(looking);
    while (!left.isEmpty()) {
      AccessKind first = left.iterator().next();
      Set<AccessKind> together = EnumSet.of(first);
      for (AccessKind kind : left) {
        if (structures(level, kind).equals(structures(level, first))) {
          together.add(kind);
        }
      }
      for (AccessKind kind : together) {
        trackOfKind[kind.ordinal()] = FIRST_TLB + tlbs.size();
      }
      tlbs.add(together.equals(looking) ? name : name + ", " + words(together));
      left.removeAll(together);
    }
  }

  private static List<TlbStructureConfig> structures(TlbLevelConfig level, AccessKind kind) {
    return level.structures().stream().filter(s -> s.accesses().contains(kind)).toList();
  }

  private static String words(Set<AccessKind> kinds) {
    if (kinds.equals(PARTS.get(1))) {
      return "data";
    }
    return kinds.stream()
        .map(
            kind ->
                switch (kind) {
                  case FETCH -> "fetches";
                  case LOAD -> "loads";
                  case STORE -> "stores";
                })
        .collect(Collectors.joining(" and "));
  }

  /** How many steps of the window were left out, since there were more than {@link #MAX_STEPS}. */
  public long leftOut() {
    return leftOut;
  }

  @Override
  public void step(
      int core,
      long reference,
      int kind,
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
          asynchronous(core, kind, step, reference, argument, address, begin, end);
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
          asynchronous(core, kind, step, reference, argument, address, begin, end);
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
    if (sender == TimingObserver.THREAD) {
      onCore(target, "interrupt of a kernel thread", taken, done);
      return;
    }
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
      int core,
      int kind,
      Step step,
      long reference,
      int argument,
      long address,
      long begin,
      long end) {
    int track = FIRST_STEP + step.ordinal();
    String name = step.words();
    if (step == Step.LOOKUP || step == Step.SECOND_LEVEL) {
      track = (step == Step.LOOKUP ? firstLevel : secondLevel)[kind];
      name = tlbs.get(track - FIRST_TLB);
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
