package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A reference with all that a trace can say of it; {@code pc} is null where it does not say. */
record Detailed(
    AccessKind kind, long address, int size, @Nullable Long pc, long addressSpace, int core) {
  /** A reference without anything but kind, address and size. */
  static Detailed of(AccessKind kind, long address, int size) {
    return new Detailed(kind, address, size, null, 0, 0);
  }

  static List<Detailed> of(ReferenceBatch batch) {
    List<Detailed> refs = new ArrayList<>();
    for (int i = 0; i < batch.count(); i++) {
      int d = batch.descriptor(i);
      refs.add(
          new Detailed(
              AccessKind.ofCode(ReferenceBatch.kind(d)),
              batch.address(i),
              ReferenceBatch.size(d),
              batch.hasInstructionAddresses() ? (Long) batch.instructionAddresses[i] : null,
              batch.addressSpaceId(),
              batch.core()));
    }
    return refs;
  }

  /** All references until the end; what the cursor throws passes through. */
  static List<Detailed> readAll(TraceCursor cursor) throws IOException {
    List<Detailed> all = new ArrayList<>();
    readInto(cursor, all);
    return all;
  }

  /** Reads until the end or an exception, and keeps what came before it in {@code all}. */
  static void readInto(TraceCursor cursor, List<Detailed> all) throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    while (cursor.read(batch) > 0) {
      all.addAll(of(batch));
    }
  }

  /** Writes references in batches that a reader could have made, and ends the trace. */
  static void write(List<Detailed> refs, TraceWriter writer) throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    for (int i = 0; i < refs.size(); ) {
      Detailed first = refs.get(i);
      batch.clear();
      batch.setOrigin(first.addressSpace, first.core);
      while (i < refs.size() && batch.count() < ReferenceBatch.CAPACITY) {
        Detailed r = refs.get(i);
        boolean together =
            r.addressSpace == first.addressSpace
                && r.core == first.core
                && (r.pc == null) == (first.pc == null);
        if (!together) {
          break;
        }
        int descriptor = ReferenceBatch.descriptor(r.kind.ordinal(), r.size);
        if (r.pc == null) {
          batch.add(r.address, descriptor);
        } else {
          batch.add(r.address, descriptor, r.pc);
        }
        i++;
      }
      writer.write(batch, 0, batch.count());
    }
    writer.finish();
  }
}
