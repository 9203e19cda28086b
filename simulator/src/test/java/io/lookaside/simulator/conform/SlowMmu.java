package io.lookaside.simulator.conform;

import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jspecify.annotations.Nullable;

/**
 * A slow MMU from the SDM's rules: lists of everything that may be cached, a recursive walk, bit
 * numbers written out. It shares nothing with the code that it checks.
 *
 * <p>It is used in two ways. As the exact machine, it gives the one outcome of each access. As a
 * judge, it gives all outcomes that are lawful, from everything that was cached and that nothing
 * was required to drop.
 */
final class SlowMmu {
  static final int LOAD = 0;
  static final int STORE = 1;
  static final int FETCH = 2;

  /** On whose behalf an access is made. */
  record Who(boolean user, boolean implicit, boolean shadowStack) {}

  /** A cached translation of a page of 2^shift bytes. */
  record Page(
      int shift,
      long number,
      int pcid,
      boolean global,
      long frame,
      boolean w,
      boolean u,
      boolean xd,
      int key,
      boolean d,
      boolean ss) {}

  /** A cached pointer to a table of the level below {@code level}; levels count from 1, the PT. */
  record Pointer(int level, long number, int pcid, long table, boolean w, boolean u, boolean xd) {}

  /** A write to memory that a walk makes. */
  private record Write(long address, long value) {}

  /** What a walk comes to. */
  private static final class Walk {
    String outcome = "";
    final List<Pointer> pointers = new ArrayList<>();
    final List<Write> writes = new ArrayList<>();
    @Nullable Page page;
  }

  final Map<Long, Long> memory = new HashMap<>();
  final int physicalBits;

  long cr0;
  long cr3;
  long cr4;
  long efer;
  int pkru;
  int pkrs;
  boolean ac;
  final long[] pdptes = new long[4];

  private final Set<Page> pages = new LinkedHashSet<>();
  private final Set<Pointer> pointers = new LinkedHashSet<>();

  SlowMmu(int physicalBits) {
    this.physicalBits = physicalBits;
  }

  private static boolean bit(long word, int n) {
    return (word >>> n & 1) != 0;
  }

  private static long mask(int high, int low) {
    return high < low ? 0 : (high == 63 ? -1L : (1L << (high + 1)) - 1) & -(1L << low);
  }

  private long word(long address) {
    return memory.getOrDefault(address & ~7L, 0L);
  }

  boolean paging() {
    return bit(cr0, 31);
  }

  boolean longMode() {
    return bit(efer, 10);
  }

  boolean pae() {
    return !longMode() && bit(cr4, 5);
  }

  private boolean legacy32() {
    return !longMode() && !bit(cr4, 5);
  }

  int pcid() {
    return bit(cr4, 17) ? (int) (cr3 & 0xfff) : 0;
  }

  private int top() {
    return longMode() ? (bit(cr4, 12) ? 5 : 4) : 2;
  }

  private int shiftOf(int level) {
    return legacy32() ? (level == 2 ? 22 : 12) : 12 + 9 * (level - 1);
  }

  private static long number(long va, int shift) {
    return (va & mask(56, 0)) >>> shift;
  }

  boolean linear(long va) {
    int bits = longMode() ? (bit(cr4, 12) ? 57 : 48) : 0;
    return bits == 0 ? va >>> 32 == 0 : va << (64 - bits) >> (64 - bits) == va;
  }

  // Rights.

  private boolean allowed(Page p, int kind, Who who) {
    if (keyDenies(p, kind, who)) {
      return false;
    }
    boolean wp = bit(cr0, 16);
    if (kind == FETCH) {
      if (p.xd && bit(efer, 11)) {
        return false;
      }
      return who.user ? p.u : !(p.u && bit(cr4, 20));
    }
    if (who.shadowStack) {
      return p.ss && p.u == who.user;
    }
    if (who.user) {
      return p.u && (kind == LOAD || p.w);
    }
    boolean smapForbids = p.u && bit(cr4, 21) && !(ac && !who.implicit);
    return !smapForbids && (kind == LOAD || p.w || !wp);
  }

