package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/** A thread that fills chunks ahead of whoever takes them. */
final class ChunkThread implements ChunkSource {
  /** What chunks are filled with. The thread closes it when it ends. */
  interface Filler extends Closeable {
    /** Fills an empty chunk and says in it whether it is the last. */
    void fill(Chunk chunk) throws IOException;
  }

  private final Filler filler;
  private final int most;
  private final BlockingQueue<Chunk> full;
  private final BlockingQueue<Chunk> empty;
  private final CpuTimedThread thread;
  private volatile boolean closed;

  /**
   * A thread that has not started. It needs a chunk that is given back before any is taken.
   *
   * @param most how many chunks there may be, with that one, if there is memory for them
   */
  ChunkThread(Filler filler, int most, String name) {
    this.filler = filler;
    this.most = most;
    full = new ArrayBlockingQueue<>(most);
    empty = new ArrayBlockingQueue<>(most);
    thread = new CpuTimedThread(this::run, name);
  }

  void start() {
    thread.start();
  }

  @Override
  public Chunk swap(Chunk used) throws InterruptedException {
    giveBack(used);
    return take();
  }

  void giveBack(Chunk used) {
    empty.add(used); // there is room for all
  }

  Chunk take() throws InterruptedException {
    return full.take();
  }

  @Override
  public long cpuNanos() {
    return thread.cpuNanos();
  }

  /** Ends the thread, which closes what it reads when the read it is in returns. */
  @Override
  public void close() {
    closed = true;
    thread.interrupt();
  }

  /**
   * Ends the thread when the read it is in returns, and waits for that. What it reads from is not
   * disturbed, as an interruption would.
   *
   * @param any a chunk that it may have
   */
  void end(Chunk any) throws InterruptedException {
    closed = true;
    empty.offer(any); // where there is no room it does not wait for one
    thread.join();
  }

  private void run() {
    try (filler) {
      int made = 1; // with the one that is given back first
      boolean more = true;
      while (more) {
        Chunk c = empty.poll();
        if (c == null && made < most) {
          c = another();
          made = c == null ? most : made + 1;
        }
        if (c == null) {
          c = empty.take(); // at the latest the taker's, when it wants the next
        }
        if (closed) {
          return;
        }
        more = fill(c);
        full.put(c);
      }
    } catch (InterruptedException e) {
      // Closed: nobody waits for more.
    } catch (IOException e) {
      // The bytes could not be closed after all of them were read.
    }
  }

  /** One more; {@code null} if there is no memory for it, so that those there are must do. */
  private static @Nullable Chunk another() {
    try {
      return new Chunk();
    } catch (OutOfMemoryError e) {
      return null;
    }
  }

  /** Fills a chunk; returns whether there may be more after it. */
  private boolean fill(Chunk c) {
    c.clear();
    try {
      filler.fill(c);
    } catch (IOException | RuntimeException | Error e) {
      c.failure = e;
      c.last = true;
    }
    return !c.last;
  }
}
