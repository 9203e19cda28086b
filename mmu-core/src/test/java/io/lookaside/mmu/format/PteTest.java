package io.lookaside.mmu.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class PteTest {
  private static final long XD = 0x8000_0000_0000_0000L;
  private static final long PS = 0x80L;

  @ParameterizedTest
  @CsvSource({
    "0, P",
    "1, RW",
    "2, US",
    "3, PWT",
    "4, PCD",
    "5, A",
    "6, D",
    "7, PS",
    "7, PAT4K",
    "8, G",
    "12, PAT",
    "63, XD",
  })
  void bitsStandWhereTheManualPutsThem(int bit, String name) {
    long constant =
        switch (name) {
          case "P" -> Pte.PRESENT;
          case "RW" -> Pte.WRITABLE;
          case "US" -> Pte.USER;
          case "PWT" -> Pte.WRITE_THROUGH;
          case "PCD" -> Pte.CACHE_DISABLE;
          case "A" -> Pte.ACCESSED;
          case "D" -> Pte.DIRTY;
          case "PS" -> Pte.PAGE_SIZE;
          case "PAT4K" -> Pte.PAT_4K;
          case "G" -> Pte.GLOBAL;
          case "PAT" -> Pte.PAT_LARGE;
          case "XD" -> Pte.EXECUTE_DISABLE;
          default -> throw new IllegalArgumentException(name);
        };
    assertEquals(1L << bit, constant);
  }

  @Test
  void predicatesLookAtTheirOwnBitOnly() {
    for (int bit = 0; bit < 64; bit++) {
      long only = 1L << bit;
      assertEquals(bit == 0, Pte.isPresent(only));
      assertEquals(bit == 5, Pte.isAccessed(only));
      assertEquals(bit == 6, Pte.isDirty(only));
      assertEquals(bit == 7, Pte.isLarge(only));
      assertEquals(bit == 7, Pte.pat(only, PageSize.SIZE_4K));
      assertEquals(bit == 12, Pte.pat(only, PageSize.SIZE_2M));
      assertEquals(bit == 12, Pte.pat(only, PageSize.SIZE_1G));
      assertEquals(bit != 0, Pte.isPresent(~only));
      assertEquals(bit != 5, Pte.isAccessed(~only));
      assertEquals(bit != 6, Pte.isDirty(~only));
      assertEquals(bit != 7, Pte.isLarge(~only));
    }
  }

  @Test
  void tableAddressIsBits51To12() {
    assertEquals(0x000f_ffff_ffff_f000L, Pte.tableAddress(-1L));
    assertEquals(0L, Pte.tableAddress(0xfff0_0000_0000_0fffL));
    assertEquals(0x000a_bcde_f012_3000L, Pte.tableAddress(0x8fda_bcde_f012_3067L));
  }

  @Test
  void frameAddressIsCutAtThePageSize() {
    assertEquals(0x000f_ffff_ffff_f000L, Pte.frameAddress(-1L, PageSize.SIZE_4K));
    assertEquals(0x000f_ffff_ffe0_0000L, Pte.frameAddress(-1L, PageSize.SIZE_2M));
    assertEquals(0x000f_ffff_c000_0000L, Pte.frameAddress(-1L, PageSize.SIZE_1G));
    // Bit 12 of a large leaf is PAT, no address.
    assertEquals(0x0000_0000_4020_0000L, Pte.frameAddress(0x4020_1083L, PageSize.SIZE_2M));
    assertEquals(0x0000_0000_4000_0000L, Pte.frameAddress(0x4000_1083L, PageSize.SIZE_1G));
  }

  @ParameterizedTest
  @CsvSource({
    "32, 0x000FFFFF00000000",
    "36, 0x000FFFF000000000",
    "39, 0x000FFF8000000000",
    "40, 0x000FFF0000000000",
    "46, 0x000FC00000000000",
    "48, 0x000F000000000000",
    "51, 0x0008000000000000",
    "52, 0x0",
  })
  void reservedBitsFollowTheTableOfTheManual(int width, String hex) {
    long hi = Long.decode(hex);
    for (int nxe = 0; nxe < 2; nxe++) {
      boolean noExecute = nxe == 1;
      long xd = noExecute ? 0 : XD;
      // PML4E; PDPTE and PDE that point to a table; PTE; 2 MiB leaf; 1 GiB leaf.
      assertReserved(hi | PS | xd, null, true, width, noExecute);
      assertReserved(hi | xd, null, false, width, noExecute);
      assertReserved(hi | xd, PageSize.SIZE_4K, false, width, noExecute);
      assertReserved(hi | 0x1f_e000L | xd, PageSize.SIZE_2M, false, width, noExecute);
      assertReserved(hi | 0x3fff_e000L | xd, PageSize.SIZE_1G, false, width, noExecute);
    }
  }

  private static void assertReserved(
      long expected, @Nullable PageSize leaf, boolean psReserved, int width, boolean noExecute) {
    long reserved = Pte.reservedBits(leaf, psReserved, width, noExecute);
    assertEquals(Long.toHexString(expected), Long.toHexString(reserved));
  }

  @Test
  void softwareBitsAreNeverReserved() {
    // 62:52 and 11:8, whatever the level.
    long ignored = 0x7ff0_0000_0000_0f00L;
    for (int width = 32; width <= 52; width++) {
      for (PageSize size : PageSize.values()) {
        assertEquals(0, Pte.reservedBits(size, false, width, false) & ignored);
      }
      assertEquals(0, Pte.reservedBits(null, true, width, false) & ignored);
      assertEquals(0, Pte.reservedBits(null, false, width, false) & ignored);
    }
  }

  @Test
  void pageSizesAreTwelveTwentyOneTwentyTwoAndThirtyBits() {
    assertEquals(4096L, PageSize.SIZE_4K.bytes());
    assertEquals(2L * 1024 * 1024, PageSize.SIZE_2M.bytes());
    assertEquals(4L * 1024 * 1024, PageSize.SIZE_4M.bytes());
    assertEquals(1024L * 1024 * 1024, PageSize.SIZE_1G.bytes());
    for (PageSize size : PageSize.values()) {
      assertEquals(size.bytes(), 1L << size.shift());
      assertEquals(size.bytes() - 1, size.offsetMask());
      assertEquals(size.shift(), PageSize.shiftOfCode(size.ordinal()));
      assertEquals(size, PageSize.ofCode(size.ordinal()));
    }
    assertEquals("4K", PageSize.SIZE_4K.label());
    assertEquals("2M", PageSize.SIZE_2M.label());
    assertEquals("4M", PageSize.SIZE_4M.label());
    assertEquals("1G", PageSize.SIZE_1G.label());
  }

  @Test
  void cr3HoldsTableAndPcid() {
    assertEquals(0x000f_ffff_ffff_f000L, Cr3.tableAddress(-1L));
    assertEquals(0xfff, Cr3.pcid(-1L));
    assertEquals(0x1_2345_6abcL, Cr3.of(0x1_2345_6000L, 0xabc));
    assertEquals(1L << 63, Cr3.KEEP_TRANSLATIONS);
    assertEquals(4096, Cr3.PCID_COUNT);
    for (int pcid = 0; pcid < Cr3.PCID_COUNT; pcid += 273) {
      long cr3 = Cr3.of(0x000f_edcb_a987_6000L, pcid);
      assertEquals(0x000f_edcb_a987_6000L, Cr3.tableAddress(cr3));
      assertEquals(pcid, Cr3.pcid(cr3));
    }
  }

  @Test
  void controlRegisterBitsStandWhereTheManualPutsThem() {
    for (int bit = 0; bit < 64; bit++) {
      long only = 1L << bit;
      assertEquals(bit == 0, Cr0.protectionEnabled(only));
      assertEquals(bit == 16, Cr0.writeProtect(only));
      assertEquals(bit == 31, Cr0.paging(only));
      assertEquals(bit == 5, Cr4.pae(only));
      assertEquals(bit == 7, Cr4.globalPages(only));
      assertEquals(bit == 12, Cr4.fiveLevel(only));
      assertEquals(bit == 17, Cr4.pcidEnabled(only));
      assertEquals(bit == 20, Cr4.smep(only));
      assertEquals(bit == 21, Cr4.smap(only));
      assertEquals(bit == 10, Efer.longModeActive(only));
      assertEquals(bit == 11, Efer.noExecuteEnabled(only));
    }
    assertEquals(1L << 29, Cr0.NOT_WRITE_THROUGH);
    assertEquals(1L << 30, Cr0.CACHE_DISABLE);
    assertEquals(1L << 4, Cr4.PAGE_SIZE_EXTENSIONS);
    assertEquals(1L << 8, Efer.LONG_MODE_ENABLE);
  }

  @Test
  void pageFaultCodeBitsStandWhereTheManualPutsThem() {
    assertEquals(0x01, PageFaultCode.PRESENT);
    assertEquals(0x02, PageFaultCode.WRITE);
    assertEquals(0x04, PageFaultCode.USER);
    assertEquals(0x08, PageFaultCode.RESERVED);
    assertEquals(0x10, PageFaultCode.FETCH);
    for (int bit = 0; bit < 32; bit++) {
      assertEquals(bit == 0, PageFaultCode.isPresent(1 << bit));
      assertEquals(bit == 1, PageFaultCode.isWrite(1 << bit));
      assertEquals(bit == 3, PageFaultCode.isReserved(1 << bit));
    }
  }

  @ParameterizedTest
  @CsvSource({
    "0x0000000000000000, true",
    "0x00007fffffffffff, true",
    "0x0000800000000000, false",
    "0x0000ffffffffffff, false",
    "0x0001000000000000, false",
    "0x7fffffffffffffff, false",
    "0x8000000000000000, false",
    "0x8000800000000000, false",
    "0xfffeffffffffffff, false",
    "0xffff000000000000, false",
    "0xffff7fffffffffff, false",
    "0xffff800000000000, true",
    "0xffffffffffffffff, true",
  })
  void canonicalMeansBits63To47Equal(String hex, boolean canonical) {
    long va = Long.parseUnsignedLong(hex.substring(2), 16);
    assertEquals(canonical, VirtualAddress.isCanonical(va));
  }

  @Test
  void oneWrongUpperBitMakesAnAddressNonCanonical() {
    for (int bit = 47; bit < 64; bit++) {
      assertFalse(VirtualAddress.isCanonical(0x1234_5678L ^ 1L << bit));
      assertFalse(VirtualAddress.isCanonical(0xffff_8765_4321_0000L ^ 1L << bit));
    }
    for (int bit = 0; bit < 47; bit++) {
      assertTrue(VirtualAddress.isCanonical(1L << bit));
      assertTrue(VirtualAddress.isCanonical(~(1L << bit)));
    }
  }

  @Test
  void pageNumbersHaveNoSignExtension() {
    assertEquals((1L << (57 - 12)) - 1, VirtualAddress.vpn(-1L, 12));
    assertEquals((1L << (57 - 21)) - 1, VirtualAddress.vpn(-1L, 21));
    assertEquals((1L << (57 - 30)) - 1, VirtualAddress.vpn(-1L, 30));
    assertEquals(0x1ff8_0000_0000L, VirtualAddress.vpn(0xffff_8000_0000_0fffL, 12));
    assertEquals(0x7_ffff_ffffL, VirtualAddress.vpn(0x0000_7fff_ffff_ffffL, 12));
    assertEquals(1L, VirtualAddress.vpn(0x1fffL, 12));
    assertEquals(0xfffL, VirtualAddress.OFFSET_4K);
    assertEquals(48, VirtualAddress.BITS_4_LEVEL);
  }

  @Test
  void indicesAreNineBitsEach() {
    long va = (0x101L << 39) | (0x0feL << 30) | (0x155L << 21) | (0x0aaL << 12) | 0xfff;
    long extended = va | 0xffff_0000_0000_0000L;
    assertEquals(0x101, VirtualAddress.index(extended, 39));
    assertEquals(0x0fe, VirtualAddress.index(extended, 30));
    assertEquals(0x155, VirtualAddress.index(extended, 21));
    assertEquals(0x0aa, VirtualAddress.index(extended, 12));
  }
}
