package io.lookaside.traces;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import java.io.BufferedOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.time.LocalDateTime;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz4.FramedLZ4CompressorOutputStream;
import org.apache.commons.compress.compressors.snappy.FramedSnappyCompressorOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Compression of a trace that is written, told by the suffix of the file's name. */
public final class CompressedOutput {
  /** The suffixes that mean a compression. */
  public static final String SUFFIXES = ".gz .xz .zst .bz2 .lz4 .sz .zip";

  private static final int BUFFER = 1 << 16;
  private static final int ZSTD_LEVEL = 12;

  /** The first date that an archive can have. */
  private static final LocalDateTime ZIP_EPOCH = LocalDateTime.of(1980, 1, 1, 0, 0);

  private CompressedOutput() {}

  /**
   * A stream that compresses what goes to {@code out}, or only buffers it.
   *
   * @param name the file's name, whose suffix decides
   */
  public static OutputStream open(OutputStream out, String name) throws IOException {
    String lower = name.toLowerCase(Locale.ROOT);
    OutputStream buffered = new BufferedOutputStream(out, BUFFER);
    return switch (lower.substring(lower.lastIndexOf('.') + 1)) {
      case "gz" -> new GZIPOutputStream(buffered, BUFFER);
      case "xz" -> new XZOutputStream(buffered, new LZMA2Options());
      case "zst" -> new ZstdOutputStreamNoFinalizer(buffered, ZSTD_LEVEL).setChecksum(true);
      case "bz2" -> new BZip2CompressorOutputStream(buffered);
      case "lz4" -> new FramedLZ4CompressorOutputStream(buffered);
      case "sz" -> new FramedSnappyCompressorOutputStream(buffered);
      case "zip" -> zip(buffered, name);
      default -> buffered;
    };
  }

  /** An archive of one member, which has the archive's name without the suffix. */
  private static OutputStream zip(OutputStream out, String name) throws IOException {
    ZipOutputStream zip = new ZipOutputStream(out);
    String file = name.substring(Math.max(name.lastIndexOf('/'), name.lastIndexOf('\\')) + 1);
    ZipEntry entry = new ZipEntry(file.substring(0, file.length() - ".zip".length()));
    entry.setTimeLocal(ZIP_EPOCH); // equal traces give equal files
    zip.putNextEntry(entry);
    return zip;
  }
}
