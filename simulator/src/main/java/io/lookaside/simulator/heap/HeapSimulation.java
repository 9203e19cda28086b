package io.lookaside.simulator.heap;

import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.linux.Executable;
import io.lookaside.os.linux.KernelMetric;
import io.lookaside.os.linux.LinuxConfig;
import io.lookaside.os.linux.Task;
import io.lookaside.os.malloc.MallocConfig;
import io.lookaside.os.malloc.MallocPlayer;
import io.lookaside.os.malloc.MallocTrace;
import io.lookaside.os.malloc.Ptmalloc;
import io.lookaside.simulator.LinuxMachine;
import io.lookaside.simulator.ProcessEndedException;
import io.lookaside.simulator.ProcessMemory;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.tlb.TlbCounts;
import io.lookaside.tlb.TlbMetric;
import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;
import java.util.ArrayList;
import java.util.List;

/**
 * Plays the allocator calls of a program on the allocator modelled on glibc, in a process of the
 * kernel modelled on Linux, on a machine's MMU.
 */
public final class HeapSimulation {
  private static final long PAGE = 4096;

  /** Calls between two looks at the resident pages, for the peak. */
  private static final int PEAK_INTERVAL = 64;

  private final LinuxMachine machine;
  private final Task process;
  private final Ptmalloc malloc;
  private final MallocPlayer player;
  private final boolean writeAll;

  /** What starting the program took. */
  private final Snapshot<KernelMetric> start;

  /** Bytes that a live allocation was asked for with. */
  private final Int2LongOpenHashMap live = new Int2LongOpenHashMap();

  private long liveBytes;
  private long peakLiveBytes;
  private long peakResidentPages;
  private long calls;

  /**
   * A program that has not begun.
   *
   * @param writeAll whether each allocation is written in full when it is made, besides the touches
   *     that the trace has
   * @throws IllegalArgumentException if memory is too small for a program
   */
  public HeapSimulation(
      MachineConfig hardware, LinuxConfig linux, MallocConfig config, boolean writeAll) {
    machine = new LinuxMachine(hardware.tlb(), hardware.walker(), linux);
    Task task = machine.kernel().spawn(Executable.SMALL);
    if (task == null) {
      throw new IllegalArgumentException("memory is too small for a program");
    }
    process = task;
    ProcessMemory memory = new ProcessMemory(machine, process);
    malloc = new Ptmalloc(memory, config);
    player = new MallocPlayer(malloc, memory);
    this.writeAll = writeAll;
    start = machine.kernel().snapshot();
  }

  /**
   * Plays a trace.
   *
   * @param samples states to take on the way, at least 1
   */
  public HeapResult play(MallocTrace trace, int samples) {
    List<MallocTrace.Call> all = trace.calls();
    List<Snapshot<HeapMetric>> series = new ArrayList<>();
    String ended = null;
    long taken = 0;
    try {
      for (MallocTrace.Call call : all) {
        play(call);
        calls++;
        if (calls % PEAK_INTERVAL == 0) {
          notePeak();
        }
        if (calls * samples / all.size() > taken) {
          taken = calls * samples / all.size();
          series.add(state());
        }
      }
    } catch (ProcessEndedException e) {
      ended = e.getMessage();
    }
    if (series.isEmpty() || ended != null) {
      series.add(state());
    }
    return new HeapResult(
        series, player.requestedBytes(), peakLiveBytes, peakResidentPages * PAGE, ended);
  }

  private void play(MallocTrace.Call call) {
    player.play(call);
    int id = call.id();
    switch (call.kind()) {
      case MALLOC, REALLOC -> made(id, call.first());
      case CALLOC -> made(id, call.first() * call.second());
      case FREE -> liveBytes -= live.remove(id);
      case WRITE, READ -> {}
    }
  }

  private void made(int id, long bytes) {
    if (player.pointer(id) == 0) {
      if (bytes == 0) {
        liveBytes -= live.remove(id); // realloc to nothing frees
      }
      return;
    }
    liveBytes += bytes - live.put(id, bytes);
    peakLiveBytes = Math.max(peakLiveBytes, liveBytes);
    if (writeAll && bytes > 0) {
      player.play(new MallocTrace.Call(MallocTrace.Kind.WRITE, id, 0, bytes));
    }
  }

  private void notePeak() {
    peakResidentPages = Math.max(peakResidentPages, process.space().residentPages());
  }

  private Snapshot<HeapMetric> state() {
    notePeak();
    Counters<HeapMetric> state = new Counters<>(HeapMetric.class);
    state.add(HeapMetric.CALLS, calls);
    state.add(HeapMetric.LIVE_ALLOCATIONS, live.size());
    state.add(HeapMetric.LIVE_BYTES, liveBytes);
    state.add(HeapMetric.ARENA_BYTES, malloc.arenaBytes());
    state.add(HeapMetric.TOP_BYTES, malloc.topBytes());
    state.add(HeapMetric.MAPPED_CHUNKS, malloc.mappedChunks());
    state.add(HeapMetric.MAPPED_BYTES, malloc.mappedBytes());
    state.add(HeapMetric.MMAP_THRESHOLD, malloc.mmapThreshold());
    state.add(HeapMetric.RESIDENT_BYTES, process.space().residentPages() * PAGE);
    state.add(HeapMetric.TABLE_BYTES, process.space().tableBytes());
    Snapshot<KernelMetric> kernel = machine.kernel().snapshot().minus(start);
    state.add(HeapMetric.MINOR_FAULTS, process.minorFaults());
    state.add(HeapMetric.SYSTEM_CALLS, kernel.get(KernelMetric.SYSTEM_CALLS));
    TlbCounts first = machine.tlbs().levels().get(1).snapshot();
    state.add(HeapMetric.LOOKUPS, first.get(TlbMetric.LOOKUPS));
    state.add(HeapMetric.FIRST_LEVEL_MISSES, first.get(TlbMetric.MISSES));
    state.add(HeapMetric.WALKS, machine.tlbs().levels().get(2).snapshot().get(TlbMetric.MISSES));
    state.add(HeapMetric.REFUSED, player.refused());
    return state.snapshot();
  }
}
