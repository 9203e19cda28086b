package io.lookaside.cli;

import io.lookaside.mmu.PagingMode;
import io.lookaside.simulator.image.ImageFormat;
import io.lookaside.simulator.image.ImageMemory;
import io.lookaside.simulator.image.ImageSource;
import io.lookaside.simulator.image.MemoryImage;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Option;

/** The options of a run in the address space of an image. */
final class ImageOptions {
  @Option(
      names = "--image",
      paramLabel = "FILE",
      description =
          "Translate with the page tables in an image of a machine's memory, as 'lookaside image'"
              + " reads it; no kernel answers faults.")
  private @Nullable String image;

  @Option(
      names = "--cr3",
      paramLabel = "X",
      description = "With --image: CR3, as in 0x3a3d000; default: that of its first processor.")
  private @Nullable String cr3;

  @Option(
      names = "--paging",
      paramLabel = "32|pae|4|5",
      description = "With --image: the paging mode; default: what its registers say, else 4.")
  private @Nullable String paging;

  @Option(names = "--no-nx", description = "With --image: EFER.NXE is 0, XD is a reserved bit.")
  private boolean noNx;

  @Option(
      names = "--image-format",
      paramLabel = "elf|raw|pages",
      description = "With --image: what the file is; told by content when not given.")
  private @Nullable String format;

  @Option(
      names = "--cpl",
      paramLabel = "any|0|3",
      description =
          "With --image: accesses are the kernel's (0), a program's (3), or whosoever may make them"
              + " (default: any).")
  private @Nullable String cpl;

  /** The mode that users name, or {@code null} where they name none. */
  static @Nullable PagingMode mode(@Nullable String label) throws UsageException {
    if (label == null) {
      return null;
    }
    for (PagingMode mode : PagingMode.values()) {
      if (mode != PagingMode.NONE && mode.label().equals(label)) {
        return mode;
      }
    }
    throw new UsageException("--paging: '" + label + "' is none of 32, pae, 4, 5");
  }

  /** The format that users name, or {@code null} where they name none. */
  static @Nullable ImageFormat format(String option, @Nullable String label) throws UsageException {
    if (label == null) {
      return null;
    }
    ImageFormat known = ImageFormat.ofLabel(label);
    if (known == null) {
      throw new UsageException(
          option + ": '" + label + "' is none of " + String.join(", ", ImageFormat.labels()));
    }
    return known;
  }

  /** The file, or {@code null}. */
  @Nullable String file() {
    return image;
  }

  /** Opens the image, which the caller closes; judges the options first. */
  ImageSource open(String file) throws IOException, UsageException {
    PagingMode mode = mode(paging);
    Long root = cr3 == null ? null : AddressText.parse("--cr3", cr3);
    List<ImageSource.Privilege> privileges = Arrays.asList(ImageSource.Privilege.values());
    List<String> labels = privileges.stream().map(ImageSource.Privilege::label).toList();
    String label = cpl == null ? ImageSource.Privilege.ANY.label() : cpl;
    ImageSource.Privilege privilege =
        privileges.get(labels.indexOf(RunCommand.oneOf("--cpl", label, labels)));
    MemoryImage opened = MemoryImage.open(file, format("--image-format", format));
    boolean usable = false;
    try {
      ImageSource source = new ImageSource(opened, root, mode, !noNx, privilege);
      source.paging(new ImageMemory(opened));
      usable = true;
      return source;
    } catch (IllegalArgumentException e) {
      throw new UsageException(file + ": " + e.getMessage());
    } finally {
      if (!usable) {
        opened.close();
      }
    }
  }

  /** Complains of options that have no image to belong to. */
  void check() throws UsageException {
    if (image == null && (cr3 != null || paging != null || noNx || format != null || cpl != null)) {
      throw new UsageException(
          "--cr3, --paging, --no-nx, --image-format and --cpl need --image FILE");
    }
  }

  /** The words of a command that decide what the image is read as. */
  List<String> words() {
    List<String> words = new ArrayList<>();
    add(words, "--image", image);
    add(words, "--cr3", cr3);
    add(words, "--paging", paging);
    if (noNx) {
      words.add("--no-nx");
    }
    add(words, "--image-format", format);
    add(words, "--cpl", cpl);
    return words;
  }

  private static void add(List<String> words, String option, @Nullable String value) {
    if (value != null) {
      words.addAll(List.of(option, value));
    }
  }
}
