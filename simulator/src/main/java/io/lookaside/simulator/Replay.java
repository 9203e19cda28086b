package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.TranslationCache;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.Kernel;
import io.lookaside.traces.ReferenceBatch;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * Replays references on a machine: translates each page that a reference touches and lets the
 * kernel answer page faults.
 */
public final class Replay implements ReplayEngine {
  /*
   * Most references touch a page that was touched a moment ago. If its entry is the one that its set
   * of the first-level TLB used last, the access hits and changes no state: every replacement policy
   * but one promises that, see TranslationCache.repetitionClasses. So the loop keeps, for each kind
   * of access and each class of page numbers (no two classes share a set), the page of the last
   * translation and the distance to its physical address. It only counts what repeats it; anything
   * else takes the general path through the Mmu.
   *
   * What is remembered holds as long as nothing else has used or changed its set since. Where loads
   * and stores share a structure, a translation for one is remembered for the other too if it serves
   * it, and else forgets what the other had in that class. Only 4 KiB pages fall into classes by
   * their number; once larger ones occur, a single page is remembered. So it is where the second
   * level is inclusive, since a fill can then evict anywhere. A page fault, which invalidates,
   * forgets everything. Forgetting is always safe: the general path is the truth.
   */

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final int SIZES = PageSize.values().length;
  private static final int SIZE_BITS = 2;
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** Equals no page number, which has 52 bits. */
  private static final long NO_PAGE = -1;

  /** At most 64 classes are told apart. */
  private static final int CLASS_BITS = 6;

  /** What turns the slot of a load into that of a store of the same page, and back. */
  private static final int OTHER_DATA_KIND = 1 << CLASS_BITS;

  /**
   * References in one pass of the loop. The compiler counts calls of the loop's method: with short
   * passes it has the compiled method after a few hundred thousand references, not some millions.
   */
  private static final int CHUNK = 256;

  /** Counts of the three kinds are packed into a long; a pass has far less than 2^21 references. */
  private static final int COUNT_BITS = 21;

  private static final long COUNT_MASK = (1L << COUNT_BITS) - 1;

  private final Mmu mmu;
  private final TranslationCache cache;
  private final Kernel kernel;
  private final Counters<ReferenceMetric> counters = new Counters<>(ReferenceMetric.class);
  private long physicalAddressSum;

  // By kind and class, with places for the code 3 that no reference has.
  private final long[] pages = new long[(AccessKind.COUNT + 1) << CLASS_BITS];
  private final long[] distances = new long[(AccessKind.COUNT + 1) << CLASS_BITS];

  /** By kind: the bits of a page number that are its class. */
  private final int[] classMask = new int[AccessKind.COUNT + 1];

  private final boolean loadsAndStoresShare;

  /** Whether only 4 KiB pages have been met, and all that is said of classes holds for them. */
  private boolean only4K;

  // Size codes of the page and, above them, of the piece of it that is cached.
  private final int[] countedSize = new int[AccessKind.COUNT];
  private final int[] lastSize = new int[AccessKind.COUNT];

  /** Whether what was counted must be booked: the page size has changed, or the process ended. */
  private boolean interrupted;

  private boolean ended;

  /** By kind and size: whether a repetition changes nothing. */
  private final boolean[] repeatable = new boolean[AccessKind.COUNT * SIZES];

  private final @Nullable MissProfile profile;

  /** A replay on a machine's parts. */
  public Replay(Mmu mmu, TranslationCache cache, Kernel kernel) {
    this(mmu, cache, kernel, null);
  }