  private boolean keyDenies(Page p, int kind, Who who) {
    if (kind == FETCH || !longMode()) {
      return false;
    }
    if (p.u ? !bit(cr4, 22) : !bit(cr4, 24)) {
      return false;
    }
    int rights = (p.u ? pkru : pkrs) >>> (2 * p.key) & 3;
    boolean accessDisabled = (rights & 1) != 0;
    boolean writeDisabled = (rights & 2) != 0;
    boolean writesBound = bit(cr0, 16) || (p.u && who.user);
    return accessDisabled || (writeDisabled && kind == STORE && writesBound);
  }

  private String fault(int cause, int kind, Who who) {
    int code = cause;
    if (kind == STORE) {
      code |= 1 << 1;
    }
    if (who.user) {
      code |= 1 << 2;
    }
    if (kind == FETCH && (bit(cr4, 20) || (bit(cr4, 5) && bit(efer, 11)))) {
      code |= 1 << 4;
    }
    if (kind != FETCH && who.shadowStack) {
      code |= 1 << 6;
    }
    return "pf 0x" + Integer.toHexString(code);
  }

  private String denied(Page p, int kind, Who who) {
    return fault(1 | (keyDenies(p, kind, who) ? 1 << 5 : 0), kind, who);
  }

  private static String ok(long pa) {
    return "ok 0x" + Long.toHexString(pa);
  }

  private static String hit(Page p, long va) {
    return ok(p.frame | (va & mask(p.shift - 1, 0)));
  }

  // The walk.

  private boolean reserved(long entry, int level, boolean leaf) {
    if (legacy32()) {
      if (level == 1 || !leaf) {
        return false;
      }
      // 21:(M-19), M at most 40; bit 21 always.
      return (entry & mask(21, Math.min(21, Math.min(40, physicalBits) - 19))) != 0;
    }
    long bits = mask(51, physicalBits);
    if (pae()) {
      bits |= mask(62, physicalBits);
    }
    if (!bit(efer, 11)) {
      bits |= 1L << 63;
    }
    if (longMode() && level >= 4) {
      bits |= 1 << 7;
    }
    if (leaf && level == 3) {
      bits |= mask(29, 13);
    }
    if (leaf && level == 2) {
      bits |= mask(20, 13);
    }
    return (entry & bits) != 0;
  }

  private Walk walk(long va, int kind, Who who, Pointer from) {
    Walk walk = new Walk();
    if (from.table < 0) {
      walk.outcome = fault(0, kind, who); // a PDPTE register that is not present
      return walk;
    }
    step(walk, va, kind, who, from);
    return walk;
  }

  private void step(Walk walk, long va, int kind, Who who, Pointer from) {
    int level = from.level - 1;
    boolean narrow = legacy32();
    long index = va >>> shiftOf(level) & (narrow ? 1023 : 511);
    long address = from.table + index * (narrow ? 4 : 8);
    long entry = read(walk, address);
    if (!bit(entry, 0)) {
      walk.outcome = fault(0, kind, who);
      return;
    }
    boolean large =
        bit(entry, 7)
            && (narrow ? level == 2 && bit(cr4, 4) : level == 2 || (level == 3 && longMode()));
    boolean leaf = level == 1 || large;
    if (reserved(entry, level, leaf)) {
      walk.outcome = fault(1 | 1 << 3, kind, who);
      return;
    }
    boolean w = from.w && bit(entry, 1);
    boolean u = from.u && bit(entry, 2);
    boolean xd = from.xd || (!narrow && bit(entry, 63));
    if (!leaf) {
      put(walk, address, entry | 1 << 5);
      long table = entry & (narrow ? mask(31, 12) : mask(51, 12));
      Pointer next = new Pointer(level, number(va, shiftOf(level)), pcid(), table, w, u, xd);
      walk.pointers.add(next);
      step(walk, va, kind, who, next);
      return;
    }
    int shift = shiftOf(level);
    long frame = entry & mask(narrow ? 31 : 51, shift);
    if (narrow && large) {
      frame |= (entry >>> 13 & 0xff) << 32;
    }
    boolean d = bit(entry, 6);
    Page page =
        new Page(
            shift,
            number(va, shift),
            pcid(),
            bit(cr4, 7) && bit(entry, 8),
            frame,
            w,
            u,
            xd,
            narrow ? 0 : (int) (entry >>> 59) & 15,
            d || kind == STORE,
            from.w && !bit(entry, 1) && d);
    if (!allowed(page, kind, who)) {
      walk.outcome = denied(page, kind, who);
      return;
    }
    put(walk, address, entry | 1 << 5 | (kind == STORE ? 1 << 6 : 0));
    walk.page = page;
    walk.outcome = hit(page, va);
  }

