package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.Collections;
import java.util.IdentityHashMap;
import java.util.Set;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** A thread that fills chunks. */
class ChunkThreadTest {
  /** Numbers chunks without an end. */
  private static final class Numbers implements ChunkThread.Filler {
    final CountDownLatch closed = new CountDownLatch(1);
    private int next;

    @Override
    public void fill(Chunk chunk) {
      chunk.storedBytesRead = next++;
      chunk.length = 1;
    }

    @Override
    public void close() {
      closed.countDown();
    }
  }

  private static ChunkThread begin(ChunkThread.Filler filler, int most) {
    ChunkThread thread = new ChunkThread(filler, most, "chunks");
    thread.giveBack(new Chunk());
    thread.start();
    return thread;
  }

  @Test
  void chunksComeInOrderAndAreNoMoreThanThereMayBe() throws InterruptedException {
    for (int most : new int[] {1, 2, 5}) {
      ChunkThread thread = begin(new Numbers(), most);
      Set<Chunk> chunks = Collections.newSetFromMap(new IdentityHashMap<>());
      Chunk c = thread.take();
      for (int i = 0; i < 3_000; i++) {
        assertEquals(i, c.storedBytesRead);
        chunks.add(c);
        c = thread.swap(c);
      }
      assertTrue(chunks.size() <= most, chunks.size() + " of " + most);
      thread.close();
    }
  }

  @Test
  void aThreadThatWaitsForAChunkEndsWithoutInterruption() throws InterruptedException {
    Numbers numbers = new Numbers();
    ChunkThread thread = begin(numbers, 2);
    Chunk first = thread.take();
    thread.end(new Chunk());
    assertTrue(numbers.closed.await(1, TimeUnit.MINUTES), "closed");
    assertEquals(0, first.storedBytesRead);
  }
}
