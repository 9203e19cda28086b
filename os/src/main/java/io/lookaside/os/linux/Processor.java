package io.lookaside.os.linux;

/** The port to one processor's MMU: the instructions with which a kernel maintains it. */
public interface Processor {
  /** INVLPG: drops what is cached for an address. */
  void invlpg(long va);

  /**
   * MOV to CR3.
   *
   * @param operand root table, PCID, and bit 63 to keep what is cached for the PCID
   */
  void writeCr3(long operand);
}
