/*
 * Touches memory in ways whose minor faults are known in advance, and prints by how much getrusage's
 * ru_minflt rose. Build and run: see README.md.
 */
#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

#define PAGES 64L
#define PAGE 4096L

static char output[1 << 16];
static size_t written;

static long faults(void) {
  struct rusage usage;
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_minflt;
}

static void say(const char *what, long count) {
  written += snprintf(output + written, sizeof output - written, "%s %ld\n", what, count);
}

static volatile char *map(size_t bytes, int rights, int flags) {
  void *p = mmap(NULL, bytes, rights, flags | MAP_ANONYMOUS, -1, 0);
  if (p == MAP_FAILED) {
    exit(1);
  }
  return p;
}

/* Volatile reads need no place to put what they read: one would be copied after a fork. */
static long reads(volatile char *p, long pages) {
  long before = faults();
  for (long i = 0; i < pages; i++) {
    (void) p[i * PAGE];
  }
  return faults() - before;
}

static long writes(volatile char *p, long pages) {
  long before = faults();
  for (long i = 0; i < pages; i++) {
    p[i * PAGE] = 1;
  }
  return faults() - before;
}

/* Touches the stack downward, a page at a time, below all that was used so far. */
static __attribute__((noinline)) long deep(long pages) {
  volatile char *here = __builtin_frame_address(0);
  volatile char *below = (volatile char *) (((long) here & -PAGE) - 512 * 1024);
  long before = faults();
  for (long i = 0; i < pages; i++) {
    below[-i * PAGE] = 1;
  }
  return faults() - before;
}

int main(void) {
  int rw = PROT_READ | PROT_WRITE;
  say("warm-up", reads(map(PAGE, rw, MAP_PRIVATE), 1));

  volatile char *p = map(PAGES * PAGE, rw, MAP_PRIVATE);
  say("anon-read", reads(p, PAGES));
  say("anon-write-after-read", writes(p, PAGES));
  say("anon-write-again", writes(p, PAGES));

  p = map(PAGES * PAGE, rw, MAP_PRIVATE);
  say("anon-write-first", writes(p, PAGES));
  say("anon-read-after-write", reads(p, PAGES));
  madvise((void *) p, PAGES * PAGE, MADV_DONTNEED);
  say("write-after-dontneed", writes(p, PAGES));
  mprotect((void *) p, PAGES * PAGE, PROT_READ);
  say("read-after-mprotect-read", reads(p, PAGES));
  mprotect((void *) p, PAGES * PAGE, rw);
  say("write-after-mprotect-write", writes(p, PAGES));
  volatile char *q = mremap((void *) p, PAGES * PAGE, 2 * PAGES * PAGE, MREMAP_MAYMOVE);
  say("write-after-mremap", writes(q, PAGES));
  say("write-the-grown-part", writes(q + PAGES * PAGE, PAGES));

  p = map(PAGES * PAGE, rw, MAP_SHARED);
  say("shared-read", reads(p, PAGES));
  say("shared-write-after-read", writes(p, PAGES));

  p = map(PAGES * PAGE, rw, MAP_PRIVATE);
  writes(p, PAGES);
  int channel[2];
  if (pipe(channel) != 0) {
    return 1;
  }
  pid_t child = fork();
  if (child == 0) {
    long counts[3];
    faults();
    counts[0] = reads(p, PAGES);
    counts[1] = writes(p, PAGES / 2);
    counts[2] = writes(p, PAGES / 2);
    _exit(write(channel[1], counts, sizeof counts) < 0);
  }
  long counts[3];
  if (read(channel[0], counts, sizeof counts) != sizeof counts) {
    return 1;
  }
  waitpid(child, NULL, 0);
  say("child-read", counts[0]);
  say("child-write", counts[1]);
  say("child-write-again", counts[2]);
  say("parent-write-after-child-is-gone", writes(p, PAGES));

  say("stack", deep(PAGES));

  volatile char *huge = map(8 << 20, rw, MAP_PRIVATE);
  huge = (volatile char *) (((long) huge + (2 << 20) - 1) & -(2L << 20));
  if (madvise((void *) huge, 2 << 20, MADV_HUGEPAGE) == 0) {
    say("huge-write", writes(huge, 512));
    madvise((void *) huge, 2 << 20, MADV_DONTNEED);
    say("huge-read", reads(huge, 512));
    say("huge-write-after-read", writes(huge, 512));
    mprotect((void *) (huge + 100 * PAGE), PAGE, PROT_READ);
    say("huge-read-after-split", reads(huge, 512));
  }

  p = map(PAGES * PAGE, rw, MAP_PRIVATE | MAP_POPULATE);
  say("populated-write", writes(p, PAGES));
  p = map(PAGES * PAGE, rw, MAP_PRIVATE);
  mlock((void *) p, PAGES * PAGE);
  say("locked-write", writes(p, PAGES));
  ssize_t done = write(1, output, written);
  return done < 0;
}
