package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.IOException;
import java.io.InputStream;
import org.jspecify.annotations.Nullable;

/**
 * Reads gem5's packet traces: four bytes of magic, then protobuf messages, each after its length:
 * one header, and packets. A read request is a load, or a fetch if its flags say so; a write
 * request is a store; all other packets are passed over and counted.
 *
 * <p>The messages are read here and not by the protobuf library: one flat message of seven numbers
 * needs neither generated classes nor an object for each reference. Wire format: protobuf.dev,
 * "Encoding". Numbers of the fields: gem5's packet.proto.
 */
final class Gem5Reader implements TraceCursor {
  private static final byte[] MAGIC = {'g', 'e', 'm', '5'};

  /** A packet has less than 80 bytes; what is far longer is none. */
  private static final int MAX_PACKET_BYTES = 1 << 14;

  private static final int MAX_VARINT_BYTES = 10;
  private static final int BUFFER_BYTES = 1 << 16;

  private static final int WIRE_VARINT = 0;
  private static final int WIRE_64_BITS = 1;
  private static final int WIRE_BYTES = 2;
  private static final int WIRE_32_BITS = 5;

  private static final int FIELD_COMMAND = 2;
  private static final int FIELD_ADDRESS = 3;
  private static final int FIELD_SIZE = 4;
  private static final int FIELD_FLAGS = 5;
  private static final int FIELD_PC = 7;

  private static final long READ_REQUEST = 1;
  private static final long WRITE_REQUEST = 4;

  /** The flag of gem5's requests for instruction fetches. */
  private static final long FLAG_FETCH = 0x100;

  private static final int LOAD = AccessKind.LOAD.ordinal();
  private static final int STORE = AccessKind.STORE.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();

  private final InputStream in;
  private final String name;
  private final byte[] buffer = new byte[BUFFER_BYTES];
  private int position;
  private int end;

  /** Where the fields of a packet are read. */
  private int cursor;

  private boolean endOfFile;

  /** What reading met, told after the packets before it. */
  private @Nullable IOException failure;

  /** Stream offset of {@code buffer[0]}. */
  private long bufferOffset;

  private boolean begun;
  private long packets;
  private long otherPackets;
  private long references;
  private @Nullable IOException flaw;

  /** The reference of the packet read last; {@link #isNext} if the next batch begins with it. */
  private long nextAddress;

  private int nextDescriptor;
  private long nextPc;
  private boolean nextPcKnown;
  private boolean isNext;

  Gem5Reader(InputStream in, String name) {
    this.in = in;
    this.name = name;
  }

