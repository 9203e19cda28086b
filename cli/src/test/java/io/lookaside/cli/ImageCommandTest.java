package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** {@code lookaside image} as a user meets it. */
class ImageCommandTest {
  @TempDir private Path folder = Path.of("");
  private final String image = recorded("la57.elf.xz");

  private static String recorded(String name) {
    return Samples.image(name).toString();
  }

  @Test
  void infoTellsTheRegistersAndTheMemory() {
    Cli.Outcome outcome = Cli.run("image", "info", image);
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().contains("ELF core, compressed"), outcome.out());
    assertTrue(outcome.out().contains("CR3 0x1052000"), outcome.out());
    assertTrue(outcome.out().contains("5-level paging"), outcome.out());
  }

  @Test
  void translateKeepsTheOrderAndReadsAFileAfterTheArguments() throws IOException {
    Path file = folder.resolve("addresses");
    Files.writeString(file, "# three\n0x0\n\n4198400 # decimal\n  0xffffffffffffffff\n");
    Cli.Outcome outcome =
        Cli.run("image", "translate", image, "0x2", "0x1", "--addresses", file.toString());
    assertEquals(0, outcome.code(), outcome.err());
    String[] lines = outcome.out().split("\n", -1);
    assertEquals("va\tpa\tsize\tflags\teffective", lines[0]);
    assertEquals("0x2\tunmapped\t-\t-\t-", lines[1]);
    assertEquals("0x1\tunmapped\t-\t-\t-", lines[2]);
    assertEquals("0x0\tunmapped\t-\t-\t-", lines[3]);
    assertTrue(lines[4].startsWith("0x401000\t0x"), lines[4]);
    assertEquals("0xffffffffffffffff\tunmapped\t-\t-\t-", lines[5]);
    assertEquals(7, lines.length);

    Cli.Outcome piped =
        Cli.runWithInput(
            "0x401000".getBytes(StandardCharsets.US_ASCII),
            "image",
            "translate",
            image,
            "--addresses",
            "-");
    assertEquals(lines[4], piped.out().split("\n", -1)[1]);
  }

  @Test
  void anotherCr3AndModeOverrideTheRegisters() {
    Cli.Outcome outcome =
        Cli.run("image", "translate", image, "--cr3", "0x1052000", "--paging", "4", "0x401000");
    assertEquals(0, outcome.code(), outcome.err());
    assertTrue(outcome.out().contains("0x401000\tunmapped"), outcome.out());
  }

  @Test
  void mapOfAMissingTableIsEmptyAndSaysSo() {
    Cli.Outcome outcome = Cli.run("image", "map", image, "--cr3", "0x77000");
    assertEquals(0, outcome.code());
    assertEquals("va\tpa\tsize\tflags\teffective\n", outcome.out());
    assertTrue(outcome.err().contains("the first at 0x77000"), outcome.err());
  }

  @Test
  void mistakesAreSaidInOneLineWithTheRightCode() throws IOException {
    Cli.run("image", "translate", image).failed(2, "no address", "--addresses");
    Cli.run("image", "translate", image, "401abc").failed(2, "'401abc'", "0x401abc");
    Cli.run("image", "walk", image, "-5").failed(2);
    Cli.run("image", "walk", image, "0x1ffffffffffffffff").failed(2, "64 bits");
    Cli.run("image", "map", image, "--cr3", "tree").failed(2, "--cr3", "'tree'");
    Cli.run("image", "map", image, "--paging", "6").failed(2, "--paging", "pae");
    Cli.run("image", "map", image, "--format", "qcow").failed(2, "--format", "pages");
    Cli.run("image", "map", image, "--cr3", "0x10000000000000").failed(2, "52 bits");
    Cli.run("image", "map", recorded("la48-pages.bin.gz")).failed(2, "--cr3");
    Cli.run("image", "info", "no-such-file").failed(66, "no-such-file", "no such file");
    Cli.run("image", "info", folder.toString()).failed(65, "is a directory");
    Path empty = Files.createFile(folder.resolve("empty"));
    Cli.run("image", "info", empty.toString()).failed(65, "is empty");
    Path odd = Files.write(folder.resolve("odd"), new byte[5000]);
    Cli.run("image", "info", odd.toString()).failed(65, "5000 bytes");
    Path addresses = Files.writeString(folder.resolve("a"), "0x5\nfive\n");
    Cli.run("image", "translate", image, "--addresses", addresses.toString())
        .failed(65, addresses + ":2", "'five'");
    Cli.run("image", "translate", image, "--addresses", "no-such-file").failed(66, "no-such-file");
  }
}
