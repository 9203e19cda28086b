package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.SplittableRandom;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class PackedReferenceTest {
  private static final int STORE = 1;
  private static final int FETCH = 2;
  private static final long[] ADDRESSES = {
    0,
    1,
    0xfff,
    0x1000,
    0x7fff_ffff_ffffL, // the last canonical one below
    0x8000_0000_0000L, // the first that is not
    0xffff_7fff_ffff_ffffL,
    0xffff_8000_0000_0000L,
    -1,
    -4096,
    Long.MIN_VALUE,
    Long.MAX_VALUE,
    0x100_0000_0000_0000L
  };
  private static final int[] SIZES = {
    1, 2, 4, 8, 15, 16, 64, 2046, 2047, 2048, 2049, 4096, 1 << 16
  };

  private final SplittableRandom random = new SplittableRandom(20261128);

  /** The word where bits 63:28 are the page number, and so on, as the class says. */
  private static long word(long address, int kind, int size) {
    return address >>> 12 << 28
        | (long) kind << 26
        | (long) (size - 1) << 14
        | (kind == FETCH ? 1L << 13 : 0)
        | (address & 0xfff);
  }

  private long address() {
    long near = ADDRESSES[random.nextInt(ADDRESSES.length)] + random.nextInt(-9000, 9000);
    return random.nextBoolean() ? near : random.nextLong() >> random.nextInt(64);
  }

  private int size() {
    return random.nextBoolean()
        ? SIZES[random.nextInt(SIZES.length)]
        : 1 + random.nextInt(1 << random.nextInt(17));
  }

  @Test
  void bitsAreWhereTheyAreSaidToBe() {
    long address = 0x1234_5678_9abcL;
    assertEquals(
        word(address, STORE, 8), PackedReference.of(address, ReferenceBatch.descriptor(STORE, 8)));
    assertEquals(
        word(address, FETCH, 15),
        PackedReference.of(address, ReferenceBatch.descriptor(FETCH, 15)));
    assertEquals(
        word(0x9fff, 0, 2) | 1L << 25, PackedReference.of(0x9fff, ReferenceBatch.descriptor(0, 2)));
  }

  @Test
  void aBatchTellsWhatWasPutIntoIt() {
    ReferenceBatch batch = new ReferenceBatch();
    long[] addresses = new long[ReferenceBatch.CAPACITY];
    int[] descriptors = new int[ReferenceBatch.CAPACITY];
    for (int round = 0; round < 20; round++) {
      batch.clear();
      for (int i = 0; i < ReferenceBatch.CAPACITY; i++) {
        addresses[i] = address();
        descriptors[i] = ReferenceBatch.descriptor(random.nextInt(3), size());
        batch.add(addresses[i], descriptors[i]);
      }
      ReferenceBatch copy = new ReferenceBatch();
      copy.copy(batch, 7, ReferenceBatch.CAPACITY);
      for (int i = 0; i < ReferenceBatch.CAPACITY; i++) {
        assertEquals(addresses[i], batch.address(i));
        assertEquals(descriptors[i], batch.descriptor(i));
        assertEquals(ReferenceBatch.kind(descriptors[i]), PackedReference.kind(batch.words[i]));
        if (i >= 7) {
          assertEquals(addresses[i], copy.address(i - 7));
          assertEquals(descriptors[i], copy.descriptor(i - 7));
        }
      }
    }
  }

  @Test
  void apartIsWhatLeavesItsPageOrIsNotCanonical() {
    for (int i = 0; i < 200_000; i++) {
      long address = address();
      int size = size();
      long word = PackedReference.of(address, ReferenceBatch.descriptor(random.nextInt(3), size));
      boolean canonical = address >> 47 == 0 || address >> 47 == -1;
      boolean inPage = (address & 0xfff) + size <= 4096;
      assertEquals(!(canonical && inPage), (word & PackedReference.APART) != 0);
      if (canonical && inPage) {
        assertEquals(address, PackedReference.address(word));
        assertEquals(address & 0xfff, PackedReference.offset(word));
      }
    }
  }

  @Test
  void isOnComparesKindAndPageOfWhatIsNotApart() {
    for (int i = 0; i < 200_000; i++) {
      long page = (0x7fff_ffff_f000L >> random.nextInt(36)) & -4096;
      page = random.nextBoolean() ? page : page | 0xffff_8000_0000_0000L;
      int kind = random.nextInt(3);
      long address = random.nextInt(4) == 0 ? address() : page + random.nextInt(4096);
      int otherKind = random.nextInt(3);
      int size = size();
      boolean same =
          kind == otherKind && (address & -4096) == page && (address & 0xfff) + size <= 4096;
      long word = PackedReference.of(address, ReferenceBatch.descriptor(otherKind, size));
      assertEquals(same, PackedReference.isOn(word, PackedReference.page(page, kind)));
      assertFalse(PackedReference.isOn(word, PackedReference.NO_PAGE));
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 128, 4096})
  void sumsOfCountedBitsTellKinds(int n) {
    for (int round = 0; round < 100; round++) {
      int stores = round == 0 ? n : random.nextInt(n + 1);
      int fetches = round == 1 ? n : random.nextInt(n - stores + 1);
      stores = Math.min(stores, n - fetches);
      long sum = 0;
      for (int i = 0; i < n; i++) {
        int kind = i < stores ? STORE : i < stores + fetches ? FETCH : 0;
        sum +=
            PackedReference.of(address(), ReferenceBatch.descriptor(kind, size()))
                & PackedReference.COUNTED;
      }
      assertEquals(stores, PackedReference.stores(sum));
      assertEquals(fetches, PackedReference.fetches(sum));
    }
    assertEquals(n, PackedReference.fetches(PackedReference.fetched(n)));
  }

  @Test
  void onlyLargeSizesAndAddressesThatAreNotCanonicalAreUnusual() {
    assertFalse(
        PackedReference.isUnusual(PackedReference.of(0, ReferenceBatch.descriptor(0, 2047))));
    assertTrue(
        PackedReference.isUnusual(PackedReference.of(0, ReferenceBatch.descriptor(0, 2048))));
    assertFalse(
        PackedReference.isUnusual(
            PackedReference.of(0x7fff_ffff_ffffL, ReferenceBatch.descriptor(0, 1))));
    assertTrue(
        PackedReference.isUnusual(
            PackedReference.of(0x8000_0000_0000L, ReferenceBatch.descriptor(0, 1))));
  }
}
