package io.lookaside.benchmarks;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFormat;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
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
 * Decoding of a sample as it is, in the formats that can be written: nanoseconds for one reference,
 * from uncompressed bytes in memory. {@link DecodeBenchmark} has all formats, and a trace that is
 * made to suit them.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:-UseCompressedOops"})
public class SampleDecodeBenchmark {
  private static final int REFERENCES = 1 << 22;

  /** The format. */
  @Param({"flat64", "lkt", "lackey", "csv"})
  public String format = "lkt";

  /** The sample. */
  @Param({"sort.lackey.xz", "shuf.lkt", "gzip.champsim.xz"})
  public String sample = "sort.lackey.xz";

  private final ReferenceBatch batch = new ReferenceBatch();
  private TraceFormat known = TraceFormat.COMPACT;
  private byte[] trace = {};

  /** Writes the sample in the format, repeated where it is too short. */
  @Setup
  public void encode() throws IOException {
    known = Decoding.format(format);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    Repeated.write(Samples.path(sample), known, bytes, REFERENCES);
    trace = bytes.toByteArray();
    if (decode() != REFERENCES) {
      throw new IllegalStateException(format + " has " + decode() + " references");
    }
  }

  @Benchmark
  @OperationsPerInvocation(REFERENCES)
  public long decode() throws IOException {
    return Decoding.decode(known, trace, batch);
  }
}
