package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Ref;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Jazzer on all readers, for a fixed number of inputs from a fixed seed. It needs a process of its
 * own, since it instruments classes as they are loaded and can run once in each.
 *
 * <p>For more: {@code mvn -pl traces -am test -Dtest=JazzerTest -Dfuzz.runs=10000000
 * -Dsurefire.failIfNoSpecifiedTests=false}, with {@code -Dfuzz.format=NAME} for one reader and
 * {@code -Dfuzz.seed=N} for other inputs. What it finds is left in target/fuzz.
 */
class JazzerTest {
  /** Enough for some seconds. */
  private static final String RUNS = System.getProperty("fuzz.runs", "1500");

  private static final String SEED = System.getProperty("fuzz.seed", "1");
  private static final String FORMAT = System.getProperty("fuzz.format", "");

  @TempDir Path folder;

  @Test
  void everyReaderGivesReferencesOrATraceExceptionWhateverTheInput() throws Exception {
    Path seeds = Files.createDirectory(folder.resolve("seeds"));
    Path corpus = Files.createDirectory(folder.resolve("corpus"));
    Path findings = Files.createDirectories(Path.of("target", "fuzz"));
    Path log = folder.resolve("log");
    writeSeeds(seeds);
    Process process =
        new ProcessBuilder(
                List.of(
                    Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                    "-Xmx256m", // an allocation without bound does not fit
                    "-XX:+UseSerialGC",
                    "-Dfuzz.format=" + FORMAT,
                    "-cp",
                    System.getProperty("java.class.path"),
                    "com.code_intelligence.jazzer.Jazzer",
                    "--target_class=" + TraceFuzzer.class.getName(),
                    "--instrumentation_includes=io.lookaside.**",
                    "--reproducer_path=" + findings,
                    "-artifact_prefix=" + findings + "/",
                    "-runs=" + RUNS,
                    "-seed=" + SEED,
                    "-timeout=60",
                    "-max_len=4096",
                    corpus.toString(),
                    seeds.toString()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertEquals(0, process.waitFor(), () -> read(log));
    assertTrue(read(log).contains("Done "), () -> read(log));
  }

  private static void writeSeeds(Path folder) throws IOException {
    List<Ref> refs = Samples.some(6);
    byte[] lackey = Samples.lackey(refs);
    byte[] drmemtrace = Samples.drmemtrace(refs);
    List<byte[]> seeds = new ArrayList<>();
    seeds.add(seed(TraceFormat.LACKEY, lackey));
    seeds.add(seed(TraceFormat.FLAT64, Samples.flat64(refs)));
    seeds.add(seed(TraceFormat.DRMEMTRACE, drmemtrace));
    seeds.add(seed(TraceFormat.GEM5, Samples.gem5(refs)));
    seeds.add(seed(TraceFormat.CHAMPSIM, Samples.champSim(3)));
    seeds.add(seed(TraceFormat.CHAMPSIM_CLOUDSUITE, Samples.cloudSuite(3)));
    seeds.add(seed(TraceFormat.PIN, Samples.ascii("0x401000: R 0x7f0000001000\n#eof\n")));
    seeds.add(seed(TraceFormat.DIN, Samples.ascii("0 1000\n1 2000\n2 401000\n")));
    seeds.add(seed(TraceFormat.CSV, Samples.ascii("kind,va,size,asid\nL,0x1000,8,1\n")));
    for (byte[] stored :
        List.of(
            Samples.gzip(lackey),
            Samples.xz(lackey),
            Samples.zstd(lackey),
            Samples.bzip2(lackey),
            Samples.lz4(drmemtrace),
            Samples.snappy(drmemtrace),
            Samples.zip(drmemtrace))) {
      seeds.add(seed(null, stored));
    }
    for (int i = 0; i < seeds.size(); i++) {
      Files.write(folder.resolve("seed" + i), seeds.get(i));
    }
    // Whole files of the compact format, with columns as they are and with compressed ones.
    for (int n : new int[] {6, 40}) {
      byte[] compact = compact(Samples.some(n), n > 6 ? 20 : 1);
      Files.write(folder.resolve("lkt" + n), seed(TraceFormat.COMPACT, compact));
    }
  }

  private static byte[] compact(List<Ref> refs, int rounds) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TraceWriter writer = new CompactWriter(bytes, false)) {
      ReferenceBatch batch = new ReferenceBatch();
      for (int round = 0; round < rounds; round++) {
        batch.clear();
        for (Ref r : refs) {
          batch.add(r.address(), ReferenceBatch.descriptor(r.kind().ordinal(), r.size()), 0x1000);
        }
        writer.write(batch, 0, batch.count());
      }
    }
    return bytes.toByteArray();
  }

  private static byte[] seed(@Nullable TraceFormat format, byte[] trace) {
    return Samples.concat(new byte[] {TraceFuzzer.choice(format)}, trace);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
