package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;

import io.lookaside.mmu.AccessKind;
import io.lookaside.traces.Samples.Ref;
import java.io.IOException;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TraceHasherTest {
  private static ReferenceBatch batch(List<Ref> refs) {
    ReferenceBatch batch = new ReferenceBatch();
    refs.forEach(
        r -> batch.add(r.address(), ReferenceBatch.descriptor(r.kind().ordinal(), r.size())));
    return batch;
  }

  private static long hash(List<Ref> refs) {
    TraceHasher hasher = new TraceHasher();
    hasher.add(batch(refs), 0, refs.size());
    return hasher.value();
  }

  private static long hash(TraceCursor cursor) throws IOException {
    TraceHasher hasher = new TraceHasher();
    ReferenceBatch batch = new ReferenceBatch();
    int n;
    while ((n = cursor.read(batch)) > 0) {
      hasher.add(batch, 0, n);
    }
    return hasher.value();
  }

  @Test
  void piecesInWhichReferencesComeDoNotMatter() {
    List<Ref> refs = Samples.some(1000);
    ReferenceBatch batch = batch(refs);
    long whole = hash(refs);
    Random random = new Random(1);
    for (int round = 0; round < 200; round++) {
      TraceHasher hasher = new TraceHasher();
      int at = 0;
      while (at < refs.size()) {
        int to = Math.min(refs.size(), at + random.nextInt(20));
        hasher.add(batch, at, to);
        at = to;
      }
      assertEquals(whole, hasher.value());
    }
  }

  @Test
  void everyFieldOfEveryReferenceMatters() {
    List<Ref> refs = Samples.some(9);
    long whole = hash(refs);
    for (int i = 0; i < refs.size(); i++) {
      Ref r = refs.get(i);
      Ref[] changes = {
        new Ref(AccessKind.ofCode((r.kind().ordinal() + 1) % 3), r.address(), r.size()),
        new Ref(r.kind(), r.address() ^ 1, r.size()),
        new Ref(r.kind(), r.address() ^ Long.MIN_VALUE, r.size()),
        new Ref(r.kind(), r.address(), r.size() + 1),
      };
      for (Ref change : changes) {
        List<Ref> other = new ArrayList<>(refs);
        other.set(i, change);
        assertNotEquals(whole, hash(other), change.toString());
      }
    }
  }

  @Test
  void orderMattersAtAnyDistance() {
    List<Ref> refs = Samples.some(12);
    long whole = hash(refs);
    for (int i = 0; i < refs.size(); i++) {
      for (int j = i + 1; j < refs.size(); j++) {
        List<Ref> other = new ArrayList<>(refs);
        Collections.swap(other, i, j);
        assertNotEquals(whole, hash(other), i + " and " + j);
      }
    }
  }

  @Test
  void lengthMatters() {
    List<Long> hashes = new ArrayList<>();
    for (int n = 0; n <= 20; n++) {
      hashes.add(hash(Collections.nCopies(n, new Ref(AccessKind.LOAD, 0, 1))));
    }
    assertEquals(hashes.size(), hashes.stream().distinct().count());
  }

  @Test
  void formatDoesNotMatter() throws IOException {
    List<Ref> refs = Samples.some(10_000);
    long lackey = hash(new LackeyReader(Samples.stream(Samples.lackey(refs)), "t"));
    long flat = hash(new Flat64Reader(Samples.stream(Samples.flat64(refs)), "t"));
    assertEquals(lackey, flat);
  }

  @Test
  void emptyBatchOfAnotherAddressSpaceChangesNothing() {
    ReferenceBatch batch = new ReferenceBatch();
    batch.setAddressSpace(1);
    batch.add(0x1000, ReferenceBatch.descriptor(0, 8));
    TraceHasher hasher = new TraceHasher();
    hasher.add(batch, 0, 1);
    long before = hasher.value();
    batch.clear(); // as at the end of a trace
    hasher.add(batch, 0, 0);
    assertEquals(before, hasher.value());
  }
}
