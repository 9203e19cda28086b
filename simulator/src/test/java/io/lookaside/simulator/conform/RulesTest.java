package io.lookaside.simulator.conform;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lookaside.simulator.config.MachineLibrary;
import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/**
 * The rules of the manual one by one, as cases in the language of vector files, on the exact
 * machine and on one with real TLBs. What is expected is written out from the tables of the SDM:
 * Vol. 3A, the tables "Format of a ... Entry", "PDPTE Registers", "Operations that Invalidate TLBs
 * and Paging-Structure Caches", "Control Registers", "Limit Checking", "Type Checking", "Privilege
 * Level Checking ..."; Vol. 2, MOV to control registers, INVLPG, INVPCID, MOV, JMP.
 */
class RulesTest {
  /** Runs cases on both machines; all must pass, and there must be that many. */
  private static void assertHolds(long cases, String text) throws Exception {
    for (VectorRunner runner :
        List.of(
            VectorRunner.exact(5),
            VectorRunner.lawful(MachineLibrary.load("skylake", List.of()), 5))) {
      runner.run(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)), "rules.vec");
      ConformanceResult result = runner.result();
      assertEquals(List.of(), result.failures());
      assertEquals(cases, result.passed());
    }
  }

  private static String format(String text, Object... values) {
    return String.format(Locale.ROOT, text, values);
  }

  private static boolean within(int bit, int high, int low) {
    return bit <= high && bit >= low;
  }

  // Reserved bits.

  private static final long ROOT = 0x1000;
  private static final long LARGE_FRAME = 0x8000_0000L;
  private static final long PRESENT_WRITABLE_USER_ACCESSED = 0x27;
  private static final long DIRTY = 1 << 6;
  private static final long PAGE_SIZE = 1 << 7;

  /** The address whose index is 1 at each of {@code levels} levels of nine bits. */
  private static long address(int levels) {
    long va = 0;
    for (int level = 1; level <= levels; level++) {
      va |= 1L << (12 + 9 * (level - 1));
    }
    return va;
  }

  /**
   * The lines of a walk over tables of 64-bit entries, levels counted from 1, in which one entry
   * has one more bit; and the access with its outcome.
   *
   * @param reserved whether the manual reserves that bit
   */
  private static String chain(int top, int tested, boolean leaf, int bit, boolean reserved) {
    StringBuilder text = new StringBuilder();
    long table = ROOT;
    int last = leaf ? tested : 1;
    long frame = 0;
    for (int level = top; level >= last; level--) {
      boolean isLeaf = level == last;
      long entry = PRESENT_WRITABLE_USER_ACCESSED | (isLeaf ? DIRTY : 0);
      entry |= isLeaf && level > 1 ? PAGE_SIZE | LARGE_FRAME : 0x1000L * (2 + top - level);
      entry |= level == tested ? 1L << bit : 0;
      text.append(format("mem 0x%x 0x%x%n", table + 8, entry));
      long next = entry & 0xf_ffff_ffff_f000L;
      table = next;
      frame = next;
    }
    int shift = 12 + 9 * (last - 1);
    long offset = address(top) & ((1L << shift) - 1);
    boolean pat = leaf && tested > 1 && bit == 12;
    frame = pat ? frame & ~(1L << bit) : frame;
    String outcome = reserved ? "pf 0xd" : format("ok 0x%x", frame | offset);
    return text + format("access read cpl3 0x%x%nexpect %s%nend%n", address(top), outcome);
  }

  /** The tables of formats for 4-level and 5-level paging: levels 1 (PTE) to 5 (PML5E). */
  private static boolean isReservedInLongMode(int level, boolean leaf, int bit, int m, boolean nx) {
    return within(bit, 51, m)
        || (bit == 63 && !nx)
        || (level >= 4 && bit == 7)
        || (level == 3 && leaf && within(bit, 29, 13))
        || (level == 2 && leaf && within(bit, 20, 13));
  }

  /** Whether setting a bit makes something else of an entry than the chain expects. */
  private static boolean changesTheChain(int level, boolean leaf, int bit) {
    boolean inTheAddress = within(bit, 14, 12) && (!leaf || level == 1);
    boolean large = bit == 7 && level > 1 && level < 4;
    return bit < 6 || inTheAddress || large || (leaf && level > 1 && bit == 31);
  }

  @ParameterizedTest
  @CsvSource({"4, 0xd00, 1", "4, 0x500, 5", "5, 0xd00, 5", "5, 0x500, 5"})
  void reservedBitsInLongModeForEveryWidthLevelAndSize(int top, String efer, int step)
      throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    boolean nx = efer.equals("0xd00");
    for (int m = 32; m <= 52; m += step) {
      for (int level = 1; level <= top; level++) {
        for (boolean leaf : new boolean[] {true, false}) {
          boolean exists = leaf ? level <= 3 : level > 1;
          for (int bit = 0; bit < 64 && exists; bit++) {
            if (!changesTheChain(level, leaf, bit)) {
              text.append(format("case m%d_l%d_%b_b%d%n", m, level, leaf, bit));
              text.append(format("reg cr0 0x80010011%nreg cr3 0x%x%n", ROOT));
              text.append(format("reg cr4 %s%nreg efer %s%n", top == 5 ? "0x1020" : "0x20", efer));
              text.append(format("reg maxphyaddr %d%n", m));
              boolean reserved = isReservedInLongMode(level, leaf, bit, m, nx);
              text.append(chain(top, level, leaf, bit, reserved));
              cases++;
            }
          }
        }
      }
    }
    assertHolds(cases, text.toString());
  }

  @ParameterizedTest
  @CsvSource({"0x800, 1", "0x0, 5"})
  void reservedBitsInPaeForEveryWidthLevelAndSize(String efer, int step) throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    boolean nx = efer.equals("0x800");
    for (int m = 32; m <= 52; m += step) {
      for (int level = 1; level <= 2; level++) {
        for (boolean leaf : new boolean[] {true, false}) {
          boolean exists = leaf || level > 1;
          for (int bit = 0; bit < 64 && exists; bit++) {
            if (!changesTheChain(level, leaf, bit)) {
              boolean reserved =
                  within(bit, 62, m)
                      || (bit == 63 && !nx)
                      || (level == 2 && leaf && within(bit, 20, 13));
              text.append(format("case m%d_l%d_%b_b%d%n", m, level, leaf, bit));
              text.append(format("reg cr0 0x80010011%nreg cr4 0x20%nreg efer %s%n", efer));
              text.append(format("reg maxphyaddr %d%nmem 0x20 0x%x%n", m, ROOT | 1));
              text.append(format("movcr3 0x20%nexpect ok%n"));
              text.append(chain(2, level, leaf, bit, reserved));
              cases++;
            }
          }
        }
      }
    }
    assertHolds(cases, text.toString());
  }

  @Test
  void reservedBitsOfA4MPageForEveryWidth() throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    for (int m = 32; m <= 52; m++) {
      for (int bit = 12; bit <= 21; bit++) {
        for (boolean pse : new boolean[] {true, false}) {
          // Bits 20:13 are bits 39:32 of the address as far as there are any, 40 at most.
          boolean reserved = pse && (bit == 21 || (bit >= 13 && bit + 19 >= Math.min(m, 40)));
          long entry = 0x8000_0000L | 0xe7 | 1L << bit;
          text.append(format("case m%d_b%d_%b%n", m, bit, pse));
          text.append(format("reg cr0 0x80010011%nreg cr3 0x1000%nreg maxphyaddr %d%n", m));
          text.append(format("reg cr4 %s%nmem32 0x1004 0x%x%n", pse ? "0x10" : "0x0", entry));
          // Without PSE the entry points to a page table, and bit 7 is ignored.
          text.append(format("mem32 0x%x 0x00009067%n", 0x8000_0000L | 1L << bit));
          long large = 0x8000_0000L | (bit >= 13 ? 1L << (bit + 19) : 0) | 0x8;
          String outcome = reserved ? "pf 0xd" : format("ok 0x%x", pse ? large : 0x9008);
          text.append(format("access read cpl3 0x400008%nexpect %s%nend%n", outcome));
          cases++;
        }
      }
    }
    assertHolds(cases, text.toString());
  }

  @Test
  void a32BitEntryOtherwiseHasNoReservedBits() throws Exception {
    StringBuilder text = new StringBuilder();
    for (int bit = 6; bit < 32; bit++) {
      boolean frame = bit >= 12;
      text.append(format("case pte_b%d%nreg cr0 0x80010011%nreg cr3 0x1000%n", bit));
      text.append(format("reg cr4 0x10%nreg efer 0x800%nreg maxphyaddr 32%n"));
      text.append(format("mem32 0x1004 0x2027%nmem32 0x2004 0x%x%n", 0x27 | 1L << bit));
      text.append(format("access fetch cpl3 0x401008%n"));
      text.append(format("expect ok 0x%x%nend%n", frame ? 1L << bit | 8 : 8));
    }
    assertHolds(26, text.toString());
  }

  // PDPTE registers.

  private static final String PAE =
      """
      case %s
      reg cr0 0x80010011
      reg cr4 0x20
      reg efer 0x800
      reg maxphyaddr %d
      mem 0x1000 0x2001
      mem 0x1010 0x0
      mem 0x2000 0x3027
      mem 0x3000 0x4067
      movcr3 0x1000
      expect ok
      access read cpl3 0x0
      expect ok 0x4000
      """;

  @Test
  void aPdpteWithAReservedBitCannotBeLoadedByAnyRegisterOrWidth() throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    for (int m = 32; m <= 52; m++) {
      for (int bit = 0; bit < 64; bit++) {
        for (int present = 0; present <= 1; present++) {
          boolean reserved = within(bit, 2, 1) || within(bit, 8, 5) || within(bit, 63, m);
          boolean refused = (present == 1 || bit == 0) && reserved;
          text.append(format(PAE, format("m%d_b%d_%d", m, bit, present), m));
          text.append(format("mem 0x1018 0x%x%n", 1L << bit | present));
          text.append(format("movcr3 0x1000%nexpect %s%n", refused ? "gp 0x0" : "ok"));
          text.append(format("access read cpl3 0x0%nexpect ok 0x4000%nend%n"));
          cases++;
        }
      }
    }
    assertHolds(cases, text.toString());
  }

  /** PG aside, bits 30 and 29 of CR0 and PSE, PAE, PGE and SMEP of CR4 load the PDPTEs. */
  @ParameterizedTest
  @CsvSource({
    "movcr0 0xc0010011, true",
    "movcr0 0xe0010011, true",
    "movcr0 0x80000011, false",
    "movcr0 0x80010031, false",
    "movcr4 0x30, true",
    "movcr4 0xa0, true",
    "movcr4 0x100020, true",
    "movcr4 0x200020, false",
    "movcr4 0x400020, false",
    "movcr3 0x1000, true",
    "taskswitch 0x1000, false",
    "taskswitch 0x1008, true",
    "invlpg 0x0, false",
    "invpcid 2 0x0 0x0, false"
  })
  void whatLoadsThePdptes(String action, boolean loads) throws Exception {
    String other = "mem 0x1000 0x0\nmem 0x1020 0x0\n";
    String bad = "mem 0x1018 0x3\nmem 0x1020 0x3\n";
    assertHolds(
        2,
        format(PAE, "other", 40)
            + other
            + action
            + "\naccess read cpl3 0x8\nexpect "
            // A stale translation may stay where the load drops nothing: look beside it.
            + (loads ? "pf 0x4  # may: ok 0x4008  # exact: " + staleOrFault(action) : "ok 0x4008")
            + "\naccess read cpl3 0x200000\nexpect pf 0x4\nend\n"
            + format(PAE, "bad", 40)
            + bad
            + action
            + (loads ? "\nexpect gp" : "")
            + "\naccess read cpl3 0x8\nexpect ok 0x4008\nend\n");
  }

  /** CD and NW, and PSE, load the PDPTEs without dropping a translation. */
  private static String staleOrFault(String action) {
    boolean keeps = action.startsWith("movcr0") || action.equals("movcr4 0x30");
    return keeps ? "ok 0x4008" : "pf 0x4";
  }

  @Test
  void pagingAndPaeThatAreSwitchedOnLoadThePdptesToo() throws Exception {
    assertHolds(
        3,
        """
        case pg
        reg cr0 0x11
        reg cr3 0x1000
        reg cr4 0x20
        mem 0x1000 0x2001
        mem 0x2000 0x80000087
        movcr0 0x80000011
        access read cpl3 0x1234
        expect ok 0x80001234
        end
        case pg-refused
        reg cr0 0x11
        reg cr3 0x1000
        reg cr4 0x20
        mem 0x1000 0x2021
        mem 0x2000 0x80000087
        movcr0 0x80000011
        expect gp
        access write cpl3 0x1234
        expect ok 0x1234
        end
        case pae
        reg cr0 0x80000011
        reg cr3 0x1000
        reg cr4 0x10
        mem 0x1000 0x200000e7
        access read cpl3 0x1234
        expect ok 0x20001234
        mem 0x1008 0x3
        movcr4 0x20
        expect gp
        access read cpl3 0x2234
        expect ok 0x20002234
        mem 0x1008 0x0
        mem 0x1000 0x2001
        mem 0x2000 0x80000087
        movcr4 0x20
        access read cpl3 0x2234
        expect ok 0x80002234
        access read cpl3 0x40000000
        expect pf 0x4
        end
        """);
  }

  @Test
  void notWriteThroughAloneLoadsThePdptes() throws Exception {
    String on = format(PAE, "on", 40).replace("0x80010011", "0xc0010011");
    String off = format(PAE, "off", 40).replace("0x80010011", "0xe0010011");
    assertHolds(
        2,
        on
            + "mem 0x1018 0x3\nmovcr0 0xe0010011\nexpect gp\n"
            + "mem 0x1018 0x2001\nmovcr0 0xe0010011\n"
            + "access read cpl3 0xc0000000\nexpect ok 0x4000\nend\n"
            + off
            + "mem 0x1018 0x3\nmovcr0 0xc0010011\nexpect gp\nend\n");
  }

  // What is dropped.

  /**
   * Page A, not global, is cached under PCIDs 2 and 1, the global page G under 1, which is current.
   * Then the leaves of both change, to 3x000, and the PDE comes to point to another page table,
   * which has 2x000, also for a page B that was never used.
   */
  private static final String CACHED =
      """
      case %s
      reg cr0 0x80010011
      reg cr3 0x1002
      reg cr4 0x%x
      reg efer 0xd00
      reg maxphyaddr 46
      mem 0x1000 0x2027
      mem 0x2000 0x3027
      mem 0x3000 0x5027
      mem 0x5008 0x11067
      mem 0x5010 0x12167
      mem 0x5018 0x13067
      mem 0x6008 0x21067
      mem 0x6010 0x22167
      mem 0x6018 0x23067
      access read cpl3 0x1000
      expect ok 0x11000
      movcr3 0x8000000000001001
      access read cpl3 0x1000
      expect ok 0x11000
      access read cpl3 0x2000
      expect ok 0x12000
      mem 0x5008 0x31067
      mem 0x5010 0x32167
      mem 0x3000 0x6027
      %s
      """;

  /**
   * Without caches an access gives {@code ok 0x2x000}, through a cached PDE another leaf, and
   * through a cached translation the first one.
   *
   * @param drops the letters of what was dropped, see below
   * @param page that of the page, in capitals under PCID 2; B or b for the page never used
   */
  private static String probe(String page, String drops) {
    boolean current = Character.isLowerCase(page.charAt(0));
    boolean structures = drops.contains(current ? "s" : "S");
    int number = page.equals("g") ? 2 : page.equalsIgnoreCase("b") ? 3 : 1;
    String fresh = format("ok 0x2%d000", number);
    String pointer = format("ok 0x%d%d000", number == 3 ? 1 : 3, number);
    String stale = format("ok 0x1%d000", number);
    boolean dropped = number == 3 || drops.contains(page);
    String exact = !dropped ? stale : structures ? fresh : pointer;
    return format("access read cpl3 0x%d000%nexpect %s  # may: %s", number, fresh, pointer)
        + format("  # may: %s  # exact: %s%n", stale, exact);
  }

  /** The probes of what PCID 1 sees, and then PCID 2. */
  private static String probes(String drops) {
    return probe("b", drops)
        + probe("a", drops)
        + probe("g", drops)
        + "movcr3 0x8000000000001002\n"
        + probe("B", drops)
        + probe("A", drops);
  }

  /**
   * Which of these an operation drops: s the structure caches of PCID 1, a page A of PCID 1, g the
   * global page, S and A the same of PCID 2.
   */
  @ParameterizedTest
  @CsvSource({
    "0x200a0, invlpg 0x1000, sa",
    "0x200a0, invlpg 0x1fff, sa",
    "0x200a0, invlpg 0x2000, sg",
    "0x200a0, invlpg 0x40000000000, s",
    "0x200a0, invlpg 0x800000000000, -",
    "0x200a0, invlpg 0x1000 cpl3, !",
    "0x200a0, invpcid 0 0x1 0x1000, sa",
    "0x200a0, invpcid 0 0x1 0x2000, s",
    "0x200a0, invpcid 0 0x2 0x1000, SA",
    "0x200a0, invpcid 0 0x3 0x1000, -",
    "0x200a0, invpcid 0 0x1 0x8000000000, -",
    "0x200a0, invpcid 1 0x1 0x1000, sa",
    "0x200a0, invpcid 1 0x2 0x8000000000000000, SA",
    "0x200a0, invpcid 1 0x0 0x0, -",
    "0x200a0, invpcid 2 0x7 0x8000000000000000, sagSA",
    "0x200a0, invpcid 3 0xfff 0x8000000000000000, saSA",
    "0x200a0, invpcid 4 0x0 0x0, !",
    "0x200a0, invpcid 0x100000000 0x1 0x1000, !",
    "0x200a0, invpcid 2 0x1000 0x0, !",
    "0x200a0, invpcid 3 0x8000000000000000 0x0, !",
    "0x200a0, invpcid 1 0x80001001 0x0, !",
    "0x200a0, invpcid 0 0x1 0x200000000001000, !",
    "0x200a0, invpcid 0 0x1 0x1000 cpl3, !",
    "0x200a0, movcr3 0x1001, sa",
    "0x200a0, movcr3 0x8000000000001001, -",
    "0x200a0, movcr3 0x4000000001001, !",
    "0x200a0, movcr3 0x400000001001, !",
    "0x200a0, movcr3 0x1001 cpl3, !",
    "0x200a0, movcr4 0x1200a0, sag",
    "0x1200a0, movcr4 0x200a0, -",
    "0x200a0, movcr4 0x20020, sagSA",
    "0x200a0, movcr4 0x2200a0, -",
    "0x200a0, movcr4 0x4200a0, -",
    "0x200a0, movcr4 0x10200a0, -",
    "0x200a0, movcr4 0x200b0, -",
    "0x200a0, movcr4 0x200a0, -",
    "0x200a0, movcr4 0x1200a0 cpl3, !",
    "0x200a0, movcr4 0x20080, !",
    "0x200a0, movcr4 0x210a0, !",
    "0x200a0, movcr0 0x80000011, -",
    "0x200a0, movcr0 0xc0010011, -",
    "0x200a0, movcr0 0xe0010011, -",
    "0x200a0, movcr0 0xa0010011, !",
    "0x200a0, movcr0 0x80010010, !",
    "0x200a0, movcr0 0x180010011, !",
    "0x200a0, movcr0 0x8000000080010011, !",
    "0x200a0, movcr0 0x10011, !",
    "0x200a0, movcr0 0x10011 compat, !",
    "0x8200a0, movcr0 0x80000011, !",
    "0x200a0, reg pkru 0xffffffff, -",
    "0x200a0, reg rflags.ac 1, -"
  })
  void anOperationDropsWhatTheManualListsAndNothingElse(String cr4, String action, String drops)
      throws Exception {
    boolean refused = drops.equals("!");
    String text =
        format(CACHED, "drop", Long.decode(cr4), action)
            + (refused ? "expect gp\n" : "")
            + probes(drops)
            + "end\n";
    assertHolds(1, text);
  }

  @Test
  void whatSwitchingPcidsOffAndOnDrops() throws Exception {
    String all = "sagSA";
    String fresh = probe("b", all) + probe("a", all) + probe("g", all);
    assertHolds(
        2,
        format(CACHED, "off", 0x200a0, "movcr4 0xa0")
            + fresh
            + "movcr4 0x200a0\nexpect gp\nmovcr3 0x1000\nmovcr4 0x200a0\nmovcr3 0x8000000000001002\n"
            + fresh
            + "end\n"
            // Under PCIDE = 0 all is PCID 0's, and stays so.
            + """
            case on
            reg cr0 0x80010011
            reg cr3 0x1000
            reg cr4 0xa0
            reg efer 0xd00
            mem 0x1000 0x2027
            mem 0x2000 0x3027
            mem 0x3000 0x5027
            mem 0x5008 0x11067
            access read cpl3 0x1000
            expect ok 0x11000
            mem 0x5008 0x21067
            movcr3 0x8000000000001000
            expect gp
            movcr4 0x200a0
            access read cpl3 0x1000
            expect ok 0x21000  # may: ok 0x11000  # exact: ok 0x11000
            movcr3 0x8000000000001001
            access read cpl3 0x1000
            expect ok 0x21000
            invpcid 0 0x0 0x1000
            movcr3 0x8000000000001000
            access read cpl3 0x1000
            expect ok 0x21000
            end
            """);
  }

  @Test
  void whatSwitchingGlobalPagesOnAndOffDrops() throws Exception {
    // Filled while PGE = 0, the leaf's G means nothing.
    assertHolds(
        2,
        format(CACHED, "on", 0x20020, "movcr4 0x200a0")
            + probes("sagSA")
            + "end\n"
            + format(CACHED, "without", 0x20020, "movcr3 0x1001")
            + probes("sag")
            + "end\n");
  }

  @Test
  void smepDropsTheGlobalPagesThatWereFilledUnderTheCurrentPcid() throws Exception {
    String keeps =
        format(CACHED, "smep", 0x200a0, "movcr3 0x8000000000001002")
            + "movcr4 0x1200a0\n"
            + probe("B", "SA")
            + probe("A", "SA")
            + probe("g", "SA")
            + "movcr3 0x8000000000001001\n"
            + probe("b", "SA")
            + probe("a", "SA")
            + "end\n";
    assertHolds(1, keeps);
  }

  @Test
  void pagingThatIsSwitchedOffInCompatibilityModeDropsAllAndLeavesLongMode() throws Exception {
    assertHolds(
        1,
        format(CACHED, "pg", 0x200a0, "movcr3 0x8000000000001000")
            + """
            movcr4 0xa0
            access read cpl3 0x1000
            expect ok 0x21000
            access read cpl3 0x2000
            expect ok 0x22000
            mem 0x3000 0x5027
            mem 0x5008 0x41067
            mem 0x5010 0x42167
            movcr0 0x10011
            expect gp
            movcr0 0x10011 compat
            access write cpl3 0x1000
            expect ok 0x1000
            access read cpl3 0x1234567800001234
            expect ok 0x1234
            movcr4 0x200a0
            expect gp
            movcr0 0x80010011
            access read cpl3 0x1000
            expect ok 0x41000
            access read cpl3 0x2000
            expect ok 0x42000
            access read cpl3 0xffff000000001000
            expect gp
            end
            """);
  }

  @Test
  void aTaskSwitchDropsWhatMovToCr3DoesIfCr3Changes() throws Exception {
    String cached =
        """
        case %s
        reg cr0 0x80010011
        reg cr3 0x1000
        reg cr4 0x80
        mem 0x1000 0x500000002027
        mem 0x2000 0x1106700000000
        mem 0x2008 0x12167
        access read cpl3 0x1000
        expect ok 0x11000
        access read cpl3 0x2000
        expect ok 0x12000
        mem 0x2000 0x2106700000000
        mem 0x2008 0x22167
        %s
        access read cpl3 0x1000
        expect ok 0x21000%s
        access read cpl3 0x2000
        expect ok 0x22000  # may: ok 0x12000  # exact: ok 0x12000
        end
        """;
    String stale = "  # may: ok 0x11000  # exact: ok 0x11000";
    assertHolds(
        3,
        format(cached, "same", "taskswitch 0x1000", stale)
            + format(cached, "other", "taskswitch 0x1008", "")
            + format(cached, "mov", "movcr3 0x1000", ""));
  }

  // Refused writes of control registers.

  @ParameterizedTest
  @ValueSource(ints = {15, 26, 29, 30, 31, 33, 40, 52, 62, 63})
  void reservedBitsOfCr4(int bit) throws Exception {
    assertHolds(
        1,
        format(CACHED, "cr4", 0x200a0, format("movcr4 0x%x", 0x200a0 | 1L << bit))
            + "expect gp\n"
            + probes("-")
            + "end\n");
  }

  @Test
  void reservedBitsOfCr3ForEveryWidth() throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    for (int m = 32; m <= 52; m++) {
      for (int bit = 31; bit <= 60; bit++) {
        for (String cr4 : new String[] {"0x20", "0x20020"}) {
          text.append(format("case m%d_b%d%nreg cr0 0x80010011%nreg cr3 0x1000%n", m, bit));
          text.append(format("reg cr4 %s%nreg efer 0xd00%nreg maxphyaddr %d%n", cr4, m));
          text.append(format("mem 0x1000 0x5%n"));
          text.append(format("movcr3 0x%x%n", 1L << bit | 0x2000));
          text.append(bit >= m ? format("expect gp%n") : "");
          text.append(format("access read cpl3 0x0%nexpect pf 0x4%nend%n"));
          cases++;
        }
      }
    }
    assertHolds(cases, text.toString());
  }

  @Test
  void combinationsOfControlRegistersThatCannotBe() throws Exception {
    assertHolds(
        6,
        """
        case pcide-with-low-bits-of-cr3
        reg cr0 0x80010011
        reg cr3 0x1008
        reg cr4 0x20
        reg efer 0xd00
        movcr4 0x20020
        expect gp
        movcr3 0x1000
        movcr4 0x20020
        end
        case pcide-in-legacy-mode
        reg cr0 0x80010011
        reg cr3 0x1000
        reg cr4 0x20
        movcr4 0x20020
        expect gp
        movcr4 0x1020
        end
        case cet-without-wp
        reg cr0 0x80000011
        reg cr3 0x1000
        reg cr4 0x20
        reg efer 0xd00
        movcr4 0x800020
        expect gp
        movcr0 0x80010011
        movcr4 0x800020
        movcr0 0x80000011
        expect gp
        movcr4 0x20
        movcr0 0x80000011
        end
        case pg-without-pe
        reg cr0 0x10
        movcr0 0x80000010
        expect gp
        movcr0 0x20000011
        expect gp
        movcr0 0x60000011
        end
        case long-mode-without-pae
        reg cr0 0x11
        reg cr4 0x10
        reg efer 0x100
        movcr0 0x80000011
        expect gp
        movcr4 0x20
        movcr0 0x80000011
        movcr4 0x0
        expect gp
        end
        case invpcid-without-pcids
        reg cr0 0x80010011
        reg cr3 0x1000
        reg cr4 0x20
        reg efer 0xd00
        invpcid 0 0x1 0x1000
        expect gp
        invpcid 1 0x1 0x1000
        expect gp
        invpcid 0 0x0 0x1000
        invpcid 1 0x0 0x1000
        invpcid 2 0x1 0x1000
        invpcid 3 0x1 0x1000
        invpcid 2 0x1 0x1000 cpl3
        expect gp
        end
        """);
  }

  // Addresses.

  @Test
  void anAddressThatIsNotCanonicalIsNoPageFaultAndTouchesNothing() throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    for (int bits : new int[] {48, 57}) {
      for (int bit = 40; bit < 64; bit++) {
        for (long sign : new long[] {0, -1L}) {
          long va = sign ^ 1L << bit;
          text.append(format("case b%d_%d%nreg cr0 0x80010011%nreg cr3 0x1000%n", bits, bit));
          text.append(format("reg cr4 %s%nreg efer 0xd00%n", bits == 57 ? "0x1020" : "0x20"));
          text.append(format("access read cpl3 0x%x%n", va));
          text.append(format("expect %s%nend%n", bit < bits - 1 ? "pf 0x4" : "gp 0x0"));
          cases++;
        }
      }
    }
    assertHolds(cases, text.toString());
  }

  // Rights.

  /**
   * A leaf with the rights and the key given, read, written and fetched by a supervisor and a user.
   */
  @ParameterizedTest
  @CsvSource({
    // cr0, cr4, efer, ac, pkru; the leaf; supervisor read, write, fetch; user read, write, fetch
    "0x80010011 0x20 0xd00 0 0x0, 0x7, ok ok ok ok ok ok",
    "0x80010011 0x20 0xd00 0 0x0, 0x5, ok 0x3 ok ok 0x7 ok",
    "0x80000011 0x20 0xd00 0 0x0, 0x5, ok ok ok ok 0x7 ok",
    "0x80010011 0x20 0xd00 0 0x0, 0x3, ok ok ok 0x5 0x7 0x15",
    "0x80010011 0x20 0x500 0 0x0, 0x3, ok ok ok 0x5 0x7 0x5",
    "0x80010011 0x20 0xd00 0 0x0, 0x8000000000000007, ok ok 0x11 ok ok 0x15",
    "0x80010011 0x20 0x500 0 0x0, 0x8000000000000007, 0x9 0xb 0x9 0xd 0xf 0xd",
    "0x80010011 0x100020 0xd00 0 0x0, 0x7, ok ok 0x11 ok ok ok",
    "0x80010011 0x100020 0xd00 1 0x0, 0x7, ok ok 0x11 ok ok ok",
    "0x80010011 0x100020 0x500 0 0x0, 0x7, ok ok 0x11 ok ok ok",
    "0x80010011 0x100020 0xd00 0 0x0, 0x3, ok ok ok 0x5 0x7 0x15",
    "0x80010011 0x200020 0xd00 0 0x0, 0x7, 0x1 0x3 ok ok ok ok",
    "0x80010011 0x200020 0xd00 1 0x0, 0x7, ok ok ok ok ok ok",
    "0x80000011 0x200020 0xd00 0 0x0, 0x5, 0x1 0x3 ok ok 0x7 ok",
    "0x80010011 0x200020 0xd00 1 0x0, 0x5, ok 0x3 ok ok 0x7 ok",
    "0x80010011 0x200020 0xd00 0 0x0, 0x3, ok ok ok 0x5 0x7 0x15",
    // Key 3: bits 6 and 7 of PKRU.
    "0x80010011 0x400020 0xd00 0 0x40, 0x1800000000000007, 0x21 0x23 ok 0x25 0x27 ok",
    "0x80010011 0x400020 0xd00 0 0x80, 0x1800000000000007, ok 0x23 ok ok 0x27 ok",
    "0x80000011 0x400020 0xd00 0 0x80, 0x1800000000000007, ok ok ok ok 0x27 ok",
    "0x80000011 0x400020 0xd00 0 0xc0, 0x1800000000000007, 0x21 0x23 ok 0x25 0x27 ok",
    "0x80010011 0x400020 0xd00 0 0x80, 0x1800000000000005, ok 0x23 ok ok 0x27 ok",
    "0x80010011 0x400020 0xd00 0 0x33, 0x1800000000000007, ok ok ok ok ok ok",
    "0x80010011 0x20 0xd00 0 0xc0, 0x1800000000000007, ok ok ok ok ok ok",
    "0x80010011 0x400020 0xd00 0 0xc0, 0x1800000000000003, ok ok ok 0x5 0x7 0x15",
    "0x80010011 0x600020 0xd00 0 0x40, 0x1800000000000007, 0x21 0x23 ok 0x25 0x27 ok",
    "0x80010011 0x600020 0xd00 0 0x80, 0x1800000000000007, 0x1 0x23 ok ok 0x27 ok",
    "0x80010011 0x400020 0xd00 1 0x40, 0x1800000000000007, 0x21 0x23 ok 0x25 0x27 ok",
    "0x80010011 0x400020 0x500 0 0xc0, 0x9800000000000007, 0x9 0xb 0x9 0xd 0xf 0xd",
    "0x80010011 0x20 0xd00 0 0x0, 0x6, 0x0 0x2 0x10 0x4 0x6 0x14",
    "0x80010011 0x100020 0x500 0 0x0, 0x6, 0x0 0x2 0x10 0x4 0x6 0x14",
    "0x80010011 0x20 0x500 0 0x0, 0x6, 0x0 0x2 0x0 0x4 0x6 0x4"
  })
  void rightsOfALeaf(String registers, String leaf, String outcomes) throws Exception {
    String[] r = registers.split(" ", -1);
    String[] expected = outcomes.split(" ", -1);
    StringBuilder text = new StringBuilder();
    List<String> accesses = new ArrayList<>();
    for (String cpl : List.of("cpl0", "cpl3")) {
      for (String kind : List.of("read", "write", "fetch")) {
        accesses.add(kind + " " + cpl);
      }
    }
    // Each access alone; then, in one case, after a read of everything has been cached.
    for (int i = 0; i < accesses.size(); i++) {
      for (boolean cached : new boolean[] {false, true}) {
        text.append(format("case a%d%nreg cr0 0x80000011%nreg cr3 0x1000%n", i));
        text.append(format("reg cr4 0x20%nreg efer %s%n", r[2]));
        text.append(format("mem 0x1000 0x2027%nmem 0x2000 0x3027%nmem 0x3000 0x4027%n"));
        text.append(format("mem 0x4000 0x%x%n", Long.parseUnsignedLong(leaf.substring(2), 16)));
        if (cached) {
          // What was cached while nothing forbade it keeps its raw rights.
          text.append(format("access read cpl0 0x8%nexpect %s%n", expectedRaw(leaf, r[2])));
        }
        text.append(format("reg cr0 %s%nreg cr4 %s%n", r[0], r[1]));
        text.append(format("reg rflags.ac %s%nreg pkru %s%n", r[3], r[4]));
        String outcome = expected[i].equals("ok") ? "ok 0x8" : "pf " + expected[i];
        text.append(format("access %s 0x8%nexpect %s%nend%n", accesses.get(i), outcome));
      }
    }
    assertHolds(2L * accesses.size(), text.toString());
  }

  /** A supervisor's read that nothing restricts but the format. */
  private static String expectedRaw(String leaf, String efer) {
    boolean present = Long.parseUnsignedLong(leaf.substring(2), 16) % 2 != 0;
    boolean reserved = leaf.matches("0x[89].{15}") && efer.equals("0x500");
    return present ? (reserved ? "pf 0x9" : "ok 0x8") : "pf 0x0";
  }

  @ParameterizedTest
  @CsvSource({"0x800, 0x0, 0x5", "0x800, 0x100000, 0x15", "0x0, 0x100000, 0x15", "0x0, 0x0, 0x5"})
  void aFetchIsToldIn32BitPagingOnlyWithSmep(String efer, String cr4, String code)
      throws Exception {
    assertHolds(
        1,
        format(
            """
            case fetch
            reg cr0 0x80010011
            reg cr3 0x1000
            reg cr4 %s
            reg efer %s
            mem32 0x1000 0x2023
            mem32 0x2000 0x80000067
            access fetch cpl3 0x0
            expect pf %s
            access fetch cpl0 0x0
            expect ok 0x80000000
            end
            """,
            cr4, efer, code));
  }

  // Segmentation.

  private static String segments(String lines) {
    return """
        case segments
        reg gdtr.limit 0x1ff
        reg ldtr.limit 0xff
        """
        + lines
        + "end\n";
  }

  /** The bytes of a descriptor. */
  private static long descriptor(long base, long limit, int access, int flags) {
    return (limit & 0xffff)
        | (base & 0xff_ffff) << 16
        | (long) access << 40
        | (limit >>> 16 & 0xf) << 48
        | (long) flags << 52
        | (base >>> 24 & 0xff) << 56;
  }

  private static final int DATA = 0x93; // present, DPL 0, writable, accessed
  private static final int EXPAND_DOWN = 0x97;
  private static final int CODE = 0x9b; // readable
  private static final int BIG = 4;
  private static final int GRANULAR = 8;

  /** First and last valid offset of a segment, from the manual's "Limit Checking". */
  @ParameterizedTest
  @CsvSource({
    "up, 0xff, 0, 0, 0xff",
    "up, 0x0, 4, 0, 0x0",
    "up, 0xfffff, 4, 0, 0xfffff",
    "up, 0x0, 12, 0, 0xfff",
    "up, 0x12, 12, 0, 0x12fff",
    "up, 0x7ffff, 8, 0, 0x7fffffff",
    "down, 0xff, 4, 0x100, 0xffffffff",
    "down, 0xff, 0, 0x100, 0xffff",
    "down, 0x0, 12, 0x1000, 0xffffffff",
    "down, 0x3, 8, 0x4000, 0xffff",
    "down, 0xe, 8, 0xf000, 0xffff",
    "down, 0xffffe, 12, 0xfffff000, 0xffffffff"
  })
  void limits(String direction, String limit, int flags, String first, String last)
      throws Exception {
    long from = Long.decode(first);
    long to = Long.decode(last);
    long base = 0xfff0_0010L;
    int access = direction.equals("up") ? DATA : EXPAND_DOWN;
    StringBuilder lines = new StringBuilder();
    lines.append(
        format(
            "desc gdt 16 0x%x%nload ds 0x80 cpl0%nexpect ok%n",
            descriptor(base, Long.decode(limit), access, flags)));
    for (int size : new int[] {1, 2, 4, 8}) {
      for (long offset :
          new long[] {
            from - 1,
            from,
            from + 1,
            to - size,
            to - size + 1,
            to - size + 2,
            to,
            to + 1,
            0x8000,
            0xffff_ffffL - 16
          }) {
        long end = offset + size - 1;
        if (offset < 0 || end > 0xffff_ffffL) {
          continue; // beyond the bound of 32 bits the manual leaves it open
        }
        boolean inside = offset >= from && end <= to;
        String outcome = inside ? format("linear 0x%x", (base + offset) & 0xffff_ffffL) : "gp 0x0";
        for (String kind : List.of("read", "write")) {
          lines.append(
              format(
                  "segaccess %s ds:0x%x size %d cpl0%nexpect %s%n", kind, offset, size, outcome));
        }
      }
    }
    assertHolds(1, segments(lines.toString()));
  }

  /** Segments without a byte, and one whose limit exceeds what 16 bits of offset reach. */
  @Test
  void anExpandDownSegmentWhoseLimitReachesItsBoundHasNoByte() throws Exception {
    String text =
        format(
            """
            desc gdt 16 0x%x
            desc gdt 17 0x%x
            desc gdt 18 0x%x
            load ds 0x80 cpl0
            expect ok
            load es 0x88 cpl0
            expect ok
            load ss 0x90 cpl0
            expect ok
            """,
            descriptor(0, 0xfffff, EXPAND_DOWN, BIG | GRANULAR),
            descriptor(0, 0xf, EXPAND_DOWN, GRANULAR),
            descriptor(0, 0xffff, EXPAND_DOWN, 0));
    StringBuilder lines = new StringBuilder(text);
    for (String offset : List.of("0x0", "0xffff", "0x10000", "0xfffffff0")) {
      lines.append(format("segaccess read ds:%s size 1 cpl0%nexpect gp 0x0%n", offset));
      lines.append(format("segaccess read es:%s size 1 cpl0%nexpect gp 0x0%n", offset));
      lines.append(format("segaccess read ss:%s size 1 cpl0%nexpect ss 0x0%n", offset));
    }
    assertHolds(1, segments(lines.toString()));
  }

  /**
   * Loads of DS and SS and jumps: the law for all types, privilege levels and presence, from the
   * manual's pseudocode of MOV and JMP.
   */
  @Test
  void loadsAndJumpsForEveryTypeAndPrivilege() throws Exception {
    StringBuilder text = new StringBuilder();
    int cases = 0;
    for (int type :
        new int[] {
          0, 2, 6, 7, 8, 10, 13, 14, 15, 16, 17, 18, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28, 29, 30,
          31
        }) {
      for (int rest = 0; rest < 128; rest++) {
        int dpl = rest & 3;
        int cpl = rest >> 2 & 3;
        int rpl = rest >> 4 & 3;
        boolean present = (rest & 64) != 0;
        boolean local = ((type ^ rest) & 1) != 0; // both tables have all of them
        int access = type | dpl << 5 | (present ? 0x80 : 0);
        long d = descriptor(0x1000, 0xffff, access, BIG);
        int selector = 16 << 3 | (local ? 4 : 0) | rpl;
        int code = selector & ~3;
        boolean isData = within(type, 23, 16);
        boolean isCode = type >= 24;
        boolean conforming = isCode && (type & 4) != 0;
        boolean readable = isData || (isCode && (type & 2) != 0);
        boolean writable = isData && (type & 2) != 0;

        boolean data = readable && (conforming || (rpl <= dpl && cpl <= dpl));
        boolean stack = writable && rpl == cpl && dpl == cpl;
        boolean jump = isCode && (conforming ? dpl <= cpl : dpl == cpl && rpl <= cpl);
        String gp = format("gp 0x%x", code);
        text.append(
            loading(
                d,
                local,
                format("load ds 0x%x cpl%d", selector, cpl),
                data ? present ? "ok" : format("np 0x%x", code) : gp));
        text.append(
            loading(
                d,
                local,
                format("load ss 0x%x cpl%d", selector, cpl),
                stack ? present ? "ok" : format("ss 0x%x", code) : gp));
        text.append(
            loading(
                d,
                local,
                format("farjmp 0x%x:0xffff cpl%d", selector, cpl),
                jump ? present ? "ok" : format("np 0x%x", code) : gp));
        text.append(
            loading(
                d,
                local,
                format("farjmp 0x%x:0x10000 cpl%d", selector, cpl),
                jump ? present ? "gp 0x0" : format("np 0x%x", code) : gp));
        cases += 4;
      }
    }
    assertHolds(cases, text.toString());
  }

  /** A case of one step; the accessed bit is set by success only. */
  private static String loading(long d, boolean local, String step, String outcome) {
    String table = local ? "ldt" : "gdt";
    long after = outcome.equals("ok") ? d | 1L << 40 : d;
    return segments(
        format(
            "desc %s 16 0x%x%n%s%nexpect %s%nafterdesc %s 16 0x%x%n",
            table, d, step, outcome, table, after));
  }

  @Test
  void whatTheTypeOfASegmentPermits() throws Exception {
    assertHolds(
        1,
        segments(
            format(
                """
                desc gdt 16 0x%x
                desc gdt 17 0x%x
                desc gdt 18 0x%x
                desc gdt 19 0x%x
                load ds 0x80 cpl0
                expect ok
                segaccess write ds:0x10 size 4 cpl0
                expect gp 0x0
                segaccess read ds:0x10 size 4 cpl0
                expect linear 0x1010
                load es 0x88 cpl0
                expect ok
                segaccess read es:0xfd size 4 cpl0
                expect gp 0x0
                segaccess read es:0xfc size 4 cpl0
                expect linear 0x20fc
                segaccess write es:0x0 size 1 cpl0
                expect gp 0x0
                farjmp 0x88:0x0 cpl0
                expect ok
                segaccess read cs:0x0 size 1 cpl0
                expect linear 0x2000
                segaccess write cs:0x0 size 1 cpl0
                expect gp 0x0
                segaccess fetch cs:0xff size 1 cpl0
                expect linear 0x20ff
                segaccess fetch cs:0xff size 2 cpl0
                expect gp 0x0
                farjmp 0x90:0x8 cpl0
                expect ok
                segaccess read cs:0x0 size 1 cpl0
                expect gp 0x0
                segaccess fetch cs:0x0 size 1 cpl0
                expect linear 0x3000
                load fs 0x90 cpl0
                expect gp 0x90
                load gs 0x98 cpl0
                expect np 0x98
                load gs 0x3 cpl3
                expect ok
                segaccess read gs:0x0 size 1 cpl3
                expect gp 0x0
                segaccess write gs:0x0 size 1 cpl3
                expect gp 0x0
                """,
                descriptor(0x1000, 0xff, 0x91, BIG),
                descriptor(0x2000, 0xff, CODE, BIG),
                descriptor(0x3000, 0xff, 0x98, BIG),
                descriptor(0x4000, 0xff, 0x13, BIG))));
  }

  @Test
  void selectorsBeyondTheirTableAndNullOnes() throws Exception {
    String d = format("0x%x", descriptor(0, 0xfff, DATA, BIG));
    String c = format("0x%x", descriptor(0, 0xfff, CODE, BIG));
    assertHolds(
        3,
        "case limits\nreg gdtr.limit 0x86\nreg ldtr.limit 0x87\n"
            + format("desc gdt 16 %s%ndesc ldt 16 %s%ndesc ldt 17 %s%n", d, d, d)
            + """
            load ds 0x80 cpl0
            expect gp 0x80
            load ds 0x83 cpl0
            expect gp 0x80
            load ds 0x84 cpl0
            expect ok
            load es 0x8c cpl0
            expect gp 0x8c
            load ss 0x80 cpl0
            expect gp 0x80
            farjmp 0x80:0x0 cpl0
            expect gp 0x80
            farjmp 0x8f:0x0 cpl3
            expect gp 0x8c
            load ds 0xffff cpl3
            expect gp 0xfffc
            end
            case nulls
            reg gdtr.limit 0xff
            reg ldtr.limit none
            """
            + format("desc gdt 16 %s%ndesc gdt 0 %s%n", d, c)
            + """
            load ds 0x0 cpl3
            expect ok
            load es 0x2 cpl0
            expect ok
            load ss 0x0 cpl0
            expect gp 0x0
            load ss 0x3 cpl3
            expect gp 0x0
            farjmp 0x3:0x0 cpl0
            expect gp 0x0
            load fs 0x4 cpl0
            expect gp 0x4
            load fs 0x87 cpl3
            expect gp 0x84
            farjmp 0x7:0x0 cpl3
            expect gp 0x4
            end
            case ldt-entry-0
            reg gdtr.limit 0xff
            reg ldtr.limit 0x7
            """
            + format("desc ldt 0 %s%n", d)
            + """
            load ds 0x4 cpl0
            expect ok
            segaccess read ds:0xfff size 1 cpl0
            expect linear 0xfff
            load es 0xc cpl0
            expect gp 0xc
            end
            """);
  }
}
