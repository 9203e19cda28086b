package io.lookaside.simulator.image;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pat;
import io.lookaside.mmu.format.Pdpte;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.WalkerConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Objects;

/** One walk, level by level, as text for people who learn how it goes. */
public final class WalkText {
  private final ImagePaging paging;
  private final ImageMemory memory;
  private final PagingFormat format;
  private final long va;
  private final StringBuilder out = new StringBuilder();
  private int step;

  // The last entry that was read.
  private int lastLevel = -1;
  private long lastAddress = -1;
  private long lastEntry;
  private long rights;

  private WalkText(ImagePaging paging, ImageMemory memory, long va) {
    this.paging = paging;
    this.memory = memory;
    this.format = paging.context().format();
    this.va = va;
  }

  /** The walk for an address, lines ending in a newline. */
  public static String of(ImagePaging paging, ImageMemory memory, long va) {
    WalkText text = new WalkText(paging, memory, va);
    text.write();
    return text.out.toString();
  }

  private void write() {
    PagingMode mode = paging.mode();
    line("%s, %s, CR3 = 0x%x", hex(va), mode.description(), paging.registers().cr3());
    if (!mode.isLinear(va)) {
      line("");
      line(
          "No walk: %s. An access is a general-protection fault (stack: a stack fault).",
          mode.isLongMode()
              ? "the address is not canonical, bits 63:"
                  + (mode.linearAddressBits() - 1)
                  + " are not all equal"
              : "the address is 4 GiB or above, and linear addresses have 32 bits");
      return;
    }
    split();
    line("");
    if (mode == PagingMode.PAE) {
      pdpte();
    } else {
      line("CR3 points to the first table, at 0x%x.", Pte.tableAddress(paging.context().root(va)));
    }
    HardwarePageWalker walker =
        new HardwarePageWalker(WalkerConfig.READ_ONLY, memory, 0, new Steps());
    long t = walker.walk(va, AccessKind.LOAD.ordinal(), paging.context(), PageWalker.Cause.MISS);
    line("");
    end(t);
  }

  /** How the address is cut into indices. */
  private void split() {
    List<String> parts = new ArrayList<>();
    if (paging.mode() == PagingMode.PAE) {
      parts.add("PDPTE " + (va >>> Pdpte.SHIFT & 3) + " (bits 31:30)");
    }
    for (int number = format.top(); number >= 0; number--) {
      PagingLevel level = format.level(number);
      int high = level.shift() + Integer.bitCount(level.indexMask()) - 1;
      parts.add(
          level.name()
              + " "
              + (va >>> level.shift() & level.indexMask())
              + " (bits "
              + high
              + ":"
              + level.shift()
              + ")");
    }
    parts.add(String.format(Locale.ROOT, "offset 0x%x (bits 11:0)", va & 0xfff));
    line("  the address selects %s", String.join(", ", parts));
  }

  private void pdpte() {
    long table = Cr3.pdpteAddress(paging.registers().cr3());
    long index = va >>> Pdpte.SHIFT & (Pdpte.COUNT - 1);
    long address = table + index * Long.BYTES;
    if (paging.pdptesMissing()) {
      line("CR3 points to four PDPTEs at 0x%x, a page that the image does not hold.", table);
      return;
    }
    long pdpte = memory.read(address);
    line("CR3 points to four PDPTEs at 0x%x; loading CR3 puts them into registers.", table);
    line(
        "   PDPTE %d at 0x%x is 0x%016x: %s",
        index,
        address,
        pdpte,
        Pte.isPresent(pdpte)
            ? String.format(Locale.ROOT, "next table at 0x%x", Pte.tableAddress(pdpte))
            : "P = 0, there is no table");
  }

  private final class Steps implements WalkObserver {
    @Override
    public void onStart(long address, int level, long pointer) {
      rights = pointer;
    }

    @Override
    public void onEntry(int number, long address, long entry) {
      PagingLevel level = format.level(number);
      lastLevel = number;
      lastAddress = address;
      lastEntry = entry;
      step++;
      if (!memory.holds(address)) {
        line("%d. %s at 0x%x: the image does not hold this page.", step, level.name(), address);
        return;
      }
      int digits = 2 << level.entryShift();
      line("%d. %s at 0x%x is 0x%0" + digits + "x", step, level.name(), address, entry);
      line("      %s", bits(level, entry));
      if (!Pte.isPresent(entry) || (entry & level.reserved(entry)) != 0) {
        return;
      }
      rights =
          (rights & entry & (Pte.WRITABLE | Pte.USER)) | ((rights | entry) & Pte.EXECUTE_DISABLE);
      if (level.isLeaf(entry)) {
        PageSize size = Objects.requireNonNull(level.leafSize());
        line("      maps a page of %s at 0x%x", words(size), Pte.frameAddress(entry, size));
      } else {
        line("      points to the next table, at 0x%x", Pte.tableAddress(entry));
      }
      line("      rights so far: %s", rightsWords(rights));
    }

    @Override
    public void onEnd(long outcome) {}
  }

