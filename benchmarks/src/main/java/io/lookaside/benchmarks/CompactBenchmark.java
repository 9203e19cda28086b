package io.lookaside.benchmarks;

import io.lookaside.traces.CompactBatch;
import io.lookaside.traces.Compactor;
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
import org.openjdk.jmh.infra.Blackhole;

/** Compacting decoded references: nanoseconds for one reference. */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 2)
@Measurement(iterations = 5, time = 2)
@Fork(
    value = 1,
    jvmArgsAppend = {
      "-XX:+UseSerialGC",
      "-XX:CompileCommand=quiet",
      "-XX:CompileCommand=dontinline,io.lookaside.traces.Compactor::keep"
    })
public class CompactBenchmark {
  private static final int REFERENCES = 1 << 21;

  /** A synthetic stream, or a sample. */
  @Param({"SEQUENTIAL", "UNIFORM", "ZIPF", "sort.lackey.xz"})
  public String stream = "SEQUENTIAL";

  private List<ReferenceBatch> batches = List.of();
  private final Compactor compactor = new Compactor();
  private final CompactBatch compact = new CompactBatch();

  /** Decodes the stream. */
  @Setup
  public void decode() throws IOException {
    batches = Streams.batches(stream, REFERENCES);
  }

  @Benchmark
  @OperationsPerInvocation(REFERENCES)
  public void compact(Blackhole results) {
    for (ReferenceBatch batch : batches) {
      compactor.begin(batch, compact);
      compactor.add(batch, 0, batch.count(), compact);
      results.consume(compact.references());
    }
  }
}
