package io.lookaside.mmu.format;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.EnumSource;
import org.junit.jupiter.params.provider.ValueSource;

class TranslationTest {
  private static final long P = 1;
  private static final long RW = 1L << 1;
  private static final long US = 1L << 2;
  private static final long PWT = 1L << 3;
  private static final long PCD = 1L << 4;
  private static final long A = 1L << 5;
  private static final long D = 1L << 6;
  private static final long BIT7 = 1L << 7;
  private static final long G = 1L << 8;
  private static final long BIT12 = 1L << 12;
  private static final long XD = 1L << 63;
  private static final long FRAME = 0x000f_ffff_ffff_f000L;

  @ParameterizedTest
  @EnumSource
  void everyLeafIsAValidTranslationOfItsOwnSize(PageSize size) {
    long t = Translation.ofLeaf(P | A, size, 0, false);
    assertTrue(Translation.isValid(t));
    assertFalse(Translation.isPageFault(t));
    assertFalse(Translation.isGeneralProtection(t));
    assertNotEquals(Translation.NONE, t);
    assertEquals(size, Translation.pieceSize(t));
    assertEquals(size, Translation.pageSize(t));
    assertEquals(size.ordinal(), Translation.pieceSizeCode(t));
    assertFalse(Translation.isPiece(t));
    assertFalse(Translation.isGlobal(t));
    assertFalse(Translation.isGlobalOrPiece(t));
    assertFalse(Translation.isDirty(t));
  }

  @Test
  void rightsAreThoseOfTheWalkNotThoseOfTheLeaf() {
    long all = RW | US | XD;
    for (long rights : new long[] {0, RW, US, XD, RW | US, RW | XD, US | XD, all}) {
      for (long leaf : new long[] {P, P | all}) {
        long t = Translation.ofLeaf(leaf, PageSize.SIZE_4K, rights, true);
        assertEquals(rights, t & all);
      }
    }
  }

  @Test
  void onlyTheRightsBitsOfTheAccumulatedWordCount() {
    long t = Translation.ofLeaf(P, PageSize.SIZE_4K, -1L, true);
    assertEquals(P | RW | US | XD | Translation.SHADOW_STACK, t);
  }

  @Test
  void memoryTypeDirtyAndKeyComeFromTheLeaf() {
    long taken = PWT | PCD | D | (0xfL << 59);
    assertEquals(taken | P, Translation.ofLeaf(P | taken, PageSize.SIZE_4K, 0, false));
    assertTrue(Translation.isDirty(Translation.ofLeaf(P | D, PageSize.SIZE_2M, 0, false)));
    assertEquals(0xb, Translation.ofLeaf(P | (0xbL << 59), PageSize.SIZE_1G, 0, false) >>> 59);
  }

  @Test
  void softwareBitsAndAccessedAreNotKept() {
    long software = 0x07f0_0000_0000_0e00L | A;
    assertEquals(P, Translation.ofLeaf(P | software, PageSize.SIZE_4K, 0, true));
  }

  @Test
  void patIsBit7OfAPteAndBit12OfALargerLeaf() {
    assertEquals(BIT7, Translation.ofLeaf(P | BIT7, PageSize.SIZE_4K, 0, false) & BIT7);
    assertEquals(0, Translation.ofLeaf(P | BIT12, PageSize.SIZE_4K, 0, false) & BIT7);
    for (PageSize size : new PageSize[] {PageSize.SIZE_2M, PageSize.SIZE_1G}) {
      // Bit 7 of a larger leaf is PS.
      assertEquals(0, Translation.ofLeaf(P | BIT7, size, 0, false) & BIT7);
      assertEquals(BIT7, Translation.ofLeaf(P | BIT7 | BIT12, size, 0, false) & BIT7);
      assertEquals(0, Translation.ofLeaf(P | BIT7 | BIT12, size, 0, false) & FRAME);
    }
  }

  @ParameterizedTest
  @EnumSource
  void globalCountsOnlyWithGlobalPagesEnabled(PageSize size) {
    assertTrue(Translation.isGlobal(Translation.ofLeaf(P | G, size, 0, true)));
    assertTrue(Translation.isGlobalOrPiece(Translation.ofLeaf(P | G, size, 0, true)));
    assertFalse(Translation.isGlobal(Translation.ofLeaf(P | G, size, 0, false)));
    assertFalse(Translation.isGlobalOrPiece(Translation.ofLeaf(P | G, size, 0, false)));
    assertFalse(Translation.isGlobal(Translation.ofLeaf(P, size, 0, true)));
  }

  @ParameterizedTest
  @CsvSource({
    "SIZE_4K, 0x000ffffffffff067, 0x00007fffffffffff, 0x000fffffffffffff",
    "SIZE_4K, 0x0000000012345067, 0xffff800000000abc, 0x0000000012345abc",
    "SIZE_2M, 0x000fffffffe010e7, 0x00000000001fffff, 0x000fffffffffffff",
    "SIZE_2M, 0x00000000402000e7, 0xffffffffff3456ff, 0x00000000403456ff",
    "SIZE_1G, 0x000fffffc00010e7, 0x000000003fffffff, 0x000fffffffffffff",
    "SIZE_1G, 0x00000001400000e7, 0xffffffff92345678, 0x0000000152345678",
  })
  void physicalAddressIsFrameAndOffset(PageSize size, String leaf, String va, String pa) {
    long t = Translation.ofLeaf(hex(leaf), size, RW | US | XD, true);
    assertEquals(pa.substring(2), String.format("%016x", Translation.physicalAddress(t, hex(va))));
  }

