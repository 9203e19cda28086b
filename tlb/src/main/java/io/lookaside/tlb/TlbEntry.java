package io.lookaside.tlb;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;

/**
 * The tag of a TLB entry as one {@code long}: the identity of what is cached.
 *
 * <pre>
 *  44:0   virtual page number in units of the entry's size
 *  56:45  PCID; 0 in a global entry
 *  57     global: matches under any PCID
 *  59:58  size of the entry, a {@link PageSize} code
 *  60     1, so that no tag is that of an invalid way
 *  62:61  of a group of pages of 4 KiB: the binary logarithm of their number, and the virtual page
 *         number is that of the group; else 0
 * </pre>
 *
 * <p>Equal tags are the only form of match, so hit identity is stated here alone: an entry is found
 * under its own PCID or under the global tag.
 */
final class TlbEntry {
  private static final int PCID_SHIFT = 45;
  private static final long VPN_MASK = (1L << PCID_SHIFT) - 1;
  private static final long PCID_FIELD = 0xfffL << PCID_SHIFT;
  private static final long GLOBAL = 1L << 57;
  private static final int SIZE_SHIFT = 58;
  private static final long VALID = 1L << 60;
  private static final int SPAN_SHIFT = 61;

  private TlbEntry() {}

  /** The tag of a non-global entry. */
  static long tag(long vpn, int pcid, int sizeCode) {
    return VALID | (long) sizeCode << SIZE_SHIFT | (long) pcid << PCID_SHIFT | vpn;
  }

  /** The tag of a non-global entry for a group of 2^{@code span} pages of 4 KiB. */
  static long group(long number, int pcid, int span) {
    return tag(number, pcid, 0) | (long) span << SPAN_SHIFT;
  }

  static boolean isGroup(long tag) {
    return tag >>> SPAN_SHIFT != 0;
  }

  /** The number of low address bits that are the offset in what the entry covers. */
  static int shift(long tag) {
    return PageSize.ofCode(sizeCode(tag)).shift() + (int) (tag >>> SPAN_SHIFT);
  }

  /** The tag under which the entry of {@code tag} is found if it is global. */
  static long global(long tag) {
    return (tag & ~PCID_FIELD) | GLOBAL;
  }

  static boolean isGlobal(long tag) {
    return (tag & GLOBAL) != 0;
  }

  static long vpn(long tag) {
    return tag & VPN_MASK;
  }

  static int pcid(long tag) {
    return (int) ((tag & PCID_FIELD) >>> PCID_SHIFT);
  }

  static int sizeCode(long tag) {
    return (int) (tag >>> SIZE_SHIFT) & 3;
  }

  /** Whether the entry answers to {@code pcid}: its own, or any if it is global. */
  static boolean belongsTo(long tag, int pcid) {
    return isGlobal(tag) || pcid(tag) == pcid;
  }

  /** Whether the entry lies in, or covers, the aligned block of 2^shift bytes around {@code va}. */
  static boolean overlaps(long tag, long va, int shift) {
    int own = shift(tag);
    int coarser = Math.max(own, shift);
    return vpn(tag) >>> (coarser - own) == VirtualAddress.vpn(va, coarser);
  }
}
