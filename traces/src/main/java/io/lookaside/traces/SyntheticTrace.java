package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.assoc.SeededRandom;

/**
 * A made-up stream of data references: the same one on every machine for the same {@link Spec}, so
 * that measurements and counts can be compared.
 */
public final class SyntheticTrace implements TraceCursor {
  /** The order in which a stream touches memory. */
  public enum Pattern {
    /** From front to back in steps of the stride, again and again; by default an element a step. */
    SEQUENTIAL,
    /** The same with steps of a page by default. */
    STRIDED,
    /** Every element equally likely. */
    UNIFORM,
    /** Pages by a Zipf law in a random order; in a page every element equally likely. */
    ZIPF,
    /** Elements a stride apart in one random cycle through all of them, again and again. */
    CHASE,
    /** Random elements, each loaded and then stored. */
    GUPS
  }

  /**
   * What decides a stream.
   *
   * @param pattern the order in which memory is touched
   * @param count references
   * @param base the virtual address at which the memory begins
   * @param footprint bytes of memory
   * @param stride bytes from one element to the next where the pattern has a next one
   * @param size bytes of a reference, a power of two; addresses are multiples of it
   * @param storeRatio the share of stores, each reference drawn by itself; GUPS has one half
   * @param exponent of the Zipf law
   * @param seed decides all that is random
   */
  public record Spec(
      Pattern pattern,
      long count,
      long base,
      long footprint,
      long stride,
      int size,
      double storeRatio,
      double exponent,
      long seed) {
    /** The most elements of a chase, whose order is kept in memory: 4 bytes each. */
    public static final long MAX_ELEMENTS = 1L << 27;

    /** The most pages of a Zipf stream, 12 bytes each. */
    public static final long MAX_PAGES = 1L << 26;

    /**
     * Checks that the parts fit each other.
     *
     * @throws IllegalArgumentException if not; the message says what was expected
     */
    public Spec {
      require(count > 0, "a stream has at least one reference");
      require(
          size > 0 && Integer.bitCount(size) == 1 && size <= ReferenceBatch.MAX_SIZE,
          "the size is a power of two, at most " + ReferenceBatch.MAX_SIZE);
      require(
          footprint >= size && footprint % size == 0,
          "the footprint is a multiple of the size of a reference");
      require(base % size == 0, "the base is a multiple of the size of a reference");
      require(stride > 0 && stride <= footprint, "the stride is from 1 to the footprint");
      require(stride % size == 0, "the stride is a multiple of the size of a reference");
      require(storeRatio >= 0 && storeRatio <= 1, "the share of stores is from 0 to 1");
      require(exponent >= 0 && exponent <= 100, "the exponent is from 0 to 100");
      if (pattern == Pattern.ZIPF) {
        require(
            size <= PAGE && footprint % PAGE == 0 && footprint / PAGE <= MAX_PAGES,
            "a zipf stream has whole pages of 4 KiB, at most " + MAX_PAGES);
      }
      if (pattern == Pattern.CHASE) {
        require(
            footprint / stride <= MAX_ELEMENTS,
            "a chase has at most " + MAX_ELEMENTS + " elements: a larger stride, or less memory");
      }
    }

    private static void require(boolean holds, String otherwise) {
      if (!holds) {
        throw new IllegalArgumentException(otherwise);
      }
    }
  }

  /** Where the streams of the C baseline begin, and others by default. */
  public static final long DEFAULT_BASE = 0x7f00_0000_0000L;

  private static final int PAGE = 4096;
  private static final long BASELINE_SEED = 88172645463325252L;
  private static final int BASELINE_PAGES = 1 << 18;

  private final Spec spec;
  private final SeededRandom random;

  /** Of a chase: the element after each one. Of a Zipf stream: the pages by rank. */
  private final int[] order;

  private final double[] cumulative;

  /** Compared with reversed random bits, so that a ratio of 1/4 looks at the lowest two only. */
  private final long storeThreshold;

  private final boolean alwaysStore;
  private long made;

  // Where a stream stands that has a next element.
  private long offset;
  private int element;

  /** A stream. */
  public SyntheticTrace(Spec spec) {
    this(spec, 0);
  }

  /**
   * One of the streams that the C baseline generates, bit for bit: 4-byte references, one in four a
   * store. {@code SEQUENTIAL} steps by 64 bytes through 64 MiB; {@code UNIFORM} and {@code ZIPF}
   * (with exponent 0.99) touch 1 GiB.
   *
   * @param pattern one of these three
   * @param count references
   */
  public SyntheticTrace(Pattern pattern, long count) {
    // The baseline draws an order of pages even where it needs none.
    this(baseline(pattern, count), pattern == Pattern.ZIPF ? 0 : BASELINE_PAGES - 1);
  }

