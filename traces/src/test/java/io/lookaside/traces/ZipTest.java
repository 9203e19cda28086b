package io.lookaside.traces;

import static io.lookaside.traces.Samples.concat;
import static io.lookaside.traces.Samples.drmemtraceHeader;
import static io.lookaside.traces.Samples.record;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Member;
import io.lookaside.traces.Samples.Ref;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.zip.CRC32;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Archives, each as a file, by its directory, and as a stream. */
class ZipTest {
  @TempDir Path folder;

  private List<Ref> readFile(byte[] zip, @Nullable TraceFormat format) throws IOException {
    Path file = Files.write(folder.resolve("t.zip"), zip);
    try (TraceFile trace = TraceFile.open(file.toString(), format, InputStream.nullInputStream())) {
      return Samples.readAll(trace);
    }
  }

  private static List<Ref> readStream(byte[] zip, @Nullable TraceFormat format) throws IOException {
    try (TraceFile trace = TraceFile.open("-", format, Samples.stream(zip))) {
      return Samples.readAll(trace);
    }
  }

  private void assertReads(List<Ref> expected, byte[] zip) throws IOException {
    assertEquals(expected, readFile(zip, null), "as a file");
    assertEquals(expected, readStream(zip, null), "as a stream");
  }

  private void assertRefused(byte[] zip, String... words) {
    for (boolean file : new boolean[] {true, false}) {
      String message =
          Samples.messageOf(
              assertThrows(
                  TraceException.class,
                  () -> {
                    if (file) {
                      readFile(zip, null);
                    } else {
                      readStream(zip, null);
                    }
                  }));
      for (String word : words) {
        assertTrue(message.contains(word), message);
      }
    }
  }

  /** Chunks as DynamoRIO writes them: all but the first begin with what the one before ended in. */
  private static Member[] chunks(List<Ref> refs, int count) {
    Member[] chunks = new Member[count];
    for (int c = 0; c < count; c++) {
      ByteArrayOutputStream bytes = new ByteArrayOutputStream();
      bytes.writeBytes(
          c == 0
              ? drmemtraceHeader(3, 3)
              : concat(record(28, 22, 99), record(22, 4, 3), record(28, 2, 5), record(28, 3, 1)));
      for (int i = c * refs.size() / count; i < (c + 1) * refs.size() / count; i++) {
        Ref r = refs.get(i);
        int type =
            switch (r.kind()) {
              case FETCH -> 10;
              case LOAD -> 0;
              case STORE -> 1;
            };
        bytes.writeBytes(record(type, r.size(), r.address()));
      }
      bytes.writeBytes(c < count - 1 ? record(28, 21, c) : record(26, 0, 0));
      chunks[c] = new Member(String.format("chunk.%04d", c), bytes.toByteArray());
    }
    return chunks;
  }

  @Test
  void chunksOfADrmemtraceAreOneTrace() throws IOException {
    List<Ref> refs = Samples.some(30_000);
    assertReads(refs, Samples.zip(chunks(refs, 1)));
    assertReads(refs, Samples.zip(chunks(refs, 12)));
  }

  @Test
  void chunksOfAFileComeInTheOrderOfItsDirectory() throws IOException {
    List<Ref> refs = Samples.some(300);
    Member[] inOrder = chunks(refs, 3);
    // Stored as 2, 0, 1; listed as 0, 1, 2.
    byte[] zip = storedZip(List.of(inOrder[2], inOrder[0], inOrder[1]), new int[] {1, 2, 0});
    assertEquals(refs, readFile(zip, null));
    byte[] straight = storedZip(List.of(inOrder), new int[] {0, 1, 2});
    assertReads(refs, straight);
  }

