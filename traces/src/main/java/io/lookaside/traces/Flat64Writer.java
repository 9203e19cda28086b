package io.lookaside.traces;

import java.io.OutputStream;

/** Writes flat64; see {@link Flat64Reader}. */
final class Flat64Writer extends RecordWriter {
  private static final int SIZE = 4;

  private final Loss.FetchedLast fetchedLast = new Loss.FetchedLast();

  Flat64Writer(OutputStream out) {
    super(out, SIZE + " bytes");
  }

  @Override
  void write(ReferenceBatch batch, int i) {
    long address = batch.address(i);
    int descriptor = batch.descriptor(i);
    bytes.u64((address & ~3L) | ReferenceBatch.kind(descriptor));
    losses.addOrigins(batch, 1);
    if (ReferenceBatch.size(descriptor) != SIZE) {
      losses.add(Loss.SIZE);
    }
    if ((address & 3) != 0) {
      losses.add(Loss.LOW_ADDRESS_BITS);
    }
    if (fetchedLast.differs(batch, i)) {
      losses.add(Loss.INSTRUCTION_ADDRESS);
    }
  }
}
