package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;
import it.unimi.dsi.fastutil.ints.Int2LongMap;
import it.unimi.dsi.fastutil.ints.Int2LongRBTreeMap;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.SortedMap;
import java.util.TreeMap;

/** What there is to say of a sequence of references without a machine. */
public final class TraceSummary {
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();
  private static final int LARGE_SHIFT = PageSize.SIZE_2M.shift();
  private static final int SMALL_IN_LARGE = 1 << (LARGE_SHIFT - PAGE_SHIFT);
  private static final int WORDS = SMALL_IN_LARGE / Long.SIZE;
  private static final long NO_PAGE = -1;

  private final long[] byKind = new long[AccessKind.COUNT];
  private final Int2LongRBTreeMap bySize = new Int2LongRBTreeMap();
  private final SortedMap<Integer, Long> byCore = new TreeMap<>();

  /** For each address space, by its number: the touched parts of each 2 MiB. */
  private final List<Pages> pages = new ArrayList<>();

  private final TraceHasher hasher = new TraceHasher();
  private long references;
  private long pageCrossings;
  private long nonCanonical;
  private long withInstructionAddresses;
  private long lowest = -1;
  private long highest;

  /** Takes the references of a batch. */
  public void add(ReferenceBatch batch) {
    int n = batch.count();
    hasher.add(batch, 0, n);
    references += n;
    byCore.merge(batch.core(), (long) n, Long::sum);
    if (batch.hasInstructionAddresses()) {
      withInstructionAddresses += n;
    }
    while (pages.size() <= batch.addressSpace()) {
      pages.add(new Pages());
    }
    Pages touched = pages.get(batch.addressSpace());
    for (int i = 0; i < n; i++) {
      int descriptor = batch.descriptor(i);
      long first = batch.address(i);
      int size = ReferenceBatch.size(descriptor);
      long last = first + size - 1;
      byKind[ReferenceBatch.kind(descriptor)]++;
      bySize.addTo(size, 1);
      if (!VirtualAddress.isCanonical(first) || !VirtualAddress.isCanonical(last)) {
        nonCanonical++;
        continue;
      }
      lowest = Long.compareUnsigned(first, lowest) < 0 ? first : lowest;
      highest = Long.compareUnsigned(last, highest) > 0 ? last : highest;
      long page = first >>> PAGE_SHIFT;
      touched.add(page);
      while (page != last >>> PAGE_SHIFT) {
        page = (page + 1) & (NO_PAGE >>> PAGE_SHIFT);
        touched.add(page);
        pageCrossings++;
      }
    }
  }

  public long references() {
    return references;
  }

  /** References of a kind. */
  public long references(AccessKind kind) {
    return byKind[kind.ordinal()];
  }

  /** References by size in bytes, the smallest first. */
  public SortedMap<Integer, Long> sizes() {
    SortedMap<Integer, Long> sizes = new TreeMap<>();
    for (Int2LongMap.Entry e : bySize.int2LongEntrySet()) {
      sizes.put(e.getIntKey(), e.getLongValue());
    }
    return sizes;
  }

  /** References by core. */
  public SortedMap<Integer, Long> cores() {
    return byCore;
  }

  /** References that the trace tells the instruction's address of. */
  public long withInstructionAddresses() {
    return withInstructionAddresses;
  }

  /** 4 KiB boundaries that references cross. */
  public long pageCrossings() {
    return pageCrossings;
  }

  /** References to addresses that are not canonical; they touch no page. */
  public long nonCanonical() {
    return nonCanonical;
  }

  /** Distinct pages of a size (4 KiB or 2 MiB) that are touched, over all address spaces. */
  public long distinctPages(PageSize size) {
    long n = 0;
    for (Pages touched : pages) {
      n += size == PageSize.SIZE_4K ? touched.small : touched.large();
    }
    return n;
  }

  /** Whether any canonical address is touched. */
  public boolean touchesMemory() {
    return Long.compareUnsigned(lowest, highest) <= 0;
  }

  /** The lowest canonical address, unsigned. */
  public long lowestAddress() {
    return lowest;
  }

  /** The last byte of the highest canonical address, unsigned. */
  public long highestAddress() {
    return highest;
  }

  /** The hash of the references; see {@link TraceHasher}. */
  public long hash() {
    return hasher.value();
  }

  /** The touched pages of an address space: a bit for each 4 KiB of each 2 MiB. */
  private static final class Pages {
    private final Long2IntOpenHashMap regions = new Long2IntOpenHashMap();
    private long[] bits = new long[16 * WORDS];
    private long small;
    private long lastPage = NO_PAGE;

    Pages() {
      regions.defaultReturnValue(-1);
    }

    void add(long page) {
      if (page == lastPage) {
        return;
      }
      lastPage = page;
      long region = page / SMALL_IN_LARGE;
      int at = regions.get(region);
      if (at < 0) {
        at = regions.size();
        regions.put(region, at);
        if (regions.size() * WORDS > bits.length) {
          bits = Arrays.copyOf(bits, 2 * bits.length);
        }
      }
      int inRegion = (int) (page % SMALL_IN_LARGE);
      int word = at * WORDS + inRegion / Long.SIZE;
      long bit = 1L << inRegion; // modulo 64
      if ((bits[word] & bit) == 0) {
        bits[word] |= bit;
        small++;
      }
    }

    long large() {
      return regions.size();
    }
  }
}
