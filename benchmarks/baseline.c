/* The machine `reference` (simulator/.../machines/reference.yaml) as a C program of its own: what the
 * replay of Lookaside is measured against, and a second opinion on every count.
 *
 *   cc -O3 -march=native -o baseline baseline.c
 *   ./baseline TRACE.flat64 [ROUNDS=3]
 *
 * The trace is flat64; every page is mapped before the run, tables from 0x1000 and frames from 4 GiB in
 * the order of first touch. Prints the median thread CPU time of a reference, then name=count pairs.
 *
 * How it is fast: eight references are compared at once with the last page of their side; a reference that
 * repeats the page its L1 set used last hits and changes nothing, so it is compared and added up, no more. Pages
 * have numbers, found by a hash table of regions of 2 MiB, and a word for each says in which way of each structure
 * it was put last, so one comparison tells a hit from a miss. The order of use of a set is a word of four-bit way
 * numbers. The numbers of the pages ahead are worked out before they are needed, and their words and page-table
 * entries prefetched.
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
enum { PAGE = 4096, CLASSES = 64, BLOCK = 4096, AHEAD = 16, GROUP = 8, ALONE = 3, MAX_ROUNDS = 99 };
enum { MAX_REGIONS = 1 << 18, KEY_BITS = 20, PDES = 32 };
static const u64 PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40;
static const u64 FRAME = 0x000ffffffffff000ull;
static const u64 RAM_BYTES = 1ull << 30;

/* Orders: four bits for each way, the way used last lowest. An empty way has page 0, the number of none. */
typedef struct { u64 order; u32 page[4]; u64 frame[4]; } l1d_set;
typedef struct { u64 order; u32 page[8]; u64 frame[8]; } l1i_set;
typedef struct { u64 order; u32 page[12]; u64 frame[12]; } stlb_set;

static l1d_set l1d[16] __attribute__((aligned(64)));
static l1i_set l1i[8] __attribute__((aligned(64)));
static stlb_set stlb[128] __attribute__((aligned(64)));

/* Where a page was put last, and its D bit. */
typedef uint16_t word;
enum { L1I_SHIFT = 0, L1I_MASK = 7, L1D_SHIFT = 3, L1D_MASK = 3, STLB_SHIFT = 5, STLB_MASK = 15, DIRTY_WORD = 1 << 15 };
static word *words;

/* Regions by number, from 1: the page table of each, and the way of the PDE cache where it was put last. */
static struct { u64 key, number; } region[1 << KEY_BITS];
static u32 regions;
static u64 table_of[MAX_REGIONS];
static unsigned char pde_way[MAX_REGIONS];

/* The PDE cache: a ring in the order of use, in which the way used longest ago stands before the front. */
static u32 pde_region[PDES];
static unsigned char pde_next[PDES], pde_previous[PDES], pde_front;

static u64 pdpte_tag[4], pdpte_table[4], pml4e_tag[4], pml4e_table[4];
static struct { u64 page, frame; } recent[CLASSES * 4] __attribute__((aligned(64)));

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
  memset(l1d, 0, sizeof l1d);
  memset(l1i, 0, sizeof l1i);
  memset(stlb, 0, sizeof stlb);
  for (int i = 0; i < 16; i++) l1d[i].order = 0x3210;
  for (int i = 0; i < 8; i++) l1i[i].order = 0x76543210;
  for (int i = 0; i < 128; i++) stlb[i].order = 0xba9876543210ull;
  memset(region, 0, sizeof region);
  memset(words, 0, (regions + 1) * 512ul * sizeof *words);
  memset(table_of, 0, sizeof table_of);
  memset(pde_way, 0, sizeof pde_way);
  regions = 0;
  for (int i = 0; i < PDES; i++) {
    pde_region[i] = 0;
    pde_next[i] = (i + 1) % PDES;
    pde_previous[i] = (i + PDES - 1) % PDES;
  }
  pde_front = 0;
  memset(pdpte_tag, 0xff, sizeof pdpte_tag);
  memset(pml4e_tag, 0xff, sizeof pml4e_tag);
  memset(&n, 0, sizeof n);
  /* A page of another class, which no address meets in this place. */
  for (int i = 0; i < CLASSES * 4; i++) recent[i].page = (u64)((i >> 2) ^ 1) << 12;
}

static u32 add_region(u64 key, u32 slot) {
  while (region[slot].key && region[slot].key != key) slot = (slot + 1) & ((1 << KEY_BITS) - 1);
  if (!region[slot].key) {
    if (++regions == MAX_REGIONS) { fputs("baseline: too many regions of 2 MiB\n", stderr); exit(1); }
    region[slot].key = key;
    region[slot].number = regions;
  }
  return region[slot].number;
}

