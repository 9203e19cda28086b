package io.lookaside.experiments.sweep;

import io.lookaside.simulator.BatchCost;
import io.lookaside.simulator.BatchSimulation;
import io.lookaside.simulator.Clock;
import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.RunOptions;
import io.lookaside.simulator.RunResult;
import io.lookaside.simulator.Simulation;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.traces.CompactedTrace;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.ToIntFunction;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ObjectNode;

/** Runs points of a sweep that have no result yet, and keeps each result as soon as it is there. */
public final class SweepRunner {
  /*
   * Points of the same trace and the same references run as a batch, for which the trace is decoded
   * once. All machines of a batch end together: what is in flight when the process is killed is one
   * batch. Points with a clock run alone, one for each thread.
   */

  /** The most machines of a batch. */
  private static final int BATCH = 64;

  /** As many more where there are so many threads. */
  private static final int PER_THREAD = 4;

  /** How many results are written at a time: each waits for the disk, which takes them together. */
  private static final int KEEPING = 16;

  private static final ProgressListener NOBODY = (references, bytes, total) -> {};

  /** Is told about each point. Calls come one at a time, from any thread. */
  public interface Listener {
    /** A result is on the disk. */
    void finished(SweepPoint point);

    /** There will be none. */
    void failed(SweepPoint point, String reason);
  }

  /**
   * What came of a call.
   *
   * @param found points that had a result already
   * @param finished points that have one now
   * @param failed points that have none
   * @param exitCode 0, or what the first point that failed would have ended with
   * @param cost what the runs cost that were done now
   */
  public record Summary(int found, int finished, int failed, int exitCode, BatchCost cost) {}

  /** What points have in common that read the same references. */
  private record References(
      String trace, long skip, long warmup, @Nullable Long most, boolean clock) {}

  private final SweepFolder folder;
  private final SweepPlan plan;
  private final int threads;
  private final boolean cache;
  private final Listener listener;
  private final ToIntFunction<Exception> exitCodes;
  private final Map<String, MachineConfig> machines = new HashMap<>();
  private int finished;
  private int failed;
  private int exitCode;
  private int firstFailure = Integer.MAX_VALUE;
  private BatchCost cost = BatchCost.NONE;

  /**
   * A runner.
   *
   * @param threads how many work, at least 1
   * @param cache whether to keep compacted traces beside them, and to use what is kept
   * @param exitCodes the exit code that a failure of a run has, 70 for those that are bugs
   */
  public SweepRunner(
      SweepFolder folder,
      SweepPlan plan,
      int threads,
      boolean cache,
      Listener listener,
      ToIntFunction<Exception> exitCodes) {
    this.folder = folder;
    this.plan = plan;
    this.threads = threads;
    this.cache = cache;
    this.listener = listener;
    this.exitCodes = exitCodes;
  }

  /**
   * Runs those of some points that have no result. A point that fails does not keep others from
   * running.
   *
   * @throws IOException if results cannot be written
   */
  public Summary run(List<SweepPoint> points) throws IOException, InterruptedException {
    folder.clean();
    int found = 0;
    Map<References, List<SweepPoint>> groups = new LinkedHashMap<>();
    for (SweepPoint point : points) {
      if (folder.find(point).state() == SweepFolder.State.FINISHED) {
        found++;
        continue;
      }
      RunSettings s = RunSettings.ofJson(point.options());
      References references =
          new References(
              point.trace(), s.skip(), s.warmup(), s.maxReferences(), s.overlap() != null);
      groups.computeIfAbsent(references, r -> new ArrayList<>()).add(point);
    }
    Map<String, Exception> bad = new HashMap<>();
    for (Map.Entry<References, List<SweepPoint>> e : groups.entrySet()) {
      String trace = e.getKey().trace();
      Exception wrong = bad.computeIfAbsent(trace, this::check);
      if (wrong != null) {
        for (SweepPoint point : e.getValue()) {
          fail(point, wrong);
        }
      } else if (e.getKey().clock()) {
        runAlone(e.getValue());
      } else {
        int size = Math.max(BATCH, PER_THREAD * threads);
        for (int from = 0; from < e.getValue().size(); from += size) {
          batch(e.getValue().subList(from, Math.min(from + size, e.getValue().size())));
        }
      }
    }
    return new Summary(found, finished, failed, exitCode, cost);
  }

  /** What is wrong with a trace, compared with the plan; {@code null} if nothing is. */
  private @Nullable Exception check(String trace) {
    try {
      for (TraceFileId file : plan.trace(trace).files()) {
        file.check();
      }
      return null;
    } catch (IOException e) {
      return e;
    }
  }

  private MachineConfig machine(SweepPoint point) throws IOException {
    MachineConfig known = machines.get(point.machineHash());
    if (known == null) {
      try {
        known =
            MachineLibrary.ofEffective(
                folder.path() + "/plan.json",
                Objects.requireNonNull(plan.machines().get(point.machineHash())));
      } catch (ConfigException e) {
        throw new SweepFolder.SweepException(e.getMessage() + "; plan the sweep again");
      }
      machines.put(point.machineHash(), known);
    }
    return known;
  }

