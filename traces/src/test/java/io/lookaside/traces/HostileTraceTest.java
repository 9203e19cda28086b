package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assertions.fail;

import java.io.IOException;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class HostileTraceTest {
  private static final int MUTATIONS = 20_000;

  @Test
  void mutatedTracesGiveReferencesOrATraceExceptionAndNothingElse() throws IOException {
    byte[] lackey = Samples.lackey(Samples.some(12));
    byte[] flat = Samples.flat64(Samples.some(12));
    byte[] drmemtrace = Samples.drmemtrace(Samples.some(12));
    byte[] gem5 = Samples.gem5(Samples.some(12));
    List<byte[]> seeds =
        List.of(
            lackey,
            flat,
            drmemtrace,
            gem5,
            Samples.champSim(6),
            Samples.cloudSuite(6),
            Samples.gzip(lackey),
            Samples.gzip(gem5),
            Samples.xz(lackey),
            Samples.xz(flat),
            Samples.zstd(lackey),
            Samples.zstd(flat),
            Samples.bzip2(lackey),
            Samples.lz4(drmemtrace),
            Samples.lz4(lackey),
            Samples.snappy(drmemtrace),
            Samples.snappy(lackey),
            Samples.zip(drmemtrace),
            Samples.zip(new Samples.Member("a", drmemtrace), new Samples.Member("b", drmemtrace)),
            Samples.zip(Samples.xz(lackey)));
    TraceFormat[] formats = TraceFormat.values();
    Random random = new Random(20_000);
    int accepted = 0;
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] bytes = mutate(seeds.get(i % seeds.size()), random);
      int choice = random.nextInt(2 * formats.length);
      TraceFormat format = choice < formats.length ? formats[choice] : null;
      try (TraceFile trace = TraceFile.open("-", format, Samples.stream(bytes))) {
        Samples.readAll(trace);
        accepted++;
      } catch (TraceException e) {
        assertTrue(Samples.messageOf(e).startsWith("standard input:"), e.toString());
        refused++;
      } catch (IOException | RuntimeException | Error e) {
        fail("mutation " + i + " " + Arrays.toString(bytes), e);
      }
    }
    assertTrue(accepted > MUTATIONS / 100, "accepted " + accepted);
    assertTrue(refused > MUTATIONS / 100, "refused " + refused);
  }

  private static byte[] mutate(byte[] seed, Random random) {
    byte[] bytes = seed.clone();
    int edits = 1 + random.nextInt(3);
    for (int e = 0; e < edits && bytes.length > 0; e++) {
      int at = random.nextInt(bytes.length);
      switch (random.nextInt(6)) {
        case 0 -> bytes[at] = (byte) random.nextInt();
        case 1 -> bytes[at] ^= (byte) (1 << random.nextInt(8));
        case 2 -> bytes = Arrays.copyOf(bytes, at);
        case 3 ->
            bytes =
                Samples.concat(
                    Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at, bytes.length), bytes);
        case 4 ->
            bytes =
                Samples.concat(
                    Arrays.copyOf(bytes, at), Arrays.copyOfRange(bytes, at + 1, bytes.length));
        default ->
            bytes =
                Samples.concat(
                    Arrays.copyOf(bytes, at),
                    new byte[] {(byte) random.nextInt()},
                    Arrays.copyOfRange(bytes, at, bytes.length));
      }
    }
    return bytes;
  }
}
