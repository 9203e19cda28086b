package io.lookaside.simulator.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;

/**
 * An ELF core of QEMU's dump-guest-memory: where physical memory stands in the file, and the
 * registers of each processor.
 *
 * <p>Layout: the ELF specification (headers, program headers, notes; the count in section header 0
 * where e_phnum overflows), and QEMU's note of type 0 and name QEMU, whose fields are listed in
 * docs/model/images.md. Both classes are read; QEMU writes class 64 for 32-bit guests too.
 */
final class ElfCore {
  private static final byte[] MAGIC = {0x7f, 'E', 'L', 'F'};
  private static final int CLASS_32 = 1;
  private static final int CLASS_64 = 2;
  private static final int LITTLE_ENDIAN = 1;
  private static final int TYPE_CORE = 4;
  private static final int MACHINE_386 = 3;
  private static final int MACHINE_X86_64 = 62;
  private static final int SEGMENT_LOAD = 1;
  private static final int SEGMENT_NOTE = 4;

  /** e_phnum where the count does not fit; then section header 0 has it. */
  private static final int COUNT_ELSEWHERE = 0xffff;

  /** Program headers that are read at once. */
  private static final int HEADERS_AT_ONCE = 1 << 10;

  /** More bytes of notes than thousands of processors need. */
  private static final long MAX_NOTE_BYTES = 1L << 26;

  private static final int NOTE_HEADER_BYTES = 12;
  private static final byte[] QEMU = {'Q', 'E', 'M', 'U', 0};

  // The QEMU note.
  private static final int NOTE_RIP = 136;
  private static final int NOTE_RFLAGS = 144;
  private static final int NOTE_CS = 152;
  private static final int NOTE_CR0 = 392;
  private static final int NOTE_CR2 = 408;
  private static final int NOTE_CR3 = 416;
  private static final int NOTE_CR4 = 424;
  private static final int NOTE_BYTES = 432; // to the end of CR4; the field after it came later

  private static final long ADDRESS_SPACE = 1L << 52;

  private final ImageFile file;
  private final PhysicalExtents.Builder extents = new PhysicalExtents.Builder();
  private final List<CpuState> cpus = new ArrayList<>();
  private boolean wide; // class 64
  private boolean longMode;

  private ElfCore(ImageFile file) {
    this.file = file;
  }

  /** Whether a file begins as an ELF file does. */
  static boolean isElf(ImageFile file) throws IOException {
    if (!file.contains(0, MAGIC.length)) {
      return false;
    }
    byte[] head = new byte[MAGIC.length];
    file.read(0, head, 0, head.length);
    return Arrays.equals(head, MAGIC);
  }

  /** Reads headers and notes. */
  static ElfCore read(ImageFile file) throws IOException {
    ElfCore core = new ElfCore(file);
    core.readHeaders();
    return core;
  }

  PhysicalExtents extents() {
    return extents.build();
  }

  List<CpuState> cpus() {
    return List.copyOf(cpus);
  }

  private void readHeaders() throws IOException {
    ByteBuffer ident = bytes("the ELF header", 0, 16);
    int elfClass = ident.get(4);
    if (elfClass != CLASS_32 && elfClass != CLASS_64) {
      throw file.flaw("byte 4: the ELF class is " + elfClass + "; expected 1 (32-bit) or 2");
    }
    if (ident.get(5) != LITTLE_ENDIAN) {
      throw file.flaw("byte 5: the ELF file is not little-endian, so it is of no x86 machine");
    }
    wide = elfClass == CLASS_64;
    ByteBuffer header = bytes("the ELF header", 0, wide ? 64 : 52);
    int type = header.getShort(16) & 0xffff;
    if (type != TYPE_CORE) {
      throw file.flaw(
          "byte 16: the ELF type is "
              + type
              + ", not 4 (core); make an image with QEMU's dump-guest-memory");
    }
    int machine = header.getShort(18) & 0xffff;
    if (machine != MACHINE_386 && machine != MACHINE_X86_64) {
      throw file.flaw("byte 18: the ELF machine is " + machine + ", not 3 or 62 (x86)");
    }
    longMode = machine == MACHINE_X86_64;
    long tableOffset = wide ? header.getLong(32) : header.getInt(28) & 0xffff_ffffL;
    int entryBytes = header.getShort(wide ? 54 : 42) & 0xffff;
    long count = header.getShort(wide ? 56 : 44) & 0xffff;
    int wanted = wide ? 56 : 32;
    if (count != 0 && entryBytes != wanted) {
      throw file.flaw(
          "the ELF header says " + entryBytes + " bytes a program header; expected " + wanted);
    }
    if (count == COUNT_ELSEWHERE) {
      long sections = wide ? header.getLong(40) : header.getInt(32) & 0xffff_ffffL;
      count = countInSectionHeader(sections);
    }
    if (!file.contains(tableOffset, count * wanted)) {
      throw file.flaw(
          count
              + " program headers of "
              + wanted
              + " bytes from byte "
              + Long.toUnsignedString(tableOffset)
              + " on lie outside the file of "
              + file.size()
              + " bytes; was it cut short?");
    }
    for (long done = 0; done < count; done += HEADERS_AT_ONCE) {
      int n = (int) Math.min(HEADERS_AT_ONCE, count - done);
      ByteBuffer headers = file.read(tableOffset + done * wanted, n * wanted);
      for (int i = 0; i < n; i++) {
        programHeader(headers, i * wanted, done + i, tableOffset + (done + i) * wanted);
      }
    }
  }