  private RunOptions options(SweepPoint point) {
    SweepTrace trace = plan.trace(point.trace());
    RunOptions options =
        RunSettings.ofJson(point.options()).options(trace.paths(), trace.format(), trace.quantum());
    return threads == 1 ? options.withoutReadAhead() : options;
  }

  /** Runs points over one decoding of their trace. */
  private void batch(List<SweepPoint> points) throws IOException, InterruptedException {
    List<BatchSimulation.Point> batch = new ArrayList<>();
    for (SweepPoint point : points) {
      batch.add(new BatchSimulation.Point(machine(point), options(point)));
    }
    List<BatchSimulation.Outcome> outcomes;
    try {
      BatchSimulation simulation =
          new BatchSimulation(
              batch, InputStream.nullInputStream(), NOBODY, threads, cacheOf(points.get(0)));
      outcomes = simulation.run();
      cost = cost.plus(simulation.cost());
    } catch (IOException e) {
      for (SweepPoint point : points) {
        fail(point, e); // what is wrong with a trace is wrong for all of its machines
      }
      return;
    } catch (OutOfMemoryError e) {
      outOfMemory(points);
      return;
    }
    List<Together.Work> keeping = new ArrayList<>();
    for (int i = 0; i < points.size(); i++) {
      SweepPoint point = points.get(i);
      RunResult result = outcomes.get(i).result();
      RuntimeException failure = outcomes.get(i).failure();
      keeping.add(
          () -> {
            if (result != null) {
              finish(point, result);
            } else {
              fail(point, Objects.requireNonNull(failure));
            }
          });
    }
    Together.run(keeping, threads == 1 ? 1 : Math.max(KEEPING, threads));
  }

  /** The plan has the hash of the trace's file already. */
  private CompactedTrace.Cache cacheOf(SweepPoint point) {
    List<TraceFileId> files = plan.trace(point.trace()).files();
    return cache && files.size() == 1
        ? new CompactedTrace.Cache(true, files.get(0).sha256())
        : CompactedTrace.Cache.NONE;
  }

  /** Machines that do not fit into memory together may fit in halves. */
  private void outOfMemory(List<SweepPoint> points) throws IOException, InterruptedException {
    if (points.size() == 1) {
      failForMemory(points.get(0));
      return;
    }
    int half = points.size() / 2;
    batch(points.subList(0, half));
    batch(points.subList(half, points.size()));
  }

  private void failForMemory(SweepPoint point) throws IOException {
    long mebibytes = Runtime.getRuntime().maxMemory() >> 20;
    int tryAgain = 75;
    fail(
        point,
        "out of memory: the heap of "
            + mebibytes
            + " MiB is full; give more with LOOKASIDE_JAVA_OPTS=-Xmx8g",
        tryAgain);
  }

  /** Runs points each on its own, as many at a time as there are threads. */
  private void runAlone(List<SweepPoint> points) throws IOException, InterruptedException {
    List<Together.Work> runs = new ArrayList<>();
    for (SweepPoint point : points) {
      MachineConfig config = machine(point); // the map of machines is this thread's
      runs.add(() -> alone(point, config));
    }
    Together.run(runs, threads);
  }

  private void alone(SweepPoint point, MachineConfig config) throws IOException {
    RunSettings settings = RunSettings.ofJson(point.options());
    Clock clock = settings.clock();
    RunResult result;
    StageTimes times = new StageTimes(true);
    try {
      result =
          new Simulation(
                  config, options(point), InputStream.nullInputStream(), NOBODY, times, clock)
              .run();
    } catch (IOException | RuntimeException e) {
      // Whatever ends one run is what there is to say of its point; the others go on.
      fail(point, e);
      return;
    } catch (OutOfMemoryError e) {
      failForMemory(point);
      return;
    }
    finish(point, result);
    addCost(BatchCost.of(result, times));
  }

  private synchronized void addCost(BatchCost more) {
    cost = cost.plus(more);
  }

  private void finish(SweepPoint point, RunResult result) throws IOException {
    ObjectNode json = RunJson.of(result, point.command());
    List<TraceFileId> files = plan.trace(point.trace()).files();
    JsonNode traces = json.path("trace").path("traces");
    for (int i = 0; i < traces.size(); i++) {
      // As the sweep names it: where it lies on this host is no part of a result.
      ((ObjectNode) traces.get(i)).put("name", files.get(i).file());
    }
    folder.finish(point, json.toString());
    synchronized (this) {
      finished++;
      listener.finished(point);
    }
  }

  private void fail(SweepPoint point, Exception e) throws IOException {
    int code = exitCodes.applyAsInt(e);
    int bug = 70;
    String reason =
        code == bug ? "this is a bug in Lookaside: " + e : String.valueOf(e.getMessage());
    fail(point, reason, code);
  }

  private synchronized void fail(SweepPoint point, String reason, int code) throws IOException {
    folder.fail(point, reason, code);
    failed++;
    if (point.index() < firstFailure) {
      firstFailure = point.index();
      exitCode = code;
    }
    listener.failed(point, reason);
  }
}
