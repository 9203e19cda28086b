package io.lookaside.cli;

import io.lookaside.experiments.explore.WalkExplorer;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.os.AddressRange;
import io.lookaside.simulator.image.CpuState;
import io.lookaside.simulator.image.ImageMap;
import io.lookaside.simulator.image.ImageMemory;
import io.lookaside.simulator.image.ImagePaging;
import io.lookaside.simulator.image.ImageTranslator;
import io.lookaside.simulator.image.Mapping;
import io.lookaside.simulator.image.MemoryImage;
import io.lookaside.simulator.image.WalkText;
import java.io.BufferedReader;
import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside image}. */
@Command(
    name = "image",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    description = "Read the page tables in an image of a machine's physical memory.",
    synopsisSubcommandLabel = "COMMAND",
    footerHeading = "%nAn image is one of, plain or compressed:%n",
    footer = {
      "  an ELF core, as QEMU's dump-guest-memory FILE writes it (registers in its notes);",
      "  a raw image, in which the offset is the physical address;",
      "  page records: 8 bytes of physical address (little-endian), 4096 of the page, repeated.",
      "",
      "Examples:",
      "  lookaside image info guest.elf",
      "  lookaside image map guest.elf > map.tsv",
      "  lookaside image translate guest.elf --cr3 0x3a3d000 0x401000 0xffffffff81000000",
      "  lookaside image walk guest.elf 0x401000",
      "  lookaside image explore guest.elf -o walk.html"
    })
final class ImageCommand {
  private static final int LINES_AT_ONCE = 1 << 15;
  private static final int RANGES_SHOWN = 16;

  private final Console console;

  ImageCommand(Console console) {
    this.console = console;
  }

  /** What image, and which of its address spaces. */
  static final class Source {
    @Parameters(index = "0", paramLabel = "FILE", description = "The image.")
    String file = "";

    @Option(
        names = "--cr3",
        paramLabel = "X",
        description = "CR3, as in 0x3a3d000; default: that of the image's first processor.")
    @Nullable String cr3;

    @Option(
        names = "--paging",
        paramLabel = "32|pae|4|5",
        description = "The paging mode; default: what the image's registers say, else 4.")
    @Nullable String paging;

    @Option(names = "--no-nx", description = "EFER.NXE is 0: XD is a reserved bit.")
    boolean noNx;

    @Option(
        names = "--format",
        paramLabel = "elf|raw|pages",
        description = "What the file is; told by content when not given.")
    @Nullable String format;

    MemoryImage open() throws IOException, UsageException {
      return MemoryImage.open(file, ImageOptions.format("--format", format));
    }

    /** The address space; options are judged before the file is opened. */
    ImagePaging paging(MemoryImage image, ImageMemory memory) throws UsageException {
      CpuState cpu = image.cpus().isEmpty() ? null : image.cpus().get(0);
      Long root = cr3 == null ? null : AddressText.parse("--cr3", cr3);
      try {
        return ImagePaging.of(memory, cpu, root, mode(), !noNx);
      } catch (IllegalArgumentException e) {
        throw new UsageException(file + ": " + e.getMessage());
      }
    }

    private @Nullable PagingMode mode() throws UsageException {
      return ImageOptions.mode(paging);
    }

    /** Judges the options, which needs no file. */
    void check() throws UsageException {
      mode();
      if (cr3 != null) {
        AddressText.parse("--cr3", cr3);
      }
    }
  }

