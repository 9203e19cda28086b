package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.OutputStream;

/** Writes the text that valgrind's lackey writes. A load and a store stay two lines. */
final class LackeyWriter extends RecordWriter {
  /** As many digits as lackey writes at least. */
  private static final int MIN_DIGITS = 8;

  private final Loss.FetchedLast fetchedLast = new Loss.FetchedLast();

  LackeyWriter(OutputStream out) {
    super(out, "");
  }

  @Override
  void write(ReferenceBatch batch, int i) {
    int descriptor = batch.descriptor(i);
    switch (AccessKind.ofCode(ReferenceBatch.kind(descriptor))) {
      case FETCH -> bytes.ascii("I  ");
      case LOAD -> bytes.ascii(" L ");
      case STORE -> bytes.ascii(" S ");
    }
    bytes.hex(batch.address(i), MIN_DIGITS);
    bytes.u8(',');
    bytes.decimal(ReferenceBatch.size(descriptor));
    bytes.u8('\n');
    losses.addOrigins(batch, 1);
    if (fetchedLast.differs(batch, i)) {
      losses.add(Loss.INSTRUCTION_ADDRESS);
    }
  }
}
