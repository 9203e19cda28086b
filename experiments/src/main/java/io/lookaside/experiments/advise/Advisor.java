package io.lookaside.experiments.advise;

import io.lookaside.os.AddressRange;
import io.lookaside.os.FramePlacement;
import io.lookaside.simulator.BatchSimulation;
import io.lookaside.simulator.Clock;
import io.lookaside.simulator.MissRanking;
import io.lookaside.simulator.ProgressListener;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.RunOptions;
import io.lookaside.simulator.RunResult;
import io.lookaside.simulator.Simulation;
import io.lookaside.simulator.StageTimes;
import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.Problem;
import io.lookaside.timing.Overlap;
import io.lookaside.traces.CompactedTrace;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import tools.jackson.databind.node.ObjectNode;

/**
 * Runs a trace with one thing changed at a time.
 *
 * <p>The first run changes nothing and finds the regions whose misses cost most. The runs without a
 * clock then go on together over one decoding of the trace; those with a clock one by one.
 */
public final class Advisor {
  private final AdviceRequest request;
  private final ProgressListener listener;
  private final List<String> left = new ArrayList<>();

  /** An adviser that has not begun. */
  public Advisor(AdviceRequest request, ProgressListener listener) {
    this.request = request;
    this.listener = listener;
  }

  /**
   * Runs all that is to be measured.
   *
   * @throws IOException if the trace cannot be read, or is flawed
   * @throws InterruptedException if this thread is interrupted
   */
  public Advice run() throws Exception {
    MachineConfig machine = MachineLibrary.load(request.machine(), request.settings());
    if (machine.cores() > 1) {
      throw new ConfigException(
          List.of(
              new Problem(
                  request.machine(),
                  "cores",
                  "advice is on a machine with one core; say --set cores=1")));
    }
    WhatIf nothing = WhatIf.nothing();
    RunResult first = ranked(machine, nothing);
    ObjectNode now = RunJson.of(first, request.command(nothing, false));

    List<WhatIf> whatIfs = new ArrayList<>();
    Map<WhatIf, MachineConfig> machines = new HashMap<>();
    for (WhatIf whatIf : WhatIf.of(machine.effective())) {
      addIfValid(whatIfs, machines, whatIf);
    }
    int number = 0;
    for (MissRanking.Place place : first.top().get(0).places()) {
      WhatIf region = WhatIf.region(++number, new AddressRange(place.first(), place.last()));
      whatIfs.add(region);
      machines.put(region, machine);
    }
    boolean timing = request.timing() && machine.timing() != null;
    if (request.timing() && machine.timing() == null) {
      left.add(
          "walkers and all cycles: machine "
              + machine.name()
              + " has no timing; its file needs it");
    } else if (!timing) {
      left.add("walkers and all cycles: they need a clock, which --no-timing leaves out");
    }
    Map<WhatIf, ObjectNode> untimed = untimed(whatIfs, machines);
    Map<WhatIf, Long> totals = new HashMap<>();
    ObjectNode timedNow = null;
    if (timing) {
      List<WhatIf> asked = new ArrayList<>(List.of(nothing));
      machines.put(nothing, machine);
      whatIfs.stream().filter(w -> w.timed() && untimed.containsKey(w)).forEach(asked::add);
      Map<WhatIf, ObjectNode> timed = timed(asked, machines);
      timed.forEach((w, run) -> totals.put(w, run.path("cycles").path("total").asLong(0)));
      timedNow = timed.get(nothing);
    }

    List<Claim> claims = new ArrayList<>();
    Claim.Figures before = Claim.Figures.of(now);
    for (WhatIf whatIf : whatIfs) {
      ObjectNode run = untimed.get(whatIf);
      Long total = totals.get(whatIf);
      if (run == null || (whatIf.kind() == WhatIf.Kind.TIME && total == null)) {
        continue;
      }
      claims.add(
          new Claim(
              whatIf,
              before,
              Claim.Figures.of(run),
              request.command(whatIf, false),
              total == null ? null : totals.get(nothing),
              total,
              total == null ? null : request.command(whatIf, true)));
    }
    return new Advice(request, now, timedNow, claims, left);
  }

