package io.lookaside.pagewalker;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.PageWalker.Cause;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.TableMemory;
import java.util.List;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.Test;

/**
 * Every combination of P, R/W, U/S and XD at each of the four levels, with every combination of
 * CPL, kind of access, CR0.WP, EFER.NXE, CR4.SMEP, CR4.SMAP, RFLAGS.AC and protection key, against
 * a table of the law as the SDM states it.
 */
class AccessLawTest {
  /**
   * SDM Vol. 3A, "Determination of Access Rights", a line for each sentence. Columns: mode and kind
   * of the access; U/S and R/W (of all levels together) and XD (of any) of the address; WP, NXE,
   * SMEP, SMAP, AC. What no line permits is forbidden.
   */
  private static final List<String> PERMITTED =
      List.of(
          // Supervisor-mode accesses: data may be read from any supervisor-mode address ...
          "s read  0-- -----",
          // ... and from user-mode addresses without SMAP, or with it if AC is set (explicit
          // access).
          "s read  1-- ---0-",
          "s read  1-- ---11",
          // Data may be written to supervisor-mode addresses: any with WP = 0, else with R/W = 1.
          "s write 0-- 0----",
          "s write 01- 1----",
          // To user-mode addresses likewise, but with SMAP only if AC is set.
          "s write 1-- 0--0-",
          "s write 1-- 0--11",
          "s write 11- 1--0-",
          "s write 11- 1--11",
          // Instructions may be fetched from supervisor-mode addresses with NXE = 0, or XD = 0.
          "s fetch 0-- -0---",
          "s fetch 0-0 -1---",
          // From user-mode addresses only with SMEP = 0, then alike.
          "s fetch 1-- -00--",
          "s fetch 1-0 -10--",
          // User-mode accesses: only to user-mode addresses.
          "u read  1-- -----",
          "u write 11- -----",
          "u fetch 1-- -0---",
          "u fetch 1-0 -1---");

  private static final String[] KINDS = {"read ", "write", "fetch"};
  private static final int LEVELS = 4;
  private static final int KEY = 5;

  /** Not an error code: the access succeeds. */
  private static final int SUCCESS = -1;

  private static final int UNDECIDED = -2;

  /** Protection-key rights: none in force, then AD and WD of the page's key. */
  private static final int[] KEY_RIGHTS = {-1, 0, 1, 2, 3};

  /** Four tables of one entry that counts: PML4 first. A and D are set, so nothing is written. */
  private static final class FourEntries implements TableMemory {
    final long[] entries = new long[LEVELS];

    @Override
    public long read(long pa) {
      return entries[(int) (pa >>> 12) - 1];
    }

    @Override
    public void write(long pa, long value) {
      throw new AssertionError("A and D are set");
    }
  }

  /** One combination of everything but the entries. */
  private record Access(
      boolean user,
      int kind,
      boolean wp,
      boolean nxe,
      boolean smep,
      boolean smap,
      boolean ac,
      int keyRights) {

    PagingContext context() {
      long cr0 = 0x8000_0001L | (wp ? 1 << 16 : 0);
      long cr4 = 1L << 5 | (smep ? 1 << 20 : 0) | (smap ? 1 << 21 : 0);
      if (keyRights >= 0) {
        cr4 |= 1 << 22 | 1 << 24;
      }
      // All other keys have the opposite rights.
      int rights = Math.max(keyRights, 0) << (2 * KEY);
      rights |= ~(3 << (2 * KEY)) & (keyRights == 0 ? -1 : 0);
      long efer = 0x500L | (nxe ? 1L << 11 : 0);
      return PagingContext.of(
          new ControlRegisters(cr0, 0x1000, cr4, efer, rights, rights),
          CpuFeatures.ALL,
          user ? AccessMode.USER : AccessMode.SUPERVISOR,
          ac);
    }

    /** Whether the table permits the access, by U/S, R/W and XD of the address. */
    boolean permitted(boolean u, boolean w, boolean xd) {
      String columns =
          (user ? "u " : "s ")
              + KINDS[kind]
              + " "
              + digit(u)
              + digit(w)
              + digit(xd)
              + " "
              + digit(wp)
              + digit(nxe)
              + digit(smep)
              + digit(smap)
              + digit(ac);
      return PERMITTED.stream().anyMatch(line -> fits(line, columns));
    }

    /**
     * SDM Vol. 3A, "Protection Keys": AD forbids data accesses; WD forbids writes while WP = 1, and
     * user-mode ones to user-mode addresses always.
     */
    boolean keyForbids(boolean userAddress) {
      if (keyRights < 0 || kind == 2) {
        return false;
      }
      boolean writeForbidden = kind == 1 && keyRights >= 2 && ((user && userAddress) || wp);
      return keyRights % 2 == 1 || writeForbidden;
    }

    /** The error code but for P, RSVD and PK. */
    int code() {
      return (kind == 1 ? 2 : 0) | (user ? 4 : 0) | (kind == 2 && (nxe || smep) ? 16 : 0);
    }

    private static char digit(boolean bit) {
      return bit ? '1' : '0';
    }

    private static boolean fits(String line, String columns) {
      for (int i = 0; i < columns.length(); i++) {
        if (line.charAt(i) != '-' && line.charAt(i) != columns.charAt(i)) {
          return false;
        }
      }
      return true;
    }
  }

