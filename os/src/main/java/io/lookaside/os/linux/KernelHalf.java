package io.lookaside.os.linux;

import io.lookaside.mmu.format.Pte;

/**
 * The kernel's half of every address space: all of physical memory (the direct map) and on 64 bits
 * the kernel's image, in large pages. Its tables are made once; each process's root points to them,
 * so that they cost nothing for a process and a change is seen by all.
 *
 * <p>Source: Linux 6.1, Documentation/x86/x86_64/mm.rst, arch/x86/mm/init.c. Without page-table
 * isolation the entries are global.
 */
final class KernelHalf {
  /** Where the kernel's image is mapped on 64 bits. */
  static final long IMAGE = 0xffff_ffff_8100_0000L;

  private static final long TEXT_BYTES = 6L << 20;
  private static final long READ_ONLY_BYTES = 4L << 20;
  private static final long TABLE = Pte.PRESENT | Pte.WRITABLE | Pte.ACCESSED | Pte.DIRTY;

  private final KernelState kernel;
  private final AddressSpace template;

  KernelHalf(KernelState kernel) {
    this.kernel = kernel;
    this.template = new AddressSpace(0, kernel.tables.newTable());
    build(template);
  }

  /** A space without user pages, which runs where no process does. */
  AddressSpace idle() {
    return template;
  }

  /** Gives a fresh root table the kernel half; {@code false} if memory is short. */
  boolean install(AddressSpace space) {
    if (!kernel.config.has(Mechanism.SHARED_KERNEL_HALF)) {
      return build(space);
    }
    TableFormat format = kernel.config.format();
    for (int i = format.firstKernelIndex(); i < format.entries(); i++) {
      long offset = (long) i * format.entryBytes();
      kernel.tables.write(space.root + offset, kernel.tables.read(template.root + offset));
    }
    return true;
  }

  /** Gives back the tables of a kernel half that a process has for itself. */
  void remove(AddressSpace space) {
    if (kernel.config.has(Mechanism.SHARED_KERNEL_HALF)) {
      return;
    }
    TableFormat format = kernel.config.format();
    for (int i = format.firstKernelIndex(); i < format.entries(); i++) {
      long entry = kernel.tables.read(space.root + (long) i * format.entryBytes());
      if (Pte.isPresent(entry) && !Pte.isLarge(entry)) {
        removeTable(space, Pte.tableAddress(entry), 1);
      }
    }
  }

  private void removeTable(AddressSpace space, long table, int level) {
    TableFormat format = kernel.config.format();
    for (int i = 0; level < format.levels() - 1 && i < format.entries(); i++) {
      long entry = kernel.tables.read(table + (long) i * format.entryBytes());
      if (Pte.isPresent(entry) && !Pte.isLarge(entry)) {
        removeTable(space, Pte.tableAddress(entry), level + 1);
      }
    }
    kernel.tables.freeTable(table);
    space.tables--;
  }

  private boolean build(AddressSpace space) {
    TableFormat format = kernel.config.format();
    long bytes = Math.min(kernel.config.memoryBytes(), format.directMapLimit());
    long large = 1L << format.largeShift();
    boolean gigantic = format == TableFormat.X86_64;
    for (long at = 0; at < bytes; ) {
      boolean whole = gigantic && at % (1L << 30) == 0 && bytes - at >= 1L << 30;
      int shift = whole ? 30 : format.largeShift();
      long rights = Pte.WRITABLE | Pte.DIRTY | noExecute();
      if (!map(space, format.directMap() + at, at, shift, rights)) {
        return false;
      }
      at += 1L << shift;
    }
    if (format != TableFormat.X86_64) {
      return true;
    }
    for (long at = 0; at < PhysicalPages.KERNEL_IMAGE_BYTES; at += large) {
      long rights = Pte.WRITABLE | Pte.DIRTY | noExecute();
      if (at < TEXT_BYTES) {
        rights = 0;
      } else if (at < TEXT_BYTES + READ_ONLY_BYTES) {
        rights = noExecute();
      }
      if (!map(space, IMAGE + at, PhysicalPages.KERNEL_IMAGE + at, format.largeShift(), rights)) {
        return false;
      }
    }
    return true;
  }

  private long noExecute() {
    return kernel.config.format().hasExecuteDisable() ? Pte.EXECUTE_DISABLE : 0;
  }

  private boolean map(AddressSpace space, long va, long pa, int shift, long rights) {
    boolean open = !kernel.config.has(Mechanism.SUPERVISOR_BIT);
    long address = kernel.tables.make(space, va, shift, open ? TABLE | Pte.USER : TABLE);
    if (address == 0) {
      return false;
    }
    long entry = pa | rights | Pte.PRESENT | Pte.ACCESSED | Pte.PAGE_SIZE;
    if (kernel.config.has(Mechanism.GLOBAL_PAGES)) {
      entry |= Pte.GLOBAL;
    }
    kernel.tables.write(address, open ? entry | Pte.USER : entry);
    return true;
  }
}
