package io.lookaside.tlb;

/**
 * How translations are fetched ahead of their use into a buffer beside the second level, which is
 * looked up with it. A second-level miss, and a hit in the buffer, say what comes next.
 *
 * @param kind which page is expected next
 * @param bufferEntries translations that the buffer holds; the eldest makes room
 * @param streams of {@link Kind#STRIDE}: the rows of pages that are followed at a time, for fetches
 *     and for data each
 */
public record PrefetchConfig(Kind kind, int bufferEntries, int streams) {
  /** Which page is expected next. */
  public enum Kind {
    /** The page of 4 KiB that follows. */
    NEXT_PAGE("next-page"),
    /** The page at the same distance as the last two, once these were equal. */
    STRIDE("stride");

    private final String label;

    Kind(String label) {
      this.label = label;
    }

    /** The name in machine files. */
    public String label() {
      return label;
    }
  }

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if there is no entry, or a stride without a stream
   */
  public PrefetchConfig {
    if (bufferEntries < 1 || bufferEntries > 4096) {
      throw new IllegalArgumentException("bufferEntries must be 1 to 4096");
    }
    if (kind == Kind.STRIDE ? streams < 1 || streams > 64 : streams != 0) {
      throw new IllegalArgumentException("kind: stride needs 1 to 64 streams, next-page none");
    }
  }
}