  private void end(long t) {
    if (Translation.isValid(t)) {
      PageSize size = Objects.requireNonNull(format.level(lastLevel).leafSize());
      line(
          "%s is at physical 0x%x: frame 0x%x and offset 0x%x in a page of %s.",
          hex(va),
          Translation.physicalAddress(t, va),
          Pte.frameAddress(lastEntry, size),
          va & size.offsetMask(),
          words(size));
      line("Allowed: %s.", allowed());
      int pat = Translation.patIndex(t);
      line(
          "Memory type: PAT = %d, PCD = %d, PWT = %d, entry %d of IA32_PAT: %s after a reset, %s as"
              + " Linux sets it; MTRRs may lower it.",
          pat >>> 2,
          pat >>> 1 & 1,
          pat & 1,
          pat,
          Pat.memoryType(Pat.RESET, pat),
          Pat.memoryType(Pat.LINUX, pat));
      line("(%s)", Mapping.flags(lastEntry, size) + " " + Mapping.effective(rights));
      return;
    }
    if (lastLevel < 0) {
      line(
          paging.pdptesMissing()
              ? "Missing: the walk cannot begin."
              : "Unmapped: the PDPTE register says that there is no table. A page fault, P = 0.");
      return;
    }
    PagingLevel level = format.level(lastLevel);
    if (!memory.holds(lastAddress)) {
      line(
          "Missing: the walk ends at the %s, whose page is not in the image. What the machine"
              + " would find there is unknown.",
          level.name());
    } else if (!Pte.isPresent(lastEntry)) {
      line(
          "Unmapped: the walk ends at the %s, whose P is clear. A page fault with P = 0 in its"
              + " error code.",
          level.name());
      if (lastEntry != 0) {
        line("The other bits belong to the operating system (a swap slot, or PROT_NONE).");
      }
    } else {
      line(
          "Unmapped: the walk ends at the %s, in which reserved bits are set (0x%x). A page fault"
              + " with P = 1 and RSVD = 1 in its error code.",
          level.name(), lastEntry & level.reserved(lastEntry));
    }
  }

  private String bits(PagingLevel level, long entry) {
    if (!Pte.isPresent(entry)) {
      return "P = 0: not present; no other bit counts";
    }
    boolean leaf = level.isLeaf(entry);
    List<String> words = new ArrayList<>();
    words.add("present");
    words.add((entry & Pte.WRITABLE) != 0 ? "R/W = 1 writable" : "R/W = 0 read-only");
    words.add((entry & Pte.USER) != 0 ? "U/S = 1 user" : "U/S = 0 supervisor");
    words.add(Pte.isAccessed(entry) ? "A = 1 was used" : "A = 0 not used yet");
    if (leaf) {
      words.add(Pte.isDirty(entry) ? "D = 1 was written" : "D = 0 not written yet");
    }
    addIf(words, leaf && level.leafSize() != PageSize.SIZE_4K, "PS = 1 maps a page itself");
    addIf(words, leaf && (entry & Pte.GLOBAL) != 0, "G = 1 global");
    addIf(words, (entry & Pte.WRITE_THROUGH) != 0, "PWT = 1");
    addIf(words, (entry & Pte.CACHE_DISABLE) != 0, "PCD = 1");
    PageSize size = level.leafSize();
    addIf(words, leaf && size != null && Pte.pat(entry, size), "PAT = 1");
    addIf(words, (entry & Pte.EXECUTE_DISABLE) != 0, "XD = 1 no fetches");
    long key = entry >>> Pte.KEY_SHIFT & 0xf;
    addIf(words, leaf && paging.mode().isLongMode() && key != 0, "protection key " + key);
    long reserved = entry & level.reserved(entry);
    addIf(words, reserved != 0, String.format(Locale.ROOT, "RESERVED bits 0x%x are set", reserved));
    return String.join(", ", words);
  }

  private static void addIf(List<String> words, boolean condition, String word) {
    if (condition) {
      words.add(word);
    }
  }

  private static String rightsWords(long rights) {
    return ((rights & Pte.USER) != 0 ? "user and supervisor" : "supervisor only")
        + ", "
        + ((rights & Pte.WRITABLE) != 0 ? "read and write" : "read only")
        + ", "
        + ((rights & Pte.EXECUTE_DISABLE) != 0 ? "no fetches" : "fetches");
  }

  private String allowed() {
    boolean user = (rights & Pte.USER) != 0;
    String reads = "reads";
    String writes = (rights & Pte.WRITABLE) != 0 ? ", writes" : "";
    String fetches = (rights & Pte.EXECUTE_DISABLE) != 0 ? "" : ", instruction fetches";
    String who = user ? " of user mode, and of the kernel" : " of the kernel, none of user mode";
    String kernel = user ? " as far as SMAP and SMEP let it" : "";
    return reads + writes + fetches + who + kernel;
  }

  private static String words(PageSize size) {
    return switch (size) {
      case SIZE_4K -> "4 KiB";
      case SIZE_2M -> "2 MiB";
      case SIZE_4M -> "4 MiB";
      case SIZE_1G -> "1 GiB";
    };
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }

  private void line(String text, Object... arguments) {
    out.append(String.format(Locale.ROOT, text, arguments)).append('\n');
  }
}