  private final FourEntries memory = new FourEntries();
  private final HardwarePageWalker walker =
      new HardwarePageWalker(
          new WalkerConfig(0, null, null, null, null, TableUpdates.AS_WALKED), memory, 0);

  /** All entries, {@code stride} apart, under one access. */
  private int check(Access access, int first, int stride) {
    PagingContext context = access.context();
    int[] outcomes = new int[8]; // by U/S, R/W and XD
    for (int i = 0; i < 8; i++) {
      boolean permitted = access.permitted((i & 1) != 0, (i & 2) != 0, (i & 4) != 0);
      int key = access.keyForbids((i & 1) != 0) ? 32 : 0;
      outcomes[i] = permitted && key == 0 ? SUCCESS : access.code() | 1 | key;
    }
    int succeeded = 0;
    for (int combination = first; combination < 1 << 16; combination += stride) {
      int together = 3;
      int expected = UNDECIDED;
      for (int level = 0; level < LEVELS; level++) {
        int bits = combination >>> (4 * level) & 15; // P, R/W, U/S, XD
        long next = level == LEVELS - 1 ? 0x7000 | (long) KEY << 59 : 0x1000L * (level + 2);
        memory.entries[level] = next | 0x60 | (bits & 7) | (long) (bits >>> 3) << 63;
        if (expected == UNDECIDED && (bits & 1) == 0) {
          expected = access.code();
        } else if (expected == UNDECIDED && (bits & 8) != 0 && !access.nxe) {
          expected = access.code() | 1 | 8;
        }
        together &= (bits & 2) != 0 ? 7 : 5;
        together &= (bits & 4) != 0 ? 7 : 6;
        together |= (bits & 8) != 0 ? 4 : 0;
      }
      if (expected == UNDECIDED) {
        expected = outcomes[together];
      }
      succeeded += expected == SUCCESS ? 1 : 0;
      long t = walker.walk(0x123, access.kind, context, Cause.MISS);
      int got = Translation.isValid(t) ? SUCCESS : Translation.errorCode(t);
      if (got != expected) {
        assertEquals(expected, got, access + " of " + Integer.toHexString(combination));
      }
    }
    return succeeded;
  }

  private int checkAll(int stride) {
    int succeeded = 0;
    int n = 0;
    for (int bits = 0; bits < 1 << 6; bits++) {
      for (int kind = 0; kind < AccessKind.COUNT; kind++) {
        for (int rights : KEY_RIGHTS) {
          Access access =
              new Access(
                  (bits & 1) != 0,
                  kind,
                  (bits & 2) != 0,
                  (bits & 4) != 0,
                  (bits & 8) != 0,
                  (bits & 16) != 0,
                  (bits & 32) != 0,
                  rights);
          succeeded += check(access, n++ % stride, stride);
        }
      }
    }
    assertEquals(960, n);
    return succeeded;
  }

  @Test
  void everySeventhCombinationIsJudgedAsTheTableSays() {
    assertTrue(checkAll(7) > 10_000);
  }

  @Tag("soak")
  @Test
  void everyCombinationIsJudgedAsTheTableSays() {
    assertTrue(checkAll(1) > 100_000);
  }
}