  static boolean matches(byte[] head, int length) {
    if (length < MAGIC.length) {
      return false;
    }
    for (int i = 0; i < MAGIC.length; i++) {
      if (head[i] != MAGIC[i]) {
        return false;
      }
    }
    return true;
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    try {
      if (!begun) {
        readHeader();
        begun = true;
      }
      if (isNext) {
        addNext(batch);
      }
      boolean more = true;
      while (more && batch.count() < ReferenceBatch.CAPACITY && want(1)) {
        more = readPacket(batch);
      }
      references += batch.count();
      if (references == 0) {
        throw new TraceException(
            name
                + ": no read or write request among "
                + packets
                + " packets; was the trace recorded at a port that sees requests?");
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
  public long ignoredLines() {
    return otherPackets;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }

  private void readHeader() throws IOException {
    want(MAGIC.length);
    if (!matches(buffer, end)) {
      throw new TraceException(
          name
              + ": record 1 at byte offset 0: expected the four bytes 'gem5', so this is no packet"
              + " trace of gem5; name the format with --format");
    }
    position = MAGIC.length;
    long offset = bufferOffset + position;
    long length = readLength("the header", offset);
    // It names all ports of the simulated system, so it may be long; none of it is needed.
    while (length != 0) {
      if (!want(1)) {
        throw cut("the header", offset, length);
      }
      int have = end - position;
      int some = Long.compareUnsigned(length, have) < 0 ? (int) length : have;
      position += some;
      length -= some;
    }
  }

  /** Reads one packet; {@code false} if its reference must begin another batch. */
  private boolean readPacket(ReferenceBatch batch) throws IOException {
    long offset = bufferOffset + position;
    long length = buffer[position];
    if (length >= 0) {
      position++; // as it is for nearly all
    } else {
      length = readLength("record " + (packets + 1), offset);
    }
    if (Long.compareUnsigned(length, MAX_PACKET_BYTES) > 0) {
      throw flawed(
          offset,
          "declares "
              + Long.toUnsignedString(length)
              + " bytes, and no packet has more than "
              + MAX_PACKET_BYTES);
    }
    int bytes = (int) length;
    if (!want(bytes)) {
      throw cut("record " + (packets + 1), offset, length - (end - position));
    }
    cursor = position;
    int stop = position + bytes;
    long command = 0;
    long address = 0;
    long size = 0;
    long flags = 0;
    long pc = 0;
    boolean addressKnown = false;
    boolean pcKnown = false;
    while (cursor < stop) {
      long tag = varint(stop, offset);
      long value = value((int) tag & 7, stop, offset);
      if (tag >>> 3 == FIELD_COMMAND) {
        command = value;
      } else if (tag >>> 3 == FIELD_ADDRESS) {
        address = value;
        addressKnown = true;
      } else if (tag >>> 3 == FIELD_SIZE) {
        size = value;
      } else if (tag >>> 3 == FIELD_FLAGS) {
        flags = value;
      } else if (tag >>> 3 == FIELD_PC) {
        pc = value;
        pcKnown = true;
      }
    }
    if (command != READ_REQUEST && command != WRITE_REQUEST) {
      position = stop;
      packets++;
      otherPackets++;
      return true;
    }
    if (!addressKnown) {
      throw flawed(offset, "is a request without an address");
    }
    if (Long.compareUnsigned(size, ReferenceBatch.MAX_SIZE) > 0) {
      throw flawed(
          offset,
          "is of "
              + Long.toUnsignedString(size)
              + " bytes; a reference has at most "
              + ReferenceBatch.MAX_SIZE);
    }
    int read = (flags & FLAG_FETCH) != 0 ? FETCH : LOAD;
    int kind = command == WRITE_REQUEST ? STORE : read;
    nextAddress = address;
    nextDescriptor = ReferenceBatch.descriptor(kind, Math.max((int) size, 1));
    nextPc = pc;
    nextPcKnown = pcKnown;
    position = stop;
    packets++;
    isNext = batch.count() > 0 && pcKnown != batch.hasInstructionAddresses();
    if (!isNext) {
      addNext(batch);
    }
    return !isNext;
  }

  private void addNext(ReferenceBatch batch) {
    isNext = false;
    if (nextPcKnown) {
      batch.add(nextAddress, nextDescriptor, nextPc);
    } else {
      batch.add(nextAddress, nextDescriptor);
    }
  }

  /** Reads the length of a message, which stands before it. */
  private long readLength(String what, long offset) throws IOException {
    want(MAX_VARINT_BYTES);
    long length = 0;
    for (int i = 0; i < MAX_VARINT_BYTES; i++) {
      if (position == end) {
        throw cut(what, offset, 1); // at least
      }
      byte b = buffer[position++];
      length |= (b & 0x7fL) << (7 * i);
      if (b >= 0) {
        return length;
      }
    }
    throw flawed(offset, "begins with a length of more than " + MAX_VARINT_BYTES + " bytes");
  }

  /** The number at the cursor, which moves on. */
  private long varint(int stop, long offset) throws TraceException {
    long value = 0;
    for (int shift = 0; cursor < stop && shift < 7 * MAX_VARINT_BYTES; shift += 7) {
      byte b = buffer[cursor++];
      value |= (b & 0x7fL) << shift;
      if (b >= 0) {
        return value;
      }
    }
    throw flawed(offset, "has a number that does not end where the packet does");
  }

  /** The value of a field at the cursor, which moves on; 0 for what is no number. */
  private long value(int wireType, int stop, long offset) throws TraceException {
    switch (wireType) {
      case WIRE_VARINT -> {
        return varint(stop, offset);
      }
      case WIRE_64_BITS -> {
        return fixed(Long.BYTES, stop, offset);
      }
      case WIRE_32_BITS -> {
        return fixed(Integer.BYTES, stop, offset);
      }
      case WIRE_BYTES -> {
        long length = varint(stop, offset);
        if (Long.compareUnsigned(length, stop - cursor) > 0) {
          throw flawed(
              offset,
              "has a field of "
                  + Long.toUnsignedString(length)
                  + " bytes, of which "
                  + (stop - cursor)
                  + " are left in the packet");
        }
        cursor += (int) length;
        return 0;
      }
      default -> throw flawed(offset, "has a field of the unknown wire type " + wireType);
    }
  }

  private long fixed(int bytes, int stop, long offset) throws TraceException {
    if (stop - cursor < bytes) {
      throw flawed(offset, "has a number that does not end where the packet does");
    }
    long value = 0;
    for (int i = 0; i < bytes; i++) {
      value |= (buffer[cursor++] & 0xffL) << (8 * i);
    }
    return value;
  }

  private TraceException flawed(long offset, String what) {
    return new TraceException(
        name
            + ": record "
            + (packets + 1)
            + " at byte offset "
            + offset
            + " "
            + what
            + ". The trace is damaged: copy or record it again");
  }

  private TraceException cut(String what, long offset, long missing) {
    return new TraceException(
        name
            + ": "
            + what
            + " at byte offset "
            + offset
            + " is cut off: the trace ends "
            + Long.toUnsignedString(missing)
            + (missing == 1 ? " byte" : " bytes")
            + " too early for the length that it declares; copy or record the trace again, or stop"
            + " before it with --max-refs");
  }

  /** Has at least {@code n} bytes in the buffer if the trace has them. */
  private boolean want(int n) throws IOException {
    if (end - position >= n) {
      return true;
    }
    System.arraycopy(buffer, position, buffer, 0, end - position);
    bufferOffset += position;
    end -= position;
    position = 0;
    while (end < n && !endOfFile) {
      if (failure != null) {
        throw failure;
      }
      try {
        int got = in.read(buffer, end, buffer.length - end);
        if (got < 0) {
          endOfFile = true;
        } else {
          end += got;
        }
      } catch (IOException e) {
        failure = e;
      }
    }
    return end >= n;
  }
}
