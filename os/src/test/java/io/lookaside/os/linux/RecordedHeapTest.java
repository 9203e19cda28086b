package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertNotNull;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.os.malloc.HeapMemory;
import io.lookaside.os.malloc.MallocConfig;
import io.lookaside.os.malloc.MallocPlayer;
import io.lookaside.os.malloc.MallocTrace;
import io.lookaside.os.malloc.Ptmalloc;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The allocator against recordings of glibc 2.36: every address and the heap after every call. */
class RecordedHeapTest {
  private final TestMachine machine = new TestMachine(LinuxConfig.of(512L << 20));
  private final Task process = Objects.requireNonNull(machine.kernel.spawn(Executable.SMALL));

  /** The memory of a process, reached through its MMU. */
  static HeapMemory memoryOf(TestMachine machine, Task process) {
    return new HeapMemory() {
      @Override
      public long load(long va) {
        return machine.load(process, va);
      }

      @Override
      public void store(long va, long value) {
        machine.store(process, va, value);
      }

      @Override
      public long sbrk(long increment) {
        long old = process.space().heapEnd();
        long now = machine.kernel.brk(process, old + increment);
        return now == old + increment ? old : FAILED;
      }

      @Override
      public long mmap(long bytes) {
        long va = machine.kernel.mmap(process, bytes, Abi.PROT_READ | Abi.PROT_WRITE);
        return Abi.isError(va) ? FAILED : va;
      }

      @Override
      public void munmap(long va, long bytes) {
        assertEquals(0, machine.kernel.munmap(process, va, bytes));
      }

      @Override
      public long mremap(long va, long oldBytes, long newBytes) {
        long to = machine.kernel.mremap(process, va, oldBytes, newBytes, Abi.MREMAP_MAYMOVE, 0);
        return Abi.isError(to) ? FAILED : to;
      }
    };
  }

  static BufferedReader open(String name) {
    InputStream stream =
        RecordedHeapTest.class.getResourceAsStream("/io/lookaside/os/recordings/" + name);
    assertNotNull(stream, name);
    return new BufferedReader(new InputStreamReader(stream, StandardCharsets.UTF_8));
  }

  @ParameterizedTest
  @ValueSource(strings = {"threshold", "first", "small", "mixed", "large"})
  void everyCallHasTheRecordedOutcome(String name) throws IOException {
    MallocTrace trace = MallocTrace.read(open("heap-" + name + ".trace"), name);
    List<String> recorded = open("heap-" + name + ".txt").lines().toList();
    HeapMemory memory = memoryOf(machine, process);
    Ptmalloc malloc = new Ptmalloc(memory, MallocConfig.DEFAULT);
    MallocPlayer player = new MallocPlayer(malloc, memory);
    long base = process.space().heapStart();
    assertEquals(trace.calls().size(), recorded.size());
    for (int i = 0; i < recorded.size(); i++) {
      MallocTrace.Call call = trace.calls().get(i);
      player.play(call);
      long end = process.space().heapEnd();
      long pointer = player.pointer(call.id());
      String place = "0";
      if (pointer != 0) {
        place = pointer >= base && pointer < end ? Long.toString(pointer - base) : "M";
      }
      String got =
          place + " " + (end - base) + " " + malloc.arenaBytes() + " " + malloc.mappedChunks();
      assertEquals(recorded.get(i), got, name + ", line " + (i + 1) + ": " + call);
    }
    assertTrue(process.minorFaults() > 0);
  }
}
