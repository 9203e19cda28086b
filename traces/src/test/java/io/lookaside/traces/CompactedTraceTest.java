package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.FileTime;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HexFormat;
import java.util.List;
import java.util.Random;
import java.util.stream.Stream;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** What is kept of a compaction is what was compacted, or it is not used. */
class CompactedTraceTest {
  private static final int REFERENCES = 1_100_000;
  private static final CompactedTrace.Stretch ALL =
      new CompactedTrace.Stretch(0, 0, Long.MAX_VALUE);
  private static final CompactedTrace.Stages NO_STAGES =
      new CompactedTrace.Stages() {
        @Override
        public void decoded() {}

        @Override
        public void compacted() {}
      };

  @TempDir private Path folder;
  private Path trace;

  @BeforeEach
  void aTraceThatIsWorthKeeping() throws IOException {
    trace = folder.resolve("t.flat64");
    write(trace, 1, 20);
  }

  /** Words of random pages, each touched {@code run} times on average. */
  private static void write(Path to, int seed, int run) throws IOException {
    Random random = new Random(seed);
    ByteBuffer words = ByteBuffer.allocate(8 * REFERENCES).order(ByteOrder.LITTLE_ENDIAN);
    long data = 0x7f00_0000_0000L;
    long code = 0x40_0000;
    for (int i = 0; i < REFERENCES; i++) {
      if (random.nextInt(run) == 0) {
        data = 0x7f00_0000_0000L + 4096L * random.nextInt(1000);
      }
      if (random.nextInt(run) == 0) {
        code = 0x40_0000 + 4096L * random.nextInt(50);
      }
      boolean fetch = random.nextBoolean();
      long va = (fetch ? code : data) + 4L * random.nextInt(1024);
      words.putLong(va | (fetch ? 2 : random.nextInt(4) == 0 ? 1 : 0));
    }
    Files.write(to, words.array());
  }

  private CompactedTrace open(CompactedTrace.Stretch stretch, boolean cache) throws IOException {
    return CompactedTrace.open(
        trace.toString(),
        null,
        InputStream.nullInputStream(),
        stretch,
        cache ? CompactedTrace.Cache.BESIDE : CompactedTrace.Cache.NONE,
        NO_STAGES);
  }

  /** Everything that a trace delivers, as text. */
  private static List<String> contents(CompactedTrace opened) throws IOException {
    List<String> lines = new ArrayList<>();
    try (opened) {
      CompactBatch batch = new CompactBatch();
      while (opened.read(batch)) {
        ReferenceBatch r = batch.records;
        StringBuilder line = new StringBuilder();
        line.append(r.addressSpace()).append(' ').append(r.addressSpaceId()).append(' ');
        line.append(r.core()).append(' ').append(batch.leftOutAddressSum()).append(' ');
        line.append(batch.references());
        for (int i = 0; i < r.count(); i++) {
          line.append(' ').append(r.address(i)).append(',').append(r.descriptor(i));
          line.append(',').append(batch.repeats[i]).append(',').append(batch.switches[i]);
        }
        lines.add(line.toString());
      }
      assertFalse(opened.read(batch));
      lines.add(opened.facts().toString());
    }
    return lines;
  }

  private List<Path> kept() throws IOException {
    Path cache = folder.resolve(".lookaside-cache");
    if (!Files.isDirectory(cache)) {
      return List.of();
    }
    try (Stream<Path> files = Files.list(cache)) {
      return files.sorted().toList();
    }
  }

  private boolean isKept(CompactedTrace.Stretch stretch) throws IOException {
    try (CompactedTrace opened = open(stretch, true)) {
      return opened.isKept();
    }
  }

  @Test
  void whatIsKeptIsWhatWasCompacted() throws IOException {
    List<String> plain = contents(open(ALL, false));
    assertEquals(List.of(), kept());
    assertEquals(plain, contents(open(ALL, true)));
    assertEquals(1, kept().size(), "one file and nothing beside it");
    assertTrue(isKept(ALL));
    assertEquals(plain, contents(open(ALL, true)));
    assertTrue(plain.get(plain.size() - 1).contains("measured=" + REFERENCES));
  }

  /** Who knows the hash of the file finds what was kept by one that read the file for it. */
  @Test
  void aKnownHashStandsForTheFile() throws Exception {
    contents(open(ALL, true));
    byte[] digest = MessageDigest.getInstance("SHA-256").digest(Files.readAllBytes(trace));
    assertTrue(isKeptFor(HexFormat.of().formatHex(digest)));
    digest[0] ^= 1;
    assertFalse(isKeptFor(HexFormat.of().formatHex(digest)));
  }

  private boolean isKeptFor(String sha256) throws IOException {
    try (CompactedTrace opened =
        CompactedTrace.open(
            trace.toString(),
            null,
            InputStream.nullInputStream(),
            ALL,
            new CompactedTrace.Cache(true, sha256),
            NO_STAGES)) {
      return opened.isKept();
    }
  }

