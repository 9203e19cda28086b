package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.Mmu;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.TableMemory;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.TableUpdates;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.tlb.UnboundedTlb;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.EnumSource;

/**
 * The law of access rights as tables (resources under rights/), which were written from the manual
 * by someone who had not seen this code, against the whole MMU, on tables in memory in which each
 * level has an entry for every combination of P, R/W, U/S, XD and, in leaves, D.
 */
class RightsTablesTest {
  /** A table of conditions: columns by name, the last of which is what follows. */
  private static final class Law {
    final List<String> columns;
    final List<String[]> rows = new ArrayList<>();

    Law(String name) {
      List<String> head = null;
      InputStream in =
          Objects.requireNonNull(RightsTablesTest.class.getResourceAsStream("rights/" + name));
      try (BufferedReader reader =
          new BufferedReader(new InputStreamReader(in, StandardCharsets.UTF_8))) {
        String line;
        while ((line = reader.readLine()) != null) {
          if (line.startsWith("#")) {
            continue;
          }
          String[] cells = line.split("\t", -1);
          if (head == null) {
            head = List.of(cells);
          } else {
            assertEquals(head.size(), cells.length, line);
            rows.add(cells);
          }
        }
      } catch (IOException e) {
        throw new AssertionError(e);
      }
      columns = Objects.requireNonNull(head);
    }

    String cell(String[] row, String column) {
      return row[columns.indexOf(column)];
    }

    /** Whether the conditions of a row, those columns that {@code values} names, are met. */
    boolean fits(String[] row, Map<String, String> values) {
      return values.entrySet().stream()
          .allMatch(
              v -> {
                String cell = cell(row, v.getKey());
                return cell.equals("*") || List.of(cell.split("\\|")).contains(v.getValue());
              });
    }

    /** What follows by the one row that is met; that there is one alone is part of the law. */
    String of(Map<String, String> values) {
      assertEquals(columns.size() - 1, values.size(), "each condition has a value");
      List<String[]> met = rows.stream().filter(row -> fits(row, values)).toList();
      assertEquals(1, met.size(), () -> values + " is met by " + met.size() + " rows");
      return met.get(0)[columns.size() - 1];
    }
  }

  private static final Law RIGHTS = new Law("rights.tsv");
  private static final Law KEYS = new Law("keys.tsv");
  private static final Law ENTRY = new Law("entry.tsv");
  private static final Law ERROR_CODE = new Law("error-code.tsv");
  private static final Law UPDATES = new Law("accessed-dirty.tsv");

  private static final int SUCCESS = -1;
  private static final int KEY = 5;
  private static final long ACCESSED = 1 << 5;
  private static final long DIRTY = 1 << 6;

  /** Tables whose indices are the combinations, one table for each level. */
  private enum Shape {
    BITS_32(2, 0, 4, 10, 0x8000_0001L, 0, 0),
    BITS_32_4M(2, 1, 4, 10, 0x8000_0001L, 1 << 4, 0),
    PAE(2, 0, 8, 9, 0x8000_0001L, 1 << 5, 0),
    PAE_2M(2, 1, 8, 9, 0x8000_0001L, 1 << 5, 0),
    FOUR_LEVEL(4, 0, 8, 9, 0x8000_0001L, 1 << 5, 0x500),
    FOUR_LEVEL_2M(4, 1, 8, 9, 0x8000_0001L, 1 << 5, 0x500),
    FOUR_LEVEL_1G(4, 2, 8, 9, 0x8000_0001L, 1 << 5, 0x500),
    FIVE_LEVEL(5, 0, 8, 9, 0x8000_0001L, 1 << 5 | 1 << 12, 0x500);

    final int levels;
    final int leaf;
    final int entryBytes;
    final int indexBits;
    final long cr0;
    final long cr4;
    final long efer;

    Shape(int levels, int leaf, int entryBytes, int indexBits, long cr0, long cr4, long efer) {
      this.levels = levels;
      this.leaf = leaf;
      this.entryBytes = entryBytes;
      this.indexBits = indexBits;
      this.cr0 = cr0;
      this.cr4 = cr4;
      this.efer = efer;
    }

    boolean longMode() {
      return efer != 0;
    }

    boolean hasXd() {
      return entryBytes == 8;
    }

