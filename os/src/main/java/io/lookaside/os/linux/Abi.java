package io.lookaside.os.linux;

/**
 * Numbers of Linux's system-call interface on x86: error numbers, rights and flags. A system call
 * that fails returns the negated error number, as at the hardware's interface; addresses are never
 * within 4095 of the top, so the two cannot be confused.
 */
public final class Abi {
  public static final long EPERM = 1;

  /** The process has ended. */
  public static final long ESRCH = 3;

  public static final long EAGAIN = 11;
  public static final long ENOMEM = 12;
  public static final long EACCES = 13;
  public static final long EFAULT = 14;
  public static final long EEXIST = 17;
  public static final long EINVAL = 22;
  public static final long EOVERFLOW = 75;

  public static final int PROT_NONE = 0;
  public static final int PROT_READ = 1;
  public static final int PROT_WRITE = 2;
  public static final int PROT_EXEC = 4;

  public static final int MAP_SHARED = 0x01;
  public static final int MAP_PRIVATE = 0x02;
  public static final int MAP_FIXED = 0x10;
  public static final int MAP_ANONYMOUS = 0x20;
  public static final int MAP_GROWSDOWN = 0x0100;
  public static final int MAP_LOCKED = 0x2000;
  public static final int MAP_NORESERVE = 0x4000;
  public static final int MAP_POPULATE = 0x8000;
  public static final int MAP_STACK = 0x20000;
  public static final int MAP_HUGETLB = 0x40000;
  public static final int MAP_FIXED_NOREPLACE = 0x100000;

  /** With {@link #MAP_HUGETLB}: pages of 2 MiB, which is the default too. */
  public static final int MAP_HUGE_2MB = 21 << 26;

  /** With {@link #MAP_HUGETLB}: pages of 1 GiB. */
  public static final int MAP_HUGE_1GB = 30 << 26;

  static final int MAP_HUGE_SHIFT = 26;
  static final int MAP_HUGE_MASK = 0x3f;

  public static final int MREMAP_MAYMOVE = 1;
  public static final int MREMAP_FIXED = 2;
  public static final int MREMAP_DONTUNMAP = 4;

  public static final int MADV_NORMAL = 0;
  public static final int MADV_DONTNEED = 4;
  public static final int MADV_HUGEPAGE = 14;
  public static final int MADV_NOHUGEPAGE = 15;

  private Abi() {}

  /** Whether what a system call returned is a negated error number. */
  public static boolean isError(long result) {
    return result < 0 && result >= -4095;
  }

  /** The name of what a system call returned, for people: {@code ENOMEM}, or the number in hex. */
  public static String describe(long result) {
    if (!isError(result)) {
      return "0x" + Long.toHexString(result);
    }
    return switch ((int) -result) {
      case (int) EPERM -> "EPERM";
      case (int) ESRCH -> "ESRCH";
      case (int) EAGAIN -> "EAGAIN";
      case (int) ENOMEM -> "ENOMEM";
      case (int) EACCES -> "EACCES";
      case (int) EFAULT -> "EFAULT";
      case (int) EEXIST -> "EEXIST";
      case (int) EINVAL -> "EINVAL";
      case (int) EOVERFLOW -> "EOVERFLOW";
      default -> "errno " + -result;
    };
  }
}
