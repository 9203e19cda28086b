package io.lookaside.simulator;

import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.conform.VectorException;
import io.lookaside.simulator.conform.VectorRunner;
import io.lookaside.simulator.image.CpuState;
import io.lookaside.simulator.image.ImageException;
import io.lookaside.simulator.image.ImageFormat;
import io.lookaside.simulator.image.ImageMap;
import io.lookaside.simulator.image.ImageMemory;
import io.lookaside.simulator.image.ImagePaging;
import io.lookaside.simulator.image.ImageTranslator;
import io.lookaside.simulator.image.MemoryImage;
import io.lookaside.simulator.image.WalkText;
import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;

/**
 * What Jazzer calls with each input that it makes up. The first byte chooses the reader: of
 * vectors, lawfully or exactly, or of images, of one format or of one that is told by content; the
 * property {@code fuzz.reader} names one for all inputs instead. A result, or an exception that
 * names the file, are fine; all else is a finding.
 */
public final class InputFuzzer {
  /** The readers, by the first byte. */
  enum Reader {
    VECTORS,
    EXACT_VECTORS,
    ELF,
    PAGES,
    RAW,
    ANY_IMAGE;

    private static final Reader[] ALL = values();
  }

  private static final String ONLY = System.getProperty("fuzz.reader", "");
  private static final int MAX_ROWS = 2000;
  private static final long[] ADDRESSES = {
    0, 0x401000, 0xc000_0000L, 0x1_0000_0000L, -4096, 0xff11_0000_0000_0000L
  };
  private static @Nullable Path file;
  private static @Nullable MachineConfig machine;

  private InputFuzzer() {}

  /** The signature that Jazzer looks for. */
  public static void fuzzerTestOneInput(byte[] data) throws Exception {
    if (data.length == 0) {
      return;
    }
    Reader reader =
        ONLY.isEmpty()
            ? Reader.ALL[(data[0] & 0xff) % Reader.ALL.length]
            : Reader.valueOf(ONLY.toUpperCase(Locale.ROOT));
    byte[] input = Arrays.copyOfRange(data, 1, data.length);
    switch (reader) {
      case VECTORS -> vectors(VectorRunner.lawful(machine(), 3), input);
      case EXACT_VECTORS -> vectors(VectorRunner.exact(3), input);
      case ELF -> image(ImageFormat.ELF, input);
      case PAGES -> image(ImageFormat.PAGES, input);
      case RAW -> image(ImageFormat.RAW, input);
      case ANY_IMAGE -> image(null, input);
    }
  }

  private static MachineConfig machine() throws Exception {
    MachineConfig known = machine;
    if (known == null) {
      known = MachineLibrary.load("skylake", List.of());
      machine = known;
    }
    return known;
  }

  private static void vectors(VectorRunner runner, byte[] input) throws IOException {
    try {
      runner.run(new ByteArrayInputStream(input), "name");
    } catch (VectorException e) {
      checkName(e, "name:");
    }
  }

  private static void image(@Nullable ImageFormat format, byte[] input) throws IOException {
    Path path = file;
    if (path == null) {
      path = Files.createTempFile("fuzz", null);
      path.toFile().deleteOnExit();
      file = path;
    }
    Files.write(path, input);
    try (MemoryImage image = MemoryImage.open(path.toString(), format)) {
      ImageMemory memory = new ImageMemory(image);
      CpuState cpu = image.cpus().isEmpty() ? null : image.cpus().get(0);
      long first = image.ranges() == 0 ? 0 : image.rangeStart(0) & -4096;
      look(memory, cpu, null);
      look(memory, cpu, first);
    } catch (ImageException e) {
      checkName(e, path + ":");
    }
  }

  /** Translates, explains and maps. */
  private static void look(ImageMemory memory, @Nullable CpuState cpu, @Nullable Long cr3)
      throws IOException {
    ImagePaging paging;
    try {
      paging = ImagePaging.of(memory, cpu, cr3, null, true);
    } catch (IllegalArgumentException e) {
      return; // no CR3, or an impossible one
    }
    ImageTranslator translator = new ImageTranslator(paging, memory);
    StringBuilder out = new StringBuilder();
    for (long va : ADDRESSES) {
      translator.append(out, va);
      out.append(WalkText.of(paging, memory, va));
    }
    int[] rows = {0};
    try {
      ImageMap.write(
          paging,
          memory,
          lines -> {
            rows[0] += lines.length();
            if (rows[0] > MAX_ROWS * 50) {
              throw new EnoughException();
            }
          });
    } catch (EnoughException e) {
      // Tables that contain each other go on for millions of lines.
    }
  }

  private static final class EnoughException extends IOException {
    private static final long serialVersionUID = 1;
  }

  private static void checkName(IOException e, String name) {
    if (!String.valueOf(e.getMessage()).startsWith(name)) {
      throw new AssertionError("a message without the file's name", e);
    }
  }
}