    /** Bits of a combination: P, R/W, U/S and XD of every level, and D of the leaf. */
    int combinations() {
      return 1 << ((levels - leaf) * (hasXd() ? 4 : 3) + 1);
    }
  }

  private static final class Tables implements TableMemory {
    private static final long ROOT = 0x1000; // and one page further for every level below
    private static final long PDPTES = 0x10_0000;
    private static final long FRAME = 0x4000_0000;

    final Shape shape;
    final long[] words = new long[6 * 512];
    final long[] path = new long[5]; // addresses of the entries for an address, by level

    Tables(Shape shape) {
      this.shape = shape;
      for (int level = shape.levels - 1; level >= shape.leaf; level--) {
        for (int i = 0; i < 32; i++) {
          put(entryAddress(level, i), entry(level, i));
        }
      }
    }

    /** Index bits: P, R/W, U/S, XD, and D where it is the leaf. */
    long entry(int level, int index) {
      long e = (index & 7) | (shape.hasXd() ? (long) (index >>> 3 & 1) << 63 : 0);
      if (level > shape.leaf) {
        return e | table(level - 1);
      }
      e |= FRAME | ((index & 16) != 0 ? DIRTY : 0) | (level > 0 ? 0x80 : 0);
      return shape.longMode() ? e | (long) KEY << 59 : e;
    }

    long table(int level) {
      return ROOT + 0x1000L * (shape.levels - 1 - level);
    }

    long entryAddress(int level, int index) {
      return table(level) + (long) index * shape.entryBytes;
    }

    /** The address whose indices are a combination. */
    long address(int combination) {
      long va = 0x123;
      int bits = shape.hasXd() ? 4 : 3;
      int rest = combination;
      for (int level = shape.levels - 1; level >= shape.leaf; level--) {
        int index = rest & (1 << bits) - 1;
        rest >>>= bits;
        if (level == shape.leaf && rest != 0) {
          index |= 16;
        }
        path[level] = entryAddress(level, index);
        va |= (long) index << (12 + shape.indexBits * level);
      }
      return va;
    }

    int indexOf(int level) {
      return (int) (path[level] & 0xfff) / shape.entryBytes;
    }

    long get(long address) {
      long word = words[(int) (address >>> 3) - 512];
      return shape.entryBytes == 8 ? word : (word >>> ((address & 4) * 8)) & 0xffff_ffffL;
    }

    void put(long address, long entry) {
      int i = (int) (address >>> 3) - 512;
      if (shape.entryBytes == 8) {
        words[i] = entry;
      } else {
        int shift = (int) (address & 4) * 8;
        words[i] = (words[i] & ~(0xffff_ffffL << shift)) | entry << shift;
      }
    }

    /** Takes back what an access has set. */
    void restore() {
      for (int level = shape.levels - 1; level >= shape.leaf; level--) {
        put(path[level], entry(level, indexOf(level)));
      }
    }

    @Override
    public long read(long pa) {
      if (pa >= PDPTES) {
        return pa == PDPTES ? ROOT | 1 : 0;
      }
      return words[(int) (pa >>> 3) - 512];
    }

    @Override
    public void write(long pa, long value) {
      words[(int) (pa >>> 3) - 512] = value;
    }
  }

  /** The part of the enumeration that is not in the tables. */
  private record State(
      Shape shape,
      boolean wp,
      boolean nxe,
      boolean smep,
      boolean smap,
      boolean ac,
      boolean pke,
      boolean pks,
      int keyRights) {
    ControlRegisters registers() {
      long cr4 =
          shape.cr4
              | (smep ? 1 << 20 : 0)
              | (smap ? 1 << 21 : 0)
              | (pke ? 1 << 22 : 0)
              | (pks ? 1 << 24 : 0);
      // All other keys have the opposite rights.
      int mine = 3 << (2 * KEY);
      int rights = keyRights << (2 * KEY) | (keyRights == 0 ? ~mine : 0);
      long cr3 = shape == Shape.PAE || shape == Shape.PAE_2M ? Tables.PDPTES : Tables.ROOT;
      return new ControlRegisters(
          shape.cr0 | (wp ? 1 << 16 : 0),
          cr3,
          cr4,
          shape.efer | (nxe ? 1 << 11 : 0),
          rights,
          rights);
    }
  }