  /** Takes a change up if the machine can be made so. */
  private void addIfValid(List<WhatIf> whatIfs, Map<WhatIf, MachineConfig> machines, WhatIf whatIf)
      throws IOException, MachineLibrary.UnknownMachineException {
    List<String> settings = new ArrayList<>(request.settings());
    settings.addAll(whatIf.settings());
    try {
      machines.put(whatIf, MachineLibrary.load(request.machine(), settings));
      whatIfs.add(whatIf);
    } catch (ConfigException e) {
      left.add(whatIf.change() + ": " + e.problems().get(0).message());
    }
  }

  private RunResult ranked(MachineConfig machine, WhatIf nothing) throws IOException {
    RunOptions.Top top = new RunOptions.Top(MissRanking.Axis.REGION, request.regions());
    RunOptions options = options(nothing, List.of(top));
    return new Simulation(
            machine, options, InputStream.nullInputStream(), listener, new StageTimes(false))
        .run();
  }

  private RunOptions options(WhatIf whatIf, List<RunOptions.Top> top) {
    AddressRange range = whatIf.range();
    return new RunOptions(
        new RunOptions.Input(
            List.of(request.trace()),
            request.format(),
            RunOptions.DEFAULT_QUANTUM,
            0,
            request.threads() > 1),
        new RunOptions.Window(request.skip(), request.warmup(), request.maxReferences()),
        new RunOptions.Pages(
            false,
            FramePlacement.CONTIGUOUS,
            whatIf.pageSize(),
            range == null ? List.of() : List.of(range),
            null,
            0,
            null),
        new RunOptions.Watch(top, false, false, 0),
        request.seed());
  }

  /** The runs without a clock, by change; those that failed are left out and said. */
  private Map<WhatIf, ObjectNode> untimed(List<WhatIf> whatIfs, Map<WhatIf, MachineConfig> machines)
      throws IOException, InterruptedException {
    List<BatchSimulation.Point> points = new ArrayList<>();
    for (WhatIf whatIf : whatIfs) {
      MachineConfig machine = Objects.requireNonNull(machines.get(whatIf));
      points.add(new BatchSimulation.Point(machine, options(whatIf, List.of())));
    }
    List<BatchSimulation.Outcome> outcomes =
        new BatchSimulation(
                points,
                InputStream.nullInputStream(),
                listener,
                request.threads(),
                CompactedTrace.Cache.NONE) // some of the machines need all references
            .run();
    Map<WhatIf, ObjectNode> results = new HashMap<>();
    for (int i = 0; i < points.size(); i++) {
      WhatIf whatIf = whatIfs.get(i);
      RunResult result = outcomes.get(i).result();
      if (result != null) {
        results.put(whatIf, RunJson.of(result, request.command(whatIf, false)));
      } else {
        RuntimeException failure = outcomes.get(i).failure();
        left.add(whatIf.change() + ": " + (failure == null ? "no result" : failure.getMessage()));
      }
    }
    return results;
  }

  /** The runs with a clock, by change. */
  private Map<WhatIf, ObjectNode> timed(List<WhatIf> whatIfs, Map<WhatIf, MachineConfig> machines)
      throws Exception {
    ExecutorService executor = Executors.newFixedThreadPool(request.threads());
    try {
      Map<WhatIf, Future<ObjectNode>> futures = new HashMap<>();
      for (WhatIf whatIf : whatIfs) {
        MachineConfig machine = Objects.requireNonNull(machines.get(whatIf));
        futures.put(whatIf, executor.submit(() -> timed(machine, whatIf)));
      }
      Map<WhatIf, ObjectNode> results = new HashMap<>();
      for (WhatIf whatIf : whatIfs) {
        results.put(whatIf, Objects.requireNonNull(futures.get(whatIf)).get());
      }
      return results;
    } catch (ExecutionException e) {
      throw e.getCause() instanceof Exception cause ? cause : e;
    } finally {
      executor.shutdownNow();
    }
  }

  private ObjectNode timed(MachineConfig machine, WhatIf whatIf) throws IOException {
    ProgressListener nobody = (references, bytes, total) -> {};
    Clock clock = new Clock(Overlap.WINDOW, null);
    RunResult result =
        new Simulation(
                machine,
                options(whatIf, List.of()),
                InputStream.nullInputStream(),
                nobody,
                new StageTimes(false),
                clock)
            .run();
    return RunJson.of(result, request.command(whatIf, true));
  }
}
