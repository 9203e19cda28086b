package io.lookaside.mmu.segment;

import static io.lookaside.mmu.format.ExceptionVector.GENERAL_PROTECTION;
import static io.lookaside.mmu.format.ExceptionVector.SEGMENT_NOT_PRESENT;
import static io.lookaside.mmu.format.ExceptionVector.STACK_FAULT;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.SegmentDescriptor;
import io.lookaside.mmu.format.SegmentSelector;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;

/**
 * The segmentation of one logical processor: GDTR, LDTR and the six segment registers with their
 * hidden parts; loads of segment registers and far jumps with their checks; and the way from a
 * segment and an offset to a linear address.
 *
 * <p>Protected mode, compatibility mode and 64-bit mode; not real-address and virtual-8086 mode.
 * Privilege is judged when a register is loaded, type and limit when it is used. A load that faults
 * changes nothing but the fault address.
 *
 * <p>Source: Intel SDM Vol. 3A, chapter "Protection": "Limit Checking", "Type Checking", "Privilege
 * Levels", "Privilege Level Checking When Accessing Data Segments", "Privilege Level Checking When
 * Loading the SS Register", "Privilege Level Checking When Transferring Program Control Between
 * Code Segments"; Vol. 2, operation of MOV, JMP and LLDT.
 */
public final class SegmentationUnit {
  /*
   * The hidden part of a register keeps its valid offsets as one interval, first to last, both
   * included. That states expand-up, expand-down and null segments alike: of a null segment, and of
   * an expand-down segment whose limit reaches the upper bound, the interval is empty.
   */

  private static final long UPPER_BOUND_32 = 0xffff_ffffL;
  private static final long UPPER_BOUND_16 = 0xffff;

  /** Bit 40 stands in this byte of a descriptor. */
  private static final int ACCESSED_BYTE = 5;

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();

  private static final int CS = SegmentRegister.CS.ordinal();
  private static final int SS = SegmentRegister.SS.ordinal();
  private static final int FS = SegmentRegister.FS.ordinal();

  private final LinearMemory memory;

  private long gdtBase;
  private long gdtLimit;
  private long ldtBase;
  private long ldtLimit = -1; // no byte of it is there

  // By the ordinal of a SegmentRegister.
  private final int[] selector = new int[SegmentRegister.COUNT];
  private final long[] base = new long[SegmentRegister.COUNT];
  private final long[] first = new long[SegmentRegister.COUNT];
  private final long[] last = new long[SegmentRegister.COUNT];

  /** Bit k: accesses of {@link AccessKind} code k are of a permitted type. */
  private final int[] kinds = new int[SegmentRegister.COUNT];

  /** EFER.LMA and CS.L. Both LMA and CS.L change only where CS is loaded anew. */
  private boolean in64BitMode;

  private long descriptor; // the last one read
  private long faultAddress;

  /** A unit with a GDT of no bytes, no LDT, and a null selector in every register. */
  public SegmentationUnit(LinearMemory memory) {
    this.memory = memory;
    this.gdtLimit = -1;
    for (SegmentRegister register : SegmentRegister.values()) {
      setNull(register.ordinal(), 0);
    }
  }

  /**
   * LGDT.
   *
   * @param tableBase linear address
   * @param limit offset of the table's last byte, 16 bits
   */
  public void setGdt(long tableBase, int limit) {
    gdtBase = tableBase;
    gdtLimit = limit & UPPER_BOUND_16;
  }

  /**
   * The hidden part of LDTR as LLDT would load it.
   *
   * @param tableBase linear address
   * @param limit offset of the table's last byte, 32 bits
   */
  public void setLdt(long tableBase, long limit) {
    ldtBase = tableBase;
    ldtLimit = limit & UPPER_BOUND_32;
  }

  /** A null selector in LDTR: no descriptor of the LDT can be named. */
  public void setNoLdt() {
    ldtBase = 0;
    ldtLimit = -1;
  }