  /** What is accessed by whom. */
  private record Access(AccessMode mode, AccessKind kind, String name) {
    String lawfulMode() {
      return mode == AccessMode.USER || mode == AccessMode.USER_SHADOW_STACK
          ? "user"
          : "supervisor";
    }

    String origin() {
      return mode == AccessMode.IMPLICIT_SUPERVISOR ? "implicit" : "explicit";
    }
  }

  private static final List<Access> ACCESSES =
      List.of(
          new Access(AccessMode.USER, AccessKind.LOAD, "read"),
          new Access(AccessMode.USER, AccessKind.STORE, "write"),
          new Access(AccessMode.USER, AccessKind.FETCH, "fetch"),
          new Access(AccessMode.SUPERVISOR, AccessKind.LOAD, "read"),
          new Access(AccessMode.SUPERVISOR, AccessKind.STORE, "write"),
          new Access(AccessMode.SUPERVISOR, AccessKind.FETCH, "fetch"),
          new Access(AccessMode.IMPLICIT_SUPERVISOR, AccessKind.LOAD, "read"),
          new Access(AccessMode.IMPLICIT_SUPERVISOR, AccessKind.STORE, "write"),
          new Access(AccessMode.USER_SHADOW_STACK, AccessKind.LOAD, "shadow-read"),
          new Access(AccessMode.USER_SHADOW_STACK, AccessKind.STORE, "shadow-write"),
          new Access(AccessMode.SUPERVISOR_SHADOW_STACK, AccessKind.LOAD, "shadow-read"),
          new Access(AccessMode.SUPERVISOR_SHADOW_STACK, AccessKind.STORE, "shadow-write"));

  private static String digit(boolean bit) {
    return bit ? "1" : "0";
  }

  /** The tables' verdicts on one access in one state. */
  private static final class Verdicts {
    final State state;
    final Access access;
    final int notPresent;
    final int reserved;

    /** By U/S, R/W, XD and shadow-stack page of the address. */
    final int[] complete = new int[16];

    final String[] entryOutcomes = new String[4]; // by P and bit 63
    final long tableSets;
    final long leafSets;

    Verdicts(State state, Access access) {
      this.state = state;
      this.access = access;
      notPresent = code("not-present", false);
      reserved = code("reserved", false);
      // In 32-bit paging there is no XD.
      boolean nxe = state.nxe && state.shape.hasXd();
      for (int i = 0; i < complete.length; i++) {
        complete[i] = verdict(nxe, (i & 1) != 0, (i & 2) != 0, (i & 4) != 0, (i & 8) != 0);
      }
      for (int i = 0; i < 4; i++) {
        String is = state.nxe ? "execute-disable" : "reserved";
        entryOutcomes[i] =
            ENTRY.of(
                Map.of("present", digit((i & 1) != 0), "bit63", digit((i & 2) != 0), "xd-is", is));
      }
      tableSets = bits(UPDATES.of(updates("table", "goes-on")));
      leafSets = bits(UPDATES.of(updates("leaf", "allowed")));
      for (String outcome : List.of("not-present", "reserved")) {
        assertEquals("nothing", UPDATES.of(updates("table", outcome)));
        assertEquals("nothing", UPDATES.of(updates("leaf", outcome)));
      }
      assertEquals("nothing", UPDATES.of(updates("leaf", "denied")));
    }

    private Map<String, String> updates(String entry, String outcome) {
      return Map.of("entry", entry, "outcome", outcome, "kind", access.name);
    }

    private static long bits(String names) {
      return switch (names) {
        case "A" -> ACCESSED;
        case "A+D" -> ACCESSED | DIRTY;
        default -> throw new AssertionError(names);
      };
    }

