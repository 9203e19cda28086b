package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.traces.ReferenceBatch;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class AccessMapTest {
  private record Access(int process, long address) {}

  /** Whatever bands and columns are chosen, each field counts what fell into it. */
  @ParameterizedTest
  @CsvSource({
    // seed, references, spread of addresses in bits, regions, processes
    "1, 100, 16, 1, 1",
    "2, 40000, 22, 3, 1",
    "3, 70000, 30, 5, 3",
    "4, 33333, 46, 40, 2",
    "5, 40000, 47, 400, 1",
    "6, 50000, 26, 2, 300",
  })
  void eachFieldCountsWhatFellIntoIt(
      long seed, int references, int bits, int regions, int processes) {
    Random random = new Random(seed);
    long[] bases = new long[regions];
    for (int i = 0; i < regions; i++) {
      bases[i] = random.nextLong() >>> 17 << 12;
    }
    List<Access> all = new ArrayList<>();
    AccessMap map = new AccessMap();
    ReferenceBatch batch = new ReferenceBatch();
    while (all.size() < references) {
      int process = random.nextInt(processes);
      int n = Math.min(references - all.size(), 1 + random.nextInt(1000));
      for (int i = 0; i < n; i++) {
        long address = bases[random.nextInt(regions)] + (random.nextLong() >>> (64 - bits));
        batch.set(i, address, ReferenceBatch.descriptor(AccessKind.LOAD.ordinal(), 8));
        all.add(new Access(process, address));
      }
      map.add(process, batch, 0, n);
    }

    AccessHeatmap heatmap = map.result();
    assertTrue(heatmap.columns() <= AccessMap.COLUMNS);
    assertTrue(heatmap.bands().size() <= AccessMap.BANDS + Math.min(processes, 256));
    long[][] expected = new long[heatmap.bands().size()][heatmap.columns()];
    for (int i = 0; i < references; i++) {
      Access access = all.get(i);
      int found = 0;
      for (int b = 0; b < expected.length; b++) {
        AccessHeatmap.Band band = heatmap.bands().get(b);
        if (band.process() == Math.min(access.process, 255)
            && band.first() <= access.address
            && access.address <= band.last()) {
          expected[b][(int) (i / heatmap.referencesPerColumn())]++;
          found++;
        }
      }
      assertEquals(1, found, "bands of an access");
    }
    for (int b = 0; b < expected.length; b++) {
      for (int column = 0; column < heatmap.columns(); column++) {
        assertEquals(expected[b][column], heatmap.bands().get(b).accesses().get(column));
      }
    }
  }
}
