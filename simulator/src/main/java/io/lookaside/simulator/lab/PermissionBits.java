package io.lookaside.simulator.lab;

import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.os.linux.Abi;
import io.lookaside.os.linux.FaultKind;
import io.lookaside.os.linux.Mechanism;
import io.lookaside.os.linux.Vma;
import io.lookaside.simulator.LinuxMachine;

/** R/W and XD in the leaf keep text from being written and data from being executed. */
final class PermissionBits extends Lab {
  PermissionBits() {
    super(
        "permission-bits",
        "The bits of a leaf decide: read-only pages refuse writes, data refuses execution",
        Mechanism.PERMISSION_BITS);
  }

  @Override
  void run(LabContext context, LabReport report) {
    LinuxMachine machine = context.machine(256 * LabContext.MIB);
    Program program = Program.start(machine);
    report.table("page", "read", "write", "execute");
    int[] rights = {
      Abi.PROT_NONE,
      Abi.PROT_READ,
      Program.READ_WRITE,
      Abi.PROT_READ | Abi.PROT_EXEC,
      Program.READ_WRITE | Abi.PROT_EXEC
    };
    String[] names = {"---", "r--", "rw-", "r-x", "rwx"};
    long granted = 0;
    for (int i = 0; i < rights.length; i++) {
      // Filled while that is allowed, then given the rights to try.
      long va = program.map(LabContext.PAGE, Program.READ_WRITE);
      program.store(va, 0xc3);
      machine.kernel().mprotect(program.process(), va, LabContext.PAGE, rights[i]);
      boolean read = program.reads(va);
      boolean write = program.writes(va);
      boolean execute = program.executes(va);
      String got = (read ? "r" : "-") + (write ? "w" : "-") + (execute ? "x" : "-");
      report.row(names[i], yes(read), yes(write), yes(execute));
      report.equal("what a page with " + names[i] + " permits", names[i], got);
      granted += (read ? 1 : 0) + (write ? 1 : 0) + (execute ? 1 : 0);
    }
    report.chart("accesses granted, of 15");
    report.bar("granted", granted);

    long page = program.map(LabContext.PAGE, Program.READ_WRITE);
    program.store(page, 1);
    machine.kernel().mprotect(program.process(), page, LabContext.PAGE, Abi.PROT_READ);
    boolean written = program.writes(page);
    report.equal(
        "error code of a write to a read-only page: present, write, user",
        PageFaultCode.PRESENT | PageFaultCode.WRITE | PageFaultCode.USER,
        written ? 0 : machine.lastErrorCode());
    report.equal("it ends in", FaultKind.SEGMENTATION.label(), machine.lastFault().label());
    boolean executed = program.executes(page);
    report.equal(
        "error code of a fetch from it: present, user, fetch",
        PageFaultCode.PRESENT | PageFaultCode.USER | PageFaultCode.FETCH,
        executed ? 0 : machine.lastErrorCode());
    Vma text = program.process().space().areas().iterator().next();
    report.equal("the program's text is mapped", "r-xp", text.rights());
    report.equal(
        "a write to it is", "refused", program.writes(text.start()) ? "granted" : "refused");
  }

  private static String yes(boolean granted) {
    return granted ? "yes" : "no";
  }
}
