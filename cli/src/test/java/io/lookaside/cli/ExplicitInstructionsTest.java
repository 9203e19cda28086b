package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/**
 * {@code --top pc} on traces whose records say which instruction a reference is of. The machine is
 * {@code reference} with all pages mapped before the run: a walk from the root reads four entries,
 * one from the PDPTE cache two and one from the PDE cache one; a miss takes 7 cycles in the second
 * level, 1 in the structure caches and 50 for each entry.
 */
class ExplicitInstructionsTest {
  @TempDir Path folder;

  private JsonNode top(String name, byte[] trace) throws IOException {
    String path = Files.write(folder.resolve(name), trace).toString();
    return Cli.run(
            "run",
            path,
            "--machine",
            "reference",
            "--map",
            "prefault",
            "--top",
            "pc",
            "9",
            "--json",
            "-")
        .json()
        .at("/top/pc");
  }

  /** Each instruction as "address misses walks memoryReads cycles", the dearest first. */
  private static List<String> entries(JsonNode top) {
    List<String> all = new ArrayList<>();
    for (JsonNode e : top.get("entries")) {
      all.add(
          e.get("address").stringValue()
              + " "
              + e.get("misses").longValue()
              + " "
              + e.get("walks").longValue()
              + " "
              + e.get("memoryReads").longValue()
              + " "
              + e.get("cycles").longValue());
    }
    return all;
  }

  private static byte[] record(int type, int size, long value) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) type)
        .putShort((short) size)
        .putLong(value)
        .array();
  }

  private static byte[] concat(List<byte[]> parts) {
    ByteBuffer all = ByteBuffer.allocate(parts.stream().mapToInt(p -> p.length).sum());
    parts.forEach(all::put);
    return all.array();
  }

  @Test
  void drmemtraceNamesInstructionsThatItDoesNotFetch() throws IOException {
    List<byte[]> records =
        List.of(
            record(25, 0, 4),
            record(22, 4, 1),
            record(24, 4, 1),
            record(10, 4, 0x400000), // miss, 4 reads
            record(0, 8, 0x10000000), // miss, from the PDPTE cache: 2 reads
            record(29, 2, 0x400100), // executed again, not fetched
            record(1, 8, 0x10200000), // its miss: 2 reads
            record(1, 8, 0x10201000), // another: 1 read, from the PDE cache
            record(10, 0, 0x400200), // only says whose the next is
            record(0, 8, 0x10202000), // miss, 1 read
            record(10, 4, 0x400004), // same page: hits
            record(0, 8, 0x10000008), // hits
            record(23, 4, 1),
            record(26, 0, 0));
    JsonNode top = top("t.drmemtrace", concat(records));
    assertEquals(
        List.of(
            "0x400000 2 2 6 " + (2 * 8 + 6 * 50),
            "0x400100 2 2 3 " + (2 * 8 + 3 * 50),
            "0x400200 1 1 1 " + (8 + 50)),
        entries(top));
    assertEquals(0, top.at("/unknown/misses").longValue());
    assertEquals(5, top.at("/total/misses").longValue());
  }

  private static byte[] champSim(long ip, long destination, long firstSource, long secondSource) {
    return ByteBuffer.allocate(64)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putLong(0, ip)
        .putLong(16, destination)
        .putLong(32, firstSource)
        .putLong(40, secondSource)
        .array();
  }

  @Test
  void champSimsRecordsAreInstructionsWithTheirLoadsAndThenTheirStores() throws IOException {
    List<byte[]> records =
        List.of(
            // Fetch: 4 reads. Sources: 2 in another GiB's table, 1 beside it. Destination: 1.
            champSim(0x400000, 0x10002000, 0x10000000, 0x10001000),
            champSim(0x400004, 0x10003000, 0, 0), // fetch hits; store misses, 1 read
            champSim(0x401000, 0, 0x10000040, 0), // fetch misses, 1 read; load hits
            champSim(0x400004, 0, 0, 0)); // hits
    JsonNode top = top("t.champsim", concat(records));
    assertEquals(
        List.of(
            "0x400000 4 4 8 " + (4 * 8 + 8 * 50),
            "0x400004 1 1 1 " + (8 + 50),
            "0x401000 1 1 1 " + (8 + 50)),
        entries(top));
    assertEquals(0, top.at("/unknown/misses").longValue());
  }

  @Test
  void csvNamesInstructionsWithoutFetches() throws IOException {
    String text =
        """
        kind,va,pc
        L,0x10000000,0x500000
        S,0x10001000,0x500008
        L,0x10002000,0x500000
        """;
    // 4 reads, then 1 and 1 from the PDE cache.
    JsonNode top = top("t.csv", text.getBytes(StandardCharsets.US_ASCII));
    assertEquals(
        List.of("0x500000 2 2 5 " + (2 * 8 + 5 * 50), "0x500008 1 1 1 " + (8 + 50)), entries(top));
  }
}
