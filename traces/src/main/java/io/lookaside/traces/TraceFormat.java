package io.lookaside.traces;

import java.io.InputStream;
import java.util.Arrays;
import java.util.List;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/** The trace formats that can be read. A new one is a constant here and a reader. */
public enum TraceFormat {
  /** Text of valgrind's lackey tool with {@code --trace-mem=yes}. */
  LACKEY("lackey", true, ".lackey") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new LackeyReader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return LackeyReader.matches(head, length);
    }
  },
  /** DynamoRIO's drmemtrace in its final form: 12-byte records. */
  DRMEMTRACE("drmemtrace", true, ".drmemtrace") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new DrmemtraceReader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return DrmemtraceReader.matches(head, length);
    }
  },
  /** Text of Intel Pin's example tool pinatrace: {@code 0xip: R 0xaddr}. */
  PIN("pin", false, ".pin", "pinatrace.out") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new PinReader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return PinReader.matches(head, length);
    }
  },
  /** Dinero's traditional input: a label and a hexadecimal address in each line. */
  DIN("din", false, ".din") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new DinReader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return DinReader.matches(head, length);
    }
  },
  /** Comma-separated values under a header line that names the columns. */
  CSV("csv", false, ".csv") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new CsvReader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return CsvReader.matches(head, length);
    }
  },
  /** Lookaside's own: see docs/formats-compact.md. */
  COMPACT("lkt", false, ".lkt") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new CompactReader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return CompactReader.matches(head, length);
    }
  },
  /** gem5's packet traces: protobuf. */
  GEM5("gem5", false, ".gem5", ".ptrc") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new Gem5Reader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return Gem5Reader.matches(head, length);
    }
  },
  /** ChampSim's records of 64 bytes, one for each instruction. */
  CHAMPSIM("champsim", true, ".champsim", ".champsimtrace") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new ChampSimReader(in, name, ChampSimReader.Layout.CHAMPSIM);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return ChampSimReader.matches(head, length, ChampSimReader.Layout.CHAMPSIM);
    }
  },
  /** ChampSim's records of 96 bytes, those of the CloudSuite traces. */
  CHAMPSIM_CLOUDSUITE("champsim-cloudsuite", true, ".champsim-cloudsuite", ".cloudsuite") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new ChampSimReader(in, name, ChampSimReader.Layout.CLOUDSUITE);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return ChampSimReader.matches(head, length, ChampSimReader.Layout.CLOUDSUITE);
    }
  },
  /** Headerless little-endian 64-bit words: kind in bits 1:0, address in the others. */
  FLAT64("flat64", false, ".flat64") {
    @Override
    TraceCursor open(InputStream in, String name) {
      return new Flat64Reader(in, name);
    }

    @Override
    boolean matches(byte[] head, int length) {
      return Flat64Reader.matches(head, length);
    }
  };

  private final String label;
  private final boolean fetchesAreInstructions;

  @SuppressWarnings("ImmutableEnumChecker") // made by List.of
  private final List<String> suffixes;

  TraceFormat(String label, boolean fetchesAreInstructions, String... suffixes) {
    this.label = label;
    this.fetchesAreInstructions = fetchesAreInstructions;
    this.suffixes = List.of(suffixes);
  }

  /** Whether the trace has exactly one fetch for each instruction that was executed. */
  public boolean fetchesAreInstructions() {
    return fetchesAreInstructions;
  }

  /** Whether a file of it can tell which processor or thread made a reference. */
  public boolean namesProcessors() {
    return this == DRMEMTRACE || this == CSV || this == COMPACT;
  }

  /** The name for {@code --format} and in results. */
  public String label() {
    return label;
  }

  /** The format with a label, or {@code null}. */
  public static @Nullable TraceFormat ofLabel(String label) {
    for (TraceFormat format : values()) {
      if (format.label.equals(label)) {
        return format;
      }
    }
    return null;
  }

  /** The format that a file's name tells by its suffix, less that of a compression. */
  public static @Nullable TraceFormat ofName(String name) {
    String base = Compression.withoutSuffix(name);
    for (TraceFormat format : values()) {
      if (format.suffixes.stream().anyMatch(base::endsWith)) {
        return format;
      }
    }
    return null;
  }

  /** All labels, separated by commas. */
  public static String labels() {
    return Arrays.stream(values()).map(TraceFormat::label).collect(Collectors.joining(", "));
  }

  /** A reader of uncompressed data; {@code name} is for messages. */
  abstract TraceCursor open(InputStream in, String name);

  /** Whether the first {@code length} bytes of uncompressed data look like this format. */
  abstract boolean matches(byte[] head, int length);

  /** The format by name, less the suffix of a compression, else by content; or {@code null}. */
  static @Nullable TraceFormat detect(String name, byte[] head, int length) {
    TraceFormat named = ofName(name);
    if (named != null) {
      return named;
    }
    for (TraceFormat format : values()) {
      if (format.matches(head, length)) {
        return format;
      }
    }
    return null;
  }
}
