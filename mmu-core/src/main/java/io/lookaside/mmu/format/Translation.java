package io.lookaside.mmu.format;

/**
 * The outcome of an address translation in one {@code long}: a cached leaf with the rights of the
 * whole walk, or a fault. A miss is {@link #NONE}.
 *
 * <pre>
 *  translation  0        1 (so that it is never confused with a fault or a miss)
 *               1, 2     R/W and U/S, ANDed over the levels
 *               3, 4, 7  PWT, PCD and PAT of the leaf
 *               6        D as cached
 *               8        G, where CR4.PGE = 1
 *               10:9     size of the cached piece, a {@link PageSize} code
 *               11       the piece is smaller than the page that the tables map
 *               51:12    frame address of the piece
 *               53:52    size of the page that the tables map, a {@link PageSize} code
 *               54       a shadow-stack page: R/W in every entry but the leaf, where D is set
 *               56:55    of a walk that looked at its neighbours: binary logarithm of the pages of 4
 *                        KiB, in an aligned group, that are mapped like this one to one group of
 *                        frames; else 0
 *               62:59    protection key
 *               63       XD, ORed over the levels
 *  fault        0        0
 *               1        1
 *               15:8     vector, an {@link ExceptionVector}
 *               47:16    error code
 * </pre>
 *
 * <p>Rights are kept raw, never as "allowed": CR0.WP, SMAP, RFLAGS.AC and CPL are judged at the
 * time of the access (SDM Vol. 3A, "Details of TLB Use").
 */
public final class Translation {
  /** No translation: a TLB miss. */
  public static final long NONE = 0;

  private static final int SIZE_SHIFT = 9;
  private static final int PAGE_SIZE_SHIFT = 52;

  private static final long SIZE_MASK = 3L << SIZE_SHIFT;
  private static final long PIECE = 1L << 11;
  private static final long PAT = 1L << 7;
  private static final long FAULT = 2;
  private static final int VECTOR_SHIFT = 8;
  private static final int ERROR_CODE_SHIFT = 16;

  /** A general-protection fault with error code 0: the address is not canonical. */
  public static final long GENERAL_PROTECTION =
      FAULT | (long) ExceptionVector.GENERAL_PROTECTION << VECTOR_SHIFT;

  /** A shadow-stack page, a right like R/W. */
  public static final long SHADOW_STACK = 1L << 54;

  private static final int SPAN_SHIFT = 55;
  private static final long SPAN_MASK = 3L << SPAN_SHIFT;

  /** What is not the leaf's alone but that of the whole walk. */
  private static final long ACCUMULATED =
      Pte.WRITABLE | Pte.USER | SHADOW_STACK | Pte.EXECUTE_DISABLE;

  private static final long FROM_LEAF =
      Pte.WRITE_THROUGH | Pte.CACHE_DISABLE | Pte.DIRTY | 0xfL << Pte.KEY_SHIFT;

  private Translation() {}

  /**
   * The translation that a completed walk yields.
   *
   * @param leaf the leaf entry as it stands in memory after A and D were written
   * @param size the size of the page that the leaf maps
   * @param rights R/W and U/S ANDed and XD ORed over all levels, at the bits of an entry; and
   *     {@link #SHADOW_STACK}
   * @param globalPages CR4.PGE: whether the leaf's G counts
   */
  public static long ofLeaf(long leaf, PageSize size, long rights, boolean globalPages) {
    long t = Pte.PRESENT | (rights & ACCUMULATED) | (leaf & FROM_LEAF);
    t |= Pte.frameAddress(leaf, size);
    t |= (long) size.ordinal() << SIZE_SHIFT | (long) size.ordinal() << PAGE_SIZE_SHIFT;
    if (globalPages) {
      t |= leaf & Pte.GLOBAL;
    }
    if (Pte.pat(leaf, size)) {
      t |= PAT;
    }
    return t;
  }

  /**
   * The translation without paging: the linear address itself, 32 bits, with all rights (SDM Vol.
   * 3A, "Paging Modes and Control Bits").
   */
  public static long identity(long va) {
    return Pte.PRESENT | Pte.WRITABLE | Pte.USER | Pte.DIRTY | (va & 0xffff_f000L);
  }

  /** A page fault with the given error code ({@link PageFaultCode}). */
  public static long pageFault(int errorCode) {
    return fault(ExceptionVector.PAGE_FAULT, errorCode);
  }

  /** A fault with a vector ({@link ExceptionVector}) and an error code. */
  public static long fault(int vector, int errorCode) {
    return FAULT | (long) vector << VECTOR_SHIFT | (errorCode & 0xffff_ffffL) << ERROR_CODE_SHIFT;
  }

  /** The vector of a fault ({@link ExceptionVector}). */
  public static int vector(long fault) {
    return (int) (fault >>> VECTOR_SHIFT) & 0xff;
  }

