package io.lookaside.traces;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;

/**
 * A reference in one number, a word: bits 11:0 the offset of its address in its 4 KiB page, bit 13
 * whether it is a fetch, 24:14 its size less one, bit 25 whether it is {@link #APART}, 27:26 its
 * kind (an {@code AccessKind} code), 63:28 the number of its page.
 *
 * <p>So two references that are not apart are of one kind and on one page, each to its last byte,
 * where their words agree from bit 25 on: the loops that look for that take one exclusive or and
 * one test for it. Low bits of a page number and the kind stand side by side, as what indexes a
 * table of last pages by both. And of up to 4,096 references the sum of two bits of each tells how
 * many are stores and how many fetches, see {@link #COUNTED}.
 *
 * <p>A size of more than 2,047 bytes and an address that is not canonical in 48 bits have no room.
 * All bits of the size say so, and {@link ReferenceBatch} holds address and size beside the word.
 * Kind and {@link #APART} are true also then, and so is the rest of what is not apart, but for the
 * size.
 */
public final class PackedReference {
  /** Set where a reference is to more than one page, or its address is not canonical. */
  public static final long APART = 1L << 25;

  /** Where the kind begins, and above it, at once, the page number. */
  public static final int KIND_SHIFT = 26;

  /** How many bits the kind has. */
  public static final int KIND_BITS = 2;

  /** Where the page number begins. */
  public static final int VPN_SHIFT = KIND_SHIFT + KIND_BITS;

  /** The bit of the kind that only stores have. */
  public static final long STORE = 1L << KIND_SHIFT;

  private static final int FETCH_SHIFT = 13;

  /**
   * The bits that are summed to count: see {@link #stores} and {@link #fetches}. What the sum of
   * 4,096 of the lower one can be ends where the upper one begins.
   */
  public static final long COUNTED = STORE | 1L << FETCH_SHIFT;

  /** In place of the page of a reference: of a kind that none has. */
  public static final long NO_PAGE = 3L << KIND_SHIFT;

  private static final int PAGE_AND_KIND_SHIFT = 25;
  private static final long PAGE_AND_KIND = -1L << PAGE_AND_KIND_SHIFT;
  private static final int SIZE_SHIFT = 14;
  private static final int SIZE_MASK = (1 << (PAGE_AND_KIND_SHIFT - SIZE_SHIFT)) - 1;

  /** In place of a size less one. */
  private static final int UNUSUAL = SIZE_MASK;

  private static final int KIND_MASK = (1 << KIND_BITS) - 1;
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final int UNUSED_BITS = VPN_SHIFT - PAGE_SHIFT;

  private PackedReference() {}

  /**
   * The word of a reference.
   *
   * @param descriptor as {@link ReferenceBatch#descriptor} makes it
   */
  static long of(long address, int descriptor) {
    int less = descriptor >>> KIND_BITS;
    int kind = descriptor & KIND_MASK;
    return less >= UNUSUAL || withoutRoom(address) != 0
        ? unusual(address, less, kind)
        : at(address, sizeAndKind(less, kind), less);
  }

  private static long unusual(long address, int less, int kind) {
    long word = sizeAndKind(UNUSUAL, kind);
    long offset = address & VirtualAddress.OFFSET_4K;
    return withoutRoom(address) == 0 && (offset + less) >>> PAGE_SHIFT == 0
        ? at(address, word, 0)
        : word | APART;
  }

  /** The word of a reference of a size less one and kind to the address 0. */
  static long sizeAndKind(long less, long kind) {
    return less << SIZE_SHIFT | kind << KIND_SHIFT | kind >>> 1 << FETCH_SHIFT;
  }

  /** The bits of an address that a word has no room for: 0 if it is canonical. */
  static long withoutRoom(long address) {
    return address << UNUSED_BITS >> UNUSED_BITS ^ address;
  }

  /**
   * The word of a reference of the size and kind of another whose word has the address 0.
   *
   * @param address canonical
   * @param sizeAndKind that word
   * @param less the size less one, less than a page
   */
  static long at(long address, long sizeAndKind, int less) {
    long offset = address & VirtualAddress.OFFSET_4K;
    return (address ^ offset) << UNUSED_BITS
        | (offset + less) >>> PAGE_SHIFT << PAGE_AND_KIND_SHIFT
        | offset
        | sizeAndKind;
  }

  /** Whether a word does not tell all of its reference. */
  public static boolean isUnusual(long word) {
    return sizeLessOne(word) == UNUSUAL;
  }

  /** The address of a reference that is not {@link #isUnusual}, or not {@link #APART}. */
  public static long address(long word) {
    return vpn(word) << PAGE_SHIFT | offset(word);
  }

  /** The number of its page, of a reference that is as {@link #address} wants it. */
  public static long vpn(long word) {
    return word >> VPN_SHIFT;
  }

  /** Where in its page the address of a reference is that is as {@link #address} wants it. */
  public static long offset(long word) {
    return word & VirtualAddress.OFFSET_4K;
  }

  /** The kind of any reference. */
  public static int kind(long word) {
    return (int) (word >>> KIND_SHIFT) & KIND_MASK;
  }

  /** The size less one of a reference that is not {@link #isUnusual}. */
  static int sizeLessOne(long word) {
    return (int) word >>> SIZE_SHIFT & SIZE_MASK;
  }

  /** The {@link ReferenceBatch#descriptor} of a reference that is not {@link #isUnusual}. */
  static int descriptor(long word) {
    return sizeLessOne(word) << KIND_BITS | kind(word);
  }

  /**
   * What the words of all references of a kind that are not {@link #APART} and on one page share;
   * the rest is 0.
   *
   * @param address any on the page, canonical
   */
  public static long page(long address, int kind) {
    return (address & ~VirtualAddress.OFFSET_4K) << UNUSED_BITS | (long) kind << KIND_SHIFT;
  }

  /**
   * Whether a reference is not {@link #APART}, and of the kind and on the page of others.
   *
   * @param page what {@link #page} says of them, or {@link #NO_PAGE}, or the word of one of them
   */
  public static boolean isOn(long word, long page) {
    return ((word ^ page) & PAGE_AND_KIND) == 0;
  }

  /** How many are stores of up to 4,096 references, by the sum of their {@link #COUNTED} bits. */
  public static long stores(long sum) {
    return sum >>> KIND_SHIFT;
  }

  /** How many are fetches of up to 4,096 references, by the sum of their {@link #COUNTED} bits. */
  public static long fetches(long sum) {
    return (sum & (STORE - 1)) >>> FETCH_SHIFT;
  }

  /** The sum of {@link #COUNTED} bits of so many fetches. */
  public static long fetched(int count) {
    return (long) count << FETCH_SHIFT;
  }
}
