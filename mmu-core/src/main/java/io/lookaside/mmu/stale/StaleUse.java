package io.lookaside.mmu.stale;

import io.lookaside.mmu.format.Translation;
import java.util.Locale;

/**
 * The first use of a stale translation.
 *
 * @param va linear address of the access
 * @param pcid current PCID
 * @param cached the translation that was used, a {@link Translation} word
 * @param fresh the one that the tables hold now, or {@link Translation#NONE} where they hold none
 * @param fromStructureCache whether a walk that began at a stale paging-structure cache yielded it,
 *     and not a TLB
 * @param change the entry that changed
 */
public record StaleUse(
    long va, int pcid, long cached, long fresh, boolean fromStructureCache, Change change) {

  /** What differs between the tables of then and of now. */
  public enum Place {
    /** An entry of the tables. */
    ENTRY,
    /** CR3 names another top table for the same PCID. */
    ROOT,
    /** Nothing on the way is known to have changed, since it was never seen otherwise. */
    UNKNOWN
  }

  /**
   * An entry that changed.
   *
   * @param level number of its level, 0 for the page table; -1 unless {@code place} is an entry
   * @param name PTE, PDE and so on, or empty
   * @param address physical address
   * @param leaf whether it mapped the page itself
   */
  public record Change(
      Place place, int level, String name, long address, long before, long after, boolean leaf) {
    /** A change of which the entry is not known. */
    static Change of(Place place) {
      return new Change(place, -1, "", 0, 0, 0, false);
    }
  }

  /** The invalidation that should have been made after the change. */
  public String missingInvalidation() {
    if (change.place() == Place.ROOT) {
      return "MOV to CR3 without bit 63, or INVPCID type 1 of PCID " + pcid;
    }
    if (fromStructureCache) {
      return "INVLPG of any address under PCID " + pcid + ", or INVPCID type 0 of this one";
    }
    String page = "INVLPG of " + hex(va);
    if (change.place() == Place.ENTRY && !change.leaf()) {
      page += " and of every other page below the entry";
    }
    return Translation.isGlobal(cached)
        ? page + "; it is global, so that MOV to CR3 does not drop it"
        : page + ", INVPCID type 0, or MOV to CR3 without bit 63, for PCID " + pcid;
  }

  /** One line for people. */
  @Override
  public String toString() {
    String entry =
        switch (change.place()) {
          case ENTRY ->
              String.format(
                  Locale.ROOT,
                  "%s at 0x%x changed from 0x%x to 0x%x",
                  change.name(),
                  change.address(),
                  change.before(),
                  change.after());
          case ROOT -> "CR3 names another top table";
          case UNKNOWN -> "the tables changed";
        };
    return hex(va)
        + (fromStructureCache ? ": stale structure cache; " : ": stale translation; ")
        + entry
        + "; missing: "
        + missingInvalidation();
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