  /** Whether this is a translation, neither fault nor miss. */
  public static boolean isValid(long translation) {
    return (translation & Pte.PRESENT) != 0;
  }

  /** Whether this is a page fault. */
  public static boolean isPageFault(long translation) {
    return (translation & (Pte.PRESENT | FAULT)) == FAULT
        && vector(translation) == ExceptionVector.PAGE_FAULT;
  }

  /** Whether this is a general-protection fault. */
  public static boolean isGeneralProtection(long translation) {
    return translation == GENERAL_PROTECTION;
  }

  /** The protection key, 0 to 15. */
  public static int protectionKey(long translation) {
    return (int) (translation >>> Pte.KEY_SHIFT) & 0xf;
  }

  /** Index 4*PAT + 2*PCD + PWT into the page attribute table ({@link Pat}). */
  public static int patIndex(long translation) {
    return (int) ((translation >>> 5 & 4) | (translation >>> 3 & 3));
  }

  /** The error code of a fault. */
  public static int errorCode(long fault) {
    return (int) (fault >>> ERROR_CODE_SHIFT);
  }

  /** The physical address that {@code va} has under a valid translation. */
  public static long physicalAddress(long translation, long va) {
    long offset = va & ((1L << PageSize.shiftOfCode(pieceSizeCode(translation))) - 1);
    return (translation & Pte.FRAME) | offset;
  }

  /** The {@link PageSize} code of {@link #pieceSize}. */
  public static int pieceSizeCode(long translation) {
    return (int) (translation >>> SIZE_SHIFT) & 3;
  }

  /** Whether G is set, or this is a piece of a larger page: what a TLB keeps account of. */
  public static boolean isGlobalOrPiece(long translation) {
    return (translation & (Pte.GLOBAL | PIECE)) != 0;
  }

  /** The size of what is cached; smaller than the page where a TLB holds no pages of its size. */
  public static PageSize pieceSize(long translation) {
    return PageSize.ofCode(pieceSizeCode(translation));
  }

  /** The size of the page that the tables map. */
  public static PageSize pageSize(long translation) {
    return PageSize.ofCode(pageSizeCode(translation));
  }

  /** The {@link PageSize} code of {@link #pageSize}. */
  public static int pageSizeCode(long translation) {
    return (int) (translation >>> PAGE_SIZE_SHIFT) & 3;
  }

  /** Whether this is a piece of a larger page. */
  public static boolean isPiece(long translation) {
    return (translation & PIECE) != 0;
  }

  /** Whether two translations of one address are of pages alike in size and globality. */
  public static boolean isAlike(long a, long b) {
    return pageSize(a) == pageSize(b) && isGlobal(a) == isGlobal(b);
  }

  public static boolean isDirty(long translation) {
    return (translation & Pte.DIRTY) != 0;
  }

  public static boolean isGlobal(long translation) {
    return (translation & Pte.GLOBAL) != 0;
  }

  /**
   * The piece of a translation that contains {@code va} and has the given size; the translation
   * itself where it is not larger than that.
   *
   * <p>Source: SDM Vol. 3A, "Caching Translations in TLBs": a processor may cache a piece of a
   * large page as if it were a smaller one.
   */
  public static long piece(long translation, long va, PageSize size) {
    PageSize whole = pieceSize(translation);
    if (whole.compareTo(size) <= 0) {
      return translation;
    }
    long within = va & whole.offsetMask() & ~size.offsetMask();
    return (translation & ~SIZE_MASK) | PIECE | (long) size.ordinal() << SIZE_SHIFT | within;
  }

  /** The same translation of a page of 4 KiB that is one of a group of 2^{@code span} pages. */
  public static long withSpan(long translation, int span) {
    return (translation & ~SPAN_MASK) | (long) span << SPAN_SHIFT;
  }

  /** Binary logarithm of the pages of the group that a page of 4 KiB is one of; 0 for one page. */
  public static int span(long translation) {
    return (int) ((translation & SPAN_MASK) >>> SPAN_SHIFT);
  }

  /** The translation of a page alone, whatever group it is one of. */
  public static long alone(long translation) {
    return translation & ~SPAN_MASK;
  }

  /** The translation of the page {@code pages} after that of {@code translation}, of 4 KiB each. */
  public static long moved(long translation, long pages) {
    return translation + (pages << PageSize.SIZE_4K.shift());
  }

  /** The translation of the whole page that {@code translation} is, or is a piece of. */
  public static long whole(long translation) {
    if (!isPiece(translation)) {
      return translation;
    }
    PageSize page = pageSize(translation);
    long offset = page.offsetMask() & Pte.FRAME;
    return (translation & ~(SIZE_MASK | PIECE | offset)) | (long) page.ordinal() << SIZE_SHIFT;
  }
}
