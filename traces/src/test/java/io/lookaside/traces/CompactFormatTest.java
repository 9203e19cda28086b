package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.zip.CRC32C;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The compact format: what is written comes back, and nothing else is taken for it. */
class CompactFormatTest {
  private static final int FILE_HEADER = 16;

  /** The header of a block by version, and where its checksums are: the last eight bytes. */
  private static final int[] BLOCK_HEADERS = {0, 120, 128};

  private static byte[] written(List<Detailed> refs) throws IOException {
    return written(refs, false);
  }

  private static byte[] written(List<Detailed> refs, boolean fetchesAreInstructions)
      throws IOException {
    return written(refs, fetchesAreInstructions, 2);
  }

  private static byte[] written(List<Detailed> refs, boolean fetchesAreInstructions, int version)
      throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (TraceWriter writer = new CompactWriter(bytes, fetchesAreInstructions, version)) {
      Detailed.write(refs, writer);
      assertEquals(List.of(), writer.losses());
    }
    return bytes.toByteArray();
  }

  private static CompactReader reader(byte[] bytes) {
    return new CompactReader(Samples.stream(bytes), "t.lkt");
  }

  private static List<Detailed> read(byte[] bytes) throws IOException {
    return Detailed.readAll(reader(bytes));
  }

  private static String flaw(byte[] bytes) {
    return Samples.messageOf(assertThrows(TraceException.class, () -> read(bytes)));
  }

  /** A little program: loops over a few instructions that stride, chase and spill. */
  private static List<Detailed> program(Random random, int n) {
    List<Detailed> refs = new ArrayList<>();
    long stack = 0x7ffd_0000_1000L;
    long array = 0x55d0_0000_0000L;
    while (refs.size() < n) {
      long pc = 0x40_1000 + 16L * random.nextInt(40);
      int turns = 1 + random.nextInt(9);
      for (int turn = 0; turn < turns; turn++) {
        for (int k = 0; k < 6; k++) {
          refs.add(Detailed.of(AccessKind.FETCH, pc + 4L * k, 4));
          switch (k % 3) {
            case 0 -> refs.add(Detailed.of(AccessKind.LOAD, array += 8, 8));
            case 1 -> refs.add(Detailed.of(AccessKind.STORE, stack - 8L * random.nextInt(3), 8));
            default -> {
              if (random.nextInt(10) == 0) {
                refs.add(Detailed.of(AccessKind.LOAD, random.nextLong(), 1 + random.nextInt(64)));
              }
            }
          }
        }
      }
    }
    return refs.subList(0, n);
  }

  /** Anything at all, in stretches of one origin. */
  private static List<Detailed> anything(Random random, int n) {
    List<Detailed> refs = new ArrayList<>();
    while (refs.size() < n) {
      long addressSpace = random.nextInt(3) == 0 ? random.nextLong() : random.nextInt(3);
      int core = random.nextInt(4);
      boolean pcs = random.nextBoolean();
      int stretch = 1 + random.nextInt(200);
      long[] few = random.longs(6).toArray();
      for (int i = 0; i < stretch; i++) {
        AccessKind kind = AccessKind.ofCode(random.nextInt(3));
        long address = random.nextInt(4) == 0 ? random.nextLong() : few[random.nextInt(6)];
        int size = random.nextInt(8) == 0 ? 1 + random.nextInt(65536) : 1 << random.nextInt(4);
        long pc = random.nextInt(3) == 0 ? address : few[random.nextInt(3)];
        refs.add(new Detailed(kind, address, size, pcs ? (Long) pc : null, addressSpace, core));
      }
    }
    return refs.subList(0, n);
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 4095, 4096, 4097, 20_000})
  void programsComeBackAsTheyWere(int n) throws IOException {
    for (int seed = 0; seed < 3; seed++) {
      List<Detailed> refs = program(new Random(seed), n);
      for (int version = 1; version <= 2; version++) {
        assertEquals(refs, read(written(refs, false, version)));
      }
    }
  }

  @Test
  void anySequenceOfReferencesComesBackAsItWas() throws IOException {
    for (int seed = 0; seed < 60; seed++) {
      List<Detailed> refs = anything(new Random(seed), 1 + seed * 50);
      for (int version = 1; version <= 2; version++) {
        assertEquals(refs, read(written(refs, false, version)), "seed " + seed);
      }
    }
  }

  /** Two paths that alternate, with several segments each, become phrases and come back. */
  @Test
  void pathsThatAreTakenOftenBecomePhrases() throws IOException {
    Random random = new Random(12);
    for (int seed = 0; seed < 20; seed++) {
      List<Detailed> refs = new ArrayList<>();
      for (int turn = 0; turn < 200; turn++) {
        long path = 0x40_0000 + 0x1000L * random.nextInt(2);
        boolean pcs = seed % 2 == 0 || turn > 100;
        for (int jump = 0; jump < 3 + seed; jump++) {
          long pc = path + 64L * (jump * 7 % 11);
          Long known = pcs ? (Long) pc : null;
          refs.add(new Detailed(AccessKind.FETCH, pc, 4, known, 1, 0));
          refs.add(new Detailed(AccessKind.LOAD, random.nextInt(4) * 0x123_4567L, 8, known, 1, 0));
        }
      }
      byte[] bytes = written(refs);
      ByteBuffer block = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      assertTrue(block.getInt(FILE_HEADER + 16 + 4 * 12) > 0, "phrases");
      assertTrue(block.getInt(FILE_HEADER + 16 + 4 * 7) < 2 * 1000, "few tokens");
      assertEquals(refs, read(bytes));
    }
  }

  @Test
  void extremesComeBack() throws IOException {
    List<Detailed> refs = new ArrayList<>();
    for (long address : new long[] {0, -1, Long.MIN_VALUE, Long.MAX_VALUE, 1, -2}) {
      for (AccessKind kind : AccessKind.values()) {
        refs.add(new Detailed(kind, address, 65536, -1L, -1L, Integer.MAX_VALUE));
        refs.add(new Detailed(kind, address, 1, 0L, 0, 0));
      }
    }
    assertEquals(refs, read(written(refs)));
  }

  @Test
  void instructionWithManyReferencesComesBack() throws IOException {
    List<Detailed> refs = new ArrayList<>();
    for (int turn = 0; turn < 3; turn++) {
      refs.add(Detailed.of(AccessKind.FETCH, 0x401000, 2));
      for (int i = 0; i < 1000; i++) {
        refs.add(Detailed.of(i % 2 == 0 ? AccessKind.LOAD : AccessKind.STORE, 0x1000 + i, 1));
      }
    }
    assertEquals(refs, read(written(refs)));
  }

  @Test
  void traceOfSeveralBlocksComesBackAndCanBeSkippedInto() throws IOException {
    int count = 2_500_000; // a block has at most 1,048,576 references
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    TraceHasher whole = new TraceHasher();
    ReferenceBatch batch = new ReferenceBatch();
    try (TraceWriter writer = new CompactWriter(bytes, false);
        TraceCursor source = new SyntheticTrace(SyntheticTrace.Pattern.SEQUENTIAL, count)) {
      while (source.read(batch) > 0) {
        whole.add(batch, 0, batch.count());
        writer.write(batch, 0, batch.count());
      }
      writer.finish();
    }
    TraceHasher again = new TraceHasher();
    try (CompactReader reader = reader(bytes.toByteArray())) {
      while (reader.read(batch) > 0) {
        again.add(batch, 0, batch.count());
      }
    }
    assertEquals(whole.value(), again.value());

    CountingStream counted = new CountingStream(bytes.toByteArray());
    try (CompactReader reader = new CompactReader(counted, "t")) {
      long skipped = reader.skip(2_200_000, (id, core) -> assertEquals(0, id));
      assertEquals(2 << 20, skipped);
      assertTrue(counted.read < 1000, "read " + counted.read);
      assertEquals(0, reader.skip(102_847, (id, core) -> {}), "not within a block");
      long left = 0;
      long first = -1;
      while (reader.read(batch) > 0) {
        first = left == 0 ? batch.address(0) : first;
        left += batch.count();
      }
      assertEquals(count - skipped, left);
      // The stream goes on in steps of 64 bytes and begins again every 2^20 references.
      assertEquals(0x7f00_0000_0000L, first);
    }
  }

  @Test
  void skippingTellsWhoseReferencesWerePassedOver() throws IOException {
    List<Detailed> refs = new ArrayList<>();
    for (long id : new long[] {7, 3, 7, 9}) {
      refs.add(new Detailed(AccessKind.LOAD, 0x1000, 8, null, id, (int) id * 2));
    }
    List<String> met = new ArrayList<>();
    try (CompactReader reader = reader(written(refs))) {
      assertEquals(0, reader.skip(3, (id, core) -> met.add("none")));
      assertEquals(List.of(), met);
      assertEquals(4, reader.skip(100, (id, core) -> met.add(id + "/" + core)));
      assertEquals(0, reader.read(new ReferenceBatch()));
    }
    assertEquals(List.of("7/14", "3/6", "9/18"), met);
  }

  @Test
  void codeThatJumpsMoreThanABlockCanNameTakesMoreBlocks() throws IOException {
    // 200,000 instructions in random order: nearly each is a segment of its own, of 65,536.
    Random random = new Random(1);
    List<Detailed> refs = new ArrayList<>();
    for (int i = 0; i < 400_000; i++) {
      long addressSpace = i < 300_000 ? 1 : 2;
      refs.add(
          new Detailed(
              AccessKind.FETCH,
              0x400000 + 16L * random.nextInt(200_000),
              4,
              null,
              addressSpace,
              0));
    }
    byte[] bytes = written(refs);
    assertEquals(refs, read(bytes));
    int blocks = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getInt(indexAt(bytes) + 4);
    assertTrue(blocks > 1, blocks + " blocks");
  }

  private static int indexAt(byte[] bytes) {
    return (int) ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong(bytes.length - 16);
  }

  @Test
  void equalTracesGiveEqualBytes() throws IOException {
    List<Detailed> refs = anything(new Random(5), 3000);
    assertEquals(Arrays.toString(written(refs)), Arrays.toString(written(new ArrayList<>(refs))));
  }

  @Test
  void fileKeepsWhetherFetchesAreInstructions() throws IOException {
    List<Detailed> refs = program(new Random(1), 10);
    for (boolean instructions : new boolean[] {false, true}) {
      try (CompactReader reader = reader(written(refs, instructions))) {
        assertEquals(instructions, reader.fetchesAreInstructions(!instructions));
        assertEquals(refs, Detailed.readAll(reader));
      }
    }
  }

  /** A file made after docs/formats-compact.md, without the writer and without compression. */
  @Test
  void fileWrittenByHandIsRead() throws IOException {
    assertEquals(
        List.of(
            new Detailed(AccessKind.FETCH, 0x1000, 4, null, 42, 3),
            new Detailed(AccessKind.LOAD, 0x8000, 8, null, 42, 3),
            new Detailed(AccessKind.FETCH, 0x1004, 2, null, 42, 3),
            new Detailed(AccessKind.FETCH, 0x1000, 4, null, 42, 3),
            new Detailed(AccessKind.LOAD, 0x8008, 8, null, 42, 3)),
        read(byHand(5, 1)));
  }

  /** The same with a token that names both segments as a phrase. */
  @Test
  void phraseWrittenByHandIsRead() throws IOException {
    assertEquals(read(byHand(5, 1)), read(byHand(5, 2)));
  }

  /**
   * Two instructions: a fetch of 4 bytes at 0x1000 with a load of 8, and a fetch of 2 bytes at
   * 0x1004. Executed: both, then the first again. The load goes to 0x8000, then 8 bytes further.
   */
  private static byte[] byHand(int references, int version) {
    byte[][] columns = {
      bytes(0, 0), // runs: origin 0
      bytes(version == 1 ? 2 : 1, 0, 0, 0), // for two tokens, or the one that stands for both
      // Shapes: 2 references of which the first is the fetch; 1 which is the fetch. A descriptor is
      // (size - 1) * 4 + kind, with kind 2 for a fetch and 0 for a load.
      bytes(2 << 1 | 1, 3 * 4 + 2, 7 * 4, 1 << 1 | 1, 4 + 2),
      bytes(0, 1), // the shapes of the instructions
      // 0x1000 zigzagged is 0x2000: 0x00 | 0x80, 0x40; the second follows at once.
      bytes(0x80, 0x40, 0),
      // Segments: from instruction 0, and again from 0, which is 2 before where the first ended.
      bytes(0, 3),
      bytes(2, 1), // two instructions, one instruction
      version == 1 ? bytes(0, 0, 1, 0) : bytes(2, 0), // tokens
      bytes(0, 16), // differences: 8 from the slot's last address, zigzagged
      bytes(255, 0), // codes: a literal from the data address before, which is 0; difference 0
      bytes(0x00, 0x00, 0x01, 0x00), // 0x8000 zigzagged
      bytes(0, 0, 0, 0),
      bytes(2, 0, 1) // the first phrase, number 2: two segments, 0 and 1
    };
    if (version == 1) {
      columns = Arrays.copyOf(columns, 12);
    }
    ByteBuffer file = ByteBuffer.allocate(1000).order(ByteOrder.LITTLE_ENDIAN);
    file.put(new byte[] {(byte) 0x89, 'L', 'K', 'T', 13, 10, 26, 10});
    file.putShort((short) version).putShort((short) 0);
    file.putInt(crc(file.array(), 0, 12));
    int block = file.position();
    int payload = 16;
    for (byte[] column : columns) {
      payload += column.length;
    }
    file.put("LBLK".getBytes(StandardCharsets.US_ASCII));
    file.putInt(references).putInt(1).putInt(payload);
    for (int i = 0; i < 2; i++) {
      for (byte[] column : columns) {
        file.putInt(column.length);
      }
    }
    int crcs = file.position();
    file.putInt(0).putInt(0);
    int start = file.position();
    file.putLong(42).putInt(3).putInt(0);
    for (byte[] column : columns) {
      file.put(column);
    }
    file.putInt(crcs, crc(file.array(), start, payload));
    file.putInt(crcs + 4, crc(file.array(), block, crcs + 4 - block));
    int index = file.position();
    file.put("LIDX".getBytes(StandardCharsets.US_ASCII)).putInt(1).putLong(references);
    int entries = file.position();
    file.putLong(block).putLong(0);
    file.putInt(crc(file.array(), entries, 16)).putLong(index);
    file.put("LKT end\n".getBytes(StandardCharsets.US_ASCII));
    return Arrays.copyOf(file.array(), file.position());
  }

  private static byte[] bytes(int... values) {
    byte[] bytes = new byte[values.length];
    for (int i = 0; i < values.length; i++) {
      bytes[i] = (byte) values[i];
    }
    return bytes;
  }

  private static int crc(byte[] bytes, int from, int length) {
    CRC32C crc = new CRC32C();
    crc.update(bytes, from, length);
    return (int) crc.getValue();
  }

  @Test
  void blockThatDoesNotAddUpIsRefused() {
    for (int version = 1; version <= 2; version++) {
      String message = flaw(byHand(6, version));
      assertTrue(message.startsWith("t.lkt: block 1 at byte offset 16: "), message);
      assertTrue(message.contains("another number of references"), message);
    }
  }

  @Test
  void everyCutIsReported() throws IOException {
    byte[] whole = written(anything(new Random(3), 300));
    for (int length = 0; length < whole.length; length++) {
      String message = flaw(Samples.first(whole, length));
      assertTrue(message.contains("is cut off at byte offset " + length), message);
    }
  }

  @Test
  void referencesOfBlocksBeforeACutAreDelivered() throws IOException {
    List<Detailed> refs = program(new Random(1), 500);
    byte[] whole = written(refs);
    List<Detailed> got = new ArrayList<>();
    byte[] cut = Samples.first(whole, indexAt(whole));
    assertThrows(TraceException.class, () -> Detailed.readInto(reader(cut), got));
    assertEquals(refs, got);
  }

  @Test
  void everyDamagedByteIsFound() throws IOException {
    byte[] whole = written(anything(new Random(4), 300));
    for (int i = 0; i < whole.length; i++) {
      byte[] damaged = whole.clone();
      damaged[i] ^= 0x10;
      String message = flaw(damaged);
      assertTrue(message.startsWith("t.lkt: "), message);
    }
    byte[] damaged = whole.clone();
    damaged[FILE_HEADER + BLOCK_HEADERS[2] + 40] ^= 1;
    String message = flaw(damaged);
    assertTrue(message.contains("the block at byte offset 16 is damaged: its checksum"), message);
  }

  @Test
  void laterVersionAsksForANewerLookaside() throws IOException {
    byte[] bytes = written(program(new Random(1), 10));
    bytes[8] = 3;
    String message = flaw(bytes);
    assertTrue(message.contains("is of version 3 of format lkt"), message);
    assertTrue(message.contains("use a newer Lookaside"), message);
  }

  @Test
  void wrongMagicAsksForTheFormatAndATransferAsTextIsSaidToBe() throws IOException {
    assertTrue(flaw(new byte[100]).contains("--format"));
    byte[] bytes = written(program(new Random(1), 10));
    bytes[4] = '\n';
    String message = flaw(bytes);
    assertTrue(message.contains("byte 4 is 0xa where"), message);
    assertTrue(message.contains("transfer as text"), message);
    assertTrue(CompactReader.matches(bytes, bytes.length), "still taken for lkt");
    assertFalse(CompactReader.matches(new byte[100], 100));
  }

  @Test
  void whatFollowsTheEndIsRefused() throws IOException {
    byte[] bytes = written(program(new Random(1), 10));
    assertTrue(flaw(Samples.concat(bytes, bytes)).contains("something follows the end"));
  }

  @Test
  void traceWithoutReferencesIsRefused() throws IOException {
    assertTrue(flaw(written(List.of())).contains("has no reference"));
  }

  @Test
  void indexOfOtherBlocksIsRefused() throws IOException {
    byte[] bytes = written(program(new Random(1), 10));
    int index = indexAt(bytes);
    ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).putLong(index + 8, 11);
    assertTrue(flaw(bytes).contains("the index names 11 references in 1 blocks, and there are 10"));
  }

  /** Sizes that would need gigabytes, under checksums that are right. */
  @Test
  void hostileSizesAreRefusedBeforeAnythingIsAllocated() throws IOException {
    byte[] whole = written(program(new Random(1), 100));
    int[] places = {4, 8, 12, 16, 36, 60, 64, 68, 108, 116};
    for (int place : places) {
      for (int value : new int[] {Integer.MAX_VALUE, Integer.MIN_VALUE, -1, 1 << 28, 0}) {
        byte[] bytes = whole.clone();
        ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
        if (b.getInt(FILE_HEADER + place) == value) {
          continue;
        }
        b.putInt(FILE_HEADER + place, value);
        b.putInt(FILE_HEADER + 124, crc(bytes, FILE_HEADER, 124));
        assertTrue(flaw(bytes).startsWith("t.lkt: "), "place " + place + " value " + value);
      }
    }
  }

  /** Any payload under a right checksum gives references or a trace exception, nothing else. */
  @Test
  void hostilePayloadsDoNoHarm() throws IOException {
    Random random = new Random(9);
    byte[][] whole = {
      byHand(5, 1),
      written(anything(new Random(8), 400)),
      byHand(5, 2),
      written(program(new Random(8), 400))
    };
    int refused = 0;
    int rounds = 20_000;
    for (int round = 0; round < rounds; round++) {
      byte[] bytes = whole[round % whole.length].clone();
      int blockHeader = BLOCK_HEADERS[bytes[8]];
      ByteBuffer b = ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN);
      int payload = b.getInt(FILE_HEADER + 12);
      for (int edit = 0; edit <= random.nextInt(3); edit++) {
        int at = FILE_HEADER + blockHeader + random.nextInt(payload);
        bytes[at] = (byte) (random.nextBoolean() ? random.nextInt() : bytes[at] + 1);
      }
      int crcs = FILE_HEADER + blockHeader - 8;
      b.putInt(crcs, crc(bytes, FILE_HEADER + blockHeader, payload));
      b.putInt(crcs + 4, crc(bytes, FILE_HEADER, blockHeader - 4));
      try (CompactReader reader = reader(bytes)) {
        long n = Detailed.readAll(reader).size();
        assertEquals(b.getInt(FILE_HEADER + 4), n);
      } catch (TraceException e) {
        refused++;
      }
    }
    assertTrue(refused > rounds / 10 && refused < rounds, refused + " refused");
  }

  /** Counts bytes that are read, and not those that are skipped. */
  private static final class CountingStream extends InputStream {
    private final ByteArrayInputStream in;
    private long read;

    CountingStream(byte[] bytes) {
      in = new ByteArrayInputStream(bytes);
    }

    @Override
    public int read() {
      read++;
      return in.read();
    }

    @Override
    public int read(byte[] bytes, int offset, int length) {
      int n = in.read(bytes, offset, length);
      read += Math.max(0, n);
      return n;
    }

    @Override
    public long skip(long n) {
      return in.skip(n);
    }
  }
}
