package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;

/**
 * A batch of references as a flat array, owned by the caller and filled again and again.
 *
 * <p>All references of a batch belong to one address space and one core: a reader ends a batch
 * where either changes, so that whoever replays it need not look at each reference.
 *
 * <p>A reference is one access of the program. {@link #words} has each as one number (see {@link
 * PackedReference}); {@link #address} and {@link #descriptor} tell what any reference is, also one
 * that has no room in its word. A descriptor is the kind in bits 1:0 (an {@link AccessKind} code)
 * and the size in bytes less one in bits 17:2.
 */
public final class ReferenceBatch {
  /** The number of references that fit. */
  public static final int CAPACITY = 4096;

  /** The most bytes that one reference can have. */
  public static final int MAX_SIZE = 1 << 16;

  /** References as {@link PackedReference} makes them. */
  public final long[] words;

  // Of references that have no room in their words; else stale. Made when first needed.
  private long[] unusualAddresses = {};
  private int[] unusualDescriptors = {};
  private boolean hasUnusual;

  /**
   * The addresses of the instructions that made the references, where {@link
   * #hasInstructionAddresses}; else stale, or none at all.
   */
  public long[] instructionAddresses = {};

  /**
   * The registers of the instruction that a fetch begins, where {@link #hasRegisters}; else stale,
   * or none at all: up to two that it writes in bytes 0 and 1, up to four that it reads in bytes 2
   * to 5, 0 for none.
   */
  public long[] registers = {};

  private int count;
  private long addressSpaceId;
  private int addressSpace;
  private int core;
  private boolean instructionAddressesKnown;
  private boolean registersKnown;

  /** An empty batch. */
  public ReferenceBatch() {
    this(CAPACITY);
  }

  /** An empty batch that holds so many references. */
  ReferenceBatch(int capacity) {
    words = new long[capacity];
  }

  public int count() {
    return count;
  }

  /** What the trace calls the address space, usually a process identifier; 0 if it does not say. */
  public long addressSpaceId() {
    return addressSpaceId;
  }

  /** The address space: 0 for the first one that the trace names, 1 for the next, and so on. */
  public int addressSpace() {
    return addressSpace;
  }

  /** The processor that made the references, as the trace names it; 0 if it does not say. */
  public int core() {
    return core;
  }

  /**
   * Whether the trace tells for each reference which instruction made it. If not, it is the one
   * fetched last, as far as there are fetches.
   */
  public boolean hasInstructionAddresses() {
    return instructionAddressesKnown;
  }

  /** Whether the trace tells for each fetch which registers its instruction reads and writes. */
  public boolean hasRegisters() {
    return registersKnown;
  }

  /** The linear address of a reference. */
  public long address(int i) {
    long word = words[i];
    return PackedReference.isUnusual(word) ? unusualAddresses[i] : PackedReference.address(word);
  }

  /** The kind and size of a reference. */
  public int descriptor(int i) {
    long word = words[i];
    return PackedReference.isUnusual(word)
        ? unusualDescriptors[i]
        : PackedReference.descriptor(word);
  }

  /** Whether there may be references that have no room in their words. */
  boolean hasUnusual() {
    return hasUnusual;
  }

  /** The {@link AccessKind} code of a descriptor. */
  public static int kind(int descriptor) {
    return descriptor & 3;
  }

  /** The size in bytes of a descriptor. */
  public static int size(int descriptor) {
    return (descriptor >>> 2) + 1;
  }

  /** The descriptor of a kind and a size of 1 to {@link #MAX_SIZE} bytes. */
  public static int descriptor(int kind, int size) {
    return (size - 1) << 2 | kind;
  }

  /** Becomes a copy of references {@code from} to {@code to} - 1 of another batch. */
  public void copy(ReferenceBatch other, int from, int to) {
    int n = to - from;
    System.arraycopy(other.words, from, words, 0, n);
    hasUnusual = other.hasUnusual;
    if (hasUnusual) {
      makeRoomForUnusual();
      System.arraycopy(other.unusualAddresses, from, unusualAddresses, 0, n);
      System.arraycopy(other.unusualDescriptors, from, unusualDescriptors, 0, n);
    }
    instructionAddressesKnown = other.instructionAddressesKnown;
    if (instructionAddressesKnown) {
      System.arraycopy(other.instructionAddresses, from, roomForInstructionAddresses(), 0, n);
    }
    count = n;
    addressSpaceId = other.addressSpaceId;
    addressSpace = other.addressSpace;
    core = other.core;
  }

  /**
   * Forgets all references, and returns to address space 0, core 0 and no instruction addresses.
   */
  void clear() {
    count = 0;
    hasUnusual = false;
    addressSpaceId = 0;
    addressSpace = 0;
    core = 0;
    instructionAddressesKnown = false;
    registersKnown = false;
  }

  /** Says whose references these are; the reader does. */
  void setOrigin(long newAddressSpaceId, int newCore) {
    addressSpaceId = newAddressSpaceId;
    core = newCore;
  }

  /** Gives the address space its number; {@link TraceFile} does. */
  void setAddressSpace(int number) {
    addressSpace = number;
  }

  /** Adds a reference of a known instruction; then all of the batch must be of known ones. */
  void add(long address, int descriptor, long instructionAddress) {
    instructionAddressesKnown = true;
    roomForInstructionAddresses()[count] = instructionAddress;
    add(address, descriptor);
  }

  void add(long address, int descriptor) {
    set(count++, address, descriptor);
  }

  /**
   * Writes a reference; the count stays.
   *
   * @param i its place, less than {@link #CAPACITY}
   */
  public void set(int i, long address, int descriptor) {
    long word = PackedReference.of(address, descriptor);
    words[i] = word;
    if (PackedReference.isUnusual(word)) {
      setUnusual(i, address, descriptor);
    }
  }

  /** Writes what has no room in a word that is written already. */
  void setUnusual(int i, long address, int descriptor) {
    makeRoomForUnusual();
    hasUnusual = true;
    unusualAddresses[i] = address;
    unusualDescriptors[i] = descriptor;
  }

  private void makeRoomForUnusual() {
    if (unusualAddresses.length == 0) {
      unusualAddresses = new long[words.length];
      unusualDescriptors = new int[words.length];
    }
  }

  /** {@link #instructionAddresses}, made when first asked for: few formats have any. */
  long[] roomForInstructionAddresses() {
    if (instructionAddresses.length == 0) {
      instructionAddresses = new long[words.length];
    }
    return instructionAddresses;
  }

  /** {@link #registers}, made when first asked for. */
  long[] roomForRegisters() {
    if (registers.length == 0) {
      registers = new long[words.length];
    }
    return registers;
  }

  /** Says that a reader writes {@link #instructionAddresses} itself, for all references. */
  void setInstructionAddressesKnown() {
    instructionAddressesKnown = true;
  }

  /** Says that a reader writes {@link #registers} itself, for all fetches. */
  void setRegistersKnown() {
    registersKnown = true;
  }

  /** Says that a reader has written the first {@code n} references itself. */
  void setCount(int n) {
    count = n;
  }
}
