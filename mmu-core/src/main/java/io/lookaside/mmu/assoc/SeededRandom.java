package io.lookaside.mmu.assoc;

/**
 * The generator behind everything random in Lookaside: SplitMix64, so that a seed means the same on
 * every machine and in every version of Java.
 *
 * <p>Source: Steele, Lea, Flood: "Fast splittable pseudorandom number generators", OOPSLA 2014.
 */
public final class SeededRandom {
  private static final long GAMMA = 0x9e3779b97f4a7c15L;

  private long state;

  /** A generator whose sequence is determined by {@code seed}. */
  public SeededRandom(long seed) {
    this.state = seed;
  }

  /** A well-mixed function of {@code z}: equal in, equal out. */
  public static long mix(long z) {
    z = (z ^ z >>> 30) * 0xbf58476d1ce4e5b9L;
    z = (z ^ z >>> 27) * 0x94d049bb133111ebL;
    return z ^ z >>> 31;
  }

  /** The next 64 bits. */
  public long nextLong() {
    state += GAMMA;
    return mix(state);
  }

  /** A number from 0 to {@code bound} - 1; bound at most 2^31 - 1. */
  public int nextInt(int bound) {
    return (int) (((nextLong() >>> 32) * bound) >>> 32);
  }

  /** A number from 0 inclusive to 1 exclusive. */
  public double nextDouble() {
    return (nextLong() >>> 11) * 0x1p-53;
  }
}
