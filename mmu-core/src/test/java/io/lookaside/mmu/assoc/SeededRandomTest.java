package io.lookaside.mmu.assoc;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.math.BigInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class SeededRandomTest {
  @Test
  void seedZeroGivesThePublishedSequence() {
    SeededRandom random = new SeededRandom(0);
    assertEquals(0xe220_a839_7b1d_cdafL, random.nextLong());
    assertEquals(0x6e78_9e6a_a1b9_65f4L, random.nextLong());
    assertEquals(0x06c4_5d18_8009_454fL, random.nextLong());
  }

  @Test
  void seed1234567GivesThePublishedSequence() {
    SeededRandom random = new SeededRandom(1234567);
    assertEquals(Long.parseUnsignedLong("6457827717110365317"), random.nextLong());
    assertEquals(Long.parseUnsignedLong("3203168211198807973"), random.nextLong());
    assertEquals(Long.parseUnsignedLong("9817491932198370423"), random.nextLong());
  }

  @Test
  void outputIsTheMixOfACounterOfGoldenSteps() {
    // The first output of seed 0 is the mix of one step.
    assertEquals(0xe220_a839_7b1d_cdafL, SeededRandom.mix(0x9e37_79b9_7f4a_7c15L));
    assertEquals(0, SeededRandom.mix(0));
  }

  @ParameterizedTest
  @ValueSource(ints = {1, 2, 3, 5, 7, 8, 12, 72, 1000, 1 << 20, 1 << 30, Integer.MAX_VALUE})
  void nextIntIsTheUpperHalfScaledToTheBound(int bound) {
    SeededRandom random = new SeededRandom(bound);
    SeededRandom bits = new SeededRandom(bound);
    for (int i = 0; i < 5_000; i++) {
      int n = random.nextInt(bound);
      BigInteger upper = BigInteger.valueOf(bits.nextLong()).shiftRight(32);
      if (upper.signum() < 0) {
        upper = upper.add(BigInteger.ONE.shiftLeft(32));
      }
      assertEquals(upper.multiply(BigInteger.valueOf(bound)).shiftRight(32).intValue(), n);
      assertTrue(n >= 0 && n < bound);
    }
  }

  @Test
  void nextIntReachesAllNumbersAboutEquallyOften() {
    int[] counts = new int[12];
    SeededRandom random = new SeededRandom(42);
    for (int i = 0; i < 120_000; i++) {
      counts[random.nextInt(12)]++;
    }
    for (int count : counts) {
      // 10000 expected, standard deviation about 96.
      assertTrue(count > 9_400 && count < 10_600);
    }
  }

  @Test
  void nextDoubleIsTheUpper53BitsAsAFraction() {
    SeededRandom random = new SeededRandom(7);
    SeededRandom bits = new SeededRandom(7);
    double sum = 0;
    for (int i = 0; i < 100_000; i++) {
      double d = random.nextDouble();
      assertTrue(d >= 0 && d < 1);
      assertEquals(Math.scalb((double) (bits.nextLong() >>> 11), -53), d);
      sum += d;
    }
    assertEquals(0.5, sum / 100_000, 0.005);
  }

  @Test
  void equalSeedsGiveEqualSequencesAndOthersDoNot() {
    SeededRandom one = new SeededRandom(99);
    SeededRandom same = new SeededRandom(99);
    SeededRandom other = new SeededRandom(100);
    for (int i = 0; i < 1_000; i++) {
      long n = one.nextLong();
      assertEquals(n, same.nextLong());
      assertNotEquals(n, other.nextLong());
    }
  }
}