  private long countInSectionHeader(long sections) throws IOException {
    int bytes = wide ? 64 : 40;
    if (sections == 0) {
      throw file.flaw(
          "the ELF header says that section header 0 has the number of program headers,"
              + " and that there is no section header");
    }
    ByteBuffer section = bytes("section header 0", sections, bytes);
    return section.getInt(wide ? 44 : 28) & 0xffff_ffffL; // sh_info
  }

  private void programHeader(ByteBuffer headers, int at, long number, long position)
      throws IOException {
    int type = headers.getInt(at);
    if (type != SEGMENT_LOAD && type != SEGMENT_NOTE) {
      return;
    }
    long offset = wide ? headers.getLong(at + 8) : headers.getInt(at + 4) & 0xffff_ffffL;
    long address = wide ? headers.getLong(at + 24) : headers.getInt(at + 12) & 0xffff_ffffL;
    long bytes = wide ? headers.getLong(at + 32) : headers.getInt(at + 16) & 0xffff_ffffL;
    if (bytes == 0) {
      return; // memory that was not dumped
    }
    String what = "program header " + number + " (at byte " + position + ")";
    if (!file.contains(offset, bytes)) {
      throw file.flaw(
          what
              + ": its "
              + Long.toUnsignedString(bytes)
              + " bytes from byte "
              + Long.toUnsignedString(offset)
              + " on lie outside the file of "
              + file.size()
              + " bytes; was it cut short?");
    }
    if (type == SEGMENT_NOTE) {
      notes(offset, bytes, what);
      return;
    }
    if (address < 0 || address > ADDRESS_SPACE - bytes) {
      throw file.flaw(
          what
              + String.format(Locale.ROOT, ": physical address 0x%x", address)
              + " is beyond 2^52, the most that x86 has");
    }
    extents.add(address, bytes, offset);
  }

  private void notes(long offset, long bytes, String what) throws IOException {
    if (bytes > MAX_NOTE_BYTES) {
      throw file.flaw(what + ": " + bytes + " bytes of notes; expected 64 MiB at most");
    }
    ByteBuffer notes = file.read(offset, (int) bytes);
    int at = 0;
    for (int number = 0; at < bytes; number++) {
      String note = "note " + number + " (at byte " + (offset + at) + ")";
      if (bytes - at < NOTE_HEADER_BYTES) {
        throw file.flaw(note + ": " + (bytes - at) + " bytes are left; a header has 12");
      }
      long nameBytes = notes.getInt(at) & 0xffff_ffffL;
      long dataBytes = notes.getInt(at + 4) & 0xffff_ffffL;
      int type = notes.getInt(at + 8);
      long data = at + NOTE_HEADER_BYTES + padded(nameBytes);
      if (data + dataBytes > bytes) {
        throw file.flaw(
            note
                + ": a name of "
                + nameBytes
                + " and data of "
                + dataBytes
                + " bytes go beyond the segment's "
                + bytes);
      }
      byte[] name = new byte[(int) Math.min(nameBytes, QEMU.length)];
      notes.get(at + NOTE_HEADER_BYTES, name);
      if (type == 0 && Arrays.equals(name, QEMU)) {
        if (dataBytes < NOTE_BYTES) {
          throw file.flaw(
              note
                  + ": QEMU's note has "
                  + dataBytes
                  + " bytes; to the end of CR4 it takes "
                  + NOTE_BYTES);
        }
        cpus.add(cpu(notes, (int) data));
      }
      at = (int) Math.min(data + padded(dataBytes), bytes);
    }
  }

  /** Names and data of notes end at a multiple of four bytes. */
  private static long padded(long bytes) {
    return (bytes + 3) & ~3L;
  }

  private CpuState cpu(ByteBuffer notes, int at) {
    return new CpuState(
        notes.getLong(at + NOTE_RIP),
        notes.getLong(at + NOTE_RFLAGS),
        notes.getInt(at + NOTE_CS) & 0xffff,
        notes.getLong(at + NOTE_CR0),
        notes.getLong(at + NOTE_CR2),
        notes.getLong(at + NOTE_CR3),
        notes.getLong(at + NOTE_CR4),
        longMode);
  }

  private ByteBuffer bytes(String what, long position, int length) throws IOException {
    if (!file.contains(position, length)) {
      throw file.flaw(
          what
              + " takes "
              + length
              + " bytes from byte "
              + Long.toUnsignedString(position)
              + " on, and the file has "
              + file.size()
              + "; was it cut short?");
    }
    return file.read(position, length);
  }
}
