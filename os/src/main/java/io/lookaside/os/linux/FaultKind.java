package io.lookaside.os.linux;

/** How a page fault was answered. */
public enum FaultKind {
  /** A first read mapped the shared page of zeros. */
  ZERO_PAGE("zero page", true),
  /** A first touch mapped a fresh page. */
  ANONYMOUS("anonymous page", true),
  /** A first touch mapped a fresh huge page. */
  HUGE("huge page", true),
  /** A first read mapped the shared huge page of zeros. */
  HUGE_ZERO("huge zero page", true),
  /** A page of a file that was in the page cache, or of shared memory, was mapped. */
  FILE("file page", true),
  /** A page of a file or of swap had to be read from the device. */
  MAJOR("major", true),
  /** A page that had gone to swap was still, or already again, in memory. */
  SWAP_CACHE("swap cache", true),
  /** A write copied a shared page. */
  COPY("copy on write", true),
  /** A write found that the page had no other owner, and got the right to write. */
  REUSE("write in place", true),
  /** A page of the hugetlb pool was mapped. */
  HUGETLB("hugetlb page", true),
  /** The entry was good by now: another processor, or an old cached translation. */
  SPURIOUS("spurious", true),
  /** No area, or no right: SIGSEGV. */
  SEGMENTATION("SIGSEGV", false),
  /** Past the end of a file, or no page left in the pool: SIGBUS. */
  BUS("SIGBUS", false),
  /** Memory is short: the process is killed. */
  OUT_OF_MEMORY("out of memory", false);

  private final String label;
  private final boolean answered;

  FaultKind(String label, boolean answered) {
    this.label = label;
    this.answered = answered;
  }

  /** Its name for people. */
  public String label() {
    return label;
  }

  /** Whether the access is to be repeated. */
  public boolean answered() {
    return answered;
  }
}
