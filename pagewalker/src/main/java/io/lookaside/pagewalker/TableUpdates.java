package io.lookaside.pagewalker;

/**
 * When a walk writes accessed bits of non-leaf entries. A and D of the leaf are set only by an
 * access that succeeds. The SDM leaves open whether a walk that faults has set A in the entries
 * above (Vol. 3A, "Accessed and Dirty Flags").
 */
public enum TableUpdates {
  /** As the walk descends, also when it faults later. */
  AS_WALKED("as-walked"),
  /** At the end of a walk that succeeds. An entry enters a structure cache once its A is set. */
  AT_END("at-end"),
  /** Never, neither A nor D: for tables that are only looked at. */
  NEVER("never");

  private final String label;

  TableUpdates(String label) {
    this.label = label;
  }

  /** The name in machine files. */
  public String label() {
    return label;
  }
}
