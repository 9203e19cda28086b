/*
 * Runs a trace of malloc, free, realloc and calloc calls and prints after each where the C library put
 * the allocation and how large the heap is. Build and run: see README.md.
 *
 * Input, one call a line: m ID SIZE, f ID, r ID SIZE, c ID COUNT EACH.
 * Output, one line for each: the offset of the result from the start of the heap (or M where it is
 * mapped on its own), the size of the heap by sbrk(0), and mallinfo2's arena and hblks.
 */
#include <fcntl.h>
#include <malloc.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char input[1 << 20];
static char output[4 << 20];
static size_t written;
static void *pointers[1 << 16];

static void print(const char *format, ...) {
  va_list arguments;
  va_start(arguments, format);
  written += vsnprintf(output + written, sizeof output - written, format, arguments);
  va_end(arguments);
}

int main(int argc, char **argv) {
  int fd = open(argv[1], O_RDONLY);
  ssize_t n = read(fd, input, sizeof input - 1);
  if (argc < 2 || n <= 0) {
    return 1;
  }
  char *base = sbrk(0);
  for (char *line = input; *line;) {
    char kind = line[0];
    char *p = line + 1;
    long id = strtol(p, &p, 10);
    long size = kind == 'f' ? 0 : strtol(p, &p, 10);
    long each = kind == 'c' ? strtol(p, &p, 10) : 0;
    switch (kind) {
      case 'm': pointers[id] = malloc(size); break;
      case 'f': free(pointers[id]); pointers[id] = NULL; break;
      case 'r': pointers[id] = realloc(pointers[id], size); break;
      case 'c': pointers[id] = calloc(size, each); break;
    }
    char *heap_end = sbrk(0);
    char *result = pointers[id];
    struct mallinfo2 info = mallinfo2();
    if (result == NULL) {
      print("0");
    } else if (result >= base && result < heap_end) {
      print("%ld", (long) (result - base));
    } else {
      print("M");
    }
    print(" %ld %zu %zu\n", (long) (heap_end - base), info.arena, info.hblks);
    line = p;
    while (*line == '\n') {
      line++;
    }
  }
  ssize_t done = write(1, output, written);
  return done < 0;
}
