package io.lookaside.os.linux;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;

/**
 * The program of faults.c on the model, against what getrusage said on a real Linux. That machine's
 * kernel was booted without the shared page of zeros, so the model runs without it too; what a
 * kernel with it does is in {@link FaultsTest}.
 */
class RecordedFaultsTest {
  private static final int PAGES = 64;
  private static final int PAGE = 4096;
  private static final int RW = Abi.PROT_READ | Abi.PROT_WRITE;

  private final List<String> said = new ArrayList<>();
  private final TestMachine machine =
      new TestMachine(LinuxConfig.of(512L << 20).without(EnumSet.of(Mechanism.ZERO_PAGE)));
  private final LinuxKernel kernel = machine.kernel;
  private final Task process = Objects.requireNonNull(kernel.spawn(Executable.SMALL));

  private void say(String what, long count) {
    said.add(what + " " + count);
  }

  private long touch(Task who, long va, int pages, int kind) {
    long before = who.minorFaults();
    for (int i = 0; i < pages; i++) {
      machine.access(0, who, va + (long) i * PAGE, kind);
    }
    return who.minorFaults() - before;
  }

  private long reads(long va, int pages) {
    return touch(process, va, pages, TestMachine.LOAD);
  }

  private long writes(long va, int pages) {
    return touch(process, va, pages, TestMachine.STORE);
  }

  private long map(long bytes, int flags) {
    return kernel.mmap(process, 0, bytes, RW, flags | Abi.MAP_ANONYMOUS, null, 0);
  }

  @Test
  void everyDifferenceIsTheRecordedOne() throws IOException {
    long bytes = (long) PAGES * PAGE;
    say("warm-up", reads(map(PAGE, Abi.MAP_PRIVATE), 1));
    long p = map(bytes, Abi.MAP_PRIVATE);
    say("anon-read", reads(p, PAGES));
    say("anon-write-after-read", writes(p, PAGES));
    say("anon-write-again", writes(p, PAGES));
    p = map(bytes, Abi.MAP_PRIVATE);
    say("anon-write-first", writes(p, PAGES));
    say("anon-read-after-write", reads(p, PAGES));
    kernel.madvise(process, p, bytes, Abi.MADV_DONTNEED);
    say("write-after-dontneed", writes(p, PAGES));
    kernel.mprotect(process, p, bytes, Abi.PROT_READ);
    say("read-after-mprotect-read", reads(p, PAGES));
    kernel.mprotect(process, p, bytes, RW);
    say("write-after-mprotect-write", writes(p, PAGES));
    long q = kernel.mremap(process, p, bytes, 2 * bytes, Abi.MREMAP_MAYMOVE, 0);
    say("write-after-mremap", writes(q, PAGES));
    say("write-the-grown-part", writes(q + bytes, PAGES));
    p = map(bytes, Abi.MAP_SHARED);
    say("shared-read", reads(p, PAGES));
    say("shared-write-after-read", writes(p, PAGES));
    fork();
    stack();
    huge();
    p = map(bytes, Abi.MAP_PRIVATE | Abi.MAP_POPULATE);
    say("populated-write", writes(p, PAGES));
    p = map(bytes, Abi.MAP_PRIVATE);
    kernel.mlock(process, p, bytes);
    say("locked-write", writes(p, PAGES));
    assertEquals(RecordedHeapTest.open("faults.txt").lines().toList(), said);
  }

  private void fork() {
    long p = map((long) PAGES * PAGE, Abi.MAP_PRIVATE);
    writes(p, PAGES);
    Task child = Objects.requireNonNull(kernel.fork(process));
    say("child-read", touch(child, p, PAGES, TestMachine.LOAD));
    say("child-write", touch(child, p, PAGES / 2, TestMachine.STORE));
    say("child-write-again", touch(child, p, PAGES / 2, TestMachine.STORE));
    kernel.exit(child);
    say("parent-write-after-child-is-gone", writes(p, PAGES));
  }

  private void stack() {
    long below = process.space().stackTop() - 512 * 1024;
    long before = process.minorFaults();
    for (int i = 0; i < PAGES; i++) {
      machine.access(0, process, below - (long) i * PAGE, TestMachine.STORE);
    }
    say("stack", process.minorFaults() - before);
  }

  private void huge() {
    long p = (map(8 << 20, Abi.MAP_PRIVATE) + (2 << 20) - 1) & -(2L << 20);
    kernel.madvise(process, p, 2 << 20, Abi.MADV_HUGEPAGE);
    say("huge-write", writes(p, 512));
    kernel.madvise(process, p, 2 << 20, Abi.MADV_DONTNEED);
    say("huge-read", reads(p, 512));
    say("huge-write-after-read", writes(p, 512));
    kernel.mprotect(process, p + 100 * PAGE, PAGE, Abi.PROT_READ);
    say("huge-read-after-split", reads(p, 512));
  }
}
