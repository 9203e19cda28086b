package io.lookaside.simulator.image;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.SplittableRandom;
import java.util.zip.GZIPOutputStream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Files that hold images: what is in them, what is missing, and what is wrong with them. */
class ImageFilesTest {
  private static final int PAGE = 4096;

  /** Of the ELF core that {@link #elf} makes. */
  private static final int PROGRAM_HEADERS = 64;

  private static final int NOTE = 64 + 3 * 56;
  private static final int NOTE_BYTES = 12 + 8 + 440;
  private static final int FIRST_PAGE = NOTE + NOTE_BYTES;

  @TempDir private Path folder = Path.of("");

  @Test
  void aCoreHoldsItsSegmentsAndLacksWhatLiesBetween() throws IOException {
    try (MemoryImage image = open(bytes(elf()), null)) {
      assertEquals(ImageFormat.ELF, image.format());
      assertHolds(image, 0x1000, 1);
      assertHolds(image, 0x5000, 2);
      assertLacks(image, 0x0, 0x2000, 0x4000, 0x6000);
      assertEquals(2 * PAGE, image.heldBytes());
      CpuState cpu = image.cpus().get(0);
      assertEquals(0x8005_0033L, cpu.cr0());
      assertEquals(0x3a3_d000L, cpu.cr3());
      assertEquals(0x1020L, cpu.cr4());
      assertEquals(0x33, cpu.cs());
      assertTrue(cpu.longMode());
    }
  }

  @Test
  void aSegmentWithoutBytesInTheFileIsMissing() throws IOException {
    ByteBuffer elf = elf();
    elf.putLong(PROGRAM_HEADERS + 2 * 56 + 32, 0); // p_filesz, with p_memsz as it was
    try (MemoryImage image = open(bytes(elf), null)) {
      assertHolds(image, 0x1000, 1);
      assertLacks(image, 0x5000);
    }
  }

  @Test
  void aPageThatIsThereInPartOnlyIsMissingAndOneOfTwoSegmentsIsThere() throws IOException {
    ByteBuffer elf = elf();
    elf.putLong(PROGRAM_HEADERS + 56 + 24, 0x1800); // half a page up
    try (MemoryImage image = open(bytes(elf), null)) {
      assertLacks(image, 0x1000, 0x2000);
    }
    elf.putLong(PROGRAM_HEADERS + 2 * 56 + 24, 0x2800); // the second page follows the first
    try (MemoryImage image = open(bytes(elf), null)) {
      assertLacks(image, 0x1000, 0x3000);
      byte[] page = new byte[PAGE];
      assertTrue(image.readPage(0x2000, page));
      assertEquals(1, page[0]);
      assertEquals(1, page[2047]);
      assertEquals(2, page[2048]);
    }
  }

  @Test
  void segmentsThatOverlapAddUp() throws IOException {
    ByteBuffer elf = elf();
    elf.putLong(PROGRAM_HEADERS + 2 * 56 + 24, 0x1800); // the second overlaps the first by half
    try (MemoryImage image = open(bytes(elf), null)) {
      assertHolds(image, 0x1000, 1);
      assertEquals(PAGE + PAGE / 2, image.heldBytes());
    }
  }