  private static Spec baseline(Pattern pattern, long count) {
    long footprint = pattern == Pattern.SEQUENTIAL ? 64L << 20 : (long) BASELINE_PAGES * PAGE;
    return new Spec(pattern, count, DEFAULT_BASE, footprint, 64, 4, 0.25, 0.99, BASELINE_SEED);
  }

  private SyntheticTrace(Spec spec, int drawsBefore) {
    this.spec = spec;
    this.random = new SeededRandom(spec.seed());
    for (int i = 0; i < drawsBefore; i++) {
      random.nextLong();
    }
    boolean zipf = spec.pattern() == Pattern.ZIPF;
    int pages = (int) (spec.footprint() / PAGE);
    this.cumulative = zipf ? cumulative(pages, spec.exponent()) : new double[0];
    this.order =
        switch (spec.pattern()) {
          case ZIPF -> permutation(pages);
          case CHASE -> cycle((int) (spec.footprint() / spec.stride()));
          default -> new int[0];
        };
    this.alwaysStore = spec.storeRatio() == 1;
    this.storeThreshold = alwaysStore ? 0 : unsignedFraction(spec.storeRatio());
  }

  @Override
  public int read(ReferenceBatch batch) {
    batch.clear();
    if (spec.pattern() == Pattern.GUPS) {
      return readUpdates(batch);
    }
    while (made < spec.count() && batch.count() < ReferenceBatch.CAPACITY) {
      long next = nextOffset();
      boolean drawn = Long.compareUnsigned(Long.reverse(random.nextLong()), storeThreshold) < 0;
      add(batch, next, alwaysStore || drawn);
    }
    return batch.count();
  }

  private int readUpdates(ReferenceBatch batch) {
    while (made < spec.count() && batch.count() < ReferenceBatch.CAPACITY - 1) {
      long next = Long.remainderUnsigned(random.nextLong(), spec.footprint());
      add(batch, next, false);
      if (made < spec.count()) {
        add(batch, next, true);
      }
    }
    return batch.count();
  }

  private void add(ReferenceBatch batch, long at, boolean store) {
    AccessKind kind = store ? AccessKind.STORE : AccessKind.LOAD;
    long address = (spec.base() + at) & -spec.size();
    batch.add(address, ReferenceBatch.descriptor(kind.ordinal(), spec.size()));
    made++;
  }

  @Override
  public void close() {
    // Nothing is held.
  }

  private long nextOffset() {
    return switch (spec.pattern()) {
      case SEQUENTIAL, STRIDED -> {
        long at = offset;
        offset += spec.stride();
        if (offset >= spec.footprint()) {
          offset -= spec.footprint();
        }
        yield at;
      }
      case UNIFORM, GUPS -> Long.remainderUnsigned(random.nextLong(), spec.footprint());
      case ZIPF -> {
        double u = random.nextDouble() * cumulative[cumulative.length - 1];
        int low = 0;
        int high = cumulative.length - 1;
        while (low < high) {
          int middle = (low + high) / 2;
          if (cumulative[middle] < u) {
            low = middle + 1;
          } else {
            high = middle;
          }
        }
        yield (long) order[low] * PAGE | (random.nextLong() & (PAGE - 1));
      }
      case CHASE -> {
        int at = element;
        element = order[at];
        yield at * spec.stride();
      }
    };
  }

  private int[] permutation(int n) {
    int[] p = identity(n);
    for (int i = n - 1; i > 0; i--) {
      swap(p, i, (int) Long.remainderUnsigned(random.nextLong(), i + 1L));
    }
    return p;
  }

  /**
   * A permutation that is one cycle, by Sattolo's algorithm: never swaps an element with itself.
   */
  private int[] cycle(int n) {
    int[] p = identity(n);
    for (int i = n - 1; i > 0; i--) {
      swap(p, i, (int) Long.remainderUnsigned(random.nextLong(), i));
    }
    return p;
  }

  private static int[] identity(int n) {
    int[] p = new int[n];
    for (int i = 0; i < n; i++) {
      p[i] = i;
    }
    return p;
  }

  private static void swap(int[] p, int i, int j) {
    int x = p[i];
    p[i] = p[j];
    p[j] = x;
  }

  private static double[] cumulative(int pages, double exponent) {
    double[] c = new double[pages];
    double sum = 0;
    for (int i = 0; i < pages; i++) {
      sum += StrictMath.pow(i + 1.0, -exponent);
      c[i] = sum;
    }
    return c;
  }

  /** A fraction below 1 as an unsigned number of 64 bits. */
  private static long unsignedFraction(double fraction) {
    long upper = (long) (fraction * 0x1p63);
    return upper << 1;
  }
}
