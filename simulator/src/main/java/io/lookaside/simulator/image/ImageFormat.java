package io.lookaside.simulator.image;

import java.util.List;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/** How an image holds physical memory. */
public enum ImageFormat {
  /** An ELF core, as QEMU's dump-guest-memory writes it. */
  ELF("elf", "ELF core"),
  /** All bytes of memory: the offset in the file is the physical address. */
  RAW("raw", "raw image"),
  /** Records of a physical address, 64 bits little-endian, and the 4096 bytes of its page. */
  PAGES("pages", "page records");

  private final String label;
  private final String description;

  ImageFormat(String label, String description) {
    this.label = label;
    this.description = description;
  }

  /** The name that users write. */
  public String label() {
    return label;
  }

  /** What it is, in two words. */
  public String description() {
    return description;
  }

  /** The format of a label, or {@code null}. */
  public static @Nullable ImageFormat ofLabel(String label) {
    return Stream.of(values()).filter(f -> f.label.equals(label)).findFirst().orElse(null);
  }

  /** The labels of all formats. */
  public static List<String> labels() {
    return Stream.of(values()).map(ImageFormat::label).toList();
  }
}
