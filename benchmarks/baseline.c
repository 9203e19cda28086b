/* The machine `reference` (simulator/.../machines/reference.yaml) as a C program of its own: what the
 * replay of Lookaside is measured against, and a second opinion on every count.
 *
 *   cc -O3 -march=native -o baseline baseline.c
 *   ./baseline TRACE.flat64 [ROUNDS=3]
 *
 * The trace is flat64; every page is mapped before the run, tables from 0x1000 and frames from 4 GiB in
 * the order of first touch. Prints the median thread CPU time of a reference, then name=count pairs.
 *
 * How it is fast: a reference that repeats the page its L1 set used last hits and changes nothing, so it
 * is compared and added up, no more; sets stand in the order of use; page-table entries that references
 * ahead may need are prefetched.
 */
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

typedef uint64_t u64;
typedef uint32_t u32;

enum { LOAD, STORE, FETCH };
enum { PAGE = 4096, CLASSES = 64, BLOCK = 4096, AHEAD = 16, MAX_ROUNDS = 99 };

static const u64 PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40;
static const u64 FRAME = 0x000ffffffffff000ull;
static const u64 RAM_BYTES = 1ull << 30;

/* Sets in the order of use, the most recent way first; an empty way has tag ~0. */
typedef struct { u64 tag[4], leaf[4]; } l1d_set;
typedef struct { u64 tag[8], leaf[8]; } l1i_set;
typedef struct { u32 tag[16]; u64 leaf[12]; } stlb_set;

static l1d_set l1d[16] __attribute__((aligned(64)));
static l1i_set l1i[8] __attribute__((aligned(64)));
static stlb_set stlb[128] __attribute__((aligned(64)));
static u32 pde_tag[32] __attribute__((aligned(64)));
static u64 pde_table[32], pdpte_tag[4], pdpte_table[4], pml4e_tag[4], pml4e_table[4];
static struct { u64 page, frame; } recent[CLASSES * 4] __attribute__((aligned(64)));
static u64 table_hint[1024];

static char *ram;
static u64 root, next_table, next_frame;

static struct {
  u64 refs[4], l1i_miss, l1d_miss, stlb_miss, assists, reads, starts[4], a_sets, d_sets, pa_sum;
} n;

static u64 get(u64 pa) { u64 v; memcpy(&v, ram + pa, 8); return v; }
static void put(u64 pa, u64 v) { memcpy(ram + pa, &v, 8); }

static u64 new_table(void) {
  u64 pa = next_table;
  next_table += PAGE;
  if (next_table > RAM_BYTES) { fputs("baseline: page tables fill the memory\n", stderr); exit(1); }
  return pa;
}

static void map_all(const u64 *trace, long count) {
  next_table = PAGE;
  next_frame = 0x100000;
  root = new_table();
  u64 last = ~0ull;
  for (long i = 0; i < count; i++) {
    u64 vpn = trace[i] >> 12;
    if (vpn == last) continue;
    last = vpn;
    u64 table = root;
    for (int level = 3; level > 0; level--) {
      u64 at = table + (vpn >> 9 * level & 511) * 8, entry = get(at);
      if (!(entry & PRESENT)) put(at, entry = new_table() | PRESENT | WRITABLE | USER);
      table = entry & FRAME;
    }
    u64 at = table + (vpn & 511) * 8;
    if (!(get(at) & PRESENT)) put(at, next_frame++ << 12 | PRESENT | WRITABLE | USER);
  }
}

static void clear(void) {
  memset(l1d, 0xff, sizeof l1d);
  memset(l1i, 0xff, sizeof l1i);
  memset(stlb, 0xff, sizeof stlb);
  memset(pde_tag, 0xff, sizeof pde_tag);
  memset(pdpte_tag, 0xff, sizeof pdpte_tag);
  memset(pml4e_tag, 0xff, sizeof pml4e_tag);
  memset(&n, 0, sizeof n);
  /* A page of another class, which no address meets in this place. */
  for (int i = 0; i < CLASSES * 4; i++) recent[i].page = (u64)((i >> 2) ^ 1) << 12;
}

/* Puts way `from` of a set, or a new pair in its place, first. */
#define TO_FRONT(tags, values, from, t, v) do { \
    int from_ = (from); \
    memmove((tags) + 1, (tags), from_ * sizeof *(tags)); \
    memmove((values) + 1, (values), from_ * sizeof *(values)); \
    (tags)[0] = (t); (values)[0] = (v); } while (0)