  @Test
  void aChunkThatIsMissingOrOutOfOrderIsReported() throws IOException {
    Member[] chunks = chunks(Samples.some(300), 4);
    for (Member[] wrong :
        List.of(
            new Member[] {chunks[0], chunks[2], chunks[3]},
            new Member[] {chunks[0], chunks[2], chunks[1], chunks[3]})) {
      assertRefused(Samples.zip(wrong), "after member chunk.0000 comes chunk.0002", "should be 1;");
    }
    assertRefused(Samples.zip(chunks[1], chunks[2], chunks[3]), "");
    assertRefused(Samples.zip(chunks[0], chunks[1]), "ends with a footer", "cut off");
  }

  @Test
  void oneTraceOfAnyFormatIsFoundAmongOtherFiles() throws IOException {
    List<Ref> refs = Samples.some(2000);
    Member readme = new Member("README", Samples.ascii("How this was recorded.\n"));
    Member system = new Member("__MACOSX/t.lackey", Samples.lackey(refs));
    for (Member trace :
        List.of(
            new Member("t", Samples.lackey(refs)),
            new Member("t.flat64", Samples.flat64(refs)),
            new Member("t.xz", Samples.xz(Samples.gem5(refs))),
            new Member("traces/t.bin", Samples.drmemtrace(refs)))) {
      assertReads(refs, Samples.zip(trace));
      assertReads(refs, Samples.zip(readme, new Member("traces/", new byte[0]), trace));
      assertReads(refs, Samples.zip(system, trace));
      if (!trace.name().endsWith(".bin")) { // what follows a drmemtrace is its next chunk
        assertReads(refs, Samples.zip(trace, readme));
      }
    }
  }

  @Test
  void theFormatThatIsGivenIsBelieved() throws IOException {
    List<Ref> refs = Samples.some(10);
    byte[] zip = Samples.zip(new Member("t.lackey", Samples.flat64(refs)));
    assertEquals(refs, readFile(zip, TraceFormat.FLAT64));
    assertEquals(refs, readStream(zip, TraceFormat.FLAT64));
  }

  @Test
  void anArchiveWithoutATraceIsSaidToHaveNone() throws IOException {
    assertRefused(
        Samples.zip(
            new Member("a.txt", Samples.ascii("one")), new Member("b.txt", Samples.ascii("two"))),
        "there is no trace in this zip archive of 2 files (a.txt, b.txt)",
        "--format");
    assertRefused(Samples.zip(), "there is no trace in this zip archive, which has no file");
    assertRefused(
        Samples.zip(new Member("folder/", new byte[0])),
        "there is no trace in this zip archive, which has no file");
    Member[] many = new Member[7];
    for (int i = 0; i < many.length; i++) {
      many[i] = new Member(i + ".txt", Samples.ascii("text"));
    }
    assertRefused(Samples.zip(many), "of 7 files (0.txt, 1.txt, 2.txt, 3.txt, 4.txt, ...)");
  }

  @Test
  void anArchiveOfSeveralTracesIsRefused() throws IOException {
    List<Ref> refs = Samples.some(10);
    assertRefused(
        Samples.zip(
            new Member("a.lackey", Samples.lackey(refs)),
            new Member("b.lackey", Samples.lackey(refs))),
        "more than one trace: a.lackey and b.lackey",
        "unpack");
  }

  @Test
  void anArchiveThatIsCutOffGivesWhatIsBeforeAndThenSaysSo() throws IOException {
    List<Ref> refs = Samples.some(30_000);
    byte[] zip = Samples.zip(chunks(refs, 4));
    for (int length : new int[] {zip.length / 3, zip.length / 2, zip.length - 1, zip.length - 22}) {
      byte[] cut = Samples.first(zip, length);
      Path file = Files.write(folder.resolve("cut.zip"), cut);
      for (String path : List.of(file.toString(), "-")) {
        List<Ref> got = new ArrayList<>();
        String message =
            Samples.messageOf(
                assertThrows(
                    TraceException.class,
                    () -> {
                      try (TraceFile trace = TraceFile.open(path, null, Samples.stream(cut))) {
                        Samples.readInto(trace, got);
                      }
                    }));
        assertTrue(message.contains("the zip data is cut off after "), message);
        assertTrue(got.size() > refs.size() / 5, "got " + got.size());
        assertEquals(refs.subList(0, got.size()), got);
      }
    }
  }

