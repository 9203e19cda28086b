package io.lookaside.mmu.format;

/**
 * A descriptor as the eight bytes that stand in the GDT or an LDT, little-endian: a code or data
 * segment, or, with S = 0, a system segment or gate.
 *
 * <p>Source: Intel SDM Vol. 3A, "Segment Descriptors", "Code- and Data-Segment Descriptor Types",
 * "System Descriptor Types", "Call Gates".
 */
public final class SegmentDescriptor {
  /** Bytes of a descriptor. */
  public static final int BYTES = 8;

  /** A: the segment was loaded into a segment register; bit 0 of the type. */
  public static final long ACCESSED = 1L << 40;

  /** R of a code segment and W of a data segment. */
  private static final long READABLE_OR_WRITABLE = 1L << 41;

  /** C of a code segment and E of a data segment. */
  private static final long CONFORMING_OR_EXPAND_DOWN = 1L << 42;

  private static final long CODE = 1L << 43;
  private static final long CODE_OR_DATA = 1L << 44; // S
  private static final long PRESENT = 1L << 47;
  private static final long LONG = 1L << 53; // L
  private static final long BIG = 1L << 54; // D of a code segment and B of a data segment
  private static final long GRANULARITY = 1L << 55;

  private static final int TYPE_SHIFT = 40;
  private static final int DPL_SHIFT = 45;

  private SegmentDescriptor() {}

  /**
   * A present segment of 32-bit code, readable and not conforming, or of 32-bit data, expand-up.
   *
   * @param base linear address, 32 bits
   * @param limit offset of the last byte: below 1 MiB any, else with the low twelve bits set
   * @param code whether it is code, which cannot be written
   * @param writable of data: whether it can be written
   * @param dpl privilege level, 0 to 3
   */
  public static long of(long base, long limit, boolean code, boolean writable, int dpl) {
    boolean pages = limit >= 1L << 20;
    long field = pages ? limit >>> 12 : limit;
    long d = (field & 0xffff) | (field & 0xf_0000) << 32;
    d |= (base & 0xff_ffff) << 16 | (base & 0xff00_0000L) << 32;
    d |= CODE_OR_DATA | PRESENT | BIG | (long) dpl << DPL_SHIFT;
    d |= code ? CODE | READABLE_OR_WRITABLE : 0;
    d |= writable ? READABLE_OR_WRITABLE : 0;
    return pages ? d | GRANULARITY : d;
  }

  /** The linear address of the segment's first byte, 32 bits. */
  public static long base(long d) {
    return (d >>> 16 & 0xff_ffff) | (d >>> 32 & 0xff00_0000L);
  }

  /**
   * The limit in bytes: as it stands with G = 0, else in units of 4 KiB of which all bytes count.
   */
  public static long limit(long d) {
    long limit = (d & 0xffff) | (d >>> 32 & 0xf_0000);
    return (d & GRANULARITY) == 0 ? limit : (limit << 12) | 0xfff;
  }

  /** Whether S is set: a code or data segment. */
  public static boolean isCodeOrData(long d) {
    return (d & CODE_OR_DATA) != 0;
  }

  /** Whether this is a code segment. */
  public static boolean isCode(long d) {
    return (d & (CODE_OR_DATA | CODE)) == (CODE_OR_DATA | CODE);
  }

  /** Whether this is a data segment. */
  public static boolean isData(long d) {
    return (d & (CODE_OR_DATA | CODE)) == CODE_OR_DATA;
  }

  /** Whether this is a code segment that may run at any CPL not below its DPL in number. */
  public static boolean isConforming(long d) {
    return isCode(d) && (d & CONFORMING_OR_EXPAND_DOWN) != 0;
  }

  /** Whether this is a data segment whose offsets lie above its limit. */
  public static boolean isExpandDown(long d) {
    return isData(d) && (d & CONFORMING_OR_EXPAND_DOWN) != 0;
  }

  /** Whether data can be read: a data segment, or a readable code segment. */
  public static boolean isReadable(long d) {
    return isData(d) || (isCode(d) && (d & READABLE_OR_WRITABLE) != 0);
  }

  /** Whether data can be written: a writable data segment. */
  public static boolean isWritable(long d) {
    return isData(d) && (d & READABLE_OR_WRITABLE) != 0;
  }

  public static boolean isPresent(long d) {
    return (d & PRESENT) != 0;
  }

  public static boolean isAccessed(long d) {
    return (d & ACCESSED) != 0;
  }

  /** DPL, the descriptor's privilege level. */
  public static int dpl(long d) {
    return (int) (d >>> DPL_SHIFT) & 3;
  }

  /** L: a segment of 64-bit code; counts in IA-32e mode only. */
  public static boolean isLong(long d) {
    return (d & LONG) != 0;
  }

  /** D of a code segment, B of a data segment: the upper bound of expand-down offsets is 4 GiB. */
  public static boolean isBig(long d) {
    return (d & BIG) != 0;
  }

  /** The four bits of the type; with S = 0 one of the system types below. */
  public static int type(long d) {
    return (int) (d >>> TYPE_SHIFT) & 0xf;
  }

  /** System type of an LDT, in IA-32e mode too. */
  public static final int TYPE_LDT = 2;

  /** System type of a 16-bit TSS that is available. */
  public static final int TYPE_TSS16 = 1;

  /** System type of a 16-bit call gate. */
  public static final int TYPE_CALL_GATE16 = 4;

  /** System type of a task gate. */
  public static final int TYPE_TASK_GATE = 5;

  /** System type of a 32-bit TSS that is available; of a 64-bit one in IA-32e mode. */
  public static final int TYPE_TSS32 = 9;

  /** System type of a 32-bit call gate; of a 64-bit one in IA-32e mode. */
  public static final int TYPE_CALL_GATE32 = 12;

  /** The selector of the code segment that a call gate leads to. */
  public static int gateSelector(long d) {
    return (int) (d >>> 16) & 0xffff;
  }

  /** The offset that a call gate leads to: 16 bits of a 16-bit gate, else 32. */
  public static long gateOffset(long d) {
    return type(d) == TYPE_CALL_GATE16 ? d & 0xffff : (d & 0xffff) | (d >>> 32 & 0xffff_0000L);
  }
}