    private int verdict(boolean nxe, boolean user, boolean w, boolean xd, boolean shadow) {
      Map<String, String> rights = new TreeMap<>();
      rights.put("mode", access.lawfulMode());
      rights.put("origin", access.origin());
      rights.put("kind", access.name);
      rights.put("address", user ? "user" : "supervisor");
      rights.put("W", digit(w));
      rights.put("shadow", digit(shadow));
      rights.put("XD", digit(xd));
      rights.put("nxe", digit(nxe));
      rights.put("wp", digit(state.wp));
      rights.put("smep", digit(state.smep));
      rights.put("smap", digit(state.smap));
      rights.put("ac", digit(state.ac));
      boolean keyDenies = false;
      if (state.shape.longMode()) {
        Map<String, String> keys = new TreeMap<>();
        keys.put("mode", access.lawfulMode());
        keys.put("kind", access.name);
        keys.put("address", user ? "user" : "supervisor");
        keys.put("pke", digit(state.pke));
        keys.put("pks", digit(state.pks));
        keys.put("wp", digit(state.wp));
        keys.put("ad", digit((state.keyRights & 1) != 0));
        keys.put("wd", digit((state.keyRights & 2) != 0));
        keyDenies = KEYS.of(keys).equals("yes");
      }
      boolean allowed = RIGHTS.of(rights).equals("yes");
      return allowed && !keyDenies ? SUCCESS : code("rights", keyDenies);
    }

    private int code(String cause, boolean keyDenied) {
      Map<String, String> values = new TreeMap<>();
      values.put("cause", cause);
      values.put("mode", access.lawfulMode());
      values.put("kind", access.name);
      values.put("nxe", digit(state.nxe));
      values.put("smep", digit(state.smep));
      values.put("pae", digit((state.shape.cr4 & 1 << 5) != 0));
      values.put("key-denied", digit(keyDenied));
      int code = 0;
      for (String[] row : ERROR_CODE.rows) {
        if (ERROR_CODE.fits(row, values)) {
          code |= 1 << Integer.parseInt(ERROR_CODE.cell(row, "bit"));
        }
      }
      return code;
    }

    /** What the access to the address at {@link Tables#path} must give. */
    int expected(Tables tables, long[] after) {
      Shape shape = state.shape;
      boolean user = true;
      boolean w = true;
      boolean wAbove = true;
      boolean xd = false;
      for (int level = shape.levels - 1; level >= shape.leaf; level--) {
        int index = tables.indexOf(level);
        after[level] = tables.entry(level, index);
      }
      for (int level = shape.levels - 1; level >= shape.leaf; level--) {
        long e = after[level];
        String outcome = entryOutcomes[(int) (e & 1) | (e < 0 ? 2 : 0)];
        if (!outcome.equals("goes-on")) {
          return outcome.equals("reserved") ? reserved : notPresent;
        }
        if (level > shape.leaf) {
          after[level] |= tableSets;
          wAbove &= (e & 2) != 0;
        }
        w &= (e & 2) != 0;
        user &= (e & 4) != 0;
        xd |= e < 0;
      }
      long leaf = after[shape.leaf];
      boolean shadow = wAbove && (leaf & 2) == 0 && (leaf & DIRTY) != 0;
      int verdict = complete[(user ? 1 : 0) | (w ? 2 : 0) | (xd ? 4 : 0) | (shadow ? 8 : 0)];
      if (verdict == SUCCESS) {
        after[shape.leaf] |= leafSets;
      }
      return verdict;
    }
  }

  private static List<State> states(Shape shape) {
    List<State> states = new ArrayList<>();
    for (int bits = 0; bits < 1 << 7; bits++) {
      boolean pke = (bits & 32) != 0;
      boolean pks = (bits & 64) != 0;
      if ((pke || pks) && !shape.longMode()) {
        continue;
      }
      for (int rights = 0; rights < (pke || pks ? 4 : 1); rights++) {
        states.add(
            new State(
                shape,
                (bits & 1) != 0,
                (bits & 2) != 0,
                (bits & 4) != 0,
                (bits & 8) != 0,
                (bits & 16) != 0,
                pke,
                pks,
                rights));
      }
    }
    return states;
  }

  private static int outcome(long t) {
    return Translation.isValid(t) ? SUCCESS : Translation.errorCode(t);
  }