  /** A replay that tells a profile which reference each translation is for. */
  Replay(Mmu mmu, TranslationCache cache, Kernel kernel, @Nullable MissProfile profile) {
    this.profile = profile;
    this.mmu = mmu;
    this.cache = cache;
    this.kernel = kernel;
    boolean fillsInterfere = cache.fillsInterfere();
    Arrays.fill(pages, NO_PAGE);
    for (int i = 0; i < repeatable.length; i++) {
      repeatable[i] = cache.repetitionClasses(i / SIZES, PageSize.ofCode(i % SIZES)) != 0;
    }
    this.loadsAndStoresShare = cache.loadsAndStoresShare();
    this.only4K = true;
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      int classes = fillsInterfere ? 0 : cache.repetitionClasses(kind, PageSize.SIZE_4K);
      only4K &= classes != 0;
      classMask[kind] = Math.max(1, Math.min(classes, 1 << CLASS_BITS)) - 1;
    }
  }

  @Override
  public Snapshot<ReferenceMetric> snapshot() {
    return counters.snapshot();
  }

  @Override
  public long physicalAddressSum() {
    return physicalAddressSum;
  }

  @Override
  public void addressSpaceChanged() {
    // What is remembered was the other's.
    Arrays.fill(pages, NO_PAGE);
  }

  @Override
  public int run(ReferenceBatch batch, int from, int to) {
    for (int i = from; i < to; i += CHUNK) {
      int end = Math.min(to, i + CHUNK);
      int next = runChunk(batch, i, end);
      if (next < end) {
        return next;
      }
    }
    return to;
  }

  private int runChunk(ReferenceBatch batch, int from, int to) {
    long[] pageOf = pages;
    long[] distanceOf = distances;
    int[] masks = classMask;
    long sum = 0;
    long all = 0;
    long general = 0;
    for (int i = from; i < to; i++) {
      long va = batch.address(i);
      int descriptor = batch.descriptor(i);
      int kind = descriptor & 3;
      long one = 1L << (kind * COUNT_BITS);
      all += one;
      long number = va >>> PAGE_SHIFT;
      int slot = (kind << CLASS_BITS) | ((int) number & masks[kind]);
      long page = pageOf[slot];
      long last = va + (descriptor >>> 2);
      if (((number ^ page) | ((last >>> PAGE_SHIFT) ^ page)) == 0) {
        sum += va + distanceOf[slot];
      } else {
        general += one;
        sum += access(va, last, kind, i);
        if (interrupted) {
          countRepetitions(all - general);
          countReferences(all);
          all = 0;
          general = 0;
          if (ended) {
            ended = false;
            physicalAddressSum += sum;
            return i + 1;
          }
        }
      }
    }
    countRepetitions(all - general);
    countReferences(all);
    physicalAddressSum += sum;
    return to;
  }

  /** One reference on the general path; returns the sum of its physical addresses. */
  private long access(long va, long last, int kind, int position) {
    if (profile != null) {
      profile.at(position);
    }
    if (va >>> PAGE_SHIFT == last >>> PAGE_SHIFT) {
      return translate(va, kind);
    }
    // The processor checks the whole operand before it translates any of it.
    PagingMode mode = mmu.context().format().mode();
    if (!mode.isLinear(va) || !mode.isLinear(last)) {
      counters.add(ReferenceMetric.GENERAL_PROTECTION, 1);
      return 0;
    }
    long sum = translate(va, kind);
    long pages = ((last >>> PAGE_SHIFT) - (va >>> PAGE_SHIFT)) & (~0L >>> PAGE_SHIFT);
    long next = va & ~VirtualAddress.OFFSET_4K;
    for (long i = 0; i < pages; i++) {
      next += 1L << PAGE_SHIFT;
      counters.add(ReferenceMetric.PAGE_CROSSINGS, 1);
      sum += translate(next, kind);
    }
    return sum;
  }

  /** One translation; returns its physical address, or 0 after a fault that stays. */
  private long translate(long va, int kind) {
    long t = mmu.translate(va, kind);
    if (!Translation.isValid(t)) {
      t = handleFault(va, kind, t);
    }
    if (profile != null) {
      profile.translated(va, t);
    }
    if (!Translation.isValid(t)) {
      return 0;
    }
    long pa = Translation.physicalAddress(t, va);
    remember(va, kind, pa, t);
    return pa;
  }

  private long handleFault(long va, int kind, long fault) {
    if (Translation.isGeneralProtection(fault)) {
      counters.add(ReferenceMetric.GENERAL_PROTECTION, 1);
      return fault;
    }
    Arrays.fill(pages, NO_PAGE);
    counters.add(ReferenceMetric.PAGE_FAULTS, 1);
    if (!kernel.handlePageFault(va, Translation.errorCode(fault))) {
      if (kernel.hasEnded()) {
        ended = true;
        interrupted = true;
      }
      return fault;
    }
    long t = mmu.retry(va, kind);
    if (!Translation.isValid(t)) {
      counters.add(ReferenceMetric.PAGE_FAULTS, 1);
    }
    return t;
  }

  private void remember(long va, int kind, long pa, long t) {
    if (!only4K || Translation.pageSizeCode(t) != 0) {
      rememberAmongLargePages(va, kind, pa, t);
      return;
    }
    long page = va >>> PAGE_SHIFT;
    int slot = slot(kind, page);
    pages[slot] = page;
    distances[slot] = pa - va;
    if (kind != FETCH && loadsAndStoresShare) {
      int other = slot ^ OTHER_DATA_KIND;
      pages[other] = mmu.serves(t, LOAD + STORE - kind) ? page : NO_PAGE;
      distances[other] = pa - va;
    }
  }

  /** Remembers this page alone, where pages of several sizes occur or repetitions are delicate. */
  private void rememberAmongLargePages(long va, int kind, long pa, long t) {
    only4K = false;
    Arrays.fill(pages, NO_PAGE);
    if (repeatable[kind * SIZES + Translation.pieceSizeCode(t)]) {
      int size = Translation.pieceSizeCode(t) << SIZE_BITS | Translation.pageSizeCode(t);
      int slot = slot(kind, va >>> PAGE_SHIFT);
      pages[slot] = va >>> PAGE_SHIFT;
      distances[slot] = pa - va;
      if (lastSize[kind] != size) {
        lastSize[kind] = size;
        interrupted = true;
      }
    }
  }

  private int slot(int kind, long page) {
    return (kind << CLASS_BITS) | ((int) page & classMask[kind]);
  }

  private void countRepetitions(long packed) {
    for (int kind = 0; kind < AccessKind.COUNT; kind++) {
      long n = unpack(packed, kind);
      if (n != 0) {
        PageSize page = PageSize.ofCode(countedSize[kind] & ((1 << SIZE_BITS) - 1));
        PageSize piece = PageSize.ofCode(countedSize[kind] >>> SIZE_BITS);
        cache.countRepeatedHits(kind, page, piece, n);
      }
      countedSize[kind] = lastSize[kind];
    }
    interrupted = false;
  }

  private void countReferences(long packed) {
    long loads = unpack(packed, LOAD);
    long stores = unpack(packed, STORE);
    long fetches = unpack(packed, FETCH);
    counters.add(ReferenceMetric.REFERENCES, loads + stores + fetches);
    counters.add(ReferenceMetric.LOADS, loads);
    counters.add(ReferenceMetric.STORES, stores);
    counters.add(ReferenceMetric.FETCHES, fetches);
  }

  private static long unpack(long packed, int kind) {
    return (packed >>> (kind * COUNT_BITS)) & COUNT_MASK;
  }
}
