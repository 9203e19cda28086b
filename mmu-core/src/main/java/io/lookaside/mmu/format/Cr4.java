package io.lookaside.mmu.format;

/** Control register CR4, the bits that concern paging. Source: SDM Vol. 3A, "Control Registers". */
public final class Cr4 {
  /** PSE: 4 MiB pages in 32-bit paging. */
  public static final long PAGE_SIZE_EXTENSIONS = 1L << 4;

  /** PAE: entries of 64 bits. */
  public static final long PHYSICAL_ADDRESS_EXTENSION = 1L << 5;

  /** PGE: the G bit of leaf entries counts. */
  public static final long GLOBAL_PAGES = 1L << 7;

  /** LA57: five levels. */
  public static final long FIVE_LEVEL = 1L << 12;

  /** PCIDE: CR3 bits 11:0 are a PCID. */
  public static final long PCID_ENABLE = 1L << 17;

  /** SMEP: no supervisor-mode fetches from user pages. */
  public static final long SMEP = 1L << 20;

  /** SMAP: no supervisor-mode data accesses to user pages unless RFLAGS.AC = 1. */
  public static final long SMAP = 1L << 21;

  /** PKE: protection keys for user-mode pages, with the rights in PKRU. */
  public static final long PROTECTION_KEYS = 1L << 22;

  /** CET: control-flow enforcement, with it shadow stacks. */
  public static final long CONTROL_FLOW_ENFORCEMENT = 1L << 23;

  /** PKS: protection keys for supervisor-mode pages, with the rights in IA32_PKRS. */
  public static final long SUPERVISOR_PROTECTION_KEYS = 1L << 24;

  /** The bits whose change loads the PDPTE registers in PAE paging (SDM "PDPTE Registers"). */
  public static final long LOADS_PDPTES =
      PAGE_SIZE_EXTENSIONS | PHYSICAL_ADDRESS_EXTENSION | GLOBAL_PAGES | SMEP;

  /** The bits that take part in translation. */
  public static final long CONCERNS_PAGING =
      PAGE_SIZE_EXTENSIONS
          | PHYSICAL_ADDRESS_EXTENSION
          | GLOBAL_PAGES
          | FIVE_LEVEL
          | PCID_ENABLE
          | SMEP
          | SMAP
          | PROTECTION_KEYS
          | CONTROL_FLOW_ENFORCEMENT
          | SUPERVISOR_PROTECTION_KEYS;

  /** Bits that no processor defines: 15, 26, 31:29 and 63:33. Bit 32 is FRED. */
  public static final long RESERVED = 0xffff_fffe_e400_8000L;

  private Cr4() {}

  public static boolean pageSizeExtensions(long cr4) {
    return (cr4 & PAGE_SIZE_EXTENSIONS) != 0;
  }

  public static boolean pae(long cr4) {
    return (cr4 & PHYSICAL_ADDRESS_EXTENSION) != 0;
  }

  public static boolean globalPages(long cr4) {
    return (cr4 & GLOBAL_PAGES) != 0;
  }

  public static boolean fiveLevel(long cr4) {
    return (cr4 & FIVE_LEVEL) != 0;
  }

  public static boolean pcidEnabled(long cr4) {
    return (cr4 & PCID_ENABLE) != 0;
  }

  public static boolean smep(long cr4) {
    return (cr4 & SMEP) != 0;
  }

  public static boolean smap(long cr4) {
    return (cr4 & SMAP) != 0;
  }

  public static boolean protectionKeys(long cr4) {
    return (cr4 & PROTECTION_KEYS) != 0;
  }

  public static boolean controlFlowEnforcement(long cr4) {
    return (cr4 & CONTROL_FLOW_ENFORCEMENT) != 0;
  }

  public static boolean supervisorProtectionKeys(long cr4) {
    return (cr4 & SUPERVISOR_PROTECTION_KEYS) != 0;
  }
}
