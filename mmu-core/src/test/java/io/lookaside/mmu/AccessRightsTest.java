package io.lookaside.mmu;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import java.util.function.Consumer;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/**
 * The law of access rights against a decision table written from the SDM alone (Vol. 3A,
 * "Determination of Access Rights" and "Page-Fault Exceptions").
 */
class AccessRightsTest {
  private static final long P = 1;
  private static final long W = 1L << 1;
  private static final long U = 1L << 2;
  private static final long D = 1L << 6;
  private static final long XD = 1L << 63;

  private static final long CR0_PE = 1;
  private static final long CR0_WP = 1L << 16;
  private static final long CR0_PG = 1L << 31;
  private static final long CR4_PAE = 1L << 5;
  private static final long CR4_SMEP = 1L << 20;
  private static final long CR4_SMAP = 1L << 21;
  private static final long EFER_LMA = 1L << 10;
  private static final long EFER_NXE = 1L << 11;

  private static final int STORE_CODE = 1;

  /*
   * Columns: page W U XD, kind L/S/F, mode u/s, WP NXE SMEP SMAP AC; then whether it is allowed. The
   * first row that fits decides; '-' fits both.
   */
  private static final String[] LAW = {
    // User accesses need a user page; WP, SMEP, SMAP and AC are nothing to them.
    "-0- - u ----- no",
    "-1- L u ----- yes",
    "11- S u ----- yes",
    "01- S u ----- no",
    "-10 F u ----- yes",
    "-11 F u -0--- yes",
    "-11 F u -1--- no",
    // Supervisor fetches: XD with NXE, and SMEP for user pages. SMAP and AC are nothing to them.
    "--1 F s -1--- no",
    "-1- F s --1-- no",
    "--- F s ----- yes",
    // Supervisor loads: SMAP for user pages, unless AC.
    "-1- L s ---10 no",
    "--- L s ----- yes",
    // Supervisor stores: the same, and W where WP.
    "-1- S s ---10 no",
    "0-- S s 1---- no",
    "--- S s ----- yes",
  };

  /** One combination of everything that rights depend on. */
  private record Case(
      boolean w,
      boolean u,
      boolean xd,
      int kind,
      boolean user,
      boolean wp,
      boolean nxe,
      boolean smep,
      boolean smap,
      boolean ac) {

    long rights() {
      return (w ? W : 0) | (u ? U : 0) | (xd ? XD : 0);
    }

    AccessRights compiled() {
      ControlRegisters registers =
          new ControlRegisters(
              CR0_PE | CR0_PG | (wp ? CR0_WP : 0),
              0,
              CR4_PAE | (smep ? CR4_SMEP : 0) | (smap ? CR4_SMAP : 0),
              EFER_LMA | (nxe ? EFER_NXE : 0));
      return AccessRights.of(registers, user ? AccessMode.USER : AccessMode.SUPERVISOR, ac);
    }

    /** The combination in the columns of the table. */
    String columns() {
      return digit(w)
          + digit(u)
          + digit(xd)
          + " "
          + "LSF".charAt(kind)
          + " "
          + (user ? "u" : "s")
          + " "
          + digit(wp)
          + digit(nxe)
          + digit(smep)
          + digit(smap)
          + digit(ac);
    }

    boolean lawful() {
      String columns = columns();
      for (String row : LAW) {
        boolean fits = true;
        for (int i = 0; i < columns.length(); i++) {
          char wanted = row.charAt(i);
          fits &= wanted == '-' || wanted == columns.charAt(i);
        }
        if (fits) {
          return row.endsWith(" yes");
        }
      }
      throw new AssertionError("the table says nothing about " + columns);
    }

    private static String digit(boolean bit) {
      return bit ? "1" : "0";
    }
  }

  private static int forEachCase(Consumer<Case> body) {
    int cases = 0;
    for (int kind = 0; kind < 3; kind++) {
      for (int b = 0; b < 1 << 9; b++) {
        body.accept(
            new Case(
                bit(b, 0), bit(b, 1), bit(b, 2), kind, bit(b, 3), bit(b, 4), bit(b, 5), bit(b, 6),
                bit(b, 7), bit(b, 8)));
        cases++;
      }
    }
    return cases;
  }

  private static boolean bit(int bits, int number) {
    return (bits >> number & 1) != 0;
  }

  private static long page(Case c, boolean dirty) {
    // Everything that is no right is set: a frame, the memory type, A, G and a key.
    long leaf = 0x7800_0123_4567_81b9L | (dirty ? D : 0);
    return Translation.ofLeaf(leaf, PageSize.SIZE_4K, c.rights(), true);
  }

  @Test
  void kindCodesAreLoadStoreFetch() {
    assertEquals(0, AccessKind.LOAD.ordinal());
    assertEquals(1, AccessKind.STORE.ordinal());
    assertEquals(2, AccessKind.FETCH.ordinal());
    assertEquals(AccessKind.values().length, AccessKind.COUNT);
    for (AccessKind kind : AccessKind.values()) {
      assertEquals(kind, AccessKind.ofCode(kind.ordinal()));
    }
  }

