package io.lookaside.mmu.memory;

/** The emulated RAM would need more host memory than it may take. */
public final class PhysicalMemoryLimitException extends RuntimeException {
  private static final long serialVersionUID = 1;

  private final long limitBytes;

  PhysicalMemoryLimitException(long limitBytes) {
    super("the emulated RAM needs more than its limit of " + limitBytes + " bytes of host memory");
    this.limitBytes = limitBytes;
  }

  /** The limit in bytes. */
  public long limitBytes() {
    return limitBytes;
  }
}
