package io.lookaside.benchmarks;

import io.lookaside.simulator.Machine;
import io.lookaside.simulator.ReplayEngine;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.openjdk.jmh.annotations.Benchmark;
import org.openjdk.jmh.annotations.BenchmarkMode;
import org.openjdk.jmh.annotations.Fork;
import org.openjdk.jmh.annotations.Measurement;
import org.openjdk.jmh.annotations.Mode;
import org.openjdk.jmh.annotations.OperationsPerInvocation;
import org.openjdk.jmh.annotations.OutputTimeUnit;
import org.openjdk.jmh.annotations.Param;
import org.openjdk.jmh.annotations.Scope;
import org.openjdk.jmh.annotations.Setup;
import org.openjdk.jmh.annotations.State;
import org.openjdk.jmh.annotations.Warmup;

/** Replay of a decoded stream on the machine {@code reference}: nanoseconds for one reference. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "-XX:+UseSerialGC",
      "-XX:+UseTransparentHugePages",
      "-XX:-UseCompressedOops",
      "-XX:CompileCommand=quiet",
      "-XX:CompileCommand=dontinline,*Replay::access"
    })
public class ReplayBenchmark {
  private static final int REFERENCES = 1 << 21;

  /** The stream. */
  @Param({"SEQUENTIAL", "UNIFORM", "ZIPF"})
  public SyntheticTrace.Pattern stream = SyntheticTrace.Pattern.SEQUENTIAL;

  private final List<ReferenceBatch> batches = new ArrayList<>();
  private ReplayEngine replay = replay(Machines.reference());

  /** Decodes the stream and maps its pages. */
  @Setup
  public void decode() {
    Machine machine = Machines.reference();
    SyntheticTrace trace = new SyntheticTrace(stream, REFERENCES);
    ReferenceBatch batch = new ReferenceBatch();
    while (trace.read(batch) > 0) {
      for (int i = 0; i < batch.count(); i++) {
        machine.kernel().prefault(batch.addresses[i]);
      }
      batches.add(batch);
      batch = new ReferenceBatch();
    }
    replay = replay(machine);
  }

  @Benchmark
  @OperationsPerInvocation(REFERENCES)
  public long replay() {
    for (ReferenceBatch batch : batches) {
      replay.run(batch, 0, batch.count());
    }
    return replay.physicalAddressSum();
  }

  private static ReplayEngine replay(Machine machine) {
    return ReplayEngine.of(machine);
  }
}
