package io.lookaside.tlb;

import static org.junit.jupiter.api.Assertions.assertDoesNotThrow;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.Geometry;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.format.PageSize;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class TlbConfigTest {
  private static final Geometry GEOMETRY = new Geometry(16, 4, ReplacementPolicy.Kind.LRU);
  private static final Set<AccessKind> DATA = Set.of(AccessKind.LOAD, AccessKind.STORE);

  private static TlbStructureConfig structure(Set<PageSize> sizes, Set<AccessKind> kinds) {
    return new TlbStructureConfig("s", GEOMETRY, sizes, kinds);
  }

  @Test
  void aStructureWithoutPageSizesIsRejected() {
    assertThrows(IllegalArgumentException.class, () -> structure(Set.of(), DATA));
  }

  @Test
  void aStructureWithoutAccessesIsRejected() {
    assertThrows(
        IllegalArgumentException.class, () -> structure(Set.of(PageSize.SIZE_4K), Set.of()));
  }

  @Test
  void aStructureKeepsItsSizesFromTheSmallestOn() {
    TlbStructureConfig s =
        structure(Set.of(PageSize.SIZE_1G, PageSize.SIZE_4K, PageSize.SIZE_2M), DATA);
    assertEquals(
        List.of(PageSize.SIZE_4K, PageSize.SIZE_2M, PageSize.SIZE_1G),
        new ArrayList<>(s.pageSizes()));
  }

  @Test
  void aStructureIsNotChangedThroughTheSetsItWasMadeOf() {
    Set<PageSize> sizes = new HashSet<>(Set.of(PageSize.SIZE_4K));
    TlbStructureConfig s = structure(sizes, DATA);
    sizes.add(PageSize.SIZE_1G);
    assertEquals(Set.of(PageSize.SIZE_4K), s.pageSizes());
    assertThrows(UnsupportedOperationException.class, () -> s.pageSizes().add(PageSize.SIZE_2M));
  }

  @Test
  void aLevelWithoutStructuresIsRejected() {
    assertThrows(IllegalArgumentException.class, () -> new TlbLevelConfig("l1d", 0, List.of()));
  }

  @Test
  void aNegativeLatencyIsRejected() {
    List<TlbStructureConfig> one = List.of(structure(Set.of(PageSize.SIZE_4K), DATA));
    assertThrows(IllegalArgumentException.class, () -> new TlbLevelConfig("l1d", -1, one));
    assertDoesNotThrow(() -> new TlbLevelConfig("l1d", 0, one));
  }

  @Test
  void twoStructuresThatDifferInSizeOrKindAreAccepted() {
    TlbStructureConfig loads = structure(Set.of(PageSize.SIZE_4K), Set.of(AccessKind.LOAD));
    TlbStructureConfig stores = structure(Set.of(PageSize.SIZE_4K), Set.of(AccessKind.STORE));
    TlbStructureConfig large = structure(Set.of(PageSize.SIZE_2M, PageSize.SIZE_1G), DATA);
    List<TlbStructureConfig> all = List.of(loads, stores, large);
    assertEquals(all, new TlbLevelConfig("l1d", 1, all).structures());
  }

  @Test
  void wholePagesDoNotGoWithExclusiveLevels() {
    List<TlbStructureConfig> one = List.of(structure(Set.of(PageSize.SIZE_4K), DATA));
    TlbLevelConfig level = new TlbLevelConfig("l1d", 1, one);
    assertThrows(
        IllegalArgumentException.class,
        () -> new TlbConfig(level, level, level, TlbConfig.Inclusion.EXCLUSIVE, true));
    assertDoesNotThrow(
        () -> new TlbConfig(level, level, level, TlbConfig.Inclusion.INCLUSIVE, true));
  }

  @Test
  void theLabelsOfInclusionAreThoseOfMachineFiles() {
    assertEquals("non-inclusive", TlbConfig.Inclusion.NON_INCLUSIVE.label());
    assertEquals("inclusive", TlbConfig.Inclusion.INCLUSIVE.label());
    assertEquals("exclusive", TlbConfig.Inclusion.EXCLUSIVE.label());
  }
}
