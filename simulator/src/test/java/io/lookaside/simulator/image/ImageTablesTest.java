package io.lookaside.simulator.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.PagingMode;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tables made by hand in a raw image of 16 pages. */
class ImageTablesTest {
  private static final int PAGES = 16;
  private static final long P = 1;
  private static final long W = 2;
  private static final long U = 4;
  private static final long PS = 0x80;
  private static final long XD = 1L << 63;

  @TempDir private Path folder = Path.of("");
  private final ByteBuffer ram =
      ByteBuffer.wrap(new byte[PAGES << 12]).order(ByteOrder.LITTLE_ENDIAN);

  @Test
  void flagsAreTheLeafsAndEffectiveRightsThoseOfAllLevels() throws IOException {
    entry(1, 0, 0x2000 | P | W | U);
    entry(2, 0, 0x3000 | P | U | XD); // takes W and fetches away
    entry(3, 0, 0x4000 | P | W | U);
    entry(4, 0, 0xab000 | P | W | U | 0x178); // PWT, PCD, A, D, G
    entry(4, 1, 0xac000 | P | W | PS); // PAT of a 4 KiB leaf, no letter for it
    entry(3, 1, 0x4020_0000L | P | W | U | PS | 1 << 12); // PAT of a large leaf is no address bit
    entry(2, 1, 0x8000_0000L | P | W | U | PS | XD);
    assertEquals(
        """
        0x0\t0xab000\t0x1000\t-G-DACTUW\tur--
        0x1000\t0xac000\t0x1000\t--------W\tsr--
        0x200000\t0x40200000\t0x200000\t--P----UW\tur--
        0x40000000\t0x80000000\t0x40000000\tX-P----UW\turw-
        """,
        map(null, true));
    assertEquals(
        """
        0x201234\t0x40201234\t0x200000\t--P----UW\tur--
        0x2000\tunmapped\t-\t-\t-
        0x800000000000\tnoncanonical\t-\t-\t-
        0xffff800000000000\tunmapped\t-\t-\t-
        """,
        translate(null, true, 0x201234, 0x2000, 1L << 47, -1L << 47));
  }

  @Test
  void withoutNxTheBitIsReservedAndSoNothingIsMappedThere() throws IOException {
    entry(1, 0, 0x2000 | P | W | U);
    entry(2, 0, 0x3000 | P | W | U);
    entry(2, 1, 0x8000_0000L | P | U | PS | XD);
    entry(3, 0, 0x4000 | P | W | U);
    entry(4, 0, 0xab000 | P | W | U | XD);
    entry(4, 1, 0xac000 | P | W | U);
    assertEquals("0x1000\t0xac000\t0x1000\t-------UW\turwx\n", map(null, false));
    assertEquals("0x5\tunmapped\t-\t-\t-\n", translate(null, false, 5));
  }

  @Test
  void theUpperHalfIsSignExtendedAndComesLast() throws IOException {
    entry(1, 256, 0x2000 | P);
    entry(1, 511, 0x2000 | P);
    entry(1, 3, 0x2000 | P);
    entry(2, 0, PS | P);
    assertEquals(
        """
        0x18000000000\t0x0\t0x40000000\t--P------\tsr-x
        0xffff800000000000\t0x0\t0x40000000\t--P------\tsr-x
        0xffffff8000000000\t0x0\t0x40000000\t--P------\tsr-x
        """,
        map(null, true));
  }

  @Test
  void fiveLevelsReachFurther() throws IOException {
    entry(1, 1, 0x2000 | P);
    entry(1, 256, 0x2000 | P);
    entry(2, 0, 0x3000 | P);
    entry(3, 0, PS | P);
    assertEquals(
        """
        0x1000000000000\t0x0\t0x40000000\t--P------\tsr-x
        0xff00000000000000\t0x0\t0x40000000\t--P------\tsr-x
        """,
        map(PagingMode.FIVE_LEVEL, true));
    assertEquals(
        "0x100000000000000\tnoncanonical\t-\t-\t-\n",
        translate(PagingMode.FIVE_LEVEL, true, 1L << 56));
  }

