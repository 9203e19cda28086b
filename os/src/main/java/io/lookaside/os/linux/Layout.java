package io.lookaside.os.linux;

import io.lookaside.mmu.assoc.SeededRandom;

/**
 * Where exec puts what: the program near the bottom (32 bits) or at two thirds of the space (64
 * bits), the heap behind it, mappings below the stack downward, the stack at the top.
 *
 * <p>Source: Linux 6.1, fs/binfmt_elf.c, arch/x86/mm/mmap.c, arch/x86/kernel/process.c; ranges of
 * randomness as there: 28 bits of pages for mappings and programs, 22 for the stack, 13 for the
 * heap; on 32 bits 8, 11 and 13 bits, and programs stay where they are.
 */
final class Layout {
  static final long VDSO_BYTES = 8192;

  private static final long STACK_RESERVE = 128L << 20;
  private static final int HEAP_BITS = 13;

  private final long text;
  private final long readOnly;
  private final long data;
  private final long bss;
  private final long heapStart;
  private final long mmapBase;
  private final long stackTop;
  private final long vdso;

  Layout(LinuxConfig config, SeededRandom random, Executable program) {
    boolean wide = config.format() == TableFormat.X86_64;
    boolean randomise = config.has(Mechanism.RANDOMISATION);
    long taskSize = config.format().taskSize();
    int mmapBits = wide ? 28 : 8;
    int stackBits = wide ? 22 : 11;
    long programPages = draw(random, randomise && wide, mmapBits);
    long mmapPages = draw(random, randomise, mmapBits);
    long stackPages = draw(random, randomise, stackBits);
    long heapPages = draw(random, randomise, HEAP_BITS);
    text = wide ? align(taskSize / 3 * 2) + bytes(programPages) : 0x0804_8000L;
    readOnly = text + align(program.textBytes());
    data = readOnly + align(program.readOnlyBytes());
    bss = data + align(program.dataBytes());
    heapStart = bss + align(program.bssBytes()) + bytes(heapPages);
    stackTop = taskSize - bytes(stackPages);
    vdso = mmapEnd(taskSize, stackBits, mmapPages, randomise);
    mmapBase = vdso;
  }

  /** Room for the largest stack, its randomness and its guard stays free above the mappings. */
  private static long mmapEnd(long taskSize, int stackBits, long mmapPages, boolean randomise) {
    long reserve = STACK_RESERVE + Faults.STACK_GUARD_BYTES;
    if (randomise) {
      reserve += bytes(1L << stackBits);
    }
    return taskSize - reserve - bytes(mmapPages) - VDSO_BYTES;
  }

  private static long draw(SeededRandom random, boolean randomise, int bits) {
    return randomise ? random.nextLong() >>> (64 - bits) : 0;
  }

  private static long bytes(long pages) {
    return pages << PhysicalPages.PAGE_SHIFT;
  }

  static long align(long value) {
    return (value + PhysicalPages.PAGE_BYTES - 1) & -PhysicalPages.PAGE_BYTES;
  }

  long imageBytes() {
    return bss - text;
  }

  long text() {
    return text;
  }

  long readOnly() {
    return readOnly;
  }

  long data() {
    return data;
  }

  long bss() {
    return bss;
  }

  long heapStart() {
    return heapStart;
  }

  /** Below it mappings are placed, from the top down. */
  long mmapBase() {
    return mmapBase;
  }

  long stackTop() {
    return stackTop;
  }

  long vdso() {
    return vdso;
  }
}
