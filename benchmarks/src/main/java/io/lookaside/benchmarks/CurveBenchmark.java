package io.lookaside.benchmarks;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.simulator.curve.CurveOptions;
import io.lookaside.simulator.curve.CurvePass;
import io.lookaside.traces.CompactBatch;
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

/**
 * One pass for all geometries over compacted references, from empty stacks to the counts:
 * nanoseconds for one reference of the trace. {@link CompactBenchmark} has what compacting adds.
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
    })
public class CurveBenchmark {
  private static final int REFERENCES = 1 << 21;

  /** A synthetic stream, or a sample. */
  @Param({"SEQUENTIAL", "UNIFORM", "ZIPF", "sort.lackey.xz"})
  public String stream = "SEQUENTIAL";

  /** The largest number of ways; more than 16 are searched for. */
  @Param({"16", "17"})
  public int maxWays = 16;

  private List<CompactBatch> batches = List.of();

  /** Decodes and compacts the stream. */
  @Setup
  public void decode() throws IOException {
    batches = Streams.compacted(Streams.batches(stream, REFERENCES));
  }

  @Benchmark
  @OperationsPerInvocation(REFERENCES)
  public void pass(Blackhole results) {
    CurvePass pass =
        new CurvePass(
            new CurveOptions(
                "-",
                null,
                CurveOptions.Side.ALL,
                PageSize.SIZE_4K,
                1024,
                maxWays,
                0,
                Long.MAX_VALUE,
                null,
                false));
    for (CompactBatch batch : batches) {
      pass.take(batch);
    }
    results.consume(pass.misses());
  }
}
