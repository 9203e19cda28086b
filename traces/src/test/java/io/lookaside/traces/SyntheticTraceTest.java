package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.traces.Samples.Ref;
import io.lookaside.traces.SyntheticTrace.Pattern;
import io.lookaside.traces.SyntheticTrace.Spec;
import java.io.IOException;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/** The streams; that three of them are the C baseline's is CBaselineCountsTest's to show. */
class SyntheticTraceTest {
  private static final long BASE = 0x7f00_0000_0000L;

  private static Spec spec(Pattern pattern, long count, long footprint, long stride) {
    return new Spec(pattern, count, BASE, footprint, stride, 8, 0.25, 0.99, 0);
  }

  private static List<Ref> read(Spec spec) throws IOException {
    try (SyntheticTrace trace = new SyntheticTrace(spec)) {
      return Samples.readAll(trace);
    }
  }

  @Test
  void sequentialStepsByTheStrideAndBeginsAgain() throws IOException {
    List<Ref> refs = read(spec(Pattern.SEQUENTIAL, 10_000, 4096, 16));
    for (int i = 0; i < refs.size(); i++) {
      assertEquals(BASE + i * 16L % 4096, refs.get(i).address());
    }
  }

  @Test
  void strideThatDoesNotDivideTheFootprintGoesOnWhereItWrapsTo() throws IOException {
    List<Ref> refs = read(spec(Pattern.STRIDED, 1000, 4096, 24));
    for (int i = 0; i < refs.size(); i++) {
      assertEquals(BASE + i * 24L % 4096, refs.get(i).address());
    }
  }

  @Test
  void uniformIsDecidedByTheGeneratorsKnownNumbers() throws IOException {
    // SplitMix64 with seed 0 begins with these, as its authors' C program does; each reference
    // takes one for its address and one for its kind, whose low two bits are zero for a store.
    long[] known = {
      0xe220a8397b1dcdafL, 0x6e789e6aa1b965f4L, 0x06c45d188009454fL, 0xf88bb8a8724c81ecL
    };
    List<Ref> refs = read(spec(Pattern.UNIFORM, 2, 1 << 30, 8));
    for (int i = 0; i < 2; i++) {
      long offset = known[2 * i] & 0x3fff_ffff & ~7L;
      AccessKind kind = (known[2 * i + 1] & 3) == 0 ? AccessKind.STORE : AccessKind.LOAD;
      assertEquals(new Ref(kind, BASE + offset, 8), refs.get(i));
    }
  }

  @Test
  void chaseVisitsEveryElementOnceBeforeItVisitsOneAgain() throws IOException {
    int elements = 777;
    List<Ref> refs = read(spec(Pattern.CHASE, 3L * elements, elements * 4096L, 4096));
    Set<Long> first = new HashSet<>();
    for (int i = 0; i < elements; i++) {
      first.add(refs.get(i).address());
      assertEquals(refs.get(i).address(), refs.get(i + elements).address());
    }
    assertEquals(elements, first.size());
    assertTrue(first.stream().allMatch(a -> (a - BASE) % 4096 == 0), "a stride apart");
  }

  @Test
  void gupsLoadsAndThenStoresEachElement() throws IOException {
    List<Ref> refs = read(spec(Pattern.GUPS, 9999, 1 << 20, 8));
    assertEquals(9999, refs.size());
    for (int i = 0; i + 1 < refs.size(); i += 2) {
      assertEquals(AccessKind.LOAD, refs.get(i).kind());
      assertEquals(new Ref(AccessKind.STORE, refs.get(i).address(), 8), refs.get(i + 1));
    }
  }

  @Test
  void zipfFavoursPagesByTheLaw() throws IOException {
    // With exponent 1 the most frequent of 64 pages has 1 / (1 + 1/2 + ... + 1/64) = 21.1 % of the
    // references and the second half as many.
    int count = 200_000;
    Spec spec = new Spec(Pattern.ZIPF, count, BASE, 64 * 4096, 8, 8, 0, 1, 5);
    Map<Long, Integer> pages = new HashMap<>();
    for (Ref r : read(spec)) {
      pages.merge(r.address() >>> 12, 1, Integer::sum);
    }
    List<Integer> counts = pages.values().stream().sorted((a, b) -> b - a).toList();
    assertEquals(64, counts.size());
    assertEquals(0.211, counts.get(0) / (double) count, 0.005);
    assertEquals(0.1055, counts.get(1) / (double) count, 0.005);
  }

  @ParameterizedTest
  @EnumSource(Pattern.class)
  void shareOfStoresIsTheOneAskedFor(Pattern pattern) throws IOException {
    for (double share : new double[] {0, 0.25, 0.7, 1}) {
      Spec spec = new Spec(pattern, 40_000, BASE, 1 << 20, 64, 8, share, 0.99, 3);
      long stores = read(spec).stream().filter(r -> r.kind() == AccessKind.STORE).count();
      assertEquals(pattern == Pattern.GUPS ? 0.5 : share, stores / 40_000.0, 0.01);
    }
  }

  @ParameterizedTest
  @EnumSource(Pattern.class)
  void streamsStayInTheirMemoryAndAreDecidedByTheSeed(Pattern pattern) throws IOException {
    Spec spec = new Spec(pattern, 5000, BASE, 3 * 4096, 64, 16, 0.5, 0.99, 1);
    List<Ref> refs = read(spec);
    assertEquals(5000, refs.size());
    for (Ref r : refs) {
      assertTrue(r.address() >= BASE && r.address() + 16 <= BASE + 3 * 4096, r.toString());
      assertEquals(0, r.address() % 16);
    }
    assertEquals(refs, read(spec));
    assertNotEquals(refs, read(new Spec(pattern, 5000, BASE, 3 * 4096, 64, 16, 0.5, 0.99, 2)));
  }

  @Test
  void whatCannotBeIsRefused() {
    assertThrows(
        IllegalArgumentException.class,
        () -> new Spec(Pattern.UNIFORM, 0, BASE, 4096, 8, 8, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Spec(Pattern.UNIFORM, 1, BASE, 4096, 8, 6, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class, () -> new Spec(Pattern.UNIFORM, 1, BASE, 4, 8, 8, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Spec(Pattern.STRIDED, 1, BASE, 4096, 8192, 8, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Spec(Pattern.ZIPF, 1, BASE, 5000 * 8, 8, 8, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Spec(Pattern.CHASE, 1, BASE, 1L << 40, 64, 8, 0, 1, 0));
    assertThrows(
        IllegalArgumentException.class,
        () -> new Spec(Pattern.UNIFORM, 1, BASE, 4096, 8, 8, 1.5, 1, 0));
  }
}
