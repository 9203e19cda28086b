package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.SeededRandom;

/**
 * A made-up stream of 4-byte references, one in four of them a store: always the same one, so that
 * measurements and counts can be compared.
 *
 * <p>The streams begin at virtual address 0x7f0000000000 and are, bit for bit, those that the C
 * baseline generates for the same purpose.
 */
public final class SyntheticTrace implements TraceCursor {
  /** The order in which a stream touches memory. */
  public enum Pattern {
    /** 64 MiB from front to back in steps of 64 bytes, again and again. */
    SEQUENTIAL,
    /** 1 GiB, every byte equally likely. */
    UNIFORM,
    /** 1 GiB, pages by a Zipf law with exponent 0.99 in a random order. */
    ZIPF
  }

  private static final long BASE = 0x7f00_0000_0000L;
  private static final long SEED = 88172645463325252L;
  private static final int PAGES = 1 << 18;
  private static final long SEQUENTIAL_BYTES = 64L << 20;
  private static final long RANDOM_BYTES = (long) PAGES << 12;
  private static final double EXPONENT = -0.99;
  private static final int SIZE = 4;

  private final Pattern pattern;
  private final long count;
  private final SeededRandom random = new SeededRandom(SEED);
  private final int[] permutation;
  private final double[] cumulative;
  private long made;

  /** A stream of {@code count} references. */
  public SyntheticTrace(Pattern pattern, long count) {
    this.pattern = pattern;
    this.count = count;
    boolean zipf = pattern == Pattern.ZIPF;
    this.cumulative = zipf ? cumulative() : new double[0];
    // Drawn for every pattern, so that all of them consume the generator alike.
    this.permutation = permutation();
  }

  @Override
  public int read(ReferenceBatch batch) {
    batch.clear();
    while (made < count && batch.count() < ReferenceBatch.CAPACITY) {
      long offset = offset();
      boolean store = (random.nextLong() & 3) == 0;
      int kind = store ? AccessKind.STORE.ordinal() : AccessKind.LOAD.ordinal();
      batch.add((BASE + offset) & ~3L, ReferenceBatch.descriptor(kind, SIZE));
      made++;
    }
    return batch.count();
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  private long offset() {
    return switch (pattern) {
      case SEQUENTIAL -> (made * 64) & (SEQUENTIAL_BYTES - 1);
      case UNIFORM -> random.nextLong() & (RANDOM_BYTES - 1);
      case ZIPF -> {
        double u = random.nextDouble() * cumulative[PAGES - 1];
        int low = 0;
        int high = PAGES - 1;
        while (low < high) {
          int middle = (low + high) / 2;
          if (cumulative[middle] < u) {
            low = middle + 1;
          } else {
            high = middle;
          }
        }
        yield ((long) permutation[low] << 12) | (random.nextLong() & 0xfff);
      }
    };
  }

  private int[] permutation() {
    int[] p = new int[PAGES];
    for (int i = 0; i < PAGES; i++) {
      p[i] = i;
    }
    for (int i = PAGES - 1; i > 0; i--) {
      int j = (int) Long.remainderUnsigned(random.nextLong(), i + 1L);
      int x = p[i];
      p[i] = p[j];
      p[j] = x;
    }
    return p;
  }

  private static double[] cumulative() {
    double[] c = new double[PAGES];
    double sum = 0;
    for (int i = 0; i < PAGES; i++) {
      sum += StrictMath.pow(i + 1.0, EXPONENT);
      c[i] = sum;
    }
    return c;
  }
}