  @Test
  void theCountOfProgramHeadersMayStandInASectionHeader() throws IOException {
    ByteBuffer elf = elf();
    int section = elf.capacity();
    ByteBuffer longer = buffer(section + 64).put(bytes(elf));
    longer.putShort(56, (short) 0xffff).putLong(40, section).putInt(section + 44, 3);
    try (MemoryImage image = open(bytes(longer), null)) {
      assertHolds(image, 0x5000, 2);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      textBlock =
          """
          4 | 1 | 3 | byte 4: the ELF class is 3
          5 | 1 | 2 | byte 5: the ELF file is not little-endian
          16 | 2 | 2 | byte 16: the ELF type is 2
          18 | 2 | 183 | byte 18: the ELF machine is 183
          54 | 2 | 32 | 32 bytes a program header; expected 56
          56 | 2 | 65534 | 65534 program headers of 56 bytes from byte 64 on lie outside
          56 | 2 | 65535 | there is no section header
          32 | 8 | -1 | from byte 18446744073709551615 on lie outside
          32 | 8 | 9223372036854775800 | from byte 9223372036854775800 on lie outside
          72 | 8 | 99999 | program header 0 (at byte 64): its 460 bytes from byte 99999 on lie outside
          96 | 8 | -1 | program header 0 (at byte 64): its 18446744073709551615 bytes
          128 | 8 | 9223372036854775807 | program header 1 (at byte 120): its 4096 bytes
          144 | 8 | 4503599627370496 | program header 1 (at byte 120): physical address 0x10000000000000
          144 | 8 | -4096 | program header 1 (at byte 120): physical address 0xfffffffffffff000
          232 | 4 | -1 | note 0 (at byte 232): a name of 4294967295
          236 | 4 | -4 | note 0 (at byte 232): a name of 5 and data of 4294967292
          236 | 4 | 420 | note 0 (at byte 232): QEMU's note has 420 bytes
          96 | 8 | 8 | note 0 (at byte 232): 8 bytes are left
          """)
  void aCoreThatContradictsItselfIsRefusedWithThePosition(
      int position, int bytes, long value, String message) throws IOException {
    ByteBuffer elf = elf();
    for (int i = 0; i < bytes; i++) {
      elf.put(position + i, (byte) (value >> (8 * i)));
    }
    assertRefused(bytes(elf), message);
  }

  @Test
  void aCoreCutShortAnywhereIsRefused() throws IOException {
    byte[] elf = bytes(elf());
    for (int length = 4; length < elf.length; length += length < 800 ? 7 : 331) {
      byte[] cut = Arrays.copyOf(elf, length);
      ImageException e = assertThrows(ImageException.class, () -> open(cut, null).close());
      assertTrue(String.valueOf(e.getMessage()).contains("cut short"), e.getMessage());
    }
  }

  @Test
  void pageRecordsHoldTheirPagesAndTheLaterCounts() throws IOException {
    try (MemoryImage image = open(records(0x7000, 1, 0x3000, 2, 0x7000, 3), null)) {
      assertEquals(ImageFormat.PAGES, image.format());
      assertHolds(image, 0x7000, 3);
      assertHolds(image, 0x3000, 2);
      assertLacks(image, 0x4000, 0x0);
      assertEquals(2 * PAGE, image.heldBytes());
    }
  }

  @ParameterizedTest
  @CsvSource({
    "4100, page record 0 (at byte 0) is cut short: it has 4100 of 4104 bytes",
    "4105, page record 1 (at byte 4104) is cut short: it has 1 of 4104 bytes",
    "8192, page record 1 (at byte 4104) is cut short: it has 4088 of 4104 bytes",
    "8200, page record 1 (at byte 4104) is cut short: it has 4096 of 4104 bytes",
  })
  void aPageRecordCutShortIsRefused(int length, String message) throws IOException {
    byte[] cut = Arrays.copyOf(records(0x7000, 1, 0x3000, 2), length);
    assertRefusedAs(cut, ImageFormat.PAGES, message);
    if (length > 4104 + 8) {
      assertRefused(cut, message);
    } else {
      assertThrows(ImageException.class, () -> open(cut, null).close());
    }
  }

  @Test
  void aPageRecordOfAnImpossibleAddressIsRefused() throws IOException {
    assertRefused(records(0x7000, 1, 0x3008, 2), "page record 1 (at byte 4104): 0x3008 is no page");
    assertRefused(records(0x7000, 1, 1L << 52, 2), "page record 1 (at byte 4104)");
    assertRefused(records(0x7000, 1, -4096, 2), "0xfffffffffffff000");
  }

  @Test
  void aRawImageHoldsItsLengthAndNothingMore() throws IOException {
    byte[] raw = new byte[3 * PAGE];
    raw[PAGE] = 7;
    try (MemoryImage image = open(raw, null)) {
      assertEquals(ImageFormat.RAW, image.format());
      assertHolds(image, 0x1000, 7);
      assertHolds(image, 0x2000, 0);
      assertLacks(image, 0x3000, 1L << 51);
    }
    assertRefused(new byte[3 * PAGE + 1], "neither an ELF core, nor whole pages");
    assertRefused(new byte[0], "is empty");
  }

  @Test
  void aCompressedImageIsTheSameAndZerosTakeNoRoom() throws IOException {
    byte[] raw = new byte[64 * PAGE];
    raw[5 * PAGE] = 7; // and the last page is zero
    ByteArrayOutputStream packed = new ByteArrayOutputStream();
    try (GZIPOutputStream gzip = new GZIPOutputStream(packed)) {
      gzip.write(raw);
    }
    try (MemoryImage image = open(packed.toByteArray(), null)) {
      assertTrue(image.compressed());
      assertEquals(raw.length, image.fileBytes());
      assertHolds(image, 5 * PAGE, 7);
      assertHolds(image, 63 * PAGE, 0);
      assertLacks(image, 64 * PAGE);
    }
    byte[] cut = Arrays.copyOf(packed.toByteArray(), packed.size() - 9);
    IOException e = assertThrows(IOException.class, () -> open(cut, null).close());
    assertTrue(String.valueOf(e.getMessage()).contains("cut off"), e.getMessage());
  }

  @Test
  void damagedImagesAreReadOrRefusedButNothingElse() throws IOException {
    SplittableRandom random = new SplittableRandom(4);
    byte[][] seeds = {bytes(elf()), records(0x7000, 1, 0x3000, 2), new byte[2 * PAGE]};
    int refused = 0;
    for (int i = 0; i < 600; i++) {
      byte[] bytes = seeds[random.nextInt(seeds.length)].clone();
      for (int n = random.nextInt(1, 6); n > 0; n--) {
        int at = random.nextInt(random.nextBoolean() ? Math.min(bytes.length, 740) : bytes.length);
        bytes[at] = (byte) (random.nextBoolean() ? random.nextInt() : -random.nextInt(2));
      }
      int length = random.nextInt(4) == 0 ? random.nextInt(bytes.length) : bytes.length;
      try (MemoryImage image = open(Arrays.copyOf(bytes, length), null)) {
        for (int r = 0; r < image.ranges(); r++) {
          assertTrue(image.rangeStart(r) < image.rangeEnd(r));
          image.readPage(image.rangeStart(r) & -PAGE, new byte[PAGE]);
        }
      } catch (ImageException e) {
        refused++;
      }
    }
    assertTrue(refused > 60 && refused < 540, "refused " + refused);
  }

  /** A core of two pages, at 1000 filled with 1 and at 5000 filled with 2, and a QEMU note. */
  private static ByteBuffer elf() {
    ByteBuffer b = buffer(FIRST_PAGE + 2 * PAGE);
    b.put(new byte[] {0x7f, 'E', 'L', 'F', 2, 1, 1});
    b.putShort(16, (short) 4).putShort(18, (short) 62).putLong(32, PROGRAM_HEADERS);
    b.putShort(54, (short) 56).putShort(56, (short) 3);
    programHeader(b, 0, 4, NOTE, 0, NOTE_BYTES);
    programHeader(b, 1, 1, FIRST_PAGE, 0x1000, PAGE);
    programHeader(b, 2, 1, FIRST_PAGE + PAGE, 0x5000, PAGE);
    b.putInt(NOTE, 5).putInt(NOTE + 4, 440);
    b.position(NOTE + 12);
    b.put(new byte[] {'Q', 'E', 'M', 'U'});
    int cpu = NOTE + 20;
    b.putInt(cpu, 1).putInt(cpu + 4, 440).putInt(cpu + 152, 0x33);
    b.putLong(cpu + 392, 0x8005_0033L).putLong(cpu + 416, 0x3a3_d000).putLong(cpu + 424, 0x1020);
    b.position(FIRST_PAGE);
    return b.put(filled(1)).put(filled(2));
  }

  private static void programHeader(
      ByteBuffer b, int number, int type, long offset, long address, long bytes) {
    int at = PROGRAM_HEADERS + 56 * number;
    b.putInt(at, type).putLong(at + 8, offset).putLong(at + 24, address);
    b.putLong(at + 32, bytes).putLong(at + 40, bytes);
  }

  /** Records of an address and what its page is filled with, and so on. */
  private static byte[] records(long... addressesAndFillings) {
    ByteBuffer b = buffer(addressesAndFillings.length / 2 * (8 + PAGE));
    for (int i = 0; i < addressesAndFillings.length; i += 2) {
      b.putLong(addressesAndFillings[i]).put(filled((int) addressesAndFillings[i + 1]));
    }
    return bytes(b);
  }

  private static byte[] filled(int value) {
    byte[] page = new byte[PAGE];
    Arrays.fill(page, (byte) value);
    return page;
  }

  private static byte[] bytes(ByteBuffer buffer) {
    byte[] bytes = new byte[buffer.capacity()];
    buffer.get(0, bytes);
    return bytes;
  }

  private static ByteBuffer buffer(int bytes) {
    return ByteBuffer.wrap(new byte[bytes]).order(ByteOrder.LITTLE_ENDIAN);
  }

  private MemoryImage open(byte[] bytes, @Nullable ImageFormat format) throws IOException {
    Path file = folder.resolve("image");
    Files.write(file, bytes);
    return MemoryImage.open(file.toString(), format);
  }

  private void assertRefused(byte[] bytes, String words) {
    assertRefusedAs(bytes, null, words);
  }

  private void assertRefusedAs(byte[] bytes, @Nullable ImageFormat format, String words) {
    ImageException e = assertThrows(ImageException.class, () -> open(bytes, format).close());
    assertTrue(
        String.valueOf(e.getMessage()).startsWith(folder.resolve("image") + ": "), e.getMessage());
    assertTrue(String.valueOf(e.getMessage()).contains(words), e.getMessage());
  }

  private static void assertHolds(MemoryImage image, long pa, int filling) throws IOException {
    byte[] page = new byte[PAGE];
    assertTrue(image.readPage(pa, page));
    assertEquals(filling, page[0]);
  }

  private static void assertLacks(MemoryImage image, long... pages) throws IOException {
    for (long pa : pages) {
      assertFalse(image.readPage(pa, new byte[PAGE]), Long.toHexString(pa));
    }
  }
}
