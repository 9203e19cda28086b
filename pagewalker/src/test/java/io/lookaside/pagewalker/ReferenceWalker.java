package io.lookaside.pagewalker;

import io.lookaside.mmu.AccessKind;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * A slow walker written from the SDM's rules alone, over a map of words. A and D: A in non-leaf
 * entries as it descends, A and D of the leaf only for an access that succeeds.
 *
 * <p>With caches it is the same walk, begun below the longest match of lists that have the most
 * recently used entry first. Shares no code with the walker that it checks.
 */
final class ReferenceWalker {
  private static final int[] SHIFTS = {39, 30, 21, 12};
  private static final int NONE = -1;

  /** The mode in which accesses are made. */
  record Mode(
      long root,
      int pcid,
      boolean user,
      boolean alignmentCheck,
      boolean writeProtect,
      boolean smep,
      boolean smap,
      boolean noExecute,
      boolean globalPages) {}

  /** What a structure cache holds, and also where a walk begins. */
  private record Pointer(
      long tag, int pcid, long table, boolean writable, boolean user, boolean noExecute) {}

  /** Words of physical memory that are not zero. */
  final Map<Long, Long> memory = new HashMap<>();

  final int physicalAddressBits;
  long reads;
  long accessedSet;
  long dirtySet;

  /** Walks by the level they began at: root, PML4E, PDPTE, PDE. */
  final long[] starts = new long[4];

  /** Walks by the number of entries they read. */
  final long[] lengths = new long[6];

  private final int[] cacheSets = new int[3];
  private final int[] cacheWays = new int[3];
  private final List<List<List<Pointer>>> caches = new ArrayList<>();

  /** A reference without caches. */
  ReferenceWalker(int physicalAddressBits) {
    this(physicalAddressBits, new int[3], new int[] {1, 1, 1});
  }

  /** A reference with caches of PML4Es, PDPTEs and PDEs; none where there are 0 entries. */
  ReferenceWalker(int physicalAddressBits, int[] entries, int[] ways) {
    this.physicalAddressBits = physicalAddressBits;
    for (int i = 0; i < 3; i++) {
      cacheSets[i] = entries[i] / ways[i];
      cacheWays[i] = ways[i];
      List<List<Pointer>> sets = new ArrayList<>();
      for (int j = 0; j < cacheSets[i]; j++) {
        sets.add(new ArrayList<>());
      }
      caches.add(sets);
    }
  }

  long read(long address) {
    return memory.getOrDefault(address, 0L);
  }

  /** The translation or page-fault word, by the documented layout of those words. */
  long walk(long va, AccessKind kind, Mode mode) {
    Pointer pointer = new Pointer(0, mode.pcid, mode.root, true, true, false);
    int level = 0;
    for (int i = 2; i >= 0; i--) {
      Pointer cached = lookup(i, va, mode.pcid);
      if (cached != null) {
        pointer = cached;
        level = i + 1;
        break;
      }
    }
    starts[level]++;
    long before = reads;
    long outcome = descend(va, kind, mode, pointer, level);
    lengths[(int) (reads - before)]++;
    return outcome;
  }

  private long descend(long va, AccessKind kind, Mode mode, Pointer pointer, int level) {
    long address = pointer.table + 8 * (va >>> SHIFTS[level] & 511);
    long entry = read(address);
    reads++;
    if ((entry & 1) == 0) {
      return fault(0, kind, mode);
    }
    boolean leaf = level == 3 || (level > 0 && bit(entry, 7));
    if (reserved(entry, level, leaf, mode.noExecute)) {
      return fault(1 | 8, kind, mode);
    }
    boolean writable = pointer.writable && bit(entry, 1);
    boolean user = pointer.user && bit(entry, 2);
    boolean noExecute = pointer.noExecute || bit(entry, 63);
    if (!leaf) {
      if (!bit(entry, 5)) {
        accessedSet++;
        memory.put(address, entry | 1 << 5);
      }
      Pointer next =
          new Pointer(tag(va, level), mode.pcid, entry & bits(51, 12), writable, user, noExecute);
      enter(level, next);
      return descend(va, kind, mode, next, level + 1);
    }
    if (!allowed(kind, mode, writable, user, noExecute)) {
      return fault(1, kind, mode);
    }
    boolean store = kind == AccessKind.STORE;
    boolean shadowStack = pointer.writable && !bit(entry, 1) && bit(entry, 6);
    accessedSet += bit(entry, 5) ? 0 : 1;
    dirtySet += bit(entry, 6) || !store ? 0 : 1;
    entry |= 1 << 5;
    if (store) {
      entry |= 1 << 6;
    }
    memory.put(address, entry);
    long word = translation(entry, level, writable, user, noExecute, mode.globalPages);
    return shadowStack ? word | 1L << 54 : word;
  }