  /**
   * LLDT: loads LDTR with a descriptor of the GDT.
   *
   * @param newSelector 16 bits
   * @return {@link SegmentOutcome#OK} or a fault
   */
  public long loadLdtr(int newSelector, int cpl) {
    if (cpl != 0) {
      return fault(GENERAL_PROTECTION, 0);
    }
    if (SegmentSelector.isNull(newSelector)) {
      setNoLdt();
      return SegmentOutcome.OK;
    }
    int code = SegmentSelector.errorCode(newSelector);
    boolean wide = memory.longModeActive(); // there the descriptor takes the room of two
    int bytes = wide ? 2 * SegmentDescriptor.BYTES : SegmentDescriptor.BYTES;
    if (SegmentSelector.isLocal(newSelector) || outsideTable(newSelector, bytes)) {
      return fault(GENERAL_PROTECTION, code);
    }
    long fault = readDescriptor(newSelector);
    if (fault != SegmentOutcome.OK) {
      return fault;
    }
    long d = descriptor;
    if (SegmentDescriptor.isCodeOrData(d)
        || SegmentDescriptor.type(d) != SegmentDescriptor.TYPE_LDT) {
      return fault(GENERAL_PROTECTION, code);
    }
    if (!SegmentDescriptor.isPresent(d)) {
      return fault(SEGMENT_NOT_PRESENT, code);
    }
    long tableBase = SegmentDescriptor.base(d);
    if (wide) {
      fault = readDescriptorAt(descriptorAddress(newSelector) + SegmentDescriptor.BYTES);
      if (fault != SegmentOutcome.OK) {
        return fault;
      }
      tableBase |= descriptor << 32;
      if (!memory.isCanonical(tableBase)) {
        return fault(GENERAL_PROTECTION, code);
      }
    }
    setLdt(tableBase, SegmentDescriptor.limit(d));
    return SegmentOutcome.OK;
  }

  /**
   * MOV to ES, SS, DS, FS or GS.
   *
   * @param newSelector 16 bits
   * @return {@link SegmentOutcome#OK} or a fault
   * @throws IllegalArgumentException for CS, which MOV cannot load (#UD)
   */
  public long load(SegmentRegister register, int newSelector, int cpl) {
    if (register == SegmentRegister.CS) {
      throw new IllegalArgumentException("CS is loaded by a far jump");
    }
    int r = register.ordinal();
    boolean stack = r == SS;
    if (SegmentSelector.isNull(newSelector)) {
      if (stack && !(in64BitMode && cpl < 3 && SegmentSelector.rpl(newSelector) == cpl)) {
        return fault(GENERAL_PROTECTION, 0);
      }
      setNull(r, newSelector);
      return SegmentOutcome.OK;
    }
    int code = SegmentSelector.errorCode(newSelector);
    if (outsideTable(newSelector, SegmentDescriptor.BYTES)) {
      return fault(GENERAL_PROTECTION, code);
    }
    long fault = readDescriptor(newSelector);
    if (fault != SegmentOutcome.OK) {
      return fault;
    }
    long d = descriptor;
    int rpl = SegmentSelector.rpl(newSelector);
    if (!(stack ? mayBeStack(d, rpl, cpl) : mayBeData(d, rpl, cpl))) {
      return fault(GENERAL_PROTECTION, code);
    }
    if (!SegmentDescriptor.isPresent(d)) {
      return fault(stack ? STACK_FAULT : SEGMENT_NOT_PRESENT, code);
    }
    fault = setAccessed(newSelector, d);
    if (fault == SegmentOutcome.OK) {
      set(r, newSelector, d);
    }
    return fault;
  }

  private static boolean mayBeStack(long d, int rpl, int cpl) {
    return SegmentDescriptor.isWritable(d) && rpl == cpl && SegmentDescriptor.dpl(d) == cpl;
  }

  private static boolean mayBeData(long d, int rpl, int cpl) {
    return SegmentDescriptor.isReadable(d)
        && (SegmentDescriptor.isConforming(d) || Math.max(rpl, cpl) <= SegmentDescriptor.dpl(d));
  }

  /**
   * JMP to another segment, directly or through a call gate: loads CS. CPL stays what it is.
   *
   * @param target selector, 16 bits
   * @param offset offset in the new segment; a call gate brings its own
   * @return {@link SegmentOutcome#OK} or a fault
   * @throws UnsupportedOperationException if the jump would switch tasks, or passes a call gate of
   *     IA-32e mode; neither is modelled
   */
  public long farJump(int target, long offset, int cpl) {
    if (SegmentSelector.isNull(target)) {
      return fault(GENERAL_PROTECTION, 0);
    }
    int code = SegmentSelector.errorCode(target);
    if (outsideTable(target, SegmentDescriptor.BYTES)) {
      return fault(GENERAL_PROTECTION, code);
    }
    long fault = readDescriptor(target);
    if (fault != SegmentOutcome.OK) {
      return fault;
    }
    long d = descriptor;
    if (!SegmentDescriptor.isCodeOrData(d)) {
      return jumpThroughSystemDescriptor(target, d, cpl);
    }
    int rpl = SegmentSelector.rpl(target);
    if (!mayBeJumpedTo(d, cpl) || (!SegmentDescriptor.isConforming(d) && rpl > cpl)) {
      return fault(GENERAL_PROTECTION, code);
    }
    return enterCode(target, d, offset, cpl);
  }

