package io.lookaside.simulator;

import io.lookaside.os.linux.FaultKind;

/** A process made an access that the kernel ends it for. */
public final class ProcessEndedException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final FaultKind fault;

  ProcessEndedException(FaultKind fault, long va) {
    super(fault.label() + " at 0x" + Long.toHexString(va));
    this.fault = fault;
  }

  /** How the access ended. */
  public FaultKind fault() {
    return fault;
  }
}