  private static boolean bit(long word, int n) {
    return (word >>> n & 1) != 0;
  }

  /** The mask of bits {@code high} to {@code low}. */
  static long bits(int high, int low) {
    long mask = 0;
    for (int i = low; i <= high; i++) {
      mask |= 1L << i;
    }
    return mask;
  }

  /** The table of reserved bits, row by row. */
  private boolean reserved(long entry, int level, boolean leaf, boolean noExecute) {
    long mask = bits(51, physicalAddressBits);
    if (!noExecute) {
      mask |= 1L << 63;
    }
    if (level == 0) {
      mask |= 1 << 7;
    } else if (level == 1 && leaf) {
      mask |= 0x3fff_e000L;
    } else if (level == 2 && leaf) {
      mask |= 0x1f_e000L;
    }
    return (entry & mask) != 0;
  }

  private static boolean allowed(
      AccessKind kind, Mode mode, boolean writable, boolean user, boolean noExecute) {
    if (mode.user) {
      if (!user) {
        return false;
      }
      return switch (kind) {
        case LOAD -> true;
        case STORE -> writable;
        case FETCH -> !(noExecute && mode.noExecute);
      };
    }
    boolean smapForbids = user && mode.smap && !mode.alignmentCheck;
    return switch (kind) {
      case LOAD -> !smapForbids;
      case STORE -> !smapForbids && (writable || !mode.writeProtect);
      case FETCH -> !(noExecute && mode.noExecute) && !(user && mode.smep);
    };
  }

  private static long fault(int cause, AccessKind kind, Mode mode) {
    int code = cause;
    if (kind == AccessKind.STORE) {
      code |= 2;
    }
    if (mode.user) {
      code |= 4;
    }
    if (kind == AccessKind.FETCH && (mode.noExecute || mode.smep)) {
      code |= 16;
    }
    return 2 | (14 << 8) | ((long) code << 16);
  }

  private static long translation(
      long entry,
      int level,
      boolean writable,
      boolean user,
      boolean noExecute,
      boolean globalPages) {
    long size = new long[] {3, 1, 0}[level - 1]; // code 2 is that of 4 MiB pages
    long word = 1 | (size << 9) | (size << 52);
    word |= writable ? 1 << 1 : 0;
    word |= user ? 1 << 2 : 0;
    word |= noExecute ? 1L << 63 : 0;
    word |= entry & (bits(4, 3) | 1 << 6 | bits(62, 59));
    word |= bit(entry, level == 3 ? 7 : 12) ? 1 << 7 : 0;
    word |= globalPages ? entry & 1 << 8 : 0;
    return word | (entry & bits(51, SHIFTS[level]));
  }

  private static long tag(long va, int level) {
    return (va & bits(56, SHIFTS[level])) >>> SHIFTS[level];
  }

  private List<Pointer> set(int level, long tag) {
    return caches.get(level).get((int) (tag % cacheSets[level]));
  }

  private @Nullable Pointer lookup(int level, long va, int pcid) {
    if (cacheSets[level] == 0) {
      return null;
    }
    List<Pointer> set = set(level, tag(va, level));
    int found = NONE;
    for (int i = 0; i < set.size(); i++) {
      if (set.get(i).tag == tag(va, level) && set.get(i).pcid == pcid) {
        found = i;
      }
    }
    if (found == NONE) {
      return null;
    }
    Pointer pointer = set.remove(found);
    set.add(0, pointer);
    return pointer;
  }

  private void enter(int level, Pointer pointer) {
    if (cacheSets[level] == 0) {
      return;
    }
    List<Pointer> set = set(level, pointer.tag);
    if (set.size() == cacheWays[level]) {
      set.remove(set.size() - 1);
    }
    set.add(0, pointer);
  }

  void invalidateAddress(long va, int pcid) {
    for (int i = 0; i < 3; i++) {
      int level = i;
      for (List<Pointer> set : caches.get(i)) {
        set.removeIf(p -> p.pcid == pcid && p.tag == tag(va, level));
      }
    }
  }

  void invalidatePcid(int pcid) {
    caches.forEach(sets -> sets.forEach(set -> set.removeIf(p -> p.pcid == pcid)));
  }

  void invalidateAll() {
    caches.forEach(sets -> sets.forEach(List::clear));
  }
}