  @Command(
      name = "info",
      mixinStandardHelpOptions = true,
      description = "What the image holds: memory and registers.")
  int info(@Mixin Source source) throws Exception {
    source.check();
    try (MemoryImage image = source.open()) {
      StringBuilder out = new StringBuilder();
      line(
          out,
          "image      %s: %s%s, %,d bytes",
          printable(image.name()),
          image.format().description(),
          image.compressed() ? ", compressed" : "",
          image.fileBytes());
      line(
          out,
          "memory     %,d bytes (%,d pages) in %,d ranges",
          image.heldBytes(),
          image.heldBytes() / MemoryImage.PAGE_BYTES,
          image.ranges());
      int shown = Math.min(RANGES_SHOWN, image.ranges());
      for (int i = 0; i < shown; i++) {
        long start = image.rangeStart(i);
        long bytes = image.rangeEnd(i) - start;
        line(out, "             0x%012x to 0x%012x, %,d bytes", start, start + bytes - 1, bytes);
      }
      if (shown < image.ranges()) {
        line(out, "             and %,d more", image.ranges() - shown);
      }
      line(out, "processors %s", image.cpus().isEmpty() ? "the image tells no registers" : "");
      int number = 0;
      for (CpuState cpu : image.cpus()) {
        line(
            out, "  cpu %d    %s; CPL %d, RIP 0x%x", number++, words(cpu), cpu.cs() & 3, cpu.rip());
        line(
            out,
            "           CR0 0x%x, CR2 0x%x, CR3 0x%x (table at 0x%x), CR4 0x%x",
            cpu.cr0(),
            cpu.cr2(),
            cpu.cr3(),
            table(cpu),
            cpu.cr4());
      }
      console.out().print(out);
    }
    return ExitCode.OK;
  }

  private static long table(CpuState cpu) {
    return switch (cpu.mode()) {
      case NONE -> 0;
      case BITS_32 -> Cr3.pageDirectoryAddress(cpu.cr3());
      case PAE -> Cr3.pdpteAddress(cpu.cr3());
      case FOUR_LEVEL, FIVE_LEVEL -> Cr3.tableAddress(cpu.cr3());
    };
  }

  private static String words(CpuState cpu) {
    return switch (cpu.mode()) {
      case NONE -> "paging off";
      case BITS_32 -> "32-bit paging (--paging 32)";
      case PAE -> "PAE paging (--paging pae)";
      case FOUR_LEVEL -> "4-level paging (--paging 4)";
      case FIVE_LEVEL -> "5-level paging (--paging 5)";
    };
  }

  @Command(
      name = "map",
      mixinStandardHelpOptions = true,
      description = "All translations of an address space, tab-separated, a line for each leaf.")
  int map(@Mixin Source source) throws Exception {
    source.check();
    try (MemoryImage image = source.open()) {
      ImageMemory memory = new ImageMemory(image);
      ImagePaging paging = source.paging(image, memory);
      console.out().print(Mapping.HEADER + "\n");
      ImageMap map = ImageMap.write(paging, memory, this::print);
      if (map.missingTables() > 0) {
        warn(
            "%s: does not hold %,d of the tables, the first at 0x%x; what they map is not listed",
            image.name(), map.missingTables(), map.firstMissingTable());
      }
      if (map.leftOut() > 0) {
        warn(
            "%s: tables share or contain each other so often that the map has no end; the first"
                + " %,d translations are listed, and %,d tables were not visited again",
            image.name(), map.rows(), map.leftOut());
        return ExitCode.BAD_INPUT;
      }
    }
    return ExitCode.OK;
  }

  @Command(
      name = "translate",
      mixinStandardHelpOptions = true,
      description = "The translations of addresses, tab-separated, in their order.")
  int translate(
      @Mixin Source source,
      @Option(
              names = "--addresses",
              paramLabel = "FILE",
              description = "Addresses, one a line, # begins a comment; - for standard input.")
          @Nullable String addresses,
      @Parameters(
              index = "1..*",
              arity = "0..*",
              paramLabel = "ADDR",
              description = "Linear addresses, hexadecimal with 0x or decimal.")
          @Nullable List<String> arguments)
      throws Exception {
    source.check();
    List<Long> given = new ArrayList<>();
    for (String argument : arguments == null ? List.<String>of() : arguments) {
      given.add(AddressText.parse("address", argument));
    }
    if (given.isEmpty() && addresses == null) {
      throw new UsageException("no address: name some, or a file of them with --addresses");
    }
    try (MemoryImage image = source.open()) {
      ImageMemory memory = new ImageMemory(image);
      ImageTranslator translator = new ImageTranslator(source.paging(image, memory), memory);
      StringBuilder lines = new StringBuilder(Mapping.HEADER + "\n");
      for (long va : given) {
        translator.append(lines, va);
      }
      if (addresses != null) {
        translateFile(addresses, translator, lines);
      }
      print(lines);
    }
    return ExitCode.OK;
  }

