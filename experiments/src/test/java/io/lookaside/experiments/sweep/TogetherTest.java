package io.lookaside.experiments.sweep;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertSame;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BrokenBarrierException;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;

class TogetherTest {
  @Test
  @Timeout(60)
  void asManyAreDoneAtATimeAsWasAskedFor() throws Exception {
    int atOnce = 3;
    CyclicBarrier all = new CyclicBarrier(atOnce);
    AtomicInteger running = new AtomicInteger();
    AtomicInteger most = new AtomicInteger();
    AtomicInteger done = new AtomicInteger();
    List<Together.Work> works = new ArrayList<>();
    for (int i = 0; i < 4 * atOnce; i++) {
      works.add(
          () -> {
            most.accumulateAndGet(running.incrementAndGet(), Math::max);
            try {
              all.await(); // goes on when so many are here
            } catch (InterruptedException | BrokenBarrierException e) {
              throw new IOException(e);
            }
            running.decrementAndGet();
            done.incrementAndGet();
          });
    }
    Together.run(works, atOnce);
    assertEquals(4 * atOnce, done.get());
    assertEquals(atOnce, most.get());
  }

  @Test
  void theFirstFailureIsThrown() {
    IOException failure = new IOException("the disk is full");
    AtomicInteger done = new AtomicInteger();
    List<Together.Work> works = new ArrayList<>();
    works.add(done::incrementAndGet);
    works.add(
        () -> {
          throw failure;
        });
    IOException thrown = assertThrows(IOException.class, () -> Together.run(works, 1));
    assertSame(failure, thrown);
    assertEquals(1, done.get());
  }

  @Test
  void aFaultOfOursIsNoInputOutputError() {
    List<Together.Work> works =
        List.of(
            () -> {
              throw new IllegalArgumentException("wrong");
            });
    IllegalStateException thrown =
        assertThrows(IllegalStateException.class, () -> Together.run(works, 2));
    assertTrue(thrown.getCause() instanceof IllegalArgumentException);
  }

  /**
   * The work does not end before it is interrupted in its turn, so there is something to wait for.
   */
  @Test
  @Timeout(60)
  void anInterruptionEndsTheWait() {
    CountDownLatch never = new CountDownLatch(1);
    Together.Work work =
        () -> {
          try {
            never.await();
          } catch (InterruptedException e) {
            throw new IOException(e);
          }
        };
    Thread.currentThread().interrupt();
    assertThrows(InterruptedException.class, () -> Together.run(List.of(work), 1));
  }
}
