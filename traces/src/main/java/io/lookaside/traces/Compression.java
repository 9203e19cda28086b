package io.lookaside.traces;

import com.github.luben.zstd.ZstdInputStreamNoFinalizer;
import java.io.IOException;
import java.io.InputStream;
import java.util.HexFormat;
import java.util.Locale;
import org.apache.commons.compress.compressors.gzip.GzipCompressorInputStream;
import org.tukaani.xz.XZInputStream;

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
      return new XZInputStream(in, XZ_MEMORY_LIMIT_KIB);
    }
  },
  ZSTD(".zst", "28b52ffd") {
    @Override
    InputStream open(InputStream in) throws IOException {
      // Its own limit on the window, 128 MiB, bounds what a hostile header can ask for.
      return new ZstdInputStreamNoFinalizer(in);
    }
  };

  /** Bytes that are needed to recognise any of them. */
  static final int MAGIC_BYTES = 6;

  private static final int BUFFER = 1 << 16;

  /** As much as {@code xz -9} needs, four times over: a hostile header can ask for 4 GiB. */
  private static final int XZ_MEMORY_LIMIT_KIB = 256 << 10;

  private final String suffix;

  /** The first bytes of the stored data, in hexadecimal. */
  private final String magic;

  Compression(String suffix, String magic) {
    this.suffix = suffix;
    this.magic = magic;
  }

  /** A stream of the uncompressed bytes. */
  abstract InputStream open(InputStream in) throws IOException;

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

  private boolean matches(byte[] head, int length) {
    return HexFormat.of().formatHex(head, 0, Math.min(length, MAGIC_BYTES)).startsWith(magic);
  }
}
