package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.EnumSet;
import java.util.List;
import org.junit.jupiter.api.Test;

class WatermarksTest {
  @Test
  void minFreeKbytesIsTheRootOfSixteenTimesMemoryWithinItsBounds() {
    // 4,000,000 KiB: the root of 64,000,000.
    assertEquals(8000, Watermarks.minFreeKib(1_000_000, 2, false));
    assertEquals(128, Watermarks.minFreeKib(200, 1, false));
    assertEquals(262_144, Watermarks.minFreeKib(1L << 30, 2, false));
    assertEquals(262_144, Watermarks.minFreeKib(1L << 31, 2, false));
  }

  @Test
  void khugepagedRaisesIt() {
    // What /proc/sys/vm/min_free_kbytes says on machines with two and with three zones.
    assertEquals(45_056, Watermarks.minFreeKib(1_000_000, 2, true));
    assertEquals(67_584, Watermarks.minFreeKib(1_000_000, 3, true));
    // At most a twentieth of memory.
    assertEquals(20_000, Watermarks.minFreeKib(100_000, 2, true));
    // Never lowers it.
    assertEquals(32_768, Watermarks.minFreeKib(1L << 24, 1, true));
  }

  @Test
  void theDistanceIsAQuarterOfMinOrTheScaleFactor() {
    assertEquals(new Watermarks(2000, 3000, 4000), Watermarks.of(8000, 1_000_000, 1_000_000, 10));
    assertEquals(new Watermarks(2000, 2500, 3000), Watermarks.of(8000, 1_000_000, 1_000_000, 1));
    // A zone with a quarter of memory has a quarter of min.
    assertEquals(new Watermarks(500, 750, 1000), Watermarks.of(8000, 250_000, 1_000_000, 10));
  }

  @Test
  void theKernelSetsThemForEachZone() {
    TestMachine machine = new TestMachine(LinuxConfig.of(8L << 30).withThp(LinuxConfig.Thp.NEVER));
    List<Zone> zones = machine.kernel.pages().zones();
    long all = machine.kernel.pages().managedFrames();
    long min = (long) Math.sqrt((double) (all * 4 * 16)) / 4;
    for (Zone zone : zones) {
      Watermarks marks = zone.watermarks();
      assertEquals(min * zone.managedFrames() / all, marks.min());
      assertEquals(zone.managedFrames() * 10L / 10_000, marks.low() - marks.min());
      assertEquals(marks.low() - marks.min(), marks.high() - marks.low());
    }
    // DMA32 keeps 1/256 of the zone above it from those who could use that.
    assertEquals(0, zones.get(0).reserve());
    assertEquals(zones.get(0).managedFrames() / 256, zones.get(1).reserve());
  }

  @Test
  void nothingIsTakenBelowMinUnlessItMayBe() {
    TestMachine machine =
        new TestMachine(
            LinuxConfig.of(128L << 20).without(EnumSet.of(Mechanism.KSWAPD, Mechanism.OOM_KILLER)));
    PhysicalPages pages = machine.kernel.pages();
    Watermarks marks = pages.zones().get(0).watermarks();
    while (pages.allocate(0) != PageFrames.NONE) {
      assertTrue(pages.freeFrames() >= marks.min());
    }
    assertEquals(marks.min(), pages.freeFrames());
    assertTrue(pages.takeAny(0) >= 0);
  }
}
