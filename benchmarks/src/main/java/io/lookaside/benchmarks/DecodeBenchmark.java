package io.lookaside.benchmarks;

import io.lookaside.mmu.AccessKind;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceWriter;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.Locale;
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
 * Decoding of each format from uncompressed bytes in memory: nanoseconds for one reference.
 *
 * <p>The references are those of the sample sort, arranged so that every format can carry them:
 * each instruction has one data reference. pin, which has no fetches, has as many data references.
 */
@State(Scope.Thread)
@BenchmarkMode(Mode.AverageTime)
@OutputTimeUnit(TimeUnit.NANOSECONDS)
@Warmup(iterations = 3, time = 1)
@Measurement(iterations = 5, time = 1)
@Fork(
    value = 1,
    jvmArgsAppend = {"-XX:+UseSerialGC", "-XX:-UseCompressedOops"})
public class DecodeBenchmark {
  private static final int REFERENCES = 1 << 18;

  /** Of a data reference in formats with sizes. */
  private static final int DATA_BYTES = 8;

  private static final int FETCH_BYTES = 4;

  /** The format. */
  @Param({
    "lackey",
    "drmemtrace",
    "pin",
    "din",
    "csv",
    "lkt",
    "gem5",
    "champsim",
    "champsim-cloudsuite",
    "flat64"
  })
  public String format = "lackey";

  private final long[] fetches = new long[REFERENCES];
  private final long[] data = new long[REFERENCES];
  private final boolean[] stores = new boolean[REFERENCES];
  private final ReferenceBatch batch = new ReferenceBatch();
  private TraceFormat known = TraceFormat.LACKEY;
  private byte[] trace = {};

  /** Writes the trace in the format. */
  @Setup
  public void encode() throws IOException {
    readSample();
    known = Decoding.format(format);
    trace = encoded(known);
    if (decode() != REFERENCES) {
      throw new IllegalStateException(format + " has " + decode() + " references");
    }
  }

  @Benchmark
  @OperationsPerInvocation(REFERENCES)
  public long decode() throws IOException {
    return Decoding.decode(known, trace, batch);
  }

