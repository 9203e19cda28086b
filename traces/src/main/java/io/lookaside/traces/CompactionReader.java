package io.lookaside.traces;

import com.github.luben.zstd.ZstdInputStream;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.zip.CRC32C;
import org.jspecify.annotations.Nullable;

/** Reads a compaction that was kept; see {@link CompactionWriter} for the layout. */
final class CompactionReader extends CompactedTrace {
  /** The head of a skippable frame of 8 bytes, which hides the checksum from decoders. */
  static final byte[] CHECKSUM_HEAD = {0x50, 0x2a, 0x4d, 0x18, 8, 0, 0, 0};

  static final int CHECKSUM_BYTES = 8;

  private static final int BUFFER = 1 << 16;

  private final RawStream stored;
  private final InputStream in;
  private final long size;
  private final CompactionBlock block = new CompactionBlock();
  private @Nullable Facts facts;

  private CompactionReader(RawStream stored, InputStream in, long size) {
    this.stored = stored;
    this.in = in;
    this.size = size;
  }

  /**
   * Opens a file after comparing its checksum and key.
   *
   * @throws IOException if it is not what it should be
   */
  static CompactionReader open(Path file, byte[] key) throws IOException {
    long size = Files.size(file);
    checkSum(file, size);
    RawStream stored = new RawStream(Files.newInputStream(file), file.toString());
    try {
      InputStream in = new BufferedInputStream(new ZstdInputStream(stored), BUFFER);
      if (!Arrays.equals(in.readNBytes(key.length), key)) {
        throw new IOException(file + ": is of something else");
      }
      return new CompactionReader(stored, in, size);
    } catch (IOException e) {
      stored.close();
      throw e;
    }
  }

  private static void checkSum(Path file, long size) throws IOException {
    CRC32C sum = new CRC32C();
    long left = size - CHECKSUM_HEAD.length - CHECKSUM_BYTES;
    try (InputStream in = Files.newInputStream(file)) {
      byte[] buffer = new byte[BUFFER];
      while (left > 0) {
        int n = in.read(buffer, 0, (int) Math.min(left, buffer.length));
        if (n < 0) {
          throw new IOException(file + ": ends early");
        }
        sum.update(buffer, 0, n);
        left -= n;
      }
      byte[] tail = in.readNBytes(CHECKSUM_HEAD.length + CHECKSUM_BYTES);
      if (left < 0 || !Arrays.equals(tail, checksum(sum))) {
        throw new IOException(file + ": is damaged");
      }
    }
  }

  /** The skippable frame that ends a file. */
  static byte[] checksum(CRC32C sum) {
    byte[] frame = Arrays.copyOf(CHECKSUM_HEAD, CHECKSUM_HEAD.length + CHECKSUM_BYTES);
    for (int i = 0; i < CHECKSUM_BYTES; i++) {
      frame[CHECKSUM_HEAD.length + i] = (byte) (sum.getValue() >>> (Byte.SIZE * i));
    }
    return frame;
  }

  @Override
  public boolean read(CompactBatch batch) throws IOException {
    if (facts != null) {
      return false;
    }
    boolean any = block.readFrom(in);
    if (any) {
      block.read(batch);
    } else {
      block.readFrom(in);
      facts = block.readFacts();
    }
    return any;
  }

  @Override
  public Facts facts() {
    Facts known = facts;
    if (known == null) {
      throw new IllegalStateException("facts are known after the last batch");
    }
    return known;
  }

  @Override
  public long readerNanos() {
    return 0;
  }

  @Override
  public long hashNanos() {
    return 0; // the hash is kept with the rest
  }

  @Override
  public boolean isKept() {
    return true;
  }

  @Override
  public long storedBytes() {
    return size;
  }

  @Override
  public long storedBytesRead() {
    return stored.bytesRead();
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
