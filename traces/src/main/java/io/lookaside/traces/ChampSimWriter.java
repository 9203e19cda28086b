package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.OutputStream;
import java.util.Arrays;

/**
 * Writes ChampSim's records of 64 bytes: an instruction pointer, up to four addresses that it loads
 * from and up to two that it stores to, and its registers, where the trace has them. Branches, of
 * which a trace of references knows nothing, are left zero.
 *
 * <p>A fetch begins a record, and the loads and then the stores that follow are in it. What does
 * not fit (a fifth load, a third store, a load after a store, a reference of another instruction or
 * before any fetch) begins a further record, of the instruction that made it as far as that is
 * known; reading that record back gives a fetch that was not there, which counts as a loss.
 */
final class ChampSimWriter extends RecordWriter {
  private static final int RECORD_BYTES = 64;
  private static final int REGISTERS_AT = 10;
  private static final int STORES_AT = 16;
  private static final int LOADS_AT = 32;
  private static final int MAX_STORES = 2;
  private static final int MAX_LOADS = 4;

  private final long[] loads = new long[MAX_LOADS];
  private final long[] stores = new long[MAX_STORES];
  private long ip;
  private long registers;
  private int loadCount;
  private int storeCount;
  private boolean open;

  ChampSimWriter(OutputStream out) {
    super(out, "1 byte");
  }

  @Override
  void write(ReferenceBatch batch, int i) {
    int descriptor = batch.descriptor(i);
    long address = batch.address(i);
    losses.addOrigins(batch, 1);
    if (ReferenceBatch.size(descriptor) != 1) {
      losses.add(Loss.SIZE);
    }
    AccessKind kind = AccessKind.ofCode(ReferenceBatch.kind(descriptor));
    if (kind == AccessKind.FETCH) {
      begin(address);
      registers = batch.hasRegisters() ? batch.registers[i] : 0;
      return;
    }
    if (address == 0) {
      losses.add(Loss.ADDRESS_ZERO);
      return;
    }
    long by = batch.hasInstructionAddresses() ? batch.instructionAddresses[i] : ip;
    boolean fits =
        kind == AccessKind.LOAD
            ? loadCount < MAX_LOADS && storeCount == 0
            : storeCount < MAX_STORES;
    if (!open || !fits || by != ip) {
      begin(by);
      losses.add(Loss.ADDED_FETCH);
    }
    if (kind == AccessKind.LOAD) {
      loads[loadCount++] = address;
    } else {
      stores[storeCount++] = address;
    }
  }

  @Override
  void end() {
    if (open) {
      writeRecord();
    }
  }

  private void begin(long newIp) {
    end();
    open = true;
    ip = newIp;
    registers = 0;
    loadCount = 0;
    storeCount = 0;
  }

  private void writeRecord() {
    int at = bytes.claim(RECORD_BYTES);
    byte[] b = bytes.array();
    Arrays.fill(b, at, at + RECORD_BYTES, (byte) 0);
    CompactLayout.U64.set(b, at, ip);
    // Six bytes, and before them the two flags of branches.
    CompactLayout.U64.set(
        b, at + Long.BYTES, registers << ((REGISTERS_AT - Long.BYTES) * Byte.SIZE));
    for (int k = 0; k < storeCount; k++) {
      CompactLayout.U64.set(b, at + STORES_AT + 8 * k, stores[k]);
    }
    for (int k = 0; k < loadCount; k++) {
      CompactLayout.U64.set(b, at + LOADS_AT + 8 * k, loads[k]);
    }
  }
}
