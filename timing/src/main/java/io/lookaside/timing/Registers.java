package io.lookaside.timing;

/**
 * The registers of an instruction in one {@code long}: up to two that it writes in bytes 0 and 1,
 * up to four that it reads in bytes 2 to 5. 0 stands for none.
 */
public final class Registers {
  /** The number of an absent register. */
  public static final int NONE = 0;

  /** The most registers read. */
  public static final int SOURCES = 4;

  /** The most registers written. */
  public static final int DESTINATIONS = 2;

  private Registers() {}

  /** A register that is written, or {@link #NONE}. */
  public static int destination(long registers, int i) {
    return (int) (registers >>> (Byte.SIZE * i)) & 0xff;
  }

  /** A register that is read, or {@link #NONE}. */
  public static int source(long registers, int i) {
    return (int) (registers >>> (Byte.SIZE * (DESTINATIONS + i))) & 0xff;
  }
}