  private void readSample() throws IOException {
    int fetched = 0;
    int moved = 0;
    try (TraceFile file = Samples.open("sort.lackey.xz")) {
      while ((fetched < REFERENCES || moved < REFERENCES) && file.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          int kind = ReferenceBatch.kind(batch.descriptor(i));
          if (kind == AccessKind.FETCH.ordinal()) {
            if (fetched < REFERENCES) {
              fetches[fetched++] = batch.address(i);
            }
          } else if (moved < REFERENCES) {
            stores[moved] = kind == AccessKind.STORE.ordinal();
            data[moved++] = batch.address(i);
          }
        }
      }
    }
  }

  private byte[] encoded(TraceFormat to) throws IOException {
    return switch (to) {
      case PIN -> text(REFERENCES, "0x%1$x: %3$s 0x%2$x%n", "R", "W", "#eof\n");
      case DIN -> text(REFERENCES / 2, "2 %1$x%n%3$s %2$x%n", "0", "1", "");
      case LACKEY -> text(REFERENCES / 2, "I  %1$x,4%n %3$s %2$x,8%n", "L", "S", "");
      case CSV -> csv();
      case COMPACT -> compact();
      case DRMEMTRACE -> drmemtrace();
      case GEM5 -> gem5();
      case CHAMPSIM -> champSim(64, 16, 32);
      case CHAMPSIM_CLOUDSUITE -> champSim(96, 24, 56);
      case FLAT64 -> flat64();
    };
  }

  private byte[] text(int instructions, String lines, String load, String store, String end) {
    StringBuilder text = new StringBuilder();
    String unix = lines.replace("%n", "\n");
    for (int i = 0; i < instructions; i++) {
      text.append(String.format(Locale.ROOT, unix, fetches[i], data[i], stores[i] ? store : load));
    }
    return text.append(end).toString().getBytes(StandardCharsets.US_ASCII);
  }

  private byte[] csv() {
    byte[] rows = text(REFERENCES / 2, "I,0x%1$x,4,0x%1$x%n%3$s,0x%2$x,8,0x%1$x%n", "L", "S", "");
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes("kind,va,size,pc\n".getBytes(StandardCharsets.US_ASCII));
    all.writeBytes(rows);
    return all.toByteArray();
  }

  private byte[] compact() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TraceFile file = TraceFile.open("-", TraceFormat.CSV, new ByteArrayInputStream(csv()));
        TraceWriter writer = TraceWriter.open(TraceFormat.COMPACT, bytes, true)) {
      while (file.read(batch) > 0) {
        writer.write(batch, 0, batch.count());
      }
      writer.finish();
    }
    return bytes.toByteArray();
  }

  private byte[] drmemtrace() {
    int recordBytes = 12;
    byte[] bytes = new byte[recordBytes * (REFERENCES + 4)];
    ByteBuffer b = littleEndian(bytes);
    record(b, 25, 0, 4);
    record(b, 22, 4, 1);
    record(b, 24, 4, 1);
    for (int i = 0; i < REFERENCES / 2; i++) {
      record(b, 10, FETCH_BYTES, fetches[i]);
      record(b, stores[i] ? 1 : 0, DATA_BYTES, data[i]);
    }
    record(b, 26, 0, 0);
    return bytes;
  }

  private static void record(ByteBuffer to, int type, int size, long value) {
    to.putShort((short) type).putShort((short) size).putLong(value);
  }

  private byte[] champSim(int recordBytes, int destinationAt, int sourceAt) {
    byte[] bytes = new byte[recordBytes * REFERENCES / 2];
    ByteBuffer b = littleEndian(bytes);
    for (int i = 0; i < REFERENCES / 2; i++) {
      b.putLong(i * recordBytes, fetches[i]);
      b.putLong(i * recordBytes + (stores[i] ? destinationAt : sourceAt), data[i]);
    }
    return bytes;
  }

  private byte[] flat64() {
    byte[] bytes = new byte[Long.BYTES * REFERENCES];
    ByteBuffer b = littleEndian(bytes);
    for (int i = 0; i < REFERENCES / 2; i++) {
      b.putLong((fetches[i] & ~3L) | AccessKind.FETCH.ordinal());
      b.putLong((data[i] & ~3L) | (stores[i] ? AccessKind.STORE : AccessKind.LOAD).ordinal());
    }
    return bytes;
  }

  private byte[] gem5() {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes("gem5".getBytes(StandardCharsets.US_ASCII));
    message(all, 3, 1_000_000_000_000L);
    for (int i = 0; i < REFERENCES / 2; i++) {
      int readRequest = 1;
      int writeRequest = 4;
      long tick = 1000L * i;
      message(all, 1, tick, 2, readRequest, 3, fetches[i], 4, FETCH_BYTES, 5, 0x100);
      message(
          all, 1, tick, 2, stores[i] ? writeRequest : readRequest, 3, data[i], 4, DATA_BYTES, 5, 0);
    }
    return all.toByteArray();
  }

  /** A protobuf message of numbers: field, value, field, value, and so on. */
  private static void message(ByteArrayOutputStream to, long... fieldsAndValues) {
    ByteArrayOutputStream message = new ByteArrayOutputStream();
    for (int i = 0; i < fieldsAndValues.length; i += 2) {
      varint(message, fieldsAndValues[i] << 3);
      varint(message, fieldsAndValues[i + 1]);
    }
    varint(to, message.size());
    to.writeBytes(message.toByteArray());
  }

  private static void varint(ByteArrayOutputStream to, long value) {
    long left = value;
    while ((left & ~0x7fL) != 0) {
      to.write((int) ((left & 0x7f) | 0x80));
      left >>>= 7;
    }
    to.write((int) left);
  }

  private static ByteBuffer littleEndian(byte[] bytes) {
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
  }
}