  @Test
  void bitsThirtyTwoHasTwoLevelsAndPagesOf4MiBAbove4GiB() throws IOException {
    ram.putInt(0x1000, (int) (0x2000 | P | W | U));
    ram.putInt(0x1004, (int) (0x0040_0000 | 0x6000 | P | W | PS)); // bits 14:13 are bits 33:32
    ram.putInt(0x1008, (int) (0x0020_0000 | P | PS)); // bit 21 is reserved
    ram.putInt(0x1ffc, (int) (0x2000 | P | W));
    ram.putInt(0x2000 + 4 * 1023, (int) (0xfff5_5000L | P | U));
    assertEquals(
        """
        0x3ff000\t0xfff55000\t0x1000\t-------U-\tur-x
        0x400000\t0x300400000\t0x400000\t--P-----W\tsrwx
        0xfffff000\t0xfff55000\t0x1000\t-------U-\tsr-x
        """,
        map(PagingMode.BITS_32, true));
    assertEquals(
        """
        0x400123\t0x300400123\t0x400000\t--P-----W\tsrwx
        0x800000\tunmapped\t-\t-\t-
        0x100000000\tnoncanonical\t-\t-\t-
        """,
        translate(PagingMode.BITS_32, true, 0x400123, 0x800000, 1L << 32));
  }

  @Test
  void paeReadsItsFourPdptesFromMemoryAndBit5OfThemIsQemus() throws IOException {
    ram.putLong(0x1040, 0x2000 | P | 1 << 5);
    ram.putLong(0x1058, 0x3000 | P);
    entry(2, 0, 0x4000 | P | W | U);
    entry(3, 511, 0x60_0000 | P | W | U | PS | XD);
    entry(4, 1, 0xab000 | P | W | U);
    assertEquals(
        """
        0x1000\t0xab000\t0x1000\t-------UW\turwx
        0xffe00000\t0x600000\t0x200000\tX-P----UW\turw-
        """,
        withCr3(0x1040, PagingMode.PAE, true, this::mapOf));
    assertEquals(
        "0x40000000\tunmapped\t-\t-\t-\n",
        withCr3(0x1040, PagingMode.PAE, true, (p, m) -> translationsOf(p, m, 0x4000_0000L)));
    assertEquals(
        "0x40000000\tmissing\t-\t-\t-\n",
        withCr3(0x10040, PagingMode.PAE, true, (p, m) -> translationsOf(p, m, 0x4000_0000L)));
  }

  @Test
  void tablesOutsideTheImageAreMissingAndAreCounted() throws IOException {
    entry(1, 0, 0x2000 | P);
    entry(1, 1, 0x77_0000 | P);
    entry(2, 0, PS | P);
    assertEquals(
        """
        0x5\t0x5\t0x40000000\t--P------\tsr-x
        0x8000000000\tmissing\t-\t-\t-
        """,
        translate(null, true, 5, 1L << 39));
    withCr3(
        0x1000,
        null,
        true,
        (p, m) -> {
          ImageMap map = ImageMap.write(p, m, lines -> {});
          assertEquals(1, map.missingTables());
          assertEquals(0x77_0000, map.firstMissingTable());
          return "";
        });
  }

  @Test
  void aTableThatMapsItselfOnceIsFollowed() throws IOException {
    entry(1, 511, 0x1000 | P | W);
    // The table is its own PDPT, PD and page table, whose last entry maps itself as a page.
    assertEquals("0xfffffffffffff000\t0x1000\t0x1000\t--------W\tsrwx\n", map(null, true));
  }

  @Test
  void tablesThatShareEverythingEndInABoundAndNotInTheHeatDeath() throws IOException {
    for (int level = 1; level <= 4; level++) {
      for (int i = 0; i < 512; i++) {
        entry(level, i, (level == 4 ? 0 : (level + 1) << 12) | P);
      }
    }
    withCr3(
        0x1000,
        null,
        true,
        (p, m) -> {
          long[] longest = {0};
          ImageMap map =
              ImageMap.write(p, m, lines -> longest[0] = Math.max(longest[0], lines.length()));
          assertTrue(map.leftOut() > 0);
          assertTrue(map.rows() <= ImageMap.MAX_SHARED_ROWS + 1024, "rows " + map.rows());
          assertTrue(longest[0] < 1 << 17, "the lines stream");
          return "";
        });
  }

  @Test
  void walkSaysWhyItStopped() throws IOException {
    entry(1, 0, 0x2000 | P | W | U);
    entry(2, 0, 0x3000 | P | U);
    entry(3, 0, 0x4000 | P | W | U);
    entry(3, 1, 0x40_2000 | P | W | PS); // bit 13 of a 2 MiB leaf is reserved
    entry(3, 2, 0xff_0000 | P);
    entry(4, 0, 0x1_0000 | P | W | U);
    entry(4, 1, 0xffff_0000L);
    assertWalk(0x123, "4. PTE at 0x4000 is 0x0000000000010007", "is at physical 0x10123");
    assertWalk(0x123, "rights so far: user and supervisor, read only, fetches", "-------UW ur-x");
    assertWalk(0x1000, "Unmapped: the walk ends at the PTE, whose P is clear", "PROT_NONE");
    assertWalk(0x20_0000, "RESERVED bits 0x2000", "RSVD = 1");
    assertWalk(0x40_0000, "Missing: the walk ends at the PTE", "does not hold this page");
    assertWalk(1L << 47, "not canonical");
  }

