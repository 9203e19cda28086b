package io.lookaside.mmu.assoc;

/**
 * A set-associative array of tagged words with true LRU and nothing else: what {@link
 * AssociativeArray} is under that policy, entry by entry, made for a replay that needs no other.
 *
 * <p>Neither a tag nor a value is ever 0. Nothing here allocates after construction.
 */
public abstract class LruArray {
  /** What {@link #lookup} returns without a hit. */
  public static final long ABSENT = 0;

  private final int sets;
  private final int setMask;

  LruArray(int sets) {
    this.sets = sets;
    this.setMask = Integer.bitCount(sets) == 1 ? sets - 1 : -1;
  }

  /**
   * An empty array.
   *
   * @throws IllegalArgumentException if the geometry's policy is not LRU
   */
  public static LruArray of(Geometry geometry) {
    if (geometry.replacement() != ReplacementPolicy.Kind.LRU) {
      throw new IllegalArgumentException("not LRU: " + geometry);
    }
    return geometry.ways() <= WayWord.MAX_WAYS
        ? new PackedLruArray(geometry.sets(), geometry.ways())
        : new LinkedLruArray(geometry.sets(), geometry.ways());
  }

  /** The value under {@code tag} in the set of {@code number}, moved to the front; or ABSENT. */
  public abstract long lookup(long number, long tag);

  /**
   * Enters a tag that is not there, at the front of the set of {@code number}; what is at the back
   * has to go.
   *
   * @return whether a valid entry had to go
   */
  public abstract boolean insert(long number, long tag, long value);

  /** Replaces the value under {@code tag} where it is there; the order stays. */
  public abstract void update(long number, long tag, long value);

  /** Takes the entry of {@code tag} out where it is there. */
  public abstract void remove(long number, long tag);

  public final int setOf(long number) {
    int mask = setMask;
    return mask >= 0 ? (int) number & mask : (int) Long.remainderUnsigned(number, sets);
  }
}