  private void translateFile(String name, ImageTranslator translator, StringBuilder lines)
      throws IOException {
    try (BufferedReader reader =
        new BufferedReader(
            name.equals("-")
                ? new InputStreamReader(console.in(), StandardCharsets.ISO_8859_1)
                : Files.newBufferedReader(Path.of(name), StandardCharsets.ISO_8859_1))) {
      String line;
      for (int number = 1; (line = reader.readLine()) != null; number++) {
        int comment = line.indexOf('#');
        String text = (comment < 0 ? line : line.substring(0, comment)).strip();
        if (!text.isEmpty()) {
          translator.append(lines, AddressText.parseLine(name, number, text));
        }
        if (lines.length() >= LINES_AT_ONCE) {
          print(lines);
          lines.setLength(0);
        }
      }
    } catch (NoSuchFileException | InvalidPathException e) {
      throw missing(name + ": no such file; check the path of the addresses");
    } catch (AccessDeniedException e) {
      throw missing(name + ": may not be read (permission denied); check its owner and mode");
    }
  }

  private static FileNotFoundException missing(String message) {
    return new FileNotFoundException(message);
  }

  @Command(
      name = "explore",
      mixinStandardHelpOptions = true,
      description =
          "Write a page that walks the image's tables for any address, level by level; it works"
              + " offline.")
  int explore(
      @Mixin Source source,
      @Option(
              names = {"-o", "--output"},
              required = true,
              paramLabel = "FILE",
              description = "The page to write; - for standard output.")
          String output,
      @Option(
              names = "--range",
              paramLabel = "FIRST-LAST",
              description =
                  "Hold only the tables of these addresses, as in 0x400000-0x7fffff; may be"
                      + " repeated.")
          @Nullable List<String> ranges)
      throws Exception {
    source.check();
    List<AddressRange> chosen = new ArrayList<>();
    for (String range : ranges == null ? List.<String>of() : ranges) {
      try {
        chosen.add(AddressRange.parse(range));
      } catch (IllegalArgumentException e) {
        throw new UsageException("--range: " + e.getMessage());
      }
    }
    ResultFile page = new ResultFile(output);
    if (page.isFile(source.file)) {
      throw new UsageException("the page would overwrite the image; name another file");
    }
    try (MemoryImage image = source.open()) {
      ImageMemory memory = new ImageMemory(image);
      ImagePaging paging = source.paging(image, memory);
      String html;
      try {
        Path name = Path.of(source.file).getFileName();
        html = WalkExplorer.html(String.valueOf(name), paging, memory, chosen);
      } catch (WalkExplorer.TooManyTablesException e) {
        throw new UsageException(String.valueOf(e.getMessage()));
      }
      page.write(html, console.out());
    }
    return ExitCode.OK;
  }

  @Command(
      name = "walk",
      mixinStandardHelpOptions = true,
      description = "The page walk for an address, step by step, in words.")
  int walk(
      @Mixin Source source,
      @Parameters(
              index = "1",
              paramLabel = "ADDR",
              description = "A linear address, hexadecimal with 0x or decimal.")
          String address)
      throws Exception {
    source.check();
    long va = AddressText.parse("address", address);
    try (MemoryImage image = source.open()) {
      ImageMemory memory = new ImageMemory(image);
      console.out().print(WalkText.of(source.paging(image, memory), memory, va));
    }
    return ExitCode.OK;
  }

  /** Prints lines; stops where nobody reads them any more. */
  private void print(StringBuilder lines) throws IOException {
    console.out().append(lines);
    if (console.out().checkError()) {
      throw new IOException("standard output cannot be written");
    }
  }

  private void warn(String text, Object... arguments) {
    console.err().println("lookaside: " + printable(String.format(Locale.ROOT, text, arguments)));
  }

  private static String printable(String text) {
    return text.replaceAll("\\p{Cntrl}", "?");
  }

  private static void line(StringBuilder out, String text, Object... arguments) {
    out.append(String.format(Locale.ROOT, text, arguments)).append('\n');
  }
}