  /** Checks every {@code stride}th combination of each state; returns what was seen. */
  private static Map<Integer, Integer> check(Shape shape, int stride) {
    Tables tables = new Tables(shape);
    UnboundedTlb tlb = new UnboundedTlb();
    HardwarePageWalker walker =
        new HardwarePageWalker(
            new WalkerConfig(0, null, null, null, null, TableUpdates.AS_WALKED), tables, 0);
    State first = states(shape).get(0);
    Mmu mmu = new Mmu(first.registers(), CpuFeatures.ALL, AccessMode.SUPERVISOR, tlb, walker);
    Map<Integer, Integer> seen = new TreeMap<>();
    long[] after = new long[5];
    int n = 0;
    for (State state : states(shape)) {
      // Shadow stacks exist with CR4.CET alone, and CET needs CR0.WP.
      List<Access> accesses =
          ACCESSES.stream().filter(a -> !a.mode.isShadowStack() || state.wp).toList();
      for (Access access : accesses) {
        Verdicts verdicts = new Verdicts(state, access);
        // Nothing forbids this: what it leaves in the TLB, other accesses must judge anew.
        State all = new State(shape, false, state.nxe, false, false, false, false, false, 0);
        mmu.setAlignmentCheck(state.ac);
        for (boolean cached : new boolean[] {false, true}) {
          tlb.invalidateAll();
          if (cached) {
            mmu.setRegisters(all.registers());
            mmu.setMode(AccessMode.SUPERVISOR);
            for (int c = n % stride; c < shape.combinations(); c += stride) {
              mmu.translate(tables.address(c), AccessKind.LOAD.ordinal());
            }
          }
          mmu.setRegisters(state.registers());
          mmu.setMode(access.mode);
          for (int c = n % stride; c < shape.combinations(); c += stride) {
            long va = tables.address(c);
            if (!cached) {
              tables.restore();
            }
            int expected = verdicts.expected(tables, after);
            long t = mmu.translate(va, access.kind.ordinal());
            if (outcome(t) != expected) {
              assertEquals(expected, outcome(t), explain(state, access, tables, cached));
            }
            if (expected == SUCCESS) {
              assertEquals(Tables.FRAME | 0x123, Translation.physicalAddress(t, va));
            } else {
              assertEquals(va, mmu.faultAddress());
            }
            for (int level = shape.leaf; level < shape.levels && !cached; level++) {
              if (tables.get(tables.path[level]) != after[level]) {
                assertEquals(
                    Long.toHexString(after[level]),
                    Long.toHexString(tables.get(tables.path[level])),
                    "A and D at level " + level + " " + explain(state, access, tables, false));
              }
            }
            if (!cached) {
              tlb.invalidateAll();
            }
            seen.merge(expected, 1, Integer::sum);
          }
        }
        n++;
      }
    }
    return seen;
  }

  private static String explain(State state, Access access, Tables tables, boolean cached) {
    StringBuilder text = new StringBuilder(state + " " + access + (cached ? " cached" : ""));
    for (int level = state.shape.levels - 1; level >= state.shape.leaf; level--) {
      text.append(String.format(Locale.ROOT, " %x", tables.entry(level, tables.indexOf(level))));
    }
    return text.toString();
  }

  /** Error codes that must have been met, so that nothing passes by not occurring. */
  private static void assertMet(Map<Integer, Integer> seen, int... codes) {
    Arrays.stream(codes)
        .forEach(c -> assertTrue(seen.getOrDefault(c, 0) > 10, () -> c + " in " + seen));
  }

  @ParameterizedTest
  @EnumSource
  void theMmuJudgesAsTheTablesSay(Shape shape) {
    // Strides that have no factor in common with the numbers of combinations.
    int stride = Math.max(1, shape.combinations() / 2048 | 1);
    Map<Integer, Integer> seen = check(shape, shape.combinations() <= 2048 ? 1 : stride);
    assertMet(seen, SUCCESS, 0, 2, 4, 6, 0x10, 0x14, 3, 5, 7, 0x11, 0x15, 0x40, 0x41, 0x47);
    if (shape.hasXd()) {
      assertMet(seen, 9, 0xb, 0xd, 0x19, 0x1d, 0x49);
    }
    if (shape.longMode()) {
      assertMet(seen, 0x21, 0x23, 0x25, 0x27, 0x61, 0x67);
    }
  }

  @Tag("soak")
  @Test
  void theMmuJudgesAsTheTablesSayInEveryCombinationOfFourLevels() {
    assertMet(check(Shape.FOUR_LEVEL, 1), SUCCESS, 0x27, 0x67);
  }
}
