package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import java.io.IOException;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TraceSummaryTest {
  private static TraceSummary summary(String csv) throws IOException {
    TraceSummary summary = new TraceSummary();
    ReferenceBatch batch = new ReferenceBatch();
    try (TraceFile trace =
        TraceFile.open("-", TraceFormat.CSV, Samples.stream(Samples.ascii(csv)))) {
      while (trace.read(batch) > 0) {
        summary.add(batch);
      }
    }
    return summary;
  }

  @Test
  void countsAreThoseOfATraceCountedByHand() throws IOException {
    TraceSummary s =
        summary(
            """
            kind,va,size,pc,asid,core
            I,0x401000,4,0x401000,5,0
            L,0x1ffffc,8,0x401000,5,0
            S,0x1ff000,8,,5,1
            L,0x401000,1,,6,1
            L,0x1234000000000000,8,,6,1
            S,0xffffffffffffffff,1,,6,1
            """);
    assertEquals(6, s.references());
    assertEquals(1, s.references(AccessKind.FETCH));
    assertEquals(3, s.references(AccessKind.LOAD));
    assertEquals(2, s.references(AccessKind.STORE));
    assertEquals(1, s.pageCrossings()); // 0x1ffffc + 8 reaches into 0x200000
    assertEquals(1, s.nonCanonical());
    // Process 5: 0x401, 0x1ff, 0x200. Process 6: 0x401 again, the last page of all.
    assertEquals(5, s.distinctPages(PageSize.SIZE_4K));
    // Process 5: the regions from 0x400000, 0 and 0x200000. Process 6: 0x400000, the last of all.
    assertEquals(5, s.distinctPages(PageSize.SIZE_2M));
    assertEquals(0x1ff000, s.lowestAddress());
    assertEquals(-1L, s.highestAddress());
    assertEquals(Map.of(1, 2L, 4, 1L, 8, 3L), s.sizes());
    assertEquals(Map.of(0, 2L, 1, 4L), s.cores());
    assertEquals(2, s.withInstructionAddresses());
  }

  @Test
  void traceWithoutACanonicalAddressTouchesNothing() throws IOException {
    TraceSummary s = summary("kind,va\nL,0x1234000000000000\n");
    assertFalse(s.touchesMemory());
    assertEquals(0, s.distinctPages(PageSize.SIZE_4K));
  }

  @Test
  void manyPagesAreCountedOnceEach() throws IOException {
    StringBuilder csv = new StringBuilder("kind,va\n");
    for (int round = 0; round < 2; round++) {
      for (int i = 0; i < 3000; i++) {
        csv.append("L,").append(i * 4096L * 7).append('\n');
      }
    }
    TraceSummary s = summary(csv.toString());
    assertEquals(3000, s.distinctPages(PageSize.SIZE_4K));
    // They are 28 KiB apart, so no region of 2 MiB up to the last is left out.
    assertEquals((2999L * 7 * 4096) / (2 << 20) + 1, s.distinctPages(PageSize.SIZE_2M));
  }
}
