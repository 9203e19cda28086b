package io.lookaside.benchmarks;

import io.lookaside.simulator.Machine;
import io.lookaside.simulator.Replay;
import io.lookaside.simulator.ReplayEngine;
import io.lookaside.traces.ReferenceBatch;
import java.io.IOException;
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

/**
 * Replay of decoded references on the machine {@code reference}, pages mapped before: nanoseconds
 * for one reference.
 */
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
      "-XX:CompileCommand=dontinline,*Replay*::access",
      "-XX:CompileCommand=dontinline,*LruReplay*::passRepeats",
      "-XX:CompileCommand=dontinline,*LruReplay*::passRun",
      "-XX:CompileCommand=dontinline,*TouchedPages::inOnePage",
      "-XX:CompileCommand=dontinline,*TouchedPages::pass",
      "-XX:CompileCommand=dontinline,io.lookaside.simulator.PageNumbers::known",
      "-XX:CompileCommand=dontinline,*PhysicalMemory::readAll",
      "-XX:CompileCommand=inline,*LruReplay*::lookUpNear"
    })
public class ReplayBenchmark {
  private static final int REFERENCES = 1 << 21;

  /** A synthetic stream, or a sample. */
  @Param({
    "SEQUENTIAL",
    "UNIFORM",
    "ZIPF",
    "date.lackey.xz",
    "sort.lackey.xz",
    "shuf.lkt",
    "gzip.champsim.xz",
    "drmemtrace.simple_app.trace.zip",
    "drmemtrace.legacy-threads.gz"
  })
  public String stream = "SEQUENTIAL";

  /** Whether the fast replay is used, where it fits, or the parts of the machine themselves. */
  @Param({"fast", "general"})
  public String engine = "fast";

  private List<ReferenceBatch> batches = List.of();
  private ReplayEngine replay = ReplayEngine.of(Machines.reference());

  /** Decodes the stream and maps its pages. */
  @Setup
  public void decode() throws IOException {
    Machine machine = Machines.reference();
    batches = Streams.batches(stream, REFERENCES);
    for (ReferenceBatch batch : batches) {
      for (int i = 0; i < batch.count(); i++) {
        long va = batch.address(i);
        machine.kernel().prefault(va);
        machine.kernel().prefault(va + ReferenceBatch.size(batch.descriptor(i)) - 1);
      }
    }
    replay =
        engine.equals("fast")
            ? ReplayEngine.of(machine)
            : new Replay(machine.mmu(), machine.tlbs(), machine.kernel());
  }

  @Benchmark
  @OperationsPerInvocation(REFERENCES)
  public long replay() {
    for (ReferenceBatch batch : batches) {
      replay.run(batch, 0, batch.count());
    }
    return replay.physicalAddressSum();
  }
}
