package io.lookaside.simulator.image;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.List;
import java.util.Objects;
import org.tukaani.xz.XZInputStream;

/**
 * Page tables of running Linux 6.1 kernels under QEMU 7.2, and what QEMU's monitor said of them.
 * la48 is a whole dump whose other pages are zero; of la57, pae and bits32 only the pages of tables
 * are left, with headers made for them and the notes as they were.
 */
final class Recordings {
  private Recordings() {}

  static String path(String name) {
    URL url = Objects.requireNonNull(Recordings.class.getResource(name), name);
    try {
      return Path.of(url.toURI()).toString();
    } catch (URISyntaxException e) {
      throw new IllegalStateException(e);
    }
  }

  /** The rows of a compressed table without its header, cut at tabs. */
  static List<List<String>> table(String name) {
    try (InputStream in = Recordings.class.getResourceAsStream(name);
        XZInputStream xz = new XZInputStream(Objects.requireNonNull(in, name))) {
      String text = new String(xz.readAllBytes(), StandardCharsets.US_ASCII);
      return text.lines().skip(1).map(line -> List.of(line.split("\t", -1))).toList();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static long number(String hex) {
    return Long.parseUnsignedLong(hex.substring(2), 16);
  }
}
