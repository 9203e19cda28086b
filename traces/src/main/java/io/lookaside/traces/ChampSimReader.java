package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.format.VirtualAddress;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads ChampSim's records, one for each instruction: a fetch of it, then a load from each source
 * address and a store to each destination address, where zero means none. The format carries no
 * sizes, so all are 1.
 */
final class ChampSimReader implements TraceCursor {
  /** Where the fields of a record are, in bytes from its beginning. */
  enum Layout {
    /** The usual one: two destinations, four sources. */
    CHAMPSIM("champsim", 64, 16, 32, 64, -1),
    /** That of the CloudSuite traces: four destinations, four sources, an address space. */
    CLOUDSUITE("champsim-cloudsuite", 96, 24, 56, 88, 88);

    private final String format;
    private final int recordBytes;
    private final int destinations;
    private final int sources;
    private final int sourcesEnd;
    private final int addressSpace;

    Layout(
        String format,
        int recordBytes,
        int destinations,
        int sources,
        int sourcesEnd,
        int addressSpace) {
      this.format = format;
      this.recordBytes = recordBytes;
      this.destinations = destinations;
      this.sources = sources;
      this.sourcesEnd = sourcesEnd;
      this.addressSpace = addressSpace;
    }

    /** The references that the largest record makes. */
    private int mostReferences() {
      return 1 + (sourcesEnd - destinations) / Long.BYTES;
    }
  }

  /** Where the flags "is a branch" and "was taken" are, and the bits that are clear in them. */
  private static final int FLAGS = 8;

  /** Of a record of ChampSim: two registers written and four read, in the order of the batch. */
  private static final int REGISTERS = 10;

  private static final int NO_FLAG_BITS = 0xfefe;
  private static final int TAKEN = 0x0100;

  private static final int BLOCK_RECORDS = 512;
  private static final int LONGEST_INSTRUCTION = 15;
  private static final int LOAD = ReferenceBatch.descriptor(AccessKind.LOAD.ordinal(), 1);
  private static final int STORE = ReferenceBatch.descriptor(AccessKind.STORE.ordinal(), 1);
  private static final int FETCH = ReferenceBatch.descriptor(AccessKind.FETCH.ordinal(), 1);
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private final Layout layout;
  private final RecordBlocks blocks;
  private int position;
  private @Nullable IOException flaw;

  ChampSimReader(InputStream in, String name, Layout layout) {
    this.layout = layout;
    this.blocks = new RecordBlocks(in, name, layout.format, layout.recordBytes, BLOCK_RECORDS);
  }

  /**
   * Whether this looks like records of a layout. Nothing in the format says so; therefore each
   * record must have flags of 0 or 1, none taken without being a branch, an instruction address
   * that is canonical and not zero, and canonical operands. Words that could as well be flat64 must
   * moreover go on like a program: one instruction in four or more begins where another of at most
   * 15 bytes before it can have ended.
   */
  static boolean matches(byte[] head, int length, Layout layout) {
    int records = length / layout.recordBytes;
    int following = 0;
    long last = 0;
    for (int i = 0; i < records; i++) {
      int p = i * layout.recordBytes;
      long ip = (long) LONG.get(head, p);
      int flags = (short) SHORT.get(head, p + FLAGS) & 0xffff;
      if ((flags & NO_FLAG_BITS) != 0
          || flags == TAKEN
          || ip == 0
          || !VirtualAddress.isCanonical(ip)) {
        return false;
      }
      for (int at = layout.destinations; at < layout.sourcesEnd; at += Long.BYTES) {
        if (!VirtualAddress.isCanonical((long) LONG.get(head, p + at))) {
          return false;
        }
      }
      if (i > 0 && ip - last > 0 && ip - last <= LONGEST_INSTRUCTION) {
        following++;
      }
      last = ip;
    }
    boolean goesOn = records > 1 && following * 4 >= records - 1;
    return records > 0 && (goesOn || !Flat64Reader.matches(head, length));
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    try {
      int room = ReferenceBatch.CAPACITY - layout.mostReferences();
      boolean more = true;
      while (more && batch.count() <= room) {
        if (position == blocks.limit()) {
          position = 0;
          if (!blocks.refill()) {
            break;
          }
        }
        more = decode(batch, room);
      }
    } catch (IOException e) {
      flaw = e;
      if (batch.count() == 0) {
        throw e;
      }
    }
    return batch.count();
  }

  @Override
  public void close() throws IOException {
    blocks.close();
  }

  /** Decodes records of the block; {@code false} where the next one has another address space. */
  private boolean decode(ReferenceBatch batch, int room) throws TraceException {
    byte[] bytes = blocks.bytes();
    int limit = blocks.limit();
    int recordBytes = layout.recordBytes;
    int destinations = layout.destinations;
    int sources = layout.sources;
    int sourcesEnd = layout.sourcesEnd;
    int addressSpace = layout.addressSpace;
    long[] instructions = batch.roomForInstructionAddresses();
    long[] registers = batch.roomForRegisters();
    int p = position;
    int n = batch.count();
    try {
      while (p < limit && n <= room) {
        if (addressSpace >= 0) {
          long asid = (short) SHORT.get(bytes, p + addressSpace) & 0xffff;
          if (n > 0 && asid != batch.addressSpaceId()) {
            return false;
          }
          batch.setOrigin(asid, 0);
        }
        int flags = (short) SHORT.get(bytes, p + FLAGS) & 0xffff;
        if ((flags & NO_FLAG_BITS) != 0) {
          throw notARecord(p, flags);
        }
        long ip = (long) LONG.get(bytes, p);
        batch.set(n, ip, FETCH);
        // The six bytes of registers end with the word that begins with the flags.
        registers[n] = (long) LONG.get(bytes, p + FLAGS) >>> ((REGISTERS - FLAGS) * Byte.SIZE);
        instructions[n++] = ip;
        for (int at = p + sources; at < p + sourcesEnd; at += Long.BYTES) {
          long address = (long) LONG.get(bytes, at);
          if (address != 0) {
            batch.set(n, address, LOAD);
            instructions[n++] = ip;
          }
        }
        for (int at = p + destinations; at < p + sources; at += Long.BYTES) {
          long address = (long) LONG.get(bytes, at);
          if (address != 0) {
            batch.set(n, address, STORE);
            instructions[n++] = ip;
          }
        }
        p += recordBytes;
      }
    } finally {
      position = p;
      batch.setCount(n);
      batch.setInstructionAddressesKnown();
      if (layout == Layout.CHAMPSIM) {
        batch.setRegistersKnown();
      }
    }
    return true;
  }

  private TraceException notARecord(int p, int flags) {
    Layout other = layout == Layout.CHAMPSIM ? Layout.CLOUDSUITE : Layout.CHAMPSIM;
    return new TraceException(
        blocks.at(p)
            + ": expected 0 or 1 for 'is a branch' and 'was taken' but got "
            + (flags & 0xff)
            + " and "
            + (flags >>> 8)
            + ", so this is no "
            + layout.format
            + " trace; if its records have "
            + other.recordBytes
            + " bytes, say --format "
            + other.format);
  }
}
