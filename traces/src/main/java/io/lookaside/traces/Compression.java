package io.lookaside.traces;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorInputStream;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorInputStream;
import org.apache.commons.compress.compressors.snappy.FramedSnappyCompressorInputStream;
import org.apache.commons.compress.compressors.snappy.FramedSnappyDialect;

/** The compressions that are undone on the fly, recognised by their first bytes. */
enum Compression {
  NONE("", "") {
    @Override
    InputStream open(InputStream in) {
      return in;
    }
  },
  GZIP(".gz", "1f8b") {
    @Override
    InputStream open(InputStream in) throws IOException {
      // Not the JDK's, which takes a pipe's pause for the end and ignores what follows a member.
      return GzipCompressorInputStream.builder()
          .setInputStream(in)
          .setDecompressConcatenated(true)
          .setBufferSize(BUFFER)
          .get();
    }
  },
  XZ(".xz", "fd377a585a00") {
    @Override
    InputStream open(InputStream in) throws IOException {
      return new XzStream(in, XZ_MEMORY_LIMIT_KIB);
    }
  },
  ZSTD(".zst", "28b52ffd") {
    @Override
    InputStream open(InputStream in) throws IOException {
      // Its own limit on the window, 128 MiB, bounds what a hostile header can ask for.
      return new ZstdInputStreamNoFinalizer(in);
    }
  },
  BZIP2(".bz2", "425a68") {
    @Override
    InputStream open(InputStream in) throws IOException {
      return new BZip2CompressorInputStream(new BufferedInputStream(in, BUFFER), true);
    }

    @Override
    boolean matches(byte[] head, int length) {
      // A level, and then the first block or, without one, the end: else it may be text.
      return super.matches(head, length)
          && (BZIP2_BLOCK.equals(hex(head, 4, length)) || BZIP2_END.equals(hex(head, 4, length)));
    }
  },
  LZ4(".lz4", "04224d18") {
    @Override
    InputStream open(InputStream in) throws IOException {
      // Not lz4-java's, which cannot read frames whose blocks depend on each other.
      return new FramedLZ4CompressorInputStream(new BufferedInputStream(in, BUFFER), true);
    }
  },
  SNAPPY(".sz", "ff060000734e61507059") {
    @Override
    InputStream open(InputStream in) throws IOException {
      // References reach back through a whole block, twice as far as the default window.
      return new FramedSnappyCompressorInputStream(
          new BufferedInputStream(in, BUFFER), SNAPPY_BLOCK, FramedSnappyDialect.STANDARD);
    }
  },
  ZIP(".zip", "504b0304") {
    @Override
    InputStream open(InputStream in) {
      throw new IllegalStateException("an archive's members are ZipContent's");
    }

    @Override
    boolean matches(byte[] head, int length) {
      return super.matches(head, length) || hex(head, 0, length).startsWith(EMPTY_ZIP);
    }
  };

  /** Bytes that are needed to recognise any of them. */
  static final int MAGIC_BYTES = 10;

  private static final int SKIPPABLE_HEADER_BYTES = 8;
  private static final String BZIP2_BLOCK = "314159265359";
  private static final String BZIP2_END = "177245385090";
  private static final String EMPTY_ZIP = "504b0506";
  private static final int SNAPPY_BLOCK = 1 << 16;

  private static final int BUFFER = 1 << 16;

  /** As much as {@code xz -9} needs, four times over: a hostile header can ask for 4 GiB. */
  static final int XZ_MEMORY_LIMIT_KIB = 256 << 10;

  private final String suffix;

  /** The first bytes of the stored data, in hexadecimal. */
  private final String magic;

  Compression(String suffix, String magic) {
    this.suffix = suffix;
    this.magic = magic;
  }

  /** A stream of the uncompressed bytes. */
  abstract InputStream open(InputStream in) throws IOException;

  /**
   * Whether undoing it takes long enough to be worth a thread of its own. Zstandard is undone by
   * native code in less than such a thread costs.
   */
  boolean isSlow() {
    return this != NONE && this != ZSTD;
  }

  /**
   * Whether a skippable frame begins here, which zstd and lz4 share: {@code 50 2a 4d 18} to {@code
   * 5f 2a 4d 18} and the length of what follows in four bytes, little-endian.
   */
  static boolean isSkippableFrame(byte[] head, int length) {
    return length >= SKIPPABLE_HEADER_BYTES
        && (head[0] & 0xf0) == 0x50
        && head[1] == 0x2a
        && head[2] == 0x4d
        && head[3] == 0x18;
  }

  /** The bytes of a skippable frame, its header included. */
  static long skippableFrameBytes(byte[] head) {
    long length = 0;
    for (int i = SKIPPABLE_HEADER_BYTES - 1; i >= Integer.BYTES; i--) {
      length = length << 8 | (head[i] & 0xff);
    }
    return SKIPPABLE_HEADER_BYTES + length;
  }

  static Compression detect(byte[] head, int length) {
    for (Compression c : values()) {
      if (c != NONE && c.matches(head, length)) {
        return c;
      }
    }
    return NONE;
  }

  /** A file name in lower case without the suffix of a compression. */
  static String withoutSuffix(String name) {
    String lower = name.toLowerCase(Locale.ROOT);
    for (Compression c : values()) {
      if (c != NONE && lower.endsWith(c.suffix)) {
        return lower.substring(0, lower.length() - c.suffix.length());
      }
    }
    return lower;
  }

  boolean matches(byte[] head, int length) {
    return hex(head, 0, length).startsWith(magic);
  }

  private static String hex(byte[] head, int from, int length) {
    int to = Math.min(length, MAGIC_BYTES);
    return from < to ? HexFormat.of().formatHex(head, from, to) : "";
  }
}