  private long read(Walk walk, long address) {
    long word = word(address);
    for (Write write : walk.writes) {
      if (write.address == (address & ~7L)) {
        word = write.value;
      }
    }
    if (!legacy32()) {
      return word;
    }
    return word >>> (8 * (address & 4)) & mask(31, 0);
  }

  /** Tables may contain themselves, so what a walk has written it may read. */
  private void put(Walk walk, long address, long entry) {
    long value = entry;
    if (legacy32()) {
      long other = address ^ 4;
      long own = entry & mask(31, 0);
      long rest = read(walk, other);
      value = (address & 4) == 0 ? own | rest << 32 : own << 32 | rest;
    }
    walk.writes.add(new Write(address & ~7L, value));
  }

  private Pointer root(long va) {
    long table;
    if (pae()) {
      long pdpte = pdptes[(int) (va >>> 30) & 3];
      table = bit(pdpte, 0) ? pdpte & mask(51, 12) : -1;
    } else {
      table = cr3 & (longMode() ? mask(51, 12) : mask(31, 12));
    }
    return new Pointer(top() + 1, 0, pcid(), table, true, true, false);
  }

  private boolean matches(Pointer p, long va) {
    return p.pcid == pcid() && p.number == number(va, shiftOf(p.level));
  }

  private boolean matches(Page p, long va) {
    return (p.global || p.pcid == pcid()) && p.number == number(va, p.shift);
  }

  // The exact machine.

  /** The outcome of an access, in the words of vector files. */
  String access(long va, int kind, Who who) {
    if (!paging()) {
      return ok(va & mask(31, 0));
    }
    if (!linear(va)) {
      return "gp 0x0";
    }
    Page best = null;
    for (Page p : pages) {
      if (matches(p, va)
          && (best == null
              || p.shift < best.shift
              || (p.shift == best.shift && best.global && !p.global))) {
        best = p;
      }
    }
    if (best != null) {
      if (!allowed(best, kind, who)) {
        drop(va);
        return denied(best, kind, who);
      }
      if (kind != STORE || best.d) {
        return hit(best, va);
      }
      pages.remove(best);
    }
    Pointer from = root(va);
    for (Pointer p : pointers) {
      if (matches(p, va) && p.level < from.level) {
        from = p;
      }
    }
    Walk walk = walk(va, kind, who, from);
    walk.writes.forEach(w -> memory.put(w.address, w.value));
    for (Pointer p : walk.pointers) {
      pointers.removeIf(q -> q.level == p.level && q.number == p.number && q.pcid == p.pcid);
      pointers.add(p);
    }
    Page page = walk.page;
    if (page == null) {
      drop(va);
    } else {
      pages.removeIf(
          q ->
              q.shift == page.shift
                  && q.number == page.number
                  && q.global == page.global
                  && q.pcid == page.pcid);
      pages.add(page);
    }
    return walk.outcome;
  }

  // The judge. Memory is the machine's own here, as it stood before the access.

  /**
   * Whether an outcome is lawful; remembers what a machine that shows it may have cached.
   *
   * @param outcome in the words of vector files
   */
  boolean isLawful(long va, int kind, Who who, String outcome) {
    if (!paging() || !linear(va)) {
      return outcome.equals(access(va, kind, who));
    }
    boolean lawful = false;
    for (Page p : pages) {
      if (matches(p, va) && !(kind == STORE && !p.d && allowed(p, kind, who))) {
        String shown = allowed(p, kind, who) ? hit(p, va) : denied(p, kind, who);
        lawful |= shown.equals(outcome);
      }
    }
    List<Pointer> starts = new ArrayList<>();
    starts.add(root(va));
    for (Pointer p : pointers) {
      if (matches(p, va)) {
        starts.add(p);
      }
    }
    List<Walk> shown = new ArrayList<>();
    for (Pointer start : starts) {
      Walk walk = walk(va, kind, who, start);
      if (walk.outcome.equals(outcome)) {
        shown.add(walk);
      }
    }
    lawful |= !shown.isEmpty();
    if (outcome.startsWith("pf")) {
      drop(va);
    } else {
      for (Walk walk : shown) {
        pointers.addAll(walk.pointers);
        if (walk.page != null) {
          pages.add(walk.page);
        }
      }
    }
    return lawful;
  }