  @Test
  void anArchiveThatIsCutOffBetweenTwoMembersIsNotTakenForAWholeOne() throws IOException {
    List<Ref> refs = Samples.some(300);
    Member[] chunks = chunks(refs, 2);
    byte[] zip = storedZip(List.of(chunks), new int[] {0, 1});
    int firstMember = 30 + chunks[0].name().length() + chunks[0].bytes().length;
    assertRefused(Samples.first(zip, firstMember), "cut off");
    int members = firstMember + 30 + chunks[1].name().length() + chunks[1].bytes().length;
    assertRefused(Samples.first(zip, members), "cut off");
  }

  @Test
  void bytesThatWereChangedAreFoundByTheirChecksum() throws IOException {
    List<Ref> refs = Samples.some(300);
    Member[] chunks = chunks(refs, 2);
    byte[] zip = storedZip(List.of(chunks), new int[] {0, 1});
    zip[30 + chunks[0].name().length() + 100] ^= 1;
    assertRefused(zip, "member chunk.0000 does not have the checksum and size it should");
  }

  @Test
  void encryptedMembersAreRefused() throws IOException {
    byte[] zip = storedZip(List.of(chunks(Samples.some(9), 1)), new int[] {0});
    zip[6] |= 1;
    int directory = zip.length - 22 - 46 - "chunk.0000".length();
    zip[directory + 8] |= 1;
    assertRefused(zip, "member chunk.0000 is encrypted");
  }

  @Test
  void compressionsThatAreNotKnownAreRefused() throws IOException {
    byte[] zip = storedZip(List.of(chunks(Samples.some(9), 1)), new int[] {0});
    zip[8] = 98;
    int directory = zip.length - 22 - 46 - "chunk.0000".length();
    zip[directory + 10] = 98;
    assertRefused(zip, "member chunk.0000 has compression method 98");
  }

  @Test
  void aCommentAtTheEndIsNoDamage() throws IOException {
    List<Ref> refs = Samples.some(100);
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(bytes)) {
      out.setComment("recorded on a Tuesday");
      out.putNextEntry(new ZipEntry("t"));
      out.write(Samples.lackey(refs));
    }
    assertReads(refs, bytes.toByteArray());
  }

  /** An archive of stored members, with its directory in another order. */
  private static byte[] storedZip(List<Member> members, int[] directoryOrder) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    List<byte[]> directory = new ArrayList<>();
    for (Member m : members) {
      int at = all.size();
      byte[] name = m.name().getBytes(StandardCharsets.US_ASCII);
      CRC32 crc = new CRC32();
      crc.update(m.bytes());
      ByteBuffer local = ByteBuffer.allocate(30).order(ByteOrder.LITTLE_ENDIAN);
      local.putInt(0x04034b50).putShort((short) 10).putShort((short) 0).putShort((short) 0);
      local.putInt(0).putInt((int) crc.getValue());
      local.putInt(m.bytes().length).putInt(m.bytes().length).putShort((short) name.length);
      all.writeBytes(concat(local.array(), name, m.bytes()));
      ByteBuffer listed = ByteBuffer.allocate(46).order(ByteOrder.LITTLE_ENDIAN);
      listed.putInt(0x02014b50).putShort((short) 10).put(Arrays.copyOfRange(local.array(), 4, 30));
      listed.putInt(42, at);
      directory.add(concat(listed.array(), name));
    }
    int start = all.size();
    for (int i : directoryOrder) {
      all.writeBytes(directory.get(i));
    }
    ByteBuffer end = ByteBuffer.allocate(22).order(ByteOrder.LITTLE_ENDIAN);
    end.putInt(0x06054b50).putInt(0).putShort((short) members.size());
    end.putShort((short) members.size()).putInt(all.size() - start).putInt(start);
    all.writeBytes(end.array());
    return all.toByteArray();
  }
}