  /** Type and DPL, which count for a jump through a gate too; RPL does not. */
  private boolean mayBeJumpedTo(long d, int cpl) {
    if (!SegmentDescriptor.isCode(d)) {
      return false;
    }
    if (memory.longModeActive() && SegmentDescriptor.isLong(d) && SegmentDescriptor.isBig(d)) {
      return false;
    }
    int dpl = SegmentDescriptor.dpl(d);
    return SegmentDescriptor.isConforming(d) ? dpl <= cpl : dpl == cpl;
  }

  private long enterCode(int target, long d, long offset, int cpl) {
    if (!SegmentDescriptor.isPresent(d)) {
      return fault(SEGMENT_NOT_PRESENT, SegmentSelector.errorCode(target));
    }
    boolean to64Bit = memory.longModeActive() && SegmentDescriptor.isLong(d);
    boolean inside =
        to64Bit
            ? memory.isCanonical(offset)
            : Long.compareUnsigned(offset, SegmentDescriptor.limit(d)) <= 0;
    if (!inside) {
      return fault(GENERAL_PROTECTION, 0);
    }
    long fault = setAccessed(target, d);
    if (fault == SegmentOutcome.OK) {
      set(CS, SegmentSelector.withRpl(target, cpl), d);
      in64BitMode = to64Bit;
    }
    return fault;
  }

  private long jumpThroughSystemDescriptor(int target, long d, int cpl) {
    int code = SegmentSelector.errorCode(target);
    int type = SegmentDescriptor.type(d);
    boolean longMode = memory.longModeActive();
    boolean gate =
        type == SegmentDescriptor.TYPE_CALL_GATE32
            || (type == SegmentDescriptor.TYPE_CALL_GATE16 && !longMode);
    boolean task =
        !longMode
            && (type == SegmentDescriptor.TYPE_TASK_GATE
                || type == SegmentDescriptor.TYPE_TSS16
                || type == SegmentDescriptor.TYPE_TSS32);
    int needed = Math.max(cpl, SegmentSelector.rpl(target));
    if (!(gate || task) || SegmentDescriptor.dpl(d) < needed) {
      return fault(GENERAL_PROTECTION, code); // among others a busy TSS, whatever its DPL
    }
    if (!SegmentDescriptor.isPresent(d)) {
      return fault(SEGMENT_NOT_PRESENT, code);
    }
    if (task || longMode) {
      throw new UnsupportedOperationException(
          "a far jump through a descriptor of system type "
              + type
              + (task ? " switches tasks" : " in IA-32e mode passes a 64-bit call gate")
              + ", which is not modelled");
    }
    int inner = SegmentDescriptor.gateSelector(d);
    if (SegmentSelector.isNull(inner)) {
      return fault(GENERAL_PROTECTION, 0);
    }
    int innerCode = SegmentSelector.errorCode(inner);
    if (outsideTable(inner, SegmentDescriptor.BYTES)) {
      return fault(GENERAL_PROTECTION, innerCode);
    }
    long offset = SegmentDescriptor.gateOffset(d);
    long fault = readDescriptor(inner);
    if (fault != SegmentOutcome.OK) {
      return fault;
    }
    if (!mayBeJumpedTo(descriptor, cpl)) {
      return fault(GENERAL_PROTECTION, innerCode);
    }
    return enterCode(inner, descriptor, offset, cpl);
  }

  /**
   * WRFSBASE, WRGSBASE, or WRMSR to the base of FS or GS.
   *
   * @return {@link SegmentOutcome#OK}, or a fault if the base is not canonical
   */
  public long setBase(SegmentRegister register, long newBase) {
    int r = register.ordinal();
    if (r < FS) {
      throw new IllegalArgumentException("only FS and GS have a base that can be written alone");
    }
    if (!memory.isCanonical(newBase)) {
      return fault(GENERAL_PROTECTION, 0);
    }
    base[r] = newBase;
    return SegmentOutcome.OK;
  }

