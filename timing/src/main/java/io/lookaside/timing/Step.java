package io.lookaside.timing;

/** What a reference does, one after the other. Each takes some cycles, or none. */
public enum Step {
  /** Look-up in the first-level TLB; waits for a port. */
  LOOKUP("first-level look-up"),
  /** Waits while another reference still fetches the translation of the same page. */
  AWAIT("waits for the page, which is on its way"),
  /** Takes a miss register of the first level, or waits for one. */
  MISS_REGISTER("waits for a miss register"),
  /** Look-up in the second-level TLB; waits for a port. */
  SECOND_LEVEL("second-level look-up"),
  /** Takes a page walker, or waits for one. */
  WALKER("waits for a page walker"),
  /** Look-up in the paging-structure caches. */
  STRUCTURE_CACHES("structure-cache look-up"),
  /** Reads a table entry. */
  READ("reads a table entry"),
  /** Gives the page walker back. */
  END_WALK("walk ends"),
  /** The kernel answers a page fault. */
  FAULT("page fault"),
  /** The translation is there: whoever waits for the page goes on. */
  TRANSLATED("translated"),
  /** The program's own access. */
  DATA("data access"),
  /** An instruction's own work. */
  EXECUTE("execution"),
  /** A walk for another page begins, which goes on by itself. */
  PREFETCH("asks for another page"),
  /** The translation of a page that was walked for ahead is there. */
  PREFETCHED("page is there ahead"),
  /** Interrupts to other cores are sent, and their acknowledgements waited for. */
  SHOOTDOWN("shootdown"),
  /** The kernel's work between the program's references: a context switch, a kernel thread. */
  KERNEL_WORK("kernel work");

  private final String words;

  Step(String words) {
    this.words = words;
  }

  /** For people. */
  public String words() {
    return words;
  }
}
