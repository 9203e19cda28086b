package io.lookaside.os.linux;

/**
 * A program as exec loads it: sizes of its segments in bytes. Its content is made from its name.
 *
 * @param name its path
 * @param textBytes machine code: readable and executable
 * @param readOnlyBytes constants
 * @param dataBytes initialised variables
 * @param bssBytes variables that begin as zeros
 */
public record Executable(
    String name, long textBytes, long readOnlyBytes, long dataBytes, long bssBytes) {
  /** A small program: 64 KiB of code, 16 KiB of constants, 8 KiB of data, 8 KiB of bss. */
  public static final Executable SMALL = new Executable("/bin/program", 65536, 16384, 8192, 8192);

  /**
   * Checks the components.
   *
   * @throws IllegalArgumentException if a size is negative, or there is no code
   */
  public Executable {
    if (textBytes <= 0 || readOnlyBytes < 0 || dataBytes < 0 || bssBytes < 0) {
      throw new IllegalArgumentException("a program has code, and no segment of negative size");
    }
  }
}
