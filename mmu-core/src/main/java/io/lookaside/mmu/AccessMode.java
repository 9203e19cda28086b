package io.lookaside.mmu;

/**
 * On whose behalf an access is made, beyond its kind. Source: Intel SDM Vol. 3A, "Determination of
 * Access Rights", which tells explicit from implicit and ordinary from shadow-stack accesses.
 */
public enum AccessMode {
  /** An access of a program at CPL 3. */
  USER,
  /** An explicit access at CPL 0 to 2. */
  SUPERVISOR,
  /** An access to the GDT, an LDT, the IDT or a TSS, a supervisor-mode access at any CPL. */
  IMPLICIT_SUPERVISOR,
  /** A shadow-stack access at CPL 3. */
  USER_SHADOW_STACK,
  /** A shadow-stack access at CPL 0 to 2. */
  SUPERVISOR_SHADOW_STACK;

  /** The mode of an explicit, ordinary access at a privilege level, 0 to 3. */
  public static AccessMode ofCpl(int cpl) {
    return cpl == 3 ? USER : SUPERVISOR;
  }

  /** Whether the access is of user mode. */
  public boolean isUser() {
    return this == USER || this == USER_SHADOW_STACK;
  }

  /** Whether the access is explicit, so that RFLAGS.AC can suspend SMAP for it. */
  public boolean isExplicit() {
    return this != IMPLICIT_SUPERVISOR;
  }

  /** Whether loads and stores go to a shadow stack. */
  public boolean isShadowStack() {
    return this == USER_SHADOW_STACK || this == SUPERVISOR_SHADOW_STACK;
  }
}
