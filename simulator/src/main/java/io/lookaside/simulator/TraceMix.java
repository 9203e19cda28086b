package io.lookaside.simulator;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceReadAhead;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;

/**
 * The references of one or several traces as one sequence: in turn, {@code quantum} references of
 * each, until all have ended. It comes in slices, each of one process.
 *
 * <p>Every address space of every trace is a process. They are numbered in the order in which their
 * first references come.
 */
final class TraceMix implements Closeable {
  /** As many as there are process-context identifiers. */
  private static final int MAX_PROCESSES = 1 << 12;

  private static final int UNNUMBERED = -1;

  /** One trace, and what is left of the batch that was read from it last. */
  private static final class Source {
    final TraceFormat format;
    final long storedBytes;
    final TraceReadAhead trace;

    /** What was taken last. */
    TraceReadAhead.Slot slot = TraceReadAhead.Slot.nothing();

    /** By the trace's own number of an address space. */
    final IntArrayList processes = new IntArrayList();

    int next;
    int available;
    boolean ended;

    /** Whether it has exactly one fetch for each instruction that was executed. */
    final boolean fetchesAreInstructions;

    Source(TraceFile file) throws IOException {
      format = file.format();
      fetchesAreInstructions = file.fetchesAreInstructions();
      storedBytes = file.storedBytes();
      trace = new TraceReadAhead(file);
    }
  }

  private final List<Source> sources = new ArrayList<>();
  private final long quantum;
  private int current;
  private long leftOfQuantum;
  private int processes;
  private long referencesRead;

  // The slice.
  private int from;
  private int to;

  /** Opens the traces; those that are open are closed again if one cannot be. */
  TraceMix(RunOptions options, InputStream standardInput) throws IOException {
    this.quantum = options.traces().size() == 1 ? Long.MAX_VALUE : options.quantum();
    this.leftOfQuantum = quantum;
    try {
      for (String trace : options.traces()) {
        sources.add(new Source(TraceFile.open(trace, options.format(), standardInput)));
      }
    } catch (IOException e) {
      close();
      throw e;
    }
  }

  /**
   * Moves on to the next slice.
   *
   * @param limit the most references it may have, at least 1
   * @return how many it has; 0 when all traces have ended
   */
  int next(long limit) throws IOException {
    Source source = sources.get(current);
    while (source.ended || leftOfQuantum == 0 || !fill(source)) {
      if (sources.stream().allMatch(s -> s.ended)) {
        return 0;
      }
      current = (current + 1) % sources.size();
      source = sources.get(current);
      leftOfQuantum = quantum;
    }
    long most = Math.min(limit, leftOfQuantum);
    from = source.next;
    to = from + (int) Math.min(source.available - from, most);
    source.next = to;
    leftOfQuantum -= to - from;
    return to - from;
  }

  /** Whether the source has references; reads more where the batch is used up. */
  private boolean fill(Source source) throws IOException {
    if (source.next == source.available) {
      TraceReadAhead.Slot slot = source.trace.take();
      source.slot = slot;
      source.next = 0;
      source.available = slot.count();
      source.ended = source.available == 0;
      referencesRead += source.available;
    }
    return !source.ended;
  }

  /** The batch that the slice lies in. */
  ReferenceBatch batch() {
    return sources.get(current).slot.batch();
  }

  /** Where in its batch the slice begins. */
  int from() {
    return from;
  }

  /** Where in its batch the slice ends, exclusive. */
  int to() {
    return to;
  }

  /** The number of the process that the slice belongs to, 0 to 4095. */
  int process() throws TraceException {
    Source source = sources.get(current);
    int space = source.slot.batch().addressSpace();
    while (source.processes.size() <= space) {
      source.processes.add(UNNUMBERED);
    }
    if (source.processes.getInt(space) == UNNUMBERED) {
      if (processes == MAX_PROCESSES) {
        throw new TraceException(
            "the traces have more than "
                + MAX_PROCESSES
                + " address spaces together, which is all that there are PCIDs for; name fewer");
      }
      source.processes.set(space, processes++);
    }
    return source.processes.getInt(space);
  }

  /** What was read of each trace, in the order in which they were named. */
  List<RunResult.TraceResult> results() {
    return sources.stream()
        .map(
            s ->
                new RunResult.TraceResult(
                    s.format,
                    s.fetchesAreInstructions,
                    s.slot.addressSpaces(),
                    s.slot.cores(),
                    s.slot.hashUpTo(s.next),
                    s.slot.ignoredLines()))
        .toList();
  }

  /** References read so far, of all traces. */
  long referencesRead() {
    return referencesRead;
  }

  /** Bytes of the files as stored; -1 if one is unknown. */
  long storedBytes() {
    long sum = 0;
    for (Source source : sources) {
      if (source.storedBytes < 0) {
        return -1;
      }
      sum += source.storedBytes;
    }
    return sum;
  }

  /** Stored bytes read so far. */
  long storedBytesRead() {
    return sources.stream().mapToLong(s -> s.slot.storedBytesRead()).sum();
  }

  /** Thread CPU time of the threads that read the traces, nanoseconds. */
  long readerNanos() {
    return sources.stream().mapToLong(s -> s.trace.cpuNanos()).sum();
  }

  @Override
  public void close() {
    sources.forEach(s -> s.trace.close());
  }
}
