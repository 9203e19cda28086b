package io.lookaside.tlb;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.tlb.TlbModel.Entry;
import java.util.EnumSet;
import java.util.Set;
import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class SetAssociativeTlbTest {
  private static final long ABSENT = 0;

  private static SetAssociativeTlb tlb(int entries, int ways, PageSize... sizes) {
    return new SetAssociativeTlb(config(entries, ways, Set.of(sizes)), 1);
  }

  private static TlbStructureConfig config(int entries, int ways, Set<PageSize> sizes) {
    return new TlbStructureConfig(
        "t",
        new Geometry(entries, ways, ReplacementPolicy.Kind.LRU),
        sizes,
        EnumSet.allOf(AccessKind.class));
  }

  private static Entry page(PageSize size, long base, int pcid, boolean global, long frame) {
    return new Entry(size, size, base, pcid, global, frame, TlbModel.WRITABLE | TlbModel.USER);
  }

  @ParameterizedTest
  @CsvSource({
    "64, 4, 4K, 64",
    "64, 4, 4K 2M, 64",
    "64, 8, 4K 2M 1G, 64",
    "64, 8, 2M, 16",
    "1536, 12, 4K, 512",
    "1536, 12, 4K 2M, 512",
    "72, 72, 4K, 32",
    "72, 72, 4K 2M 1G, 32",
    "12, 4, 4K, 8",
    "12, 4, 4K 2M, 8",
    "12, 4, 2M 1G, 8",
    "4, 4, 1G, 4",
    "1, 1, 4K 2M 1G, 4"
  })
  void agreesWithTheModelOnRandomStreams(int entries, int ways, String labels, int pages) {
    EnumSet<PageSize> sizes = EnumSet.noneOf(PageSize.class);
    for (PageSize size : PageSize.values()) {
      if (labels.contains(size.label())) {
        sizes.add(size);
      }
    }
    for (int pcids : new int[] {1, 3}) {
      for (int seed = 0; seed < 3; seed++) {
        compare(config(entries, ways, sizes), pages, pcids, seed);
      }
    }
  }

  private static void compare(TlbStructureConfig config, int pages, int pcids, int seed) {
    SetAssociativeTlb tlb = new SetAssociativeTlb(config, seed);
    TlbModel.Structure model = new TlbModel.Structure(config);
    SplittableRandom random = new SplittableRandom(seed);
    for (int step = 0; step < 20_000; step++) {
      long va = TlbModel.address(random, pages);
      int pcid = random.nextInt(pcids) * 4095 / 2;
      Entry page = TlbModel.page(va, pcid, step / 3000, random.nextBoolean());
      int action = random.nextInt(200);
      if (action < 4) {
        tlb.invalidatePage(va, pcid);
        model.invalidatePage(va, pcid);
      } else if (action < 12) {
        tlb.update(va, pcid, page.word());
        model.update(va, pcid, page);
      } else if (action == 12 && random.nextInt(8) == 0) {
        tlb.invalidatePcid(pcid);
        model.invalidatePcid(pcid);
      } else if (action == 13 && random.nextInt(16) == 0) {
        tlb.invalidateAll();
        model.invalidateAll();
      } else {
        Entry hit = model.lookup(va, pcid);
        long expected = hit == null ? ABSENT : hit.word();
        assertEquals(expected, tlb.lookup(va, pcid), () -> "at 0x" + Long.toHexString(va));
        if (hit == null) {
          assertEquals(model.fit(page) != null, tlb.insert(va, pcid, page.word()));
          model.insert(va, page);
        }
      }
    }
    assertEquals(model.hits, tlb.snapshot().get(TlbStructureMetric.HITS));
    assertEquals(model.fills, tlb.snapshot().get(TlbStructureMetric.FILLS));
    assertEquals(model.evictions, tlb.snapshot().get(TlbStructureMetric.EVICTIONS));
  }

  @Test
  void aLargerPageEntersAsThePieceWithTheFrameOfItsAddress() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_4K);
    Entry page = page(PageSize.SIZE_2M, 0x40_0000, 0, false, 0x1_2340_0000L);
    assertTrue(tlb.insert(0x41_2345, 0, page.word()));
    // P, R/W, U/S, size code 0, piece; frame + 0x12000; page size code 1 at bit 52.
    assertEquals(0x0010_0001_2341_2807L, tlb.lookup(0x41_2fff, 0));
    assertEquals(ABSENT, tlb.lookup(0x41_3000, 0));
    assertEquals(ABSENT, tlb.lookup(0x41_1fff, 0));
  }

  @Test
  void aOneGigabytePageEntersATwoMegabyteStructureAsTwoMegabytes() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_4K, PageSize.SIZE_2M);
    Entry page = page(PageSize.SIZE_1G, 0x4000_0000, 0, false, 0x10_0000_0000L);
    assertTrue(tlb.insert(0x4060_5123, 0, page.word()));
    assertEquals(0x0030_0010_0060_0a07L, tlb.lookup(0x407f_ffff, 0));
    assertEquals(ABSENT, tlb.lookup(0x4080_0000, 0));
  }

  @Test
  void aPageSmallerThanAllSizesDoesNotEnter() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_2M, PageSize.SIZE_1G);
    assertFalse(tlb.insert(0x5000, 0, page(PageSize.SIZE_4K, 0x5000, 0, false, 0x9000).word()));
    assertEquals(ABSENT, tlb.lookup(0x5000, 0));
    assertEquals(0, tlb.snapshot().get(TlbStructureMetric.FILLS));
  }

  @Test
  void invalidatingAnyAddressOfALargePageDropsAllItsPieces() {
    SetAssociativeTlb tlb = tlb(32, 4, PageSize.SIZE_4K);
    long word = page(PageSize.SIZE_2M, 0x20_0000, 3, false, 0x4000_0000).word();
    long other = page(PageSize.SIZE_2M, 0x40_0000, 3, false, 0x6000_0000).word();
    tlb.insert(0x20_0000, 3, word);
    tlb.insert(0x20_7000, 3, word);
    tlb.insert(0x3f_e000, 3, word);
    tlb.insert(0x40_1000, 3, other);
    tlb.invalidatePage(0x2a_a123, 3);
    assertEquals(ABSENT, tlb.lookup(0x20_0000, 3));
    assertEquals(ABSENT, tlb.lookup(0x20_7000, 3));
    assertEquals(ABSENT, tlb.lookup(0x3f_e000, 3));
    assertTrue(tlb.lookup(0x40_1000, 3) != ABSENT);
  }

  @Test
  void theSmallestOfSeveralMatchesWinsAndThenTheOneThatIsNotGlobal() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_4K, PageSize.SIZE_2M);
    long small = page(PageSize.SIZE_4K, 0, 1, false, 0x1000).word();
    long smallGlobal = page(PageSize.SIZE_4K, 0, 2, true, 0x2000).word();
    long large = page(PageSize.SIZE_2M, 0, 3, true, 0x20_0000).word();
    tlb.insert(0, 1, small);
    tlb.insert(0, 2, smallGlobal);
    tlb.insert(0, 3, large);
    assertEquals(small, tlb.lookup(0, 1));
    assertEquals(smallGlobal, tlb.lookup(0, 4));
    assertEquals(large, tlb.lookup(0x1000, 4));
  }

  @Test
  void anEntryHitsUnderItsOwnPcidOnly() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_4K);
    long word = page(PageSize.SIZE_4K, 0x7000, 1, false, 0x3000).word();
    tlb.insert(0x7000, 1, word);
    assertEquals(word, tlb.lookup(0x7000, 1));
    assertEquals(ABSENT, tlb.lookup(0x7000, 2));
    assertEquals(ABSENT, tlb.lookup(0x7000, 0));
    assertEquals(ABSENT, tlb.lookup(0x7000, 4095));
  }

  @Test
  void aGlobalEntryHitsUnderAnyPcid() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_4K);
    long word = page(PageSize.SIZE_4K, 0x7000, 1, true, 0x3000).word();
    tlb.insert(0x7000, 1, word);
    for (int pcid : new int[] {0, 1, 2, 4095}) {
      assertEquals(word, tlb.lookup(0x7000, pcid));
    }
  }

  @Test
  void invalidatingAPcidKeepsGlobalEntriesAndOtherPcids() {
    SetAssociativeTlb tlb = filledForInvalidation();
    tlb.invalidatePcid(1);
    assertEquals(ABSENT, tlb.lookup(0x1000, 1));
    assertEquals(ABSENT, tlb.lookup(0x2000, 1));
    assertTrue(tlb.lookup(0x1000, 2) != ABSENT);
    assertTrue(tlb.lookup(0x3000, 1) != ABSENT);
  }

  @Test
  void invalidatingAllDropsGlobalEntriesToo() {
    SetAssociativeTlb tlb = filledForInvalidation();
    tlb.invalidateAll();
    for (int pcid = 1; pcid <= 2; pcid++) {
      for (long va = 0x1000; va <= 0x3000; va += 0x1000) {
        assertEquals(ABSENT, tlb.lookup(va, pcid));
      }
    }
  }

  @Test
  void invalidatingAPageDropsItsOwnPcidAndKeepsOthers() {
    SetAssociativeTlb tlb = filledForInvalidation();
    tlb.invalidatePage(0x1fff, 1);
    assertEquals(ABSENT, tlb.lookup(0x1000, 1));
    assertTrue(tlb.lookup(0x1000, 2) != ABSENT);
    assertTrue(tlb.lookup(0x2000, 1) != ABSENT);
  }

  @Test
  void invalidatingAPageDropsItsGlobalEntryUnderAnyPcid() {
    SetAssociativeTlb tlb = filledForInvalidation();
    tlb.invalidatePage(0x3000, 7);
    assertEquals(ABSENT, tlb.lookup(0x3000, 1));
    assertEquals(ABSENT, tlb.lookup(0x3000, 2));
    assertTrue(tlb.lookup(0x2000, 1) != ABSENT);
  }

  /** 0x1000 under PCIDs 1 and 2, 0x2000 under 1, 0x3000 global. */
  private static SetAssociativeTlb filledForInvalidation() {
    SetAssociativeTlb tlb = tlb(16, 4, PageSize.SIZE_4K);
    tlb.insert(0x1000, 1, page(PageSize.SIZE_4K, 0x1000, 1, false, 0xa000).word());
    tlb.insert(0x1000, 2, page(PageSize.SIZE_4K, 0x1000, 2, false, 0xb000).word());
    tlb.insert(0x2000, 1, page(PageSize.SIZE_4K, 0x2000, 1, false, 0xc000).word());
    tlb.insert(0x3000, 2, page(PageSize.SIZE_4K, 0x3000, 2, true, 0xd000).word());
    return tlb;
  }

  @Test
  void upperAndLowerHalfOfTheAddressSpaceAreDifferentPages() {
    SetAssociativeTlb tlb = tlb(4, 4, PageSize.SIZE_4K);
    tlb.insert(0x7fff_ffff_f000L, 0, page(PageSize.SIZE_4K, 0x7fff_ffff_f000L, 0, false, 0).word());
    assertEquals(ABSENT, tlb.lookup(0xffff_ffff_ffff_f000L, 0));
    assertTrue(tlb.lookup(0x7fff_ffff_ffffL, 0) != ABSENT);
  }

  @Test
  void anUpdateDoesNotRefreshTheEntryInTheOrderOfReplacement() {
    SetAssociativeTlb tlb = tlb(2, 2, PageSize.SIZE_4K);
    Entry older = page(PageSize.SIZE_4K, 0x1000, 0, false, 0xa000);
    long newer = page(PageSize.SIZE_4K, 0x2000, 0, false, 0xb000).word();
    tlb.insert(0x1000, 0, older.word());
    tlb.insert(0x2000, 0, newer);
    tlb.update(0x1000, 0, older.word() | TlbModel.DIRTY);
    tlb.insert(0x3000, 0, page(PageSize.SIZE_4K, 0x3000, 0, false, 0xc000).word());
    assertEquals(ABSENT, tlb.lookup(0x1000, 0));
    assertEquals(newer, tlb.lookup(0x2000, 0));
  }
}