  // What is dropped.

  /** A page fault, and INVLPG with {@code everyPointer}. */
  private void drop(long va) {
    pages.removeIf(p -> matches(p, va));
    pointers.removeIf(p -> matches(p, va));
  }

  void invlpg(long va) {
    if (linear(va)) {
      pages.removeIf(p -> matches(p, va));
      int current = pcid();
      pointers.removeIf(p -> p.pcid == current);
    }
  }

  void invpcid(int type, int pcid, long va) {
    switch (type) {
      case 0 -> {
        pages.removeIf(p -> !p.global && p.pcid == pcid && p.number == number(va, p.shift));
        pointers.removeIf(p -> p.pcid == pcid && p.number == number(va, shiftOf(p.level)));
      }
      case 1 -> {
        pages.removeIf(p -> !p.global && p.pcid == pcid);
        pointers.removeIf(p -> p.pcid == pcid);
      }
      case 2 -> dropAll();
      default -> {
        pages.removeIf(p -> !p.global);
        pointers.clear();
      }
    }
  }

  private void dropAll() {
    pages.clear();
    pointers.clear();
  }

  /** MOV to CR3; {@code false} if a PDPTE cannot be loaded. */
  boolean writeCr3(long operand) {
    boolean keep = bit(cr4, 17) && bit(operand, 63);
    long value = operand & mask(62, 0);
    if (!loadPdptes(value, cr4)) {
      return false;
    }
    cr3 = value;
    if (!keep) {
      invpcid(1, pcid(), 0);
    }
    return true;
  }

  /** MOV to CR0, which may be made; {@code false} if a PDPTE cannot be loaded. */
  boolean writeCr0(long value) {
    long oldCr0 = cr0;
    long oldEfer = efer;
    long changed = oldCr0 ^ value;
    cr0 = value;
    if (bit(efer, 8)) {
      efer = paging() ? efer | 1 << 10 : efer & ~(1L << 10);
    }
    boolean loads = bit(changed, 29) || bit(changed, 30) || bit(changed, 31);
    if (loads && !loadPdptes(cr3, cr4)) {
      cr0 = oldCr0;
      efer = oldEfer;
      return false;
    }
    if (bit(changed, 31) && !paging()) {
      dropAll();
    }
    return true;
  }

  /** MOV to CR4; {@code false} if a PDPTE cannot be loaded. */
  boolean writeCr4(long value) {
    long changed = cr4 ^ value;
    boolean loads = bit(changed, 4) || bit(changed, 5) || bit(changed, 7) || bit(changed, 20);
    if (loads && !loadPdptes(cr3, value)) {
      return false;
    }
    boolean smepSet = bit(value, 20) && bit(changed, 20);
    boolean pcideCleared = !bit(value, 17) && bit(changed, 17);
    int current = pcid();
    cr4 = value;
    if (bit(changed, 7) || pcideCleared) {
      dropAll();
    } else if (bit(changed, 5) || smepSet) {
      pages.removeIf(p -> p.pcid == current);
      pointers.removeIf(p -> p.pcid == current);
    }
    return true;
  }

  /** Loads the PDPTE registers where paging is PAE paging. */
  boolean loadPdptes(long newCr3, long newCr4) {
    if (longMode() || !bit(newCr4, 5) || !paging()) {
      return true;
    }
    long[] loaded = new long[4];
    for (int i = 0; i < 4; i++) {
      loaded[i] = word((newCr3 & mask(31, 5)) + 8L * i);
      long reserved = mask(2, 1) | mask(8, 5) | mask(63, physicalBits);
      if (bit(loaded[i], 0) && (loaded[i] & reserved) != 0) {
        return false;
      }
    }
    System.arraycopy(loaded, 0, pdptes, 0, 4);
    return true;
  }
}
