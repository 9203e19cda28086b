package io.lookaside.simulator;

import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.List;

/**
 * The processes of a run: every address space of every trace is one. They are numbered in the order
 * in which their first references come, whatever core they come to.
 */
final class ProcessTable {
  /** As many as there are process-context identifiers. */
  private static final int MAX_PROCESSES = 1 << 12;

  private static final int UNNUMBERED = -1;

  private static final class Trace {
    /** By the trace's own name of an address space. */
    final Long2IntOpenHashMap processes = new Long2IntOpenHashMap();

    final IntOpenHashSet processors = new IntOpenHashSet();

    Trace() {
      processes.defaultReturnValue(UNNUMBERED);
    }
  }

  private final List<Trace> traces = new ArrayList<>();
  private int processes;

  /** Without processes yet. */
  ProcessTable(int traceCount) {
    for (int i = 0; i < traceCount; i++) {
      traces.add(new Trace());
    }
  }

  /** The number of the process that a batch of a trace belongs to, 0 to 4095. */
  int processOf(int trace, ReferenceBatch batch) throws TraceException {
    Trace of = traces.get(trace);
    of.processors.add(batch.core());
    int number = of.processes.get(batch.addressSpaceId());
    if (number == UNNUMBERED) {
      if (processes == MAX_PROCESSES) {
        throw new TraceException(
            "the traces have more than "
                + MAX_PROCESSES
                + " address spaces together, which is all that there are PCIDs for; name fewer");
      }
      number = processes++;
      of.processes.put(batch.addressSpaceId(), number);
    }
    return number;
  }

  /** Address spaces of a trace so far. */
  int addressSpaces(int trace) {
    return traces.get(trace).processes.size();
  }

  /** Processors that a trace named so far. */
  int processors(int trace) {
    return traces.get(trace).processors.size();
  }
}
