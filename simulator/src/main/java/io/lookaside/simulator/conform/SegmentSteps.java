package io.lookaside.simulator.conform;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.segment.LinearMemory;
import io.lookaside.mmu.segment.SegmentOutcome;
import io.lookaside.mmu.segment.SegmentRegister;
import io.lookaside.mmu.segment.SegmentationUnit;
import java.util.List;
import java.util.Locale;

/** The segmentation lines of a case: descriptor tables, loads of segment registers, accesses. */
final class SegmentSteps {
  private static final int DESCRIPTOR_BYTES = 8;
  private static final int MAX_INDEX = 0x1fff;

  // Where the tables lie is free; these are far apart.
  private static final long GDT = 0x1000_0000L;
  private static final long LDT = 0x2000_0000L;

  private static final List<String> TABLES = List.of("gdt", "ldt");
  private static final List<String> KINDS = List.of("read", "write", "fetch");

  private final SparseMemory memory;
  private SegmentationUnit unit;
  private boolean touched;

  SegmentSteps(SparseMemory memory) {
    this.memory = memory;
    this.unit = new SegmentationUnit(LinearMemory.unpaged(memory));
  }

  /** Forgets the case before. */
  void clear() {
    if (touched) {
      unit = new SegmentationUnit(LinearMemory.unpaged(memory));
      touched = false;
    }
  }

  /** {@code reg gdtr.limit N}, {@code reg ldtr.limit N}, {@code reg ldtr.limit none}. */
  void setLimit(VectorReader in, String register) throws VectorException {
    touched = true;
    boolean local = register.equals("ldtr.limit");
    if (local && in.is(2, "none")) {
      unit.setNoLdt();
      return;
    }
    long limit = in.number(2);
    if (limit >>> (local ? 32 : 16) != 0) {
      throw in.flaw("a limit of " + (local ? 32 : 16) + " bits is expected");
    }
    if (local) {
      unit.setLdt(LDT, limit);
    } else {
      unit.setGdt(GDT, (int) limit);
    }
  }

  /** {@code desc gdt|ldt INDEX VALUE}. */
  void describe(VectorReader in) throws VectorException {
    touched = true;
    memory.write(address(in), in.number(3));
  }

  /** What stands in memory where {@code afterdesc gdt|ldt INDEX VALUE} says. */
  long descriptor(VectorReader in) throws VectorException {
    return memory.read(address(in));
  }

  private static long address(VectorReader in) throws VectorException {
    int table = TABLES.indexOf(in.word(1));
    long index = in.number(2);
    if (table < 0 || index < 0 || index > MAX_INDEX) {
      throw in.flaw("expected gdt or ldt and an index up to " + MAX_INDEX);
    }
    return (table == 0 ? GDT : LDT) + index * DESCRIPTOR_BYTES;
  }

  /** {@code load REGISTER SELECTOR cplN}; returns an {@link Outcome}. */
  long load(VectorReader in) throws VectorException {
    touched = true;
    SegmentRegister register = register(in, in.word(1));
    if (register == SegmentRegister.CS) {
      throw in.flaw("cs is loaded by 'farjmp'");
    }
    return outcome(unit.load(register, selector(in, in.number(2)), VectorRunner.privilege(in, 3)));
  }

  /** {@code farjmp SELECTOR:OFFSET cplN}; returns an {@link Outcome}. */
  long farJump(VectorReader in) throws VectorException {
    touched = true;
    return outcome(
        unit.farJump(
            selector(in, in.numberBeforeColon(1)),
            in.numberBehindColon(1),
            VectorRunner.privilege(in, 2)));
  }

  /** {@code segaccess KIND REGISTER:OFFSET size N cplN}; returns an {@link Outcome}. */
  long access(VectorReader in) throws VectorException {
    touched = true;
    int kind = KINDS.indexOf(in.word(1));
    if (kind < 0) {
      throw in.flaw("expected read, write or fetch, not '" + in.word(1) + "'");
    }
    SegmentRegister register = register(in, in.wordBeforeColon(2));
    long size = in.is(3, "size") ? in.number(4) : 0;
    if (size < 1 || size > 4096) {
      throw in.flaw("expected 'size N', N from 1 to 4096");
    }
    long offset = in.numberBehindColon(2);
    long result = unit.linear(register, offset, (int) size, AccessKind.ofCode(kind).ordinal());
    return SegmentOutcome.isFault(result) ? outcome(result) : Outcome.linear(result);
  }

  private static SegmentRegister register(VectorReader in, String text) throws VectorException {
    for (SegmentRegister register : SegmentRegister.values()) {
      if (register.name().toLowerCase(Locale.ROOT).equals(text)) {
        return register;
      }
    }
    throw in.flaw("'" + text + "' is no segment register; expected es, cs, ss, ds, fs or gs");
  }

  private static int selector(VectorReader in, long value) throws VectorException {
    if (value >>> 16 != 0) {
      throw in.flaw("a selector has 16 bits");
    }
    return (int) value;
  }

  private static long outcome(long segmentOutcome) {
    if (!SegmentOutcome.isFault(segmentOutcome)) {
      return Outcome.OK;
    }
    return Outcome.fault(SegmentOutcome.fault(segmentOutcome));
  }
}
