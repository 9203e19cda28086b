package io.lookaside.mmu.format;

/** Control register CR0. Source: Intel SDM Vol. 3A, "Control Registers". */
public final class Cr0 {
  /** PE: protected mode. */
  public static final long PROTECTION_ENABLE = 1L;

  /** WP: supervisor-mode writes respect R/W = 0. */
  public static final long WRITE_PROTECT = 1L << 16;

  /** NW: not write-through. */
  public static final long NOT_WRITE_THROUGH = 1L << 29;

  /** CD: cache disable. */
  public static final long CACHE_DISABLE = 1L << 30;

  /** PG: paging. */
  public static final long PAGING = 1L << 31;

  /** The bits whose change loads the PDPTE registers in PAE paging (SDM "PDPTE Registers"). */
  public static final long LOADS_PDPTES = PAGING | CACHE_DISABLE | NOT_WRITE_THROUGH;

  /** The bits that take part in translation. */
  public static final long CONCERNS_PAGING = PAGING | WRITE_PROTECT | PROTECTION_ENABLE;

  /** Bits 63:32, reserved. */
  public static final long RESERVED = 0xffff_ffff_0000_0000L;

  private Cr0() {}

  public static boolean paging(long cr0) {
    return (cr0 & PAGING) != 0;
  }

  public static boolean protectionEnabled(long cr0) {
    return (cr0 & PROTECTION_ENABLE) != 0;
  }

  public static boolean writeProtect(long cr0) {
    return (cr0 & WRITE_PROTECT) != 0;
  }
}
