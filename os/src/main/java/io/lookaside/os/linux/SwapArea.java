package io.lookaside.os.linux;

import it.unimi.dsi.fastutil.ints.IntArrayFIFOQueue;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * A swap device: slots of one page each, of which slot 0 is the header. A slot is in use while
 * page-table entries or a file name it, or while the swap cache has its page. Slots are taken one
 * after the other from a cluster of 256 that was wholly free; when there is none, wherever one is
 * free.
 *
 * <p>Source: Linux 6.1, mm/swapfile.c ({@code scan_swap_map_try_ssd_cluster}, {@code swap_map}),
 * for one solid-state device and one processor's cluster, without the caches of slots.
 */
final class SwapArea {
  static final int NONE = -1;
  static final int CLUSTER = 256;

  /** What the host holds of a cluster of which a slot was used. */
  private static final class Cluster {
    final int[] owners = new int[CLUSTER];
    final int[] cached = new int[CLUSTER];
    final int[] shadows = new int[CLUSTER];

    Cluster() {
      Arrays.fill(cached, PageFrames.NONE);
      Arrays.fill(shadows, Workingset.NO_SHADOW);
    }
  }

  private final int slots;
  private final boolean clustering;
  private final @Nullable Cluster[] clusters;
  private final short[] usedIn;
  private final IntArrayFIFOQueue freeClusters = new IntArrayFIFOQueue();
  private final PageStore store = new PageStore();
  private int current = NONE;
  private int next;
  private int scanFrom = 1;
  private int used;
  private int cachedPages;

  SwapArea(long bytes, boolean clustering) {
    this.slots = (int) (bytes >>> PhysicalPages.PAGE_SHIFT);
    this.clustering = clustering;
    int count = (slots + CLUSTER - 1) / CLUSTER;
    clusters = new Cluster[count];
    usedIn = new short[count];
    if (slots > 0) {
      usedIn[0] = 1;
      usedIn[count - 1] += (short) (count * CLUSTER - slots);
    }
    for (int i = 0; i < count; i++) {
      if (usedIn[i] == 0) {
        freeClusters.enqueue(i);
      }
    }
  }

  /** Pages that the device can hold. */
  long totalPages() {
    return Math.max(0, slots - 1);
  }

  long usedPages() {
    return used;
  }

  long freePages() {
    return totalPages() - used;
  }

  /** Pages that are in memory and have a slot too. */
  long cachedPages() {
    return cachedPages;
  }

  PageStore store() {
    return store;
  }

  /** Host bytes of the accounts of slots. */
  long hostBytes() {
    long bytes = store.hostBytes();
    for (Cluster cluster : clusters) {
      bytes += cluster == null ? 0 : 12L * CLUSTER;
    }
    return bytes;
  }

  private Cluster cluster(int slot) {
    int index = slot / CLUSTER;
    Cluster cluster = clusters[index];
    if (cluster == null) {
      cluster = new Cluster();
      clusters[index] = cluster;
    }
    return cluster;
  }

  private boolean isFree(int slot) {
    Cluster cluster = clusters[slot / CLUSTER];
    return cluster == null
        || (cluster.owners[slot % CLUSTER] == 0
            && cluster.cached[slot % CLUSTER] == PageFrames.NONE);
  }

  /** Takes a slot for a page that enters the swap cache, or {@link #NONE}. */
  int take(int pfn) {
    int slot = freePages() <= 0 ? NONE : find();
    if (slot != NONE) {
      usedIn[slot / CLUSTER]++;
      used++;
      setCached(slot, pfn);
    }
    return slot;
  }

  private int find() {
    while (clustering) {
      if (current == NONE) {
        if (freeClusters.isEmpty()) {
          break;
        }
        current = freeClusters.dequeueInt();
        next = current * CLUSTER;
      }
      int end = Math.min((current + 1) * CLUSTER, slots);
      while (next < end) {
        if (isFree(next)) {
          return next++;
        }
        next++;
      }
      current = NONE;
    }
    int from = clustering ? scanFrom : 1;
    for (int scanned = 0; scanned < slots; ) {
      if (from >= slots) {
        from = 1;
      }
      if (from % CLUSTER <= 1 && usedIn[from / CLUSTER] == CLUSTER) {
        int skipped = CLUSTER - from % CLUSTER;
        from += skipped;
        scanned += skipped;
        continue;
      }
      if (isFree(from)) {
        scanFrom = from + 1;
        return from;
      }
      from++;
      scanned++;
    }
    return NONE;
  }

  private void freeIfUnused(int slot) {
    if (!isFree(slot)) {
      return;
    }
    Cluster cluster = cluster(slot);
    cluster.shadows[slot % CLUSTER] = Workingset.NO_SHADOW;
    store.remove(slot);
    used--;
    int index = slot / CLUSTER;
    usedIn[index]--;
    if (usedIn[index] == 0 && index != current) {
      freeClusters.enqueue(index);
    }
  }

  /** The entries and files that name a slot. */
  int owners(int slot) {
    Cluster cluster = clusters[slot / CLUSTER];
    return cluster == null ? 0 : cluster.owners[slot % CLUSTER];
  }

  void addOwner(int slot) {
    cluster(slot).owners[slot % CLUSTER]++;
  }

  /** Takes an owner away; the slot is free when neither one nor the swap cache is left. */
  void removeOwner(int slot) {
    Cluster cluster = cluster(slot);
    if (--cluster.owners[slot % CLUSTER] < 0) {
      throw new IllegalStateException("slot " + slot + " has fewer owners than none");
    }
    freeIfUnused(slot);
  }

  /** The frame that the swap cache has for a slot, or {@link PageFrames#NONE}. */
  int cached(int slot) {
    Cluster cluster = clusters[slot / CLUSTER];
    return cluster == null ? PageFrames.NONE : cluster.cached[slot % CLUSTER];
  }

  void setCached(int slot, int pfn) {
    cluster(slot).cached[slot % CLUSTER] = pfn;
    cachedPages++;
  }

  void clearCached(int slot) {
    cluster(slot).cached[slot % CLUSTER] = PageFrames.NONE;
    cachedPages--;
    freeIfUnused(slot);
  }

  int shadow(int slot) {
    return cluster(slot).shadows[slot % CLUSTER];
  }

  void setShadow(int slot, int shadow) {
    cluster(slot).shadows[slot % CLUSTER] = shadow;
  }

  int slots() {
    return slots;
  }
}