  @Test
  void walkTellsTheMemoryType() throws IOException {
    // SDM "Page Attribute Table": PAT is bit 7 of a PTE and bit 12 of a larger leaf; PCD 4, PWT 3.
    entry(1, 0, 0x2000 | P | W | U);
    entry(2, 0, 0x3000 | P | W | U);
    entry(3, 0, 0x4000 | P | W | U);
    entry(3, 1, 0x40_0000 | P | W | PS | 1 << 12 | 1 << 3);
    entry(4, 0, 0x1_0000 | P);
    entry(4, 1, 0x1_1000 | P | 1 << 3);
    entry(4, 2, 0x1_2000 | P | 1 << 7 | 1 << 4);
    entry(4, 3, 0x1_3000 | P | 1 << 7 | 1 << 4 | 1 << 3);
    assertWalk(0, "entry 0 of IA32_PAT: WB after a reset, WB as Linux");
    assertWalk(0x1000, "PWT = 1, entry 1 of IA32_PAT: WT after a reset, WC as Linux");
    assertWalk(0x2000, "PAT = 1, PCD = 1, PWT = 0, entry 6 of IA32_PAT: UC- after a reset, UC- as");
    assertWalk(0x3000, "entry 7 of IA32_PAT: UC after a reset, WT as Linux");
    assertWalk(0x20_0000, "entry 5 of IA32_PAT: WT after a reset, WP as Linux");
  }

  @Test
  void withoutRegistersTheUserMustNameTheTopTable() throws IOException {
    try (MemoryImage image = open()) {
      ImageMemory memory = new ImageMemory(image);
      IllegalArgumentException e =
          assertThrows(
              IllegalArgumentException.class, () -> ImagePaging.of(memory, null, null, null, true));
      assertTrue(String.valueOf(e.getMessage()).contains("--cr3"));
      assertThrows(
          IllegalArgumentException.class, () -> ImagePaging.of(memory, null, 1L << 52, null, true));
      assertThrows(
          IllegalArgumentException.class,
          () -> ImagePaging.of(memory, null, 1L << 32, PagingMode.PAE, true));
    }
  }

  @Test
  void writesGoToAnOverlayAndNotToTheFile() throws IOException {
    entry(1, 0, 0x2000 | P);
    try (MemoryImage image = open()) {
      byte[] before = Files.readAllBytes(folder.resolve("image"));
      ImageMemory memory = new ImageMemory(image);
      memory.write(0x1000, 0x2021);
      assertEquals(0x2021, memory.read(0x1000));
      assertEquals(0x2001, new ImageMemory(image).read(0x1000));
      assertTrue(Arrays.equals(before, Files.readAllBytes(folder.resolve("image"))));
    }
  }

  private void entry(int page, int index, long value) {
    ram.putLong((page << 12) + 8 * index, value);
  }

  private MemoryImage open() throws IOException {
    byte[] bytes = new byte[ram.capacity()];
    ram.get(0, bytes);
    Path file = folder.resolve("image");
    Files.write(file, bytes);
    return MemoryImage.open(file.toString(), ImageFormat.RAW);
  }

  private interface Use {
    String of(ImagePaging paging, ImageMemory memory) throws IOException;
  }

  private String withCr3(long cr3, @Nullable PagingMode mode, boolean nx, Use use)
      throws IOException {
    try (MemoryImage image = open()) {
      ImageMemory memory = new ImageMemory(image);
      return use.of(ImagePaging.of(memory, null, cr3, mode, nx), memory);
    }
  }

  private String map(@Nullable PagingMode mode, boolean nx) throws IOException {
    return withCr3(0x1000, mode, nx, this::mapOf);
  }

  private String mapOf(ImagePaging paging, ImageMemory memory) throws IOException {
    StringBuilder out = new StringBuilder();
    ImageMap.write(paging, memory, out::append);
    return out.toString();
  }

  private String translate(@Nullable PagingMode mode, boolean nx, long... addresses)
      throws IOException {
    return withCr3(0x1000, mode, nx, (p, m) -> translationsOf(p, m, addresses));
  }

  private static String translationsOf(ImagePaging paging, ImageMemory memory, long... addresses) {
    StringBuilder out = new StringBuilder();
    ImageTranslator translator = new ImageTranslator(paging, memory);
    for (long va : addresses) {
      translator.append(out, va);
    }
    return out.toString();
  }

  private void assertWalk(long va, String... words) throws IOException {
    String text = withCr3(0x1000, null, true, (p, m) -> WalkText.of(p, m, va));
    for (String word : words) {
      assertTrue(text.contains(word), () -> "'" + word + "' in: " + text);
    }
  }
}