  @Test
  void pieceOfAGigabytePageKeepsPageSizeRightsAndAddress() {
    long va = 0xffff_ffff_9234_5678L;
    long leaf = 0x7800_0001_4000_1000L | P | RW | A | D | BIT7 | G;
    long whole = Translation.ofLeaf(leaf, PageSize.SIZE_1G, RW | XD, true);
    for (PageSize size : new PageSize[] {PageSize.SIZE_4K, PageSize.SIZE_2M}) {
      long piece = Translation.piece(whole, va, size);
      assertTrue(Translation.isPiece(piece));
      assertTrue(Translation.isGlobalOrPiece(piece));
      assertTrue(Translation.isGlobal(piece));
      assertTrue(Translation.isDirty(piece));
      assertEquals(size, Translation.pieceSize(piece));
      assertEquals(PageSize.SIZE_1G, Translation.pageSize(piece));
      assertEquals(0x1_5234_5678L, Translation.physicalAddress(piece, va));
      long attributes = XD | (0xfL << 59) | RW | US | PWT | PCD | D | BIT7 | G | P;
      assertEquals(whole & attributes, piece & attributes);
    }
    assertEquals(0x1_5234_5000L, Translation.piece(whole, va, PageSize.SIZE_4K) & FRAME);
    assertEquals(0x1_5220_0000L, Translation.piece(whole, va, PageSize.SIZE_2M) & FRAME);
  }

  @Test
  void pieceServesEveryAddressInItAsTheWholeDoes() {
    long whole = Translation.ofLeaf(0x000a_bc00_0000_0000L | P, PageSize.SIZE_1G, 0, false);
    for (long va = 0; va < 1L << 30; va += 0x0123_4567) {
      long expected = 0x000a_bc00_0000_0000L + va;
      for (PageSize size : PageSize.values()) {
        long piece = Translation.piece(whole, va, size);
        long start = va & -size.bytes();
        assertEquals(expected, Translation.physicalAddress(piece, va));
        assertEquals(
            0x000a_bc00_0000_0000L + start + size.bytes() - 1,
            Translation.physicalAddress(piece, start + size.bytes() - 1));
      }
    }
  }

  @Test
  void pieceOfAPieceIsThePieceOfTheWhole() {
    long va = 0x3456_789aL;
    long whole = Translation.ofLeaf(0x8000_0000L | P, PageSize.SIZE_1G, US, false);
    long half = Translation.piece(whole, va, PageSize.SIZE_2M);
    assertEquals(
        Translation.piece(whole, va, PageSize.SIZE_4K),
        Translation.piece(half, va, PageSize.SIZE_4K));
  }

  @Test
  void pieceNotSmallerThanTheTranslationIsTheTranslation() {
    for (PageSize page : PageSize.values()) {
      long t = Translation.ofLeaf(0x4000_0000L | P | D, page, RW, false);
      for (PageSize size : PageSize.values()) {
        if (size.ordinal() >= page.ordinal()) {
          assertEquals(t, Translation.piece(t, 0x4000_0000L, size));
        }
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {0, 1, 2, 4, 7, 8, 9, 0x10, 0x15, 0x1f, 0x8000, 0x7fff_ffff, -1})
  void pageFaultCarriesItsErrorCode(int code) {
    long fault = Translation.pageFault(code);
    assertEquals(code, Translation.errorCode(fault));
    assertTrue(Translation.isPageFault(fault));
    assertFalse(Translation.isGeneralProtection(fault));
    assertFalse(Translation.isValid(fault));
    assertNotEquals(Translation.NONE, fault);
  }

  @Test
  void faultWordsAreLaidOutAsDocumented() {
    assertEquals(0x0000_0000_0007_0e02L, Translation.pageFault(7));
    assertEquals(0x0000_ffff_ffff_0e02L, Translation.pageFault(-1));
    assertEquals(0x0000_0000_0000_0d02L, Translation.GENERAL_PROTECTION);
  }

  @Test
  void generalProtectionIsAFaultWithCodeZero() {
    long fault = Translation.GENERAL_PROTECTION;
    assertFalse(Translation.isValid(fault));
    assertTrue(Translation.isGeneralProtection(fault));
    assertFalse(Translation.isPageFault(fault));
    assertEquals(0, Translation.errorCode(fault));
  }

  @Test
  void missIsNeitherTranslationNorFault() {
    assertFalse(Translation.isValid(Translation.NONE));
    assertFalse(Translation.isPageFault(Translation.NONE));
    assertFalse(Translation.isGeneralProtection(Translation.NONE));
  }

  @Test
  void noTranslationLooksLikeAFault() {
    for (int bit = 1; bit < 64; bit++) {
      for (PageSize size : PageSize.values()) {
        long leaf = P | 1L << bit;
        long t = Translation.ofLeaf(leaf, size, leaf, true);
        assertTrue(Translation.isValid(t));
        assertFalse(Translation.isPageFault(t));
        assertFalse(Translation.isGeneralProtection(t));
      }
    }
    // The bits of a page fault's vector, in a translation.
    long t = Translation.ofLeaf(P | G, PageSize.SIZE_1G, RW, true);
    assertFalse(Translation.isPageFault(t | 0xe00));
  }

  private static long hex(String text) {
    return Long.parseUnsignedLong(text.substring(2), 16);
  }

  @Test
  void thePageThatAPieceIsOfIsTheWholeAgain() {
    for (PageSize page : PageSize.values()) {
      long frame = 0x5_0000_0000_0000L & -page.bytes();
      long t = Translation.ofLeaf(P | D | G | XD | frame, page, RW | XD, true);
      assertEquals(t, Translation.whole(t));
      for (PageSize size : PageSize.values()) {
        long va = 0x7fff_dead_beefL;
        assertEquals(t, Translation.whole(Translation.piece(t, va, size)));
      }
    }
  }
}
