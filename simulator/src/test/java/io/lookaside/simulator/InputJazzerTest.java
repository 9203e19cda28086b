package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Objects;
import java.util.zip.GZIPInputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.tukaani.xz.XZInputStream;

/**
 * Jazzer on the readers of vectors and images, for a fixed number of inputs from a fixed seed, in a
 * process of its own. CONTRIBUTING.md says how to let it run for long.
 */
class InputJazzerTest {
  private static final String RUNS = System.getProperty("fuzz.runs", "800");
  private static final String SEED = System.getProperty("fuzz.seed", "1");
  private static final String READER = System.getProperty("fuzz.reader", "");
  private static final int SEED_BYTES = 3000;

  @TempDir Path folder;

  @Test
  void vectorsAndImagesGiveResultsOrTheirExceptionsWhateverTheInput() throws Exception {
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
                    "-Dfuzz.reader=" + READER,
                    "-cp",
                    System.getProperty("java.class.path"),
                    "com.code_intelligence.jazzer.Jazzer",
                    "--target_class=" + InputFuzzer.class.getName(),
                    "--instrumentation_includes=io.lookaside.simulator.**",
                    "--reproducer_path=" + findings,
                    "-artifact_prefix=" + findings + "/",
                    "-runs=" + RUNS,
                    "-seed=" + SEED,
                    "-timeout=60",
                    "-max_len=13000", // three page records
                    corpus.toString(),
                    seeds.toString()))
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    assertEquals(0, process.waitFor(), () -> read(log));
    assertTrue(read(log).contains("Done "), () -> read(log));
  }

  private static void writeSeeds(Path folder) throws IOException {
    for (String name : List.of("sample", "sample-inv", "sample32")) {
      try (InputStream in = new GZIPInputStream(resource("conform/" + name + ".vec.gz"))) {
        byte[] text = in.readNBytes(SEED_BYTES);
        seed(folder, name, InputFuzzer.Reader.VECTORS, text);
        seed(folder, name + "-exact", InputFuzzer.Reader.EXACT_VECTORS, text);
      }
    }
    // Headers and notes of a recorded core, without its memory, which then lies outside the file;
    // and a small one that is whole.
    try (InputStream in = new XZInputStream(resource("image/pae.elf.xz"))) {
      seed(folder, "core", InputFuzzer.Reader.ELF, in.readNBytes(SEED_BYTES));
    }
    seed(folder, "small", InputFuzzer.Reader.ELF, core());
    byte[] record = record(0x1000, 0x2007);
    byte[] records = concat(record, record(0x2000, 0x1087));
    seed(folder, "records", InputFuzzer.Reader.PAGES, records);
    seed(folder, "any", InputFuzzer.Reader.ANY_IMAGE, records);
    seed(folder, "raw", InputFuzzer.Reader.RAW, Arrays.copyOfRange(record(0, 0x0087), 8, 4104));
  }

  /** An ELF core of one page, which is its own table, and a note with registers. */
  private static byte[] core() {
    ByteBuffer b = ByteBuffer.allocate(8192).order(ByteOrder.LITTLE_ENDIAN);
    b.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    b.putShort(16, (short) 4).putShort(18, (short) 62).putLong(32, 64);
    b.putShort(54, (short) 56).putShort(56, (short) 2);
    b.putInt(64, 4).putLong(72, 256).putLong(96, 20 + 440);
    b.putInt(120, 1).putLong(128, 4096).putLong(144, 0x5000).putLong(152, 4096);
    b.putInt(256, 5).putInt(260, 440).putInt(264, 0);
    b.position(268).put(new byte[] {'Q', 'E', 'M', 'U'});
    b.putLong(276 + 392, 0x8001_0001L).putLong(276 + 416, 0x5000).putLong(276 + 424, 0x20);
    b.putLong(4096, 0x5007).putLong(4104, 0x5007);
    return b.array();
  }

  private static byte[] record(long address, long entry) {
    ByteBuffer b = ByteBuffer.allocate(4104).order(ByteOrder.LITTLE_ENDIAN);
    return b.putLong(address).putLong(entry).array();
  }

  private static byte[] concat(byte[] a, byte[] b) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    out.writeBytes(a);
    out.writeBytes(b);
    return out.toByteArray();
  }

  private static void seed(Path folder, String name, InputFuzzer.Reader reader, byte[] input)
      throws IOException {
    byte[] choice = {(byte) reader.ordinal()};
    Files.write(folder.resolve(name), concat(choice, input));
  }

  private static InputStream resource(String name) {
    return Objects.requireNonNull(InputJazzerTest.class.getResourceAsStream(name), name);
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      return e.toString();
    }
  }
}
