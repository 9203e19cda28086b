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
    List<byte[]> seeds =
        List.of(
            lackey,
            flat,
            Samples.gzip(lackey),
            Samples.gzip(flat),
            Samples.xz(lackey),
            Samples.xz(flat),
            Samples.zstd(lackey),
            Samples.zstd(flat));
    Random random = new Random(20_000);
    int accepted = 0;
    int refused = 0;
    for (int i = 0; i < MUTATIONS; i++) {
      byte[] bytes = mutate(seeds.get(i % seeds.size()), random);
      TraceFormat format =
          switch (random.nextInt(4)) {
            case 0 -> TraceFormat.LACKEY;
            case 1 -> TraceFormat.FLAT64;
            default -> null;
          };
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