static inline int find4(const u64 *tags, u64 t) {
  u32 m = 0;
  for (int i = 0; i < 4; i++) m |= (u32)(tags[i] == t) << i;
  return m ? __builtin_ctz(m) : -1;
}

static inline int find32(const u32 *tags, int count, u32 t) {
  u32 m = 0;
  for (int i = 0; i < count; i++) m |= (u32)(tags[i] == t) << i;
  return m ? __builtin_ctz(m) : -1;
}

static u64 walk(u64 vpn, int store) {
  u64 table = root;
  int way, level = 3;
  if ((way = find32(pde_tag, 32, (u32)(vpn >> 9))) >= 0) {
    table = pde_table[way];
    level = 0;
    if (way) TO_FRONT(pde_tag, pde_table, way, (u32)(vpn >> 9), table);
  } else if ((way = find4(pdpte_tag, vpn >> 18)) >= 0) {
    table = pdpte_table[way];
    level = 1;
    if (way) TO_FRONT(pdpte_tag, pdpte_table, way, vpn >> 18, table);
  } else if ((way = find4(pml4e_tag, vpn >> 27)) >= 0) {
    table = pml4e_table[way];
    level = 2;
    if (way) TO_FRONT(pml4e_tag, pml4e_table, way, vpn >> 27, table);
  }
  n.starts[level]++;
  n.reads += level + 1;
  for (; level > 0; level--) {
    u64 at = table + (vpn >> 9 * level & 511) * 8, entry = get(at);
    if (!(entry & ACCESSED)) { put(at, entry | ACCESSED); n.a_sets++; }
    table = entry & FRAME;
    if (level == 1) {
      TO_FRONT(pde_tag, pde_table, 31, (u32)(vpn >> 9), table);
      table_hint[vpn >> 9 & 1023] = table;
    } else if (level == 2) TO_FRONT(pdpte_tag, pdpte_table, 3, vpn >> 18, table);
    else TO_FRONT(pml4e_tag, pml4e_table, 3, vpn >> 27, table);
  }
  u64 at = table + (vpn & 511) * 8, entry = get(at), used = entry | ACCESSED | (store ? DIRTY : 0);
  if (used != entry) {
    put(at, used);
    n.a_sets += !(entry & ACCESSED);
    n.d_sets += !(entry & DIRTY) && store;
  }
  return used;
}

static u64 second_level(u64 vpn, int store) {
  stlb_set *s = &stlb[vpn & 127];
  u32 tag = (u32)(vpn >> 7);
  int way = find32(s->tag, 12, tag);
  u64 leaf;
  if (way >= 0) {
    leaf = s->leaf[way];
    if (way == 0) return leaf;
  } else {
    n.stlb_miss++;
    leaf = walk(vpn, store);
    way = 11;
  }
  TO_FRONT(s->tag, s->leaf, way, tag, leaf);
  return leaf;
}

static void remember(u64 vpn, int kind, u64 leaf) {
  int i = (vpn & (CLASSES - 1)) << 2 | kind;
  recent[i].page = vpn << 12;
  recent[i].frame = leaf & FRAME;
}

static void forget(u64 vpn, int kind) {
  u64 class = vpn & (CLASSES - 1);
  recent[class << 2 | kind].page = (class ^ 1) << 12;
}

static u64 access_page(u64 va, int kind) {
  u64 vpn = va >> 12, leaf;
  if (kind == FETCH) {
    l1i_set *s = &l1i[vpn & 7];
    if (s->tag[0] != ~0ull) forget(s->tag[0], FETCH);
    u32 m = 0;
    for (int i = 0; i < 8; i++) m |= (u32)(s->tag[i] == vpn) << i;
    int way = m ? __builtin_ctz(m) : 7;
    if (m) leaf = s->leaf[way];
    else { n.l1i_miss++; leaf = second_level(vpn, 0); }
    TO_FRONT(s->tag, s->leaf, way, vpn, leaf);
    remember(vpn, FETCH, leaf);
    return (leaf & FRAME) | (va & 4095);
  }
  l1d_set *s = &l1d[vpn & 15];
  if (s->tag[0] != ~0ull) { forget(s->tag[0], LOAD); forget(s->tag[0], STORE); }
  int way = find4(s->tag, vpn);
  if (way >= 0) leaf = s->leaf[way];
  else { n.l1d_miss++; leaf = second_level(vpn, kind == STORE); way = 3; }
  if (kind == STORE && !(leaf & DIRTY)) {
    n.assists++;
    leaf = walk(vpn, 1);
    stlb_set *t = &stlb[vpn & 127];
    int at = find32(t->tag, 12, (u32)(vpn >> 7));
    if (at >= 0) t->leaf[at] = leaf;
  }
  TO_FRONT(s->tag, s->leaf, way, vpn, leaf);
  remember(vpn, LOAD, leaf);
  if (leaf & DIRTY) remember(vpn, STORE, leaf);
  return (leaf & FRAME) | (va & 4095);
}

