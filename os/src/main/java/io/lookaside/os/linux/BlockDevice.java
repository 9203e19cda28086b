package io.lookaside.os.linux;

import it.unimi.dsi.fastutil.ints.IntArrayFIFOQueue;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.LongArrayFIFOQueue;

/**
 * The device that holds swap and files: a solid-state drive that serves one page at a time, each
 * for a transfer time, and a request that does not continue the one before it for a command time
 * more. A page is complete a latency after it was served; pages that are read by one request are
 * complete together. Reads and writes take turns as they come. A writer that finds the queue full
 * waits for the oldest write.
 */
final class BlockDevice {
  /** Told when a page is complete. */
  interface Completion {
    void complete(int pfn);
  }

  private static final class Queue {
    final LongArrayFIFOQueue times = new LongArrayFIFOQueue();
    final IntArrayFIFOQueue frames = new IntArrayFIFOQueue();

    boolean isDue(long now) {
      return !times.isEmpty() && times.firstLong() <= now;
    }
  }

  private final KernelState kernel;
  private final Queue reads = new Queue();
  private final Queue writes = new Queue();
  private final IntArrayList request = new IntArrayList();
  private Completion onRead = pfn -> {};
  private Completion onWrite = pfn -> {};
  private long freeAt;
  private long lastBlock = -2;
  private boolean lastWasWrite;

  BlockDevice(KernelState kernel) {
    this.kernel = kernel;
  }

  void onCompletion(Completion read, Completion write) {
    onRead = read;
    onWrite = write;
  }

  /**
   * Begins to read a page. Neighbours that are read one after the other are one request, which ends
   * with {@link #endRead}.
   *
   * @param block where on the device; neighbours have consecutive numbers
   */
  void read(long block, int pfn) {
    if (block != lastBlock + 1) {
      endRead();
    }
    serve(block, false);
    request.add(pfn);
  }

  /** Ends a request, if one has begun. */
  void endRead() {
    long done = freeAt + kernel.config.costs().deviceRead();
    for (int i = 0; i < request.size(); i++) {
      enqueue(reads, done, request.getInt(i));
    }
    request.clear();
  }

  /** Begins to write a page; waits first if the queue is full. */
  void write(long block, int pfn) {
    while (writes.times.size() >= kernel.config.costs().deviceQueue()) {
      kernel.waitUntil(CostPart.WAITING, writes.times.firstLong());
    }
    serve(block, true);
    enqueue(writes, freeAt + kernel.config.costs().deviceWrite(), pfn);
  }

  private void serve(long block, boolean write) {
    KernelCosts costs = kernel.config.costs();
    kernel.spend(write ? CostPart.WRITING : CostPart.READING, costs.deviceSubmit());
    long start = Math.max(freeAt, kernel.now());
    if (block != lastBlock + 1 || write != lastWasWrite) {
      start += costs.deviceCommand();
    }
    lastBlock = block;
    lastWasWrite = write;
    freeAt = start + costs.deviceTransfer();
  }

  private static void enqueue(Queue queue, long done, int pfn) {
    queue.times.enqueue(done);
    queue.frames.enqueue(pfn);
  }

  /** Completes what is done by a time. */
  void completeUntil(long now) {
    while (reads.isDue(now)) {
      reads.times.dequeueLong();
      onRead.complete(reads.frames.dequeueInt());
    }
    while (writes.isDue(now)) {
      writes.times.dequeueLong();
      onWrite.complete(writes.frames.dequeueInt());
    }
  }

  /** When the next write will be complete, or -1 if none is under way. */
  long nextWrite() {
    return writes.times.isEmpty() ? -1 : writes.times.firstLong();
  }

  /** When the next read will be complete, or -1 if none is under way. */
  long nextRead() {
    return reads.times.isEmpty() ? -1 : reads.times.firstLong();
  }

  /** Writes under way. */
  int writing() {
    return writes.times.size();
  }
}
