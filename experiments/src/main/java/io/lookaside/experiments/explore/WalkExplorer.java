package io.lookaside.experiments.explore;

import io.lookaside.experiments.page.Html;
import io.lookaside.experiments.page.HtmlPage;
import io.lookaside.experiments.page.Resources;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingLevel;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Efer;
import io.lookaside.mmu.format.Pdpte;
import io.lookaside.mmu.format.Pte;
import io.lookaside.os.AddressRange;
import io.lookaside.simulator.image.ImageMemory;
import io.lookaside.simulator.image.ImagePaging;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Base64;
import java.util.List;
import java.util.Objects;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A page that holds the bytes of an address space's tables and walks them, level by level, for any
 * address that one types or chooses.
 */
public final class WalkExplorer {
  /** Pages of tables that a page of HTML holds: a megabyte of tables is 1.4 of text. */
  public static final int MAX_TABLES = 2048;

  private static final int PAGE = 4096;

  private WalkExplorer() {}

  /** There are more tables than a page should hold; the message says what to do. */
  public static final class TooManyTablesException extends Exception {
    private static final long serialVersionUID = 1;

    TooManyTablesException(String message) {
      super(message);
    }
  }

  /**
   * The page of an address space.
   *
   * @param name what to call the image
   * @param ranges the addresses whose tables it holds; all if there are none
   * @throws TooManyTablesException if there are more than {@link #MAX_TABLES}
   */
  public static String html(
      String name, ImagePaging paging, ImageMemory memory, List<AddressRange> ranges)
      throws TooManyTablesException {
    ControlRegisters registers = paging.registers();
    PagingFormat format = PagingFormat.of(registers, CpuFeatures.ALL);
    TableCollector tables = new TableCollector(format, memory, memory::holds, ranges, MAX_TABLES);
    ObjectNode data = JsonNodeFactory.instance.objectNode();
    data.put("name", name);
    data.put("mode", modeWords(registers.mode()));
    data.put("longMode", registers.mode().isLongMode());
    data.put("complete", ranges.isEmpty());
    registers(data.putObject("registers"), registers, paging.recordedRegisters());
    levels(data.putArray("levels"), format);
    if (registers.mode() == PagingMode.PAE) {
      pdptes(data, registers, memory, tables);
    } else {
      long root =
          registers.mode() == PagingMode.BITS_32
              ? Cr3.pageDirectoryAddress(registers.cr3())
              : Cr3.tableAddress(registers.cr3());
      data.put("root", hex(root));
      tables.visit(root, 0);
    }
    if (tables.full()) {
      throw new TooManyTablesException(
          name
              + ": the address space has more than "
              + MAX_TABLES
              + " pages of tables, too many for a page of HTML; choose some with --range"
              + " FIRST-LAST, as in --range 0x400000-0x7fffff");
    }
    ObjectNode pages = data.putObject("pages");
    for (long page : tables.pages()) {
      ByteBuffer bytes = ByteBuffer.allocate(PAGE).order(ByteOrder.LITTLE_ENDIAN);
      for (int i = 0; i < PAGE; i += Long.BYTES) {
        bytes.putLong(memory.read(page + i));
      }
      pages.put(hex(page), Base64.getEncoder().encodeToString(bytes.array()));
    }
    ArrayNode runs = data.putArray("runs");
    for (TableCollector.Run run : tables.runs()) {
      ObjectNode entry = runs.addObject();
      entry.put("first", hex(run.first()));
      entry.put("last", hex(run.last()));
      entry.put("pageSize", run.pageSize());
      entry.put("rights", run.rights());
    }
    data.put("runsLeftOut", tables.runsLeftOut());
    String body =
        Resources.text(WalkExplorer.class, "explore.html")
            .replace("@NAME@", Html.escape(name))
            .replace("@MODE@", modeWords(registers.mode()))
            .replace("@DATA@", Html.json(data));
    return HtmlPage.of(
        "Page walks: " + name,
        Resources.pageStyle() + Resources.text(WalkExplorer.class, "explore.css"),
        List.of(Resources.pageScript(), Resources.text(WalkExplorer.class, "explore.js")),
        body);
  }

  private static void registers(
      ObjectNode node, ControlRegisters registers, ControlRegisters recorded) {
    node.put("cr3", hex(registers.cr3()));
    node.put("wp", (registers.cr0() & Cr0.WRITE_PROTECT) != 0);
    node.put("smep", (registers.cr4() & Cr4.SMEP) != 0);
    node.put("smap", (recorded.cr4() & Cr4.SMAP) != 0);
    node.put("nxe", (registers.efer() & Efer.NO_EXECUTE_ENABLE) != 0);
  }

  /** The levels from the top down, with what the walker itself goes by. */
  private static void levels(ArrayNode node, PagingFormat format) {
    for (int number = format.top(); number >= 0; number--) {
      PagingLevel level = format.level(number);
      long large = Pte.PRESENT | Pte.PAGE_SIZE;
      ObjectNode entry = node.addObject();
      entry.put("name", level.name());
      entry.put("shift", level.shift());
      entry.put("entries", level.entries());
      entry.put("entryBytes", 1 << level.entryShift());
      entry.put("last", number == 0);
      boolean leaf = number == 0 || level.isLeaf(large);
      entry.put("canMap", leaf);
      entry.put("pageSize", leaf ? Objects.requireNonNull(level.leafSize()).label() : null);
      entry.put("reserved", hex(level.reserved(Pte.PRESENT) & level.entryMask()));
      entry.put("reservedLarge", hex(level.reserved(large) & level.entryMask()));
    }
  }

  private static void pdptes(
      ObjectNode data, ControlRegisters registers, ImageMemory memory, TableCollector tables) {
    long table = Cr3.pdpteAddress(registers.cr3());
    data.put("root", hex(table));
    data.put("pdptesHeld", memory.holds(table));
    ArrayNode values = data.putArray("pdptes");
    for (int i = 0; i < Pdpte.COUNT; i++) {
      long pdpte = memory.read(table + (long) i * Long.BYTES);
      values.add(hex(pdpte));
      if (memory.holds(table) && Pte.isPresent(pdpte)) {
        tables.visit(Pte.tableAddress(pdpte), (long) i << Pdpte.SHIFT);
      }
    }
  }

  private static String modeWords(PagingMode mode) {
    return switch (mode) {
      case NONE -> "no paging";
      case BITS_32 -> "32-bit paging";
      case PAE -> "PAE paging";
      case FOUR_LEVEL -> "4-level paging";
      case FIVE_LEVEL -> "5-level paging";
    };
  }

  private static String hex(long value) {
    return "0x" + Long.toHexString(value);
  }
}
