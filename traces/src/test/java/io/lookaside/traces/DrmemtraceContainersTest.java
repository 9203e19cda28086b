package io.lookaside.traces;

import static io.lookaside.traces.Samples.record;
import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.traces.Samples.Member;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * One real trace, which DynamoRIO wrote as one chunk, in the other containers that it writes. The
 * layout of chunks is that of its raw2trace: a chunk ends with a footer marker before the
 * instruction that would be one too many, the next one begins with the number of the record and
 * repeats the last timestamp and cpu, and each chunk has the encoding of an instruction where it
 * first occurs in it.
 */
class DrmemtraceContainersTest {
  private static final int REFERENCES = 136_051 + 31_507 + 12_338;

  private static byte[] plain = {};
  private static long[] expected = {};

  @TempDir Path folder;

  @BeforeAll
  static void readOnce() throws IOException {
    Path sample = Path.of("samples", "drmemtrace.simple_app.trace.zip");
    plain = Samples.unpacked(sample);
    expected = read(sample);
    assertEquals(5 * REFERENCES, expected.length);
  }

  /** Of each reference: address, descriptor, instruction, process and core. */
  private static long[] read(Path file) throws IOException {
    LongArrayList all = new LongArrayList();
    try (TraceFile trace = TraceFile.open(file.toString(), null, InputStream.nullInputStream())) {
      assertEquals(TraceFormat.DRMEMTRACE, trace.format());
      ReferenceBatch batch = new ReferenceBatch();
      while (trace.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          all.add(batch.address(i));
          all.add(batch.descriptor(i));
          all.add(batch.instructionAddresses[i]);
          all.add(batch.addressSpaceId());
          all.add(batch.core());
        }
      }
    }
    return all.toLongArray();
  }

  private void assertSame(String name, byte[] stored) throws IOException {
    Path file = Files.write(folder.resolve(name), stored);
    assertArrayEquals(expected, read(file), name);
    Files.delete(file);
  }

  private static boolean isInstruction(int type) {
    return (type >= 10 && type <= 16) || type == 31 || type == 48 || type == 49;
  }

  /** The trace in chunks of so many instructions. */
  private static Member[] chunks(int instructions) {
    ByteBuffer in = ByteBuffer.wrap(plain).order(ByteOrder.LITTLE_ENDIAN);
    List<Member> chunks = new ArrayList<>();
    Map<Long, byte[]> encodings = new HashMap<>();
    Map<Long, Integer> encodedInChunk = new HashMap<>();
    ByteArrayOutputStream chunk = new ByteArrayOutputStream();
    ByteArrayOutputStream encoding = new ByteArrayOutputStream();
    byte[] timestamp = {};
    byte[] cpu = {};
    int inChunk = 0;
    for (int at = 0; at < plain.length; at += 12) {
      int type = in.getShort(at) & 0xffff;
      int size = in.getShort(at + 2) & 0xffff;
      long value = in.getLong(at + 4);
      byte[] bytes = record(type, size, value);
      if (type == 47) { // kept for the instruction that follows
        encoding.writeBytes(bytes);
        continue;
      }
      if (type == 28 && size == 2) {
        timestamp = bytes;
      } else if (type == 28 && size == 3) {
        cpu = bytes;
      }
      if (isInstruction(type) || type == 29) {
        if (encoding.size() > 0) {
          encodings.put(value, encoding.toByteArray());
          encoding.reset();
          encodedInChunk.remove(value); // new code at an old address is encoded again
        }
        if (isInstruction(type) && ++inChunk > instructions) {
          chunk.writeBytes(record(28, 21, chunks.size()));
          chunks.add(member(chunks.size(), chunk));
          chunk.reset();
          chunk.writeBytes(record(28, 22, at / 12));
          chunk.writeBytes(timestamp);
          chunk.writeBytes(cpu);
          inChunk = 1;
        }
        if (encodedInChunk.getOrDefault(value, -1) != chunks.size()) {
          encodedInChunk.put(value, chunks.size());
          chunk.writeBytes(encodings.getOrDefault(value, new byte[0]));
        }
      }
      chunk.writeBytes(bytes);
    }
    chunks.add(member(chunks.size(), chunk));
    return chunks.toArray(Member[]::new);
  }

  private static Member member(int number, ByteArrayOutputStream bytes) {
    return new Member(String.format(Locale.ROOT, "chunk.%04d", number), bytes.toByteArray());
  }

  @Test
  void chunksAreOneTraceHoweverShortTheyAre() throws IOException {
    for (int instructions : new int[] {100_000, 10_000, 997}) {
      Member[] chunks = chunks(instructions);
      assertEquals((136_051 + instructions - 1) / instructions, chunks.length);
      assertTrue(chunks[1].bytes()[12] == 28, "begins with markers");
      assertSame("drmemtrace.chunks.trace.zip", Samples.zip(chunks));
    }
  }

  @Test
  void chunksInAFolderAreOneThread() throws IOException {
    Files.createDirectory(folder.resolve("trace"));
    Path file = folder.resolve("trace/drmemtrace.app.1.trace.zip");
    Files.write(file, Samples.zip(chunks(10_000)));
    assertArrayEquals(expected, read(folder));
  }

  @Test
  void everyOtherContainerHoldsTheSame() throws IOException {
    assertSame("drmemtrace.trace", plain);
    assertSame("drmemtrace.trace.gz", Samples.gzip(plain));
    assertSame("drmemtrace.trace.lz4", Samples.lz4(plain));
    // The usual encoder works on blocks of 64 KiB and refers back through all of one.
    assertSame("drmemtrace.trace.sz", Samples.snappy(plain, 1 << 16));
    assertSame("drmemtrace.half.trace.sz", Samples.snappy(plain, 1 << 15));
  }
}