static void replay(const u64 *trace, long count) {
  u64 sum = 0, walks_seen = 0;
  long ahead = 0, last_walk = -AHEAD;
  for (long from = 0; from < count; from += BLOCK) {
    long to = from + BLOCK < count ? from + BLOCK : count;
    u64 stores = 0, fetches = 0;
    for (long i = from; i < to; i++) { stores += trace[i] & 1; fetches += trace[i] >> 1 & 1; }
    n.refs[STORE] += stores;
    n.refs[FETCH] += fetches;
    n.refs[LOAD] += to - from - stores - fetches;
    for (long i = from; i < to; i++) {
      u64 r = trace[i], va = r & ~3ull;
      int at = (int)(r >> 10 & (CLASSES - 1) << 2) | (int)(r & 3);
      u64 offset = va - recent[at].page;
      if (__builtin_expect(offset < PAGE, 1)) { sum += offset + recent[at].frame; continue; }
      sum += access_page(va, r & 3);
      if (n.stlb_miss != walks_seen) {
        walks_seen = n.stlb_miss;
        if (i - last_walk < AHEAD) {
          long stop = i + AHEAD < to ? i + AHEAD : to;
          for (ahead = ahead > i ? ahead : i + 1; ahead < stop; ahead++) {
            u64 vpn = trace[ahead] >> 12;
            __builtin_prefetch(ram + table_hint[vpn >> 9 & 1023] + (vpn & 511) * 8);
          }
        }
        last_walk = i;
      }
    }
  }
  n.pa_sum = sum;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return t.tv_sec * 1e9 + t.tv_nsec;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int argc, char **argv) {
  struct stat st;
  int fd = argc < 2 ? -1 : open(argv[1], O_RDONLY);
  int rounds = argc > 2 ? atoi(argv[2]) : 3;
  if (fd < 0 || fstat(fd, &st) || rounds < 1 || rounds > MAX_ROUNDS) {
    fprintf(stderr, "usage: %s TRACE.flat64 [ROUNDS, at most %d]\n", argv[0], MAX_ROUNDS);
    return 2;
  }
  long count = st.st_size / 8;
  u64 *trace = mmap(0, count * 8 + 8, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  ram = mmap(0, RAM_BYTES, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (trace == MAP_FAILED || ram == MAP_FAILED) { perror("baseline"); return 1; }
  madvise(ram, RAM_BYTES, MADV_HUGEPAGE);
  for (long done = 0; done < count * 8;) {
    long got = read(fd, (char *)trace + done, count * 8 - done);
    if (got <= 0) { perror(argv[1]); return 1; }
    done += got;
  }
  map_all(trace, count);
  char *fresh = malloc(next_table);
  memcpy(fresh, ram, next_table);
  double took[MAX_ROUNDS];
  for (int i = 0; i < rounds; i++) {
    memcpy(ram, fresh, next_table);
    clear();
    double start = now();
    replay(trace, count);
    took[i] = now() - start;
  }
  qsort(took, rounds, sizeof *took, ascending);
  u64 data = n.refs[LOAD] + n.refs[STORE], l1_miss = n.l1i_miss + n.l1d_miss;
  printf("%.3f", took[rounds / 2] / count);
  printf(" l1i_hit=%lu l1i_miss=%lu l1d_hit=%lu l1d_miss=%lu st_hit=%lu st_miss=%lu",
      n.refs[FETCH] - n.l1i_miss, n.l1i_miss, data - n.l1d_miss, n.l1d_miss, l1_miss - n.stlb_miss,
      n.stlb_miss);
  printf(" pd_hit=%lu pdpt_hit=%lu pml4_hit=%lu psc_none=%lu walk_refs=%lu a_sets=%lu d_sets=%lu",
      n.starts[0], n.starts[1], n.starts[2], n.starts[3], n.reads, n.a_sets, n.d_sets);
  printf(" assists=%lu faults=0 lat=%lu pa_sum=%lu\n", n.assists,
      (u64)count + 7 * l1_miss + n.stlb_miss + n.assists + 50 * n.reads, n.pa_sum);
  return 0;
}
