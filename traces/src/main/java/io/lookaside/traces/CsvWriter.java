package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.OutputStream;
import java.util.Arrays;
import java.util.stream.Collectors;

/** Writes comma-separated values with all columns; see {@link CsvReader}. Nothing is lost. */
final class CsvWriter extends RecordWriter {
  CsvWriter(OutputStream out) {
    super(out, "");
    bytes.ascii(
        Arrays.stream(CsvReader.Column.values())
            .map(CsvReader.Column::label)
            .collect(Collectors.joining(",", "", "\n")));
  }

  @Override
  void write(ReferenceBatch batch, int i) {
    int descriptor = batch.descriptor(i);
    switch (AccessKind.ofCode(ReferenceBatch.kind(descriptor))) {
      case FETCH -> bytes.ascii("I,0x");
      case LOAD -> bytes.ascii("L,0x");
      case STORE -> bytes.ascii("S,0x");
    }
    bytes.hex(batch.address(i), 1);
    bytes.u8(',');
    bytes.decimal(ReferenceBatch.size(descriptor));
    bytes.u8(',');
    if (batch.hasInstructionAddresses()) {
      bytes.ascii("0x");
      bytes.hex(batch.instructionAddresses[i], 1);
    }
    bytes.u8(',');
    bytes.decimal(batch.addressSpaceId());
    bytes.u8(',');
    bytes.decimal(batch.core());
    bytes.u8('\n');
  }
}