/* The number of the page of an address. Neighbouring regions have neighbouring places. */
static inline u32 number(u64 va) {
  u64 key = (va >> 21) + 1;
  u32 slot = key & ((1 << KEY_BITS) - 1);
  u32 in = region[slot].key == key ? region[slot].number : add_region(key, slot);
  return in << 9 | (va >> 12 & 511);
}

static inline void raise_way(u64 *order, u32 way) {
  u64 o = *order, d = o ^ 0x1111111111111111ull * way;
  int at = __builtin_ctzll((d - 0x1111111111111111ull) & ~d & 0x8888888888888888ull) & -4;
  u64 ahead = o & ((1ull << at) - 1);
  *order = o ^ ahead ^ ((u64)way << at) ^ (ahead << 4) ^ way;
}

/* The way used longest ago, which becomes the one used last. */
static inline u32 back_way(u64 *order, int ways) {
  u32 back = *order >> (4 * (ways - 1));
  *order = (*order << 4 & ((1ull << 4 * ways) - 1)) | back;
  return back;
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

static void walk_upper(u64 vpn, u32 region) {
  u64 table = root;
  int way, level = 3;
  if ((way = find4(pdpte_tag, vpn >> 18)) >= 0) {
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
    if (level == 2) TO_FRONT(pdpte_tag, pdpte_table, 3, vpn >> 18, table);
    else if (level == 3) TO_FRONT(pml4e_tag, pml4e_table, 3, vpn >> 27, table);
  }
  table_of[region] = table;
}

static u64 walk(u64 vpn, u32 region, int store) {
  u32 way = pde_way[region];
  if (pde_region[way] == region) {
    n.starts[0]++;
    n.reads++;
    if (way != pde_front) {
      if (pde_previous[pde_front] != way) {
        u32 next = pde_next[way], previous = pde_previous[way], back = pde_previous[pde_front];
        pde_next[previous] = next;
        pde_previous[next] = previous;
        pde_next[back] = way;
        pde_previous[way] = back;
        pde_next[way] = pde_front;
        pde_previous[pde_front] = way;
      }
      pde_front = way;
    }
  } else {
    walk_upper(vpn, region);
    way = pde_front = pde_previous[pde_front];
    pde_region[way] = region;
    pde_way[region] = way;
  }
  u64 at = table_of[region] + (vpn & 511) * 8, entry = get(at), used = entry | ACCESSED | (store ? DIRTY : 0);
  if (used != entry) {
    put(at, used);
    n.a_sets += !(entry & ACCESSED);
    n.d_sets += !(entry & DIRTY) && store;
  }
  return used;
}

/* The frame of a page that its first level does not have; sets its word but for that level. */
static inline u64 second_level(u64 vpn, u32 page, word *w, int store) {
  stlb_set *s = &stlb[vpn & 127];
  u32 way = *w >> STLB_SHIFT & STLB_MASK;
  if (s->page[way] == page) {
    raise_way(&s->order, way);
    return s->frame[way];
  }
  n.stlb_miss++;
  u64 leaf = walk(vpn, page >> 9, store);
  way = back_way(&s->order, 12);
  s->page[way] = page;
  s->frame[way] = leaf & FRAME;
  *w = (*w & ~(STLB_MASK << STLB_SHIFT)) | way << STLB_SHIFT | (leaf & DIRTY ? DIRTY_WORD : 0);
  return leaf & FRAME;
}

/* The last page of each side, 0 instructions; no store may repeat it while its D bit is clear. */
static struct { u64 vpn, frame; } last[2];
static int last_clean;

static inline u64 access_page(u64 va, u32 page, int kind) {
  u64 vpn = va >> 12, frame, class = vpn & (CLASSES - 1);
  word w = words[page];
  if (kind == FETCH) {
    l1i_set *s = &l1i[vpn & 7];
    u32 way = w >> L1I_SHIFT & L1I_MASK;
    u64 front = s->page[s->order & 15] & (CLASSES - 1);
    recent[front << 2 | FETCH].page = (front ^ 1) << 12;
    if (s->page[way] == page) {
      raise_way(&s->order, way);
      frame = s->frame[way];
    } else {
      n.l1i_miss++;
      frame = second_level(vpn, page, &w, 0);
      way = back_way(&s->order, 8);
      s->page[way] = page;
      s->frame[way] = frame;
      words[page] = (w & ~(L1I_MASK << L1I_SHIFT)) | way << L1I_SHIFT;
    }
    recent[class << 2 | FETCH].page = vpn << 12;
    recent[class << 2 | FETCH].frame = frame;
    return frame | (va & 4095);
  }
  l1d_set *s = &l1d[vpn & 15];
  u32 way = w >> L1D_SHIFT & L1D_MASK;
  u64 front = s->page[s->order & 15] & (CLASSES - 1);
  recent[front << 2 | LOAD].page = recent[front << 2 | STORE].page = (front ^ 1) << 12;
  if (s->page[way] == page) {
    raise_way(&s->order, way);
    frame = s->frame[way];
  } else {
    n.l1d_miss++;
    frame = second_level(vpn, page, &w, kind == STORE);
    way = back_way(&s->order, 4);
    s->page[way] = page;
    s->frame[way] = frame;
    w = (w & ~(L1D_MASK << L1D_SHIFT)) | way << L1D_SHIFT;
    words[page] = w;
  }
  if (kind == STORE && !(w & DIRTY_WORD)) {
    n.assists++;
    walk(vpn, page >> 9, 1);
    words[page] = w |= DIRTY_WORD;
  }
  recent[class << 2 | LOAD].page = vpn << 12;
  recent[class << 2 | LOAD].frame = frame;
  recent[class << 2 | STORE].page = w & DIRTY_WORD ? vpn << 12 : (class ^ 1) << 12;
  recent[class << 2 | STORE].frame = frame;
  return frame | (va & 4095);
}

/* Eight words; the compiler maps them to whatever vectors the processor has. */
typedef u64 words8 __attribute__((vector_size(64)));
typedef struct { words8 addresses, fetches; } totals;

/* Eight references that all repeat the last page of their side are only added up. */
static inline int repeats(const u64 *trace, totals *all) {
  words8 r;
  memcpy(&r, trace, sizeof r);
  words8 fetch = r >> 1 & 1, other = -fetch;
  words8 different = ((r >> 12) ^ last[1].vpn ^ ((last[0].vpn ^ last[1].vpn) & other)) | (r & (u64)last_clean);
  different |= __builtin_shuffle(different, (words8){ 4, 5, 6, 7, 0, 1, 2, 3 });
  different |= __builtin_shuffle(different, (words8){ 2, 3, 0, 1, 6, 7, 4, 5 });
  if (different[0] | different[1]) return 0;
  all->addresses += (r & 0xffc) + (last[1].frame ^ ((last[0].frame ^ last[1].frame) & other));
  all->fetches += fetch;
  return 1;
}

static u64 sum_of(words8 w) {
  u64 sum = 0;
  for (int i = 0; i < GROUP; i++) sum += w[i];
  return sum;
}

static void replay(const u64 *trace, long count) {
  static u32 pages[AHEAD];
  u64 sum = 0, walks_seen = 0, fetches = 0;
  int seen[2] = { 0, 0 }, alone = 0;
  totals all = { { 0 }, { 0 } };
  long ahead = 0, last_walk = -AHEAD;
  last[0].vpn = last[1].vpn = ~0ull;
  last_clean = 0;
  for (long from = 0; from < count; from += BLOCK) {
    long to = from + BLOCK < count ? from + BLOCK : count;
    for (long group = from; group < to; group += GROUP) {
      long stop = group + GROUP < to ? group + GROUP : to;
      /* Where a group was no repetition, the next few seldom are. */
      if (alone > 0) alone--;
      else if (group + GROUP <= to && repeats(trace + group, &all)) continue;
      else alone = ALONE;
      for (long i = group; i < stop; i++) {
        u64 r = trace[i], va = r & ~3ull;
        int at = (int)(r >> 10 & (CLASSES - 1) << 2) | (int)(r & 3);
        u64 offset = va - recent[at].page;
        fetches += r >> 1 & 1;
        seen[r >> 1 & 1] = at & ~3;
        if (offset < PAGE) {
          sum += offset + recent[at].frame;
          continue;
        }
        sum += access_page(va, i < ahead ? pages[i & (AHEAD - 1)] : number(va), r & 3);
        if (n.stlb_miss != walks_seen) {
          walks_seen = n.stlb_miss;
          if (i - last_walk < AHEAD) {
            long end = i + AHEAD < to ? i + AHEAD : to;
            for (ahead = ahead > i ? ahead : i + 1; ahead < end; ahead++) {
              u32 page = number(trace[ahead]);
              pages[ahead & (AHEAD - 1)] = page;
              __builtin_prefetch(words + page);
              __builtin_prefetch(ram + table_of[page >> 9] + (page & 511) * 8);
            }
          }
          last_walk = i;
        }
      }
      last[0].vpn = recent[seen[1] | FETCH].page >> 12;
      last[0].frame = recent[seen[1] | FETCH].frame;
      last[1].vpn = recent[seen[0] | LOAD].page >> 12;
      last[1].frame = recent[seen[0] | LOAD].frame;
      last_clean = recent[seen[0] | STORE].page != recent[seen[0] | LOAD].page;
    }
  }
  fetches += sum_of(all.fetches);
  sum += sum_of(all.addresses);
  n.refs[FETCH] = fetches;
  n.refs[LOAD] = count - fetches;
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
  words = mmap(0, MAX_REGIONS * 512ul * sizeof *words, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (words == MAP_FAILED) { perror("baseline"); return 1; }
  madvise(words, MAX_REGIONS * 512ul * sizeof *words, MADV_HUGEPAGE);
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
