package io.lookaside.os.malloc;

import it.unimi.dsi.fastutil.ints.Int2LongOpenHashMap;

/** Plays a trace of allocator calls on an allocator, touching memory as the trace says. */
public final class MallocPlayer {
  private static final long PAGE = 4096;

  private final Ptmalloc malloc;
  private final HeapMemory memory;
  private final Int2LongOpenHashMap pointers = new Int2LongOpenHashMap();
  private long refused;
  private long requested;

  /** A player whose allocations are all still to be made. */
  public MallocPlayer(Ptmalloc malloc, HeapMemory memory) {
    this.malloc = malloc;
    this.memory = memory;
  }

  /** Allocations that were refused for want of memory. */
  public long refused() {
    return refused;
  }

  /** Bytes that were asked for in all. */
  public long requestedBytes() {
    return requested;
  }

  /** The address of an allocation, or 0. */
  public long pointer(int id) {
    return pointers.get(id);
  }

  /** Plays all calls of a trace. */
  public void play(MallocTrace trace) {
    trace.calls().forEach(this::play);
  }

  /** Plays one call. Touches of what was never allocated, or refused, are passed over. */
  public void play(MallocTrace.Call call) {
    int id = call.id();
    long old = pointers.get(id);
    switch (call.kind()) {
      case MALLOC -> keep(id, malloc.malloc(call.first()), call.first());
      case CALLOC ->
          keep(id, malloc.calloc(call.first(), call.second()), call.first() * call.second());
      case REALLOC -> {
        long moved = malloc.realloc(old, call.first());
        if (moved != 0 || call.first() == 0) {
          keep(id, moved, call.first());
        } else {
          refused++;
        }
      }
      case FREE -> {
        malloc.free(old);
        pointers.remove(id);
      }
      case WRITE, READ -> touch(old, call);
    }
  }

  private void keep(int id, long pointer, long bytes) {
    requested += bytes;
    if (pointer == 0 && bytes != 0) {
      refused++;
    }
    pointers.put(id, pointer);
  }

  /** One access for each page is enough for the kernel to notice. */
  private void touch(long pointer, MallocTrace.Call call) {
    if (pointer == 0) {
      return;
    }
    long from = pointer + call.first();
    long end = Math.min(from + call.second(), pointer + malloc.usableBytes(pointer));
    for (long at = from & -8; at < end; at = (at & -PAGE) + PAGE) {
      if (call.kind() == MallocTrace.Kind.WRITE) {
        memory.store(at, at);
      } else {
        memory.load(at);
      }
    }
  }
}
