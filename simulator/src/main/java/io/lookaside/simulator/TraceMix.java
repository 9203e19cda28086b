package io.lookaside.simulator;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.ThreadShare;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.Closeable;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * The references of one or several traces as one sequence: in turn, {@code quantum} references of
 * each, until all have ended. It comes in slices, each of one process.
 *
 * <p>Every address space of every trace is a process, numbered by a {@link ProcessTable}.
 */
final class TraceMix implements Closeable {
  /** One trace, and what is left of the batch that was read from it last. */
  private static final class Source {
    final TraceFormat format;
    final long storedBytes;
    final TraceBatches trace;

    /** The number of the trace in the order in which they were named. */
    final int number;

    int next;
    long taken;
    int available;
    boolean ended;

    /** Whether it has exactly one fetch for each instruction that was executed. */
    final boolean fetchesAreInstructions;

    Source(TraceFile file, int number, boolean readAhead) throws IOException {
      this.number = number;
      format = file.format();
      fetchesAreInstructions = file.fetchesAreInstructions();
      storedBytes = file.storedBytes();
      trace = TraceBatches.of(file, readAhead);
    }
  }

  private final List<Source> sources = new ArrayList<>();
  private long quantum;
  private int current;
  private long leftOfQuantum;
  private final ProcessTable processes;
  private long referencesRead;

  // The slice.
  private int from;
  private int to;

  /** Opens the traces; those that are open are closed again if one cannot be. */
  TraceMix(RunOptions options, InputStream standardInput) throws IOException {
    this(options, standardInput, 0, 1, new ProcessTable(options.traces().size()));
  }

  /**
   * Opens what a core runs of the traces: thread t of trace i belongs to the core with number (i +
   * t) modulo the number of cores. Standard input, which cannot be read twice, is one thread.
   *
   * @param core its number
   * @param cores how many there are
   * @param processes numbers the processes of all of them
   */
  TraceMix(
      RunOptions options, InputStream standardInput, int core, int cores, ProcessTable processes)
      throws IOException {
    this.processes = processes;
    try {
      for (int i = 0; i < options.traces().size(); i++) {
        open(options, standardInput, core, cores, i);
      }
    } catch (IOException e) {
      close();
      throw e;
    }
    this.quantum = sources.size() <= 1 ? Long.MAX_VALUE : options.quantum();
    this.leftOfQuantum = quantum;
  }

  private void open(RunOptions options, InputStream standardInput, int core, int cores, int i)
      throws IOException {
    String trace = options.traces().get(i);
    boolean standard = trace.equals(TraceFile.STANDARD_INPUT);
    boolean home = i % cores == core;
    if (standard && !home) {
      return;
    }
    ThreadShare share =
        standard ? ThreadShare.ALL : new ThreadShare(Math.floorMod(core - i, cores), cores);
    TraceFile file = TraceFile.open(trace, options.format(), standardInput, share);
    if (!home && !file.format().namesProcessors()) {
      file.close(); // it has one thread, which is another core's
    } else {
      sources.add(new Source(file, i, options.readAhead()));
    }
  }

  /**
   * Moves on to the next slice.
   *
   * @param limit the most references it may have, at least 1
   * @return how many it has; 0 when all traces have ended
   */
  int next(long limit) throws IOException {
    if (sources.isEmpty()) {
      return 0;
    }
    Source source = sources.get(current);
    while (source.ended || leftOfQuantum == 0 || !fill(source)) {
      if (allEnded()) {
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
    source.taken += to - from;
    leftOfQuantum -= to - from;
    return to - from;
  }

  private boolean allEnded() {
    for (Source source : sources) {
      if (!source.ended) {
        return false;
      }
    }
    return true;
  }

  /** From now on a turn lasts until {@link #endTurn}, or the end of the trace. */
  void turnsByClock() {
    quantum = Long.MAX_VALUE;
    leftOfQuantum = Long.MAX_VALUE;
  }

  /**
   * Ends the turn of the trace that the slice is of, before the slice's end: what stands from
   * {@code position} on comes when it has its turn again.
   */
  void endTurn(int position) {
    Source source = sources.get(current);
    source.next = position;
    source.taken -= to - position;
    to = position;
    leftOfQuantum = 0;
  }

  /** Whether the source has references; reads more where the batch is used up. */
  private boolean fill(Source source) throws IOException {
    if (source.next == source.available) {
      source.available = source.trace.take();
      source.next = 0;
      source.ended = source.available == 0;
      referencesRead += source.available;
    }
    return !source.ended;
  }

  /** The batch that the slice lies in. */
  ReferenceBatch batch() {
    return sources.get(current).trace.batch();
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
    return processes.processOf(source.number, source.trace.batch());
  }

  /** What was read of each trace, in the order in which they were named. */
  List<RunResult.TraceResult> results() {
    return sources.stream()
        .map(
            s ->
                new RunResult.TraceResult(
                    s.format,
                    s.fetchesAreInstructions,
                    s.trace.addressSpaces(),
                    s.trace.cores(),
                    s.trace.hashUpTo(s.next),
                    s.trace.ignoredLines()))
        .toList();
  }

  /** References read so far, of all traces. */
  long referencesRead() {
    return referencesRead;
  }

  /**
   * What was read of one trace, or {@code null} if nothing was.
   *
   * @param even whether to tell also of nothing
   */
  RunResult.@Nullable TraceResult result(int trace, boolean even) {
    List<RunResult.TraceResult> all = results();
    for (int i = 0; i < all.size(); i++) {
      Source source = sources.get(i);
      if (source.number == trace && (even || source.taken > 0)) {
        return all.get(i);
      }
    }
    return null;
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
    long sum = 0; // asked for after each slice, so no stream
    for (Source source : sources) {
      sum += source.trace.storedBytesRead();
    }
    return sum;
  }

  /** Thread CPU time of the threads that read the traces ahead, nanoseconds. */
  long nanosAhead() {
    return sources.stream().mapToLong(s -> s.trace.nanosAhead()).sum();
  }

  /** Thread CPU time of this thread for reading the traces, nanoseconds. */
  long nanosInTurn() {
    return sources.stream().mapToLong(s -> s.trace.nanosInTurn()).sum();
  }

  /** What hashing took of these times, nanoseconds. */
  long nanosHashing() {
    return sources.stream().mapToLong(s -> s.trace.nanosHashing()).sum();
  }

  @Override
  public void close() {
    sources.forEach(s -> s.trace.close());
  }
}
