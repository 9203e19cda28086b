package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.io.InterruptedIOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;
import java.util.concurrent.ArrayBlockingQueue;
import java.util.concurrent.BlockingQueue;
import org.jspecify.annotations.Nullable;

/**
 * A trace that a thread of its own reads, decodes and hashes ahead of whoever takes its batches, so
 * that decoding and simulation overlap.
 *
 * <p>What is taken does not depend on how far ahead the thread is: with each batch comes what was
 * known of the trace when it had been read, and a flaw is thrown when its turn comes.
 */
public final class TraceReadAhead implements Closeable {
  /** One batch and what was known when it had been read. */
  public static final class Slot {
    private final ReferenceBatch batch = new ReferenceBatch();
    private final TraceHasher hasherBefore = new TraceHasher();
    private int count;
    private int addressSpaces;
    private int cores;
    private long ignoredLines;
    private long storedBytesRead;

    private Slot() {}

    /** What there is before the first batch was taken. */
    public static Slot nothing() {
      return new Slot();
    }

    /** The references; the taker may read them until it takes the next slot. */
    public ReferenceBatch batch() {
      return batch;
    }

    /** How many references there are; 0 at the end of the trace. */
    public int count() {
      return count;
    }

    /** How many address spaces the references so far belong to. */
    public int addressSpaces() {
      return addressSpaces;
    }

    /** How many processors made the references so far. */
    public int cores() {
      return cores;
    }

    /** Lines of text so far that were no references. */
    public long ignoredLines() {
      return ignoredLines;
    }

    /** Stored bytes read so far. */
    public long storedBytesRead() {
      return storedBytesRead;
    }

    /** The hash of the trace up to, and without, reference {@code end} of this batch. */
    public long hashUpTo(int end) {
      TraceHasher hasher = new TraceHasher();
      hasher.copyFrom(hasherBefore);
      hasher.add(batch, 0, end);
      return hasher.value();
    }
  }

  /** Some batches that change hands at once: handing over wakes a thread, which takes its time. */
  private static final class Block {
    final Slot[] slots = new Slot[SLOTS];
    int filled;
    @Nullable Throwable failure;

    Block() {
      for (int i = 0; i < slots.length; i++) {
        slots[i] = new Slot();
      }
    }
  }

  private static final int SLOTS = 16;
  private static final int BLOCKS = 3;
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private final TraceFile file;
  private final TraceHasher hasher = new TraceHasher();
  private final BlockingQueue<Block> full = new ArrayBlockingQueue<>(BLOCKS);
  private final BlockingQueue<Block> empty = new ArrayBlockingQueue<>(BLOCKS);

  /** {@code null} where the taker reads. */
  private final @Nullable CpuTimedThread reader;

  private volatile boolean closed;

  /** Thread CPU time of hashing so far, as the thread that reads counts it. */
  private long hashTime;

  /** The same for others. */
  private volatile long hashNanos;

  // The taker's: the block in hand, and the next slot in it.
  private Block block = new Block();
  private int next;

  /** Begins to read a trace, which from now on belongs to this. */
  public TraceReadAhead(TraceFile file) {
    this(file, true);
  }

  /**
   * A trace, which from now on belongs to this.
   *
   * @param ahead whether a thread reads it; else whoever takes a batch does, when it takes it
   */
  TraceReadAhead(TraceFile file, boolean ahead) {
    this.file = file;
    if (!ahead) {
      reader = null;
      return;
    }
    for (int i = 1; i < BLOCKS; i++) {
      empty.add(new Block());
    }
    if (Runtime.getRuntime().availableProcessors() > 1) {
      file.decompressAhead();
    }
    reader = new CpuTimedThread(this::read, "trace reader");
    reader.start();
  }

  /**
   * The next batch; of the end of the trace, one without references, again and again.
   *
   * @throws TraceException if the trace is flawed here
   */
  public Slot take() throws IOException {
    if (next == block.filled) {
      if (next > 0 && block.slots[next - 1].count == 0) {
        return block.slots[next - 1];
      }
      rethrow(block.failure);
      if (reader == null) {
        fill(block);
      } else {
        swap();
      }
      next = 0;
      if (block.filled == 0) {
        rethrow(block.failure);
      }
    }
    return block.slots[next++];
  }

  /** Whether {@link #take} has what it returns, and need not wait for it, nor read it. */
  boolean isAtHand() {
    return next < block.filled;
  }

  private void swap() throws IOException {
    try {
      empty.put(block);
      block = full.take();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new InterruptedIOException("interrupted while reading a trace");
    }
  }

  /**
   * Thread CPU time that reading, decompressing, decoding and hashing took so far, nanoseconds; 0
   * where that is the taker's time.
   */
  public long cpuNanos() {
    return reader == null ? 0 : reader.cpuNanos() + file.nanosAhead();
  }

  /** Thread CPU time that hashing took so far, nanoseconds, whichever thread it was. */
  public long hashNanos() {
    return hashNanos;
  }

  /** Stops reading. The thread closes the trace when the read it is in returns. */
  @Override
  public void close() {
    closed = true;
    if (reader == null) {
      closeFile();
    } else {
      reader.interrupt();
    }
  }

  private void closeFile() {
    try {
      file.close();
    } catch (IOException e) {
      // The trace could not be closed after all of it was read.
    }
  }

  /** Throws what ended a thread that reads, if anything did. */
  static void rethrow(@Nullable Throwable failure) throws IOException {
    if (failure instanceof IOException e) {
      throw e;
    }
    if (failure instanceof RuntimeException e) {
      throw e;
    }
    if (failure instanceof Error e) {
      throw e;
    }
  }

  private void read() {
    try (file) {
      boolean more = true;
      while (more && !closed) {
        Block b = empty.take();
        more = fill(b);
        full.put(b);
      }
    } catch (InterruptedException e) {
      // Closed: nobody waits for more.
    } catch (IOException e) {
      // The trace could not be closed after all of it was read.
    }
  }

  /** Fills a block; returns whether there may be more after it. */
  private boolean fill(Block b) {
    boolean more = decode(b);
    long begin = THREADS.getCurrentThreadCpuTime();
    for (int i = 0; i < b.filled; i++) {
      Slot slot = b.slots[i];
      slot.hasherBefore.copyFrom(hasher);
      hasher.add(slot.batch, 0, slot.count);
    }
    hashTime += THREADS.getCurrentThreadCpuTime() - begin;
    hashNanos = hashTime;
    return more;
  }

  private boolean decode(Block b) {
    b.filled = 0;
    b.failure = null;
    try {
      while (b.filled < SLOTS) {
        Slot slot = b.slots[b.filled];
        slot.count = file.read(slot.batch);
        slot.addressSpaces = file.addressSpaceIds().length;
        slot.cores = file.cores();
        slot.ignoredLines = file.ignoredLines();
        slot.storedBytesRead = file.storedBytesRead();
        b.filled++;
        if (slot.count == 0) {
          return false;
        }
      }
      return true;
    } catch (IOException | RuntimeException | Error e) {
      b.failure = e;
      return false;
    }
  }
}
