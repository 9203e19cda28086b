package io.lookaside.simulator;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceHasher;
import io.lookaside.traces.TraceReadAhead;
import java.io.Closeable;
import java.io.IOException;
import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/**
 * The batches of one trace, in order, with what was known of the trace when each had been read. A
 * thread of its own reads them ahead, or whoever takes them does; what is taken is the same.
 */
interface TraceBatches extends Closeable {
  /**
   * Begins to read a trace, which from now on belongs to the result.
   *
   * @param ahead whether a thread of its own reads
   */
  static TraceBatches of(TraceFile file, boolean ahead) {
    return ahead ? new Ahead(file) : new InTurn(file);
  }

  /**
   * Moves on to the next batch.
   *
   * @return how many references it has; 0 at the end of the trace, again and again
   * @throws TraceException if the trace is flawed here
   */
  int take() throws IOException;

  /** The batch that was taken last; it may be read until the next is taken. */
  ReferenceBatch batch();

  /** How many address spaces the references so far belong to. */
  int addressSpaces();

  /** How many processors made the references so far. */
  int cores();

  /** Lines of text so far that were no references. */
  long ignoredLines();

  /** Stored bytes read so far. */
  long storedBytesRead();

  /**
   * The hash of the trace up to, and without, reference {@code end} of this batch. To be asked for
   * with ends that do not decrease within a batch.
   */
  long hashUpTo(int end);

  /** Thread CPU time that reading took in a thread of its own, nanoseconds. */
  long nanosAhead();

  /** Thread CPU time that reading took of those that called {@link #take}, nanoseconds. */
  long nanosInTurn();

  /** What hashing took of these times, nanoseconds. */
  long nanosHashing();

  @Override
  void close();

  /** Batches that a thread of its own reads ahead. */
  final class Ahead implements TraceBatches {
    private final TraceReadAhead reader;
    private TraceReadAhead.Slot slot = TraceReadAhead.Slot.nothing();

    Ahead(TraceFile file) {
      reader = new TraceReadAhead(file);
    }

    @Override
    public int take() throws IOException {
      slot = reader.take();
      return slot.count();
    }

    @Override
    public ReferenceBatch batch() {
      return slot.batch();
    }

    @Override
    public int addressSpaces() {
      return slot.addressSpaces();
    }

    @Override
    public int cores() {
      return slot.cores();
    }

    @Override
    public long ignoredLines() {
      return slot.ignoredLines();
    }

    @Override
    public long storedBytesRead() {
      return slot.storedBytesRead();
    }

    @Override
    public long hashUpTo(int end) {
      return slot.hashUpTo(end);
    }

    @Override
    public long nanosAhead() {
      return reader.cpuNanos();
    }

    @Override
    public long nanosInTurn() {
      return 0;
    }

    @Override
    public long nanosHashing() {
      return reader.hashNanos();
    }

    @Override
    public void close() {
      reader.close();
    }
  }

  /** Batches that whoever takes them reads. */
  final class InTurn implements TraceBatches {
    private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

    private final TraceFile file;
    private final ReferenceBatch batch = new ReferenceBatch();
    private final TraceHasher hasher = new TraceHasher();
    private int count;

    /** References of the batch that the hash has. */
    private int hashed;

    private int addressSpaces;
    private int cores;
    private long ignoredLines;
    private long storedBytesRead;
    private long nanos;
    private long hashNanos;

    InTurn(TraceFile file) {
      this.file = file;
    }

    @Override
    public int take() throws IOException {
      long begin = THREADS.getCurrentThreadCpuTime();
      hasher.add(batch, hashed, count);
      hashNanos += THREADS.getCurrentThreadCpuTime() - begin;
      hashed = 0;
      count = 0; // if the trace is flawed here
      count = file.read(batch);
      addressSpaces = file.addressSpaceIds().length;
      cores = file.cores();
      ignoredLines = file.ignoredLines();
      storedBytesRead = file.storedBytesRead();
      nanos += THREADS.getCurrentThreadCpuTime() - begin;
      return count;
    }

    @Override
    public ReferenceBatch batch() {
      return batch;
    }

    @Override
    public int addressSpaces() {
      return addressSpaces;
    }

    @Override
    public int cores() {
      return cores;
    }

    @Override
    public long ignoredLines() {
      return ignoredLines;
    }

    @Override
    public long storedBytesRead() {
      return storedBytesRead;
    }

    @Override
    public long hashUpTo(int end) {
      if (end < hashed) {
        throw new IllegalArgumentException("the hash goes up to " + hashed + ", not to " + end);
      }
      hasher.add(batch, hashed, end);
      hashed = end;
      return hasher.value();
    }

    @Override
    public long nanosAhead() {
      return 0;
    }

    @Override
    public long nanosInTurn() {
      return nanos;
    }

    @Override
    public long nanosHashing() {
      return hashNanos;
    }

    @Override
    public void close() {
      try {
        file.close();
      } catch (IOException e) {
        // All that was wanted of it has been read.
      }
    }
  }
}