  /**
   * The linear address of an access's first byte, after the checks of type and limit, or in 64-bit
   * mode of canonicality. Outside 64-bit mode it is the sum of base and offset modulo 2^32.
   *
   * <p>An access that goes beyond offset FFFFFFFFH faults, which the SDM leaves open for segments
   * that reach up to there ("Limit Checking").
   *
   * @param offset effective address; outside 64-bit mode 32 bits
   * @param size bytes, at least 1
   * @param kind an {@link AccessKind} code
   * @return a {@link SegmentOutcome}
   */
  public long linear(SegmentRegister register, long offset, int size, int kind) {
    int r = register.ordinal();
    if (in64BitMode) {
      long address = r < FS ? offset : base[r] + offset;
      boolean canonical = memory.isCanonical(address) && memory.isCanonical(address + size - 1);
      return canonical ? address : fault(vectorOf(r), 0);
    }
    boolean inside = offset >= first[r] && offset + size - 1 <= last[r];
    if (!inside || (kinds[r] >>> kind & 1) == 0) {
      return fault(vectorOf(r), 0);
    }
    return (base[r] + offset) & UPPER_BOUND_32;
  }

  private static int vectorOf(int register) {
    return register == SS ? STACK_FAULT : GENERAL_PROTECTION;
  }

  /** The visible part of a register. */
  public int selector(SegmentRegister register) {
    return selector[register.ordinal()];
  }

  /** Whether the code segment is one of 64-bit code, in IA-32e mode. */
  public boolean in64BitMode() {
    return in64BitMode;
  }

  /** What CR2 holds after an access to a descriptor table ended in a page fault. */
  public long faultAddress() {
    return faultAddress;
  }

  private void setNull(int r, int newSelector) {
    selector[r] = newSelector;
    base[r] = 0;
    first[r] = 1;
    last[r] = 0;
    kinds[r] = 0;
  }

  private void set(int r, int newSelector, long d) {
    long limit = SegmentDescriptor.limit(d);
    boolean down = SegmentDescriptor.isExpandDown(d);
    selector[r] = newSelector;
    base[r] = SegmentDescriptor.base(d);
    first[r] = down ? limit + 1 : 0;
    last[r] = !down ? limit : SegmentDescriptor.isBig(d) ? UPPER_BOUND_32 : UPPER_BOUND_16;
    kinds[r] =
        (SegmentDescriptor.isReadable(d) ? 1 << LOAD : 0)
            | (SegmentDescriptor.isWritable(d) ? 1 << STORE : 0)
            | (SegmentDescriptor.isCode(d) ? 1 << AccessKind.FETCH.ordinal() : 0);
  }

  private boolean outsideTable(int named, int bytes) {
    long limit = SegmentSelector.isLocal(named) ? ldtLimit : gdtLimit;
    return SegmentSelector.offset(named) + bytes - 1 > limit;
  }

  private long descriptorAddress(int named) {
    long table = SegmentSelector.isLocal(named) ? ldtBase : gdtBase;
    return table + SegmentSelector.offset(named);
  }

  private long readDescriptor(int named) {
    return readDescriptorAt(descriptorAddress(named));
  }

  /** Reads into {@link #descriptor}. Tables need no alignment, so two pages may be touched. */
  private long readDescriptorAt(long address) {
    long value = 0;
    long translation = Translation.NONE;
    for (int i = 0; i < SegmentDescriptor.BYTES; i++) {
      long linear = wrapped(address + i);
      if (i == 0 || (linear & VirtualAddress.OFFSET_4K) == 0) {
        translation = memory.translate(linear, LOAD);
        if (!Translation.isValid(translation)) {
          return tableFault(linear, translation);
        }
      }
      long pa = Translation.physicalAddress(translation, linear);
      long word = memory.physical().read(pa & ~7L);
      value |= (word >>> (8 * (pa & 7)) & 0xff) << (8 * i);
    }
    descriptor = value;
    return SegmentOutcome.OK;
  }

  /** Sets A in memory if it is clear: a write of one byte. */
  private long setAccessed(int named, long d) {
    if (SegmentDescriptor.isAccessed(d)) {
      return SegmentOutcome.OK;
    }
    long linear = wrapped(descriptorAddress(named) + ACCESSED_BYTE);
    long translation = memory.translate(linear, STORE);
    if (!Translation.isValid(translation)) {
      return tableFault(linear, translation);
    }
    long pa = Translation.physicalAddress(translation, linear);
    long word = memory.physical().read(pa & ~7L);
    long bit = SegmentDescriptor.ACCESSED >>> (8 * ACCESSED_BYTE) << (8 * (pa & 7));
    memory.physical().write(pa & ~7L, word | bit);
    return SegmentOutcome.OK;
  }

  private long wrapped(long linear) {
    return memory.longModeActive() ? linear : linear & UPPER_BOUND_32;
  }

  private long tableFault(long linear, long translationFault) {
    faultAddress = linear;
    return SegmentOutcome.ofFault(translationFault);
  }

  private static long fault(int vector, int errorCode) {
    return SegmentOutcome.ofFault(Translation.fault(vector, errorCode));
  }
}