  @Test
  void whatAKilledProcessBeganIsRemovedAfterADay() throws IOException {
    Path cache = Files.createDirectory(folder.resolve(".lookaside-cache"));
    Path old = Files.createFile(cache.resolve(".compact-old.tmp"));
    Files.setLastModifiedTime(old, FileTime.from(Instant.now().minus(Duration.ofHours(25))));
    Path young = Files.createFile(cache.resolve(".compact-young.tmp"));
    contents(open(ALL, true));
    assertTrue(isKept(ALL));
    assertFalse(Files.exists(old));
    assertTrue(Files.exists(young), "another process may be writing it");
  }

  @Test
  void whoReadsTheTraceChangesNothing() throws IOException {
    CompactedTrace inTurn =
        CompactedTrace.open(
            trace.toString(),
            null,
            InputStream.nullInputStream(),
            ALL,
            CompactedTrace.Cache.NONE,
            false,
            NO_STAGES);
    assertEquals(contents(open(ALL, false)), contents(inTurn));
    assertEquals(0, inTurn.readerNanos());
  }

  @Test
  void everyStretchHasItsOwn() throws IOException {
    CompactedTrace.Stretch stretch = new CompactedTrace.Stretch(5_000, 30_001, 1_010_000);
    List<String> plain = contents(open(stretch, false));
    assertEquals(plain, contents(open(stretch, true)));
    assertEquals(plain, contents(open(stretch, true)));
    assertTrue(isKept(stretch));
    assertFalse(isKept(ALL));
    String facts = plain.get(plain.size() - 1);
    assertTrue(facts.contains("skipped=5000, warmedUp=30001, measured=1010000"), facts);
  }

  @Test
  void aBatchEndsWithTheWarmup() throws IOException {
    long references = 0;
    boolean met = false;
    try (CompactedTrace opened = open(new CompactedTrace.Stretch(10, 12_345, 50_000), false)) {
      CompactBatch batch = new CompactBatch();
      while (opened.read(batch)) {
        references += batch.references();
        met |= references == 12_345;
      }
    }
    assertTrue(met);
    assertEquals(62_345, references);
  }

  @Test
  void damageAnywhereIsFoundBeforeAnythingIsUsed() throws IOException {
    List<String> plain = contents(open(ALL, true));
    Path file = kept().get(0);
    byte[] good = Files.readAllBytes(file);
    Random random = new Random(5);
    for (int i = 0; i < 40; i++) {
      byte[] bad = good.clone();
      int at = i < 20 ? bad.length - 1 - i : random.nextInt(bad.length);
      bad[at] ^= (byte) (1 << random.nextInt(8));
      Files.write(file, bad);
      assertFalse(isKept(ALL), "byte " + at);
    }
    for (int length : new int[] {0, 1, 15, 16, 17, good.length / 2, good.length - 1}) {
      Files.write(file, java.util.Arrays.copyOf(good, length));
      assertFalse(isKept(ALL), "length " + length);
    }
    assertEquals(plain, contents(open(ALL, true)), "read from the trace");
    assertTrue(isKept(ALL), "and kept again");
  }

  @Test
  void whatWasKeptOfAnotherTraceIsNotUsed() throws IOException {
    contents(open(ALL, true));
    Path file = kept().get(0);
    write(trace, 2, 20);
    assertFalse(isKept(ALL));
    List<String> plain = contents(open(ALL, false));
    assertEquals(plain, contents(open(ALL, true)));
    // Nor under the right name: the file says what it is of.
    Path right = kept().stream().filter(p -> !p.equals(file)).findFirst().orElseThrow();
    Files.copy(file, right, java.nio.file.StandardCopyOption.REPLACE_EXISTING);
    assertFalse(isKept(ALL));
  }

  @Test
  void aShortTraceIsNotKept() throws IOException {
    contents(open(new CompactedTrace.Stretch(0, 0, CompactionWriter.MIN_REFERENCES - 1), true));
    assertEquals(List.of(), kept());
  }

  @Test
  void aTraceThatHardlyRepeatsIsNotKept() throws IOException {
    write(trace, 3, 1);
    contents(open(ALL, true));
    assertEquals(List.of(), kept());
  }

  @Test
  void whereNothingCanBeWrittenTheTraceIsReadAsEver() throws IOException {
    Files.writeString(folder.resolve(".lookaside-cache"), "no folder");
    assertEquals(contents(open(ALL, false)), contents(open(ALL, true)));
  }

  @Test
  void whatIsNotReadToTheEndIsNotKept() throws IOException {
    try (CompactedTrace opened = open(ALL, true)) {
      CompactBatch batch = new CompactBatch();
      for (int i = 0; i < 100 && opened.read(batch); i++) {
        // Enough to have begun a file.
      }
    }
    assertEquals(List.of(), kept());
  }

  @Test
  void aFlawComesAfterWhatStandsBeforeIt() throws IOException {
    Files.write(trace, new byte[] {0, 0x10, 0, 0, 0, 0, 0, 0, 3, 0, 0, 0, 0, 0, 0, 0});
    try (CompactedTrace opened = open(ALL, true)) {
      CompactBatch batch = new CompactBatch();
      assertTrue(opened.read(batch));
      assertEquals(1, batch.references());
      assertThrows(TraceException.class, () -> opened.read(batch));
    }
  }
}
