package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;

/**
 * A block of a kept compaction as bytes; see {@link CompactionWriter} for the layout. Numbers have
 * seven bits a byte, low ones first, the top bit set in all bytes but the last.
 */
final class CompactionBlock {
  private static final int MAX_NUMBER_BYTES = 10;
  private static final int NUMBERS_OF_A_RECORD = 4;
  private static final int OTHER_NUMBERS = 16;

  private final byte[] bytes =
      new byte[(ReferenceBatch.CAPACITY * NUMBERS_OF_A_RECORD + OTHER_NUMBERS) * MAX_NUMBER_BYTES];
  private int at;
  private int length;

  private final int[] descriptors = new int[ReferenceBatch.CAPACITY];

  /** The last address of each kind. */
  private final long[] last = new long[4];

  void clear() {
    at = 0;
    length = 0;
  }

  void write(CompactBatch batch) {
    clear();
    ReferenceBatch records = batch.records;
    int n = records.count();
    put(records.addressSpace());
    put(records.addressSpaceId());
    put(records.core());
    put(n);
    for (int i = 0; i < n; i++) {
      put(records.descriptor(i));
    }
    Arrays.fill(last, 0);
    for (int i = 0; i < n; i++) {
      int kind = PackedReference.kind(records.words[i]);
      long address = records.address(i);
      long distance = address - last[kind];
      last[kind] = address;
      put((distance << 1) ^ (distance >> (Long.SIZE - 1)));
    }
    for (int i = 0; i < n; i++) {
      put(batch.repeats[i]);
    }
    for (int i = 0; i < n; i++) {
      put(batch.switches[i]);
    }
    for (long number : batch.leftOut) {
      put(number);
    }
    put(batch.leftOutAddressSum);
    length = at;
  }

  void read(CompactBatch batch) throws IOException {
    int addressSpace = (int) get();
    long id = get();
    int core = (int) get();
    int n = (int) get();
    check(n > 0 && n <= ReferenceBatch.CAPACITY);
    batch.reserve(n);
    ReferenceBatch records = batch.records;
    records.clear();
    records.setOrigin(id, core);
    records.setAddressSpace(addressSpace);
    for (int i = 0; i < n; i++) {
      descriptors[i] = (int) get();
      check(ReferenceBatch.kind(descriptors[i]) < batch.leftOut.length);
    }
    Arrays.fill(last, 0);
    for (int i = 0; i < n; i++) {
      int kind = ReferenceBatch.kind(descriptors[i]);
      long distance = get();
      last[kind] += (distance >>> 1) ^ -(distance & 1);
      records.set(i, last[kind], descriptors[i]);
    }
    for (int i = 0; i < n; i++) {
      batch.repeats[i] = (int) get();
    }
    for (int i = 0; i < n; i++) {
      batch.switches[i] = (int) get();
    }
    for (int kind = 0; kind < batch.leftOut.length; kind++) {
      batch.leftOut[kind] = get();
    }
    batch.leftOutAddressSum = get();
    records.setCount(n);
  }

  void write(CompactedTrace.Facts facts) {
    clear();
    byte[] label = facts.format().label().getBytes(StandardCharsets.US_ASCII);
    put(label.length);
    for (byte b : label) {
      put(b);
    }
    put(facts.fetchesAreInstructions() ? 1 : 0);
    put(facts.hash());
    put(facts.addressSpaces());
    put(facts.cores());
    put(facts.ignoredLines());
    put(facts.skipped());
    put(facts.warmedUp());
    put(facts.measured());
    length = at;
  }

  CompactedTrace.Facts readFacts() throws IOException {
    StringBuilder label = new StringBuilder();
    for (long left = get(); left > 0; left--) {
      label.append((char) get());
    }
    TraceFormat format = TraceFormat.ofLabel(label.toString());
    if (format == null) {
      throw new IOException("a kept compaction is of an unknown format");
    }
    return new CompactedTrace.Facts(
        format, get() != 0, get(), (int) get(), (int) get(), get(), get(), get(), get());
  }

  /** Writes the length and the bytes. */
  void writeTo(OutputStream out) throws IOException {
    int rest = length;
    while (rest > 0x7f) {
      out.write((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    out.write(rest);
    out.write(bytes, 0, length);
  }

  /** Reads a length and that many bytes; returns whether there are any. */
  boolean readFrom(InputStream in) throws IOException {
    at = 0;
    length = 0;
    int shift = 0;
    int b;
    do {
      b = in.read();
      check(b >= 0 && shift < Integer.SIZE);
      length |= (b & 0x7f) << shift;
      shift += 7;
    } while ((b & 0x80) != 0);
    check(length >= 0 && length <= bytes.length);
    check(in.readNBytes(bytes, 0, length) == length);
    return length > 0;
  }

  private void put(long number) {
    long rest = number;
    while ((rest & ~0x7fL) != 0) {
      bytes[at++] = (byte) ((rest & 0x7f) | 0x80);
      rest >>>= 7;
    }
    bytes[at++] = (byte) rest;
  }

  private long get() throws IOException {
    long number = 0;
    for (int shift = 0; ; shift += 7) {
      check(at < length && shift < Long.SIZE);
      long b = bytes[at++];
      number |= (b & 0x7f) << shift;
      if (b >= 0) {
        return number;
      }
    }
  }

  private static void check(boolean good) throws IOException {
    if (!good) {
      throw new IOException("a kept compaction is damaged");
    }
  }
}