  @Test
  void permitsWhatTheDecisionTableAllowsInAllCombinations() {
    int cases =
        forEachCase(
            c -> assertEquals(c.lawful(), c.compiled().permits(c.rights(), c.kind()), c::columns));
    assertEquals(3 * 512, cases);
  }

  @Test
  void permitsLooksAtNothingButRights() {
    forEachCase(
        c -> {
          AccessRights rights = c.compiled();
          assertEquals(
              c.lawful(), rights.permits(page(c, false), c.kind()), () -> c.columns() + " D=0");
          assertEquals(
              c.lawful(), rights.permits(page(c, true), c.kind()), () -> c.columns() + " D=1");
        });
  }

  @Test
  void servesWhatIsPermittedAndForStoresDirty() {
    forEachCase(
        c -> {
          AccessRights rights = c.compiled();
          assertEquals(
              c.lawful() && c.kind() != STORE_CODE,
              rights.serves(page(c, false), c.kind()),
              () -> c.columns() + " D=0");
          assertEquals(
              c.lawful(), rights.serves(page(c, true), c.kind()), () -> c.columns() + " D=1");
        });
  }

  @Test
  void faultCodeTellsTheAccessNotThePage() {
    forEachCase(
        c -> {
          int expected =
              (c.kind() == 1 ? 0x2 : 0)
                  | (c.user() ? 0x4 : 0)
                  | (c.kind() == 2 && (c.nxe() || c.smep()) ? 0x10 : 0);
          assertEquals(expected, c.compiled().faultCode(c.kind()), c::columns);
        });
  }

  @ParameterizedTest
  @CsvSource({
    // kind, user, nxe, smep: code without P
    "0, false, false, false, 0x00",
    "0, true,  true,  true,  0x04",
    "1, false, true,  true,  0x02",
    "1, true,  false, false, 0x06",
    "2, false, false, false, 0x00",
    "2, true,  false, false, 0x04",
    "2, true,  true,  false, 0x14",
    "2, true,  false, true,  0x14",
    "2, false, false, true,  0x10",
    "2, false, true,  true,  0x10",
  })
  void faultCodesOfSomeAccesses(int kind, boolean user, boolean nxe, boolean smep, String code) {
    Case c = new Case(false, false, false, kind, user, true, nxe, smep, false, false);
    assertEquals(Integer.decode(code), c.compiled().faultCode(kind));
  }

  @Test
  void alignmentCheckFlagLiftsSmapForDataButNeverSmep() {
    Case store = new Case(true, true, false, 1, false, true, true, true, true, true);
    assertTrue(store.compiled().permits(W | U, 0));
    assertTrue(store.compiled().permits(W | U, 1));
    assertFalse(store.compiled().permits(W | U, 2));
  }

  @Test
  void alignmentCheckFlagLiftsSmapForNoImplicitAccess() {
    ControlRegisters smap = new ControlRegisters(CR0_PE | CR0_PG, 0, 1L << 5 | 1L << 21, 0xd00);
    for (boolean ac : new boolean[] {false, true}) {
      AccessRights implicit = AccessRights.of(smap, AccessMode.IMPLICIT_SUPERVISOR, ac);
      AccessRights explicit = AccessRights.of(smap, AccessMode.SUPERVISOR, ac);
      for (int kind = 0; kind < 2; kind++) {
        assertFalse(implicit.permits(W | U, kind));
        assertTrue(implicit.permits(W, kind));
        assertEquals(ac, explicit.permits(W | U, kind));
      }
    }
  }

  @Test
  void userStoresNeedWritablePagesEvenWithoutWriteProtect() {
    Case store = new Case(false, true, false, 1, true, false, true, false, false, false);
    assertFalse(store.compiled().permits(U, 1));
    assertTrue(store.compiled().permits(U | W, 1));
  }

  @Test
  void contextIsCompiledFromTheRegisters() {
    ControlRegisters registers =
        new ControlRegisters(
            CR0_PE | CR0_PG,
            0x0000_0000_1234_5abcL,
            CR4_PAE | 1L << 7 | 1L << 17,
            EFER_LMA | EFER_NXE);
    PagingContext context = PagingContext.of(registers, CpuFeatures.ALL, AccessMode.USER, false);
    assertEquals(0x1234_5000L | P | W | U, context.root(0));
    assertEquals(0xabc, context.pcid());
    assertEquals(0, context.format().level(0).reservedInLeaf() & XD);
    assertTrue(context.globalPages());
    assertFalse(context.rights().permits(0, 0));
    PagingContext plain =
        PagingContext.of(
            new ControlRegisters(CR0_PE | CR0_PG, 0x1abcL, CR4_PAE, EFER_LMA),
            CpuFeatures.ALL,
            AccessMode.SUPERVISOR,
            false);
    assertEquals(0x1000L | P | W | U, plain.root(-1L));
    assertEquals(0, plain.pcid());
    assertEquals(XD, plain.format().level(0).reservedInLeaf() & XD);
    assertFalse(plain.globalPages());
    assertTrue(plain.rights().permits(0, 0));
  }
}
