package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import com.sun.management.ThreadMXBean;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.lang.management.ManagementFactory;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Files that are a thousand times as long when they are decompressed. */
class BombTest {
  /** Bytes of zeros, each eight of them a load from address 0 in flat64. */
  private static final int BYTES = 32 << 20;

  /** What reading may allocate, whatever the length: buffers, and what decompressors make. */
  private static final long MOST_ALLOCATED = 8L << 20;

  @TempDir Path folder;

  private static void fill(OutputStream out) throws IOException {
    byte[] zeros = new byte[1 << 16];
    for (int i = 0; i < BYTES / zeros.length; i++) {
      out.write(zeros);
    }
  }

  private static byte[] gzipBomb() throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(stored)) {
      fill(out);
    }
    return stored.toByteArray();
  }

  private static byte[] zipBomb() throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(stored)) {
      out.putNextEntry(new ZipEntry("t.flat64"));
      fill(out);
    }
    return stored.toByteArray();
  }

  /** Reads all of it, and returns what this thread allocated meanwhile. */
  private static long allocatedByReading(String path, InputStream in, ReferenceBatch batch)
      throws IOException {
    ThreadMXBean threads = (ThreadMXBean) ManagementFactory.getThreadMXBean();
    long before = threads.getCurrentThreadAllocatedBytes();
    long references = 0;
    try (TraceFile trace = TraceFile.open(path, TraceFormat.FLAT64, in)) {
      int n;
      while ((n = trace.read(batch)) > 0) {
        references += n;
      }
    }
    assertEquals(BYTES / Long.BYTES, references);
    return threads.getCurrentThreadAllocatedBytes() - before;
  }

  @Test
  void aBombStreamsThroughWithoutTakingTheMemory() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    for (byte[] bomb : new byte[][] {gzipBomb(), zipBomb()}) {
      assertTrue(bomb.length < BYTES / 900, "a thousandth, about");
      Path file = Files.write(folder.resolve("bomb"), bomb);
      long fromFile = allocatedByReading(file.toString(), InputStream.nullInputStream(), batch);
      assertTrue(fromFile < MOST_ALLOCATED, "allocated " + fromFile);
      long fromStream = allocatedByReading("-", Samples.stream(bomb), batch);
      assertTrue(fromStream < MOST_ALLOCATED, "allocated " + fromStream);
    }
  }

  @Test
  void aReaderThatStopsEarlyReadsLittleOfABomb() throws IOException {
    byte[] bomb = gzipBomb();
    Path file = Files.write(folder.resolve("bomb.flat64.gz"), bomb);
    try (TraceFile trace = TraceFile.open(file.toString(), null, InputStream.nullInputStream())) {
      assertEquals(ReferenceBatch.CAPACITY, trace.read(new ReferenceBatch()));
      assertTrue(trace.storedBytesRead() * 2 < bomb.length + (1 << 17));
    }
  }
}
