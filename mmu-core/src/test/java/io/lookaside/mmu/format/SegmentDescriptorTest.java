package io.lookaside.mmu.format;

import static org.junit.jupiter.api.Assertions.assertEquals;

import org.junit.jupiter.api.Test;

class SegmentDescriptorTest {
  @Test
  void flatSegmentsAreTheWellKnownWords() {
    // The flat 32-bit code and data segments of every boot loader, with DPL 0 and 3.
    assertEquals(0x00cf_9a00_0000_ffffL, SegmentDescriptor.of(0, 0xffff_ffffL, true, false, 0));
    assertEquals(0x00cf_9200_0000_ffffL, SegmentDescriptor.of(0, 0xffff_ffffL, false, true, 0));
    assertEquals(0x00cf_fa00_0000_ffffL, SegmentDescriptor.of(0, 0xffff_ffffL, true, false, 3));
  }

  @Test
  void baseAndLimitStandInTheirThreePlaces() {
    long d = SegmentDescriptor.of(0x1234_5678L, 0xa_bcde, false, false, 3);
    assertEquals(0x124a_f034_5678_bcdeL, d);
    assertEquals(0x1234_5678L, SegmentDescriptor.base(d));
    assertEquals(0xa_bcde, SegmentDescriptor.limit(d));
  }
}
