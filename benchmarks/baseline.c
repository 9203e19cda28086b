/* The machine `reference` (simulator/.../machines/reference.yaml) as a C program of its own: what the
 * replay of Lookaside is measured against, and a second opinion on every count.
 *
 *   cc -O3 -march=native -o baseline baseline.c
 *   ./baseline TRACE.flat64 [ROUNDS=3]
 *
 * The trace is flat64; every page is mapped before the run, tables from 0x1000 and frames from 4 GiB in
 * the order of first touch. Prints the median thread CPU time of a reference, then name=count pairs.
 *
 * How it is fast:
 * - A reference to the page that its L1 set used last hits and changes nothing. Those pages stand in a table that
 *   an address and its kind index, so eight references at once are compared with it and added up.
 * - Where most references of a group were of other pages, that is not tried again for a while, and the table not kept.
 *   The page-table entries of the pages ahead are prefetched instead.
 * - Pages have numbers of 32 bits, found by a hash table of regions of 2 MiB, and all tags of a set are compared at
 *   once. The order of use of a set is a word of four-bit way numbers.
 * - What a walk returns does not depend on where it starts. So a walk reads its leaf at once, and many walks later
 *   have their upper levels done in one go, in order.
 * It needs nothing but vectors of the compiler; with AVX-512 two of the steps are instructions of their own.
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
#ifdef __AVX512VL__
#include <immintrin.h>
#endif

/* Vectors are passed between functions of this file only. */
#pragma GCC diagnostic ignored "-Wpsabi"

typedef uint64_t u64;
typedef uint32_t u32;

enum { LOAD, STORE, FETCH };
enum { PAGE = 4096, GROUP = 8, AHEAD = 16, READ_AHEAD = 256, MANY = 4, MAX_WAITING = 256 };
enum { SHORT_SPELL = 2, LONG_SPELL = 64 }; /* groups that are not compared first */
enum { L1D_SETS = 16, L1D_WAYS = 4, L1I_SETS = 8, L1I_WAYS = 8, STLB_SETS = 128, STLB_WAYS = 12, PDES = 32 };
enum { MAX_REGIONS = 1 << 18, KEY_BITS = 20, CLASSES = 64, MAX_ROUNDS = 99 };
static const u64 PRESENT = 1, WRITABLE = 2, USER = 4, ACCESSED = 0x20, DIRTY = 0x40;
static const u64 FRAME = 0x000ffffffffff000ull;
static const u64 RAM_BYTES = 1ull << 30;

/* Orders: four bits for each way, the way used last lowest. Where there is no page stands 0, the number of none. */
typedef struct { u32 page[8]; u64 entry[8], order; } __attribute__((aligned(128))) l1_set;
typedef struct { u32 page[16]; u64 entry[STLB_WAYS], order; } __attribute__((aligned(64))) stlb_set;

static l1_set l1[L1D_SETS + L1I_SETS]; /* those of data first */
static stlb_set stlb[STLB_SETS];

/* Regions by number, from 1: the first address, the page table, and the way of the PDE cache where it was put last. */
static struct { u64 key, number; } region[1 << KEY_BITS];
static u32 regions;
static u64 first_of[MAX_REGIONS], table_of[MAX_REGIONS];
static unsigned char pde_way[MAX_REGIONS];

/* The PDE cache: a ring in the order of use, in which the way used longest ago stands before the front. */
static u32 pde_region[PDES];
static unsigned char pde_next[PDES], pde_previous[PDES], pde_front;

static u64 pdpte_tag[4], pdpte_table[4], pml4e_tag[4], pml4e_table[4];
/* Pages that can be repeated, by the low bits of their number and the kind of the reference: the address, and the
 * frame. What stands for a page that cannot is the address of one of other low bits. */
static u64 recent_page[CLASSES * 4] __attribute__((aligned(64)));
static u64 recent_frame[CLASSES * 4] __attribute__((aligned(64)));
static u32 shown[L1D_SETS + L1I_SETS]; /* the page of each L1 set that stands there */

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
  memset(l1, 0, sizeof l1);
  memset(stlb, 0, sizeof stlb);
  for (int i = 0; i < L1D_SETS; i++) l1[i].order = 0x3210;
  for (int i = 0; i < L1I_SETS; i++) l1[L1D_SETS + i].order = 0x76543210;
  for (int i = 0; i < STLB_SETS; i++) stlb[i].order = 0xba9876543210ull;
  memset(region, 0, sizeof region);
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
  for (int i = 0; i < L1D_SETS + L1I_SETS; i++) shown[i] = i % L1D_SETS;
  for (int i = 0; i < CLASSES * 4; i++) recent_page[i] = (u64)((i >> 2) ^ 1) << 12;
}

static u32 add_region(u64 key, u32 slot) {
  while (region[slot].key && region[slot].key != key) slot = (slot + 1) & ((1 << KEY_BITS) - 1);
  if (!region[slot].key) {
    if (++regions == MAX_REGIONS) { fputs("baseline: too many regions of 2 MiB\n", stderr); exit(1); }
    region[slot].key = key;
    region[slot].number = regions;
    u64 vpn = (key - 1) << 9, table = root;
    for (int level = 3; level > 0; level--) table = get(table + (vpn >> 9 * level & 511) * 8) & FRAME;
    table_of[regions] = table;
    first_of[regions] = vpn << 12;
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

/* An order with a way of it at the front. */
static inline u64 raised(u64 order, u32 way) {
  u64 d = order ^ 0x1111111111111111ull * way;
  int at = __builtin_ctzll((d - 0x1111111111111111ull) & ~d & 0x8888888888888888ull) & -4;
  u64 ahead = order & ((1ull << at) - 1);
  return order ^ ahead ^ ((u64)way << at) ^ (ahead << 4) ^ way;
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

static void walk_upper(u64 vpn) {
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
}

/* A walk but for its leaf. */
static void walk_to_leaf(u64 vpn, u32 region) {
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
    walk_upper(vpn);
    way = pde_front = pde_previous[pde_front];
    pde_region[way] = region;
    pde_way[region] = way;
  }
}

/* Walks that have read their leaf and still have to do the rest, in order. */
static struct { u64 vpn; u32 region; } waiting[MAX_WAITING];
static int all_waiting;

static void finish_walks(void) {
  for (int i = 0; i < all_waiting; i++) walk_to_leaf(waiting[i].vpn, waiting[i].region);
  all_waiting = 0;
}

/* The leaf that a walk finds. */
static inline u64 walk(u64 vpn, u32 page, int store) {
  waiting[all_waiting].vpn = vpn;
  waiting[all_waiting++].region = page >> 9;
  u64 at = table_of[page >> 9] + (page & 511) * 8, entry = get(at), used = entry | ACCESSED | (store ? DIRTY : 0);
  if (used != entry) {
    put(at, used);
    n.a_sets += !(entry & ACCESSED);
    n.d_sets += !(entry & DIRTY) && store;
  }
  return used;
}

/* The ways of a set that hold a page, as bits. What stands behind the ways of a set holds none. */
static inline u32 holding(const u32 *pages, u32 page, int ways) {
#ifdef __AVX512VL__
  if (ways > 8) return _mm512_cmpeq_epi32_mask(_mm512_load_si512(pages), _mm512_set1_epi32(page));
  return _mm256_cmpeq_epi32_mask(_mm256_load_si256((const __m256i *)pages), _mm256_set1_epi32(page));
#else
  u32 m = 0;
  for (int i = 0; i < ways; i++) m |= (u32)(pages[i] == page) << i;
  return m;
#endif
}

static inline u32 set_of(u64 vpn, int kind) {
  return kind == FETCH ? L1D_SETS + (vpn & (L1I_SETS - 1)) : vpn & (L1D_SETS - 1);
}

/* The physical address of a reference to a page. */
static inline u64 access_page(u64 va, u32 page, int kind) {
  u64 vpn = va >> 12, entry;
  int fetch = kind == FETCH, store = kind == STORE;
  l1_set *s = &l1[set_of(vpn, kind)];
  stlb_set *t = &stlb[vpn & (STLB_SETS - 1)];
  u32 found = holding(s->page, page, L1I_WAYS), way;
  if (found) {
    way = __builtin_ctz(found);
    s->order = raised(s->order, way);
    entry = s->entry[way];
  } else {
    n.l1i_miss += fetch;
    n.l1d_miss += !fetch;
    found = holding(t->page, page, STLB_WAYS);
    if (found) {
      way = __builtin_ctz(found);
      t->order = raised(t->order, way);
      entry = t->entry[way];
    } else {
      n.stlb_miss++;
      entry = walk(vpn, page, store);
      way = back_way(&t->order, STLB_WAYS);
      t->page[way] = page;
      t->entry[way] = entry;
    }
    way = back_way(&s->order, fetch ? L1I_WAYS : L1D_WAYS);
    s->page[way] = page;
    s->entry[way] = entry;
  }
  if (store & !(entry & DIRTY)) {
    n.assists++;
    walk(vpn, page, 1);
    s->entry[way] = entry |= DIRTY;
    found = holding(t->page, page, STLB_WAYS);
    if (found) t->entry[__builtin_ctz(found)] |= DIRTY;
  }
  return (entry & FRAME) | (va & (PAGE - 1));
}

/* Makes the page that an L1 set used last one that can be repeated, in place of the one before; by stores, once its
 * D bit is set. */
static void show(u32 set) {
  const l1_set *s = &l1[set];
  u32 page = s->page[s->order & 15];
  if (page == 0) return;
  int fetch = set >= L1D_SETS, read = fetch ? FETCH : LOAD, write = fetch ? FETCH : STORE;
  u64 old = shown[set] & (CLASSES - 1), class = page & (CLASSES - 1), entry = s->entry[s->order & 15];
  u64 address = first_of[page >> 9] + ((page & 511) << 12);
  recent_page[old << 2 | read] = recent_page[old << 2 | write] = (old ^ 1) << 12;
  recent_page[class << 2 | write] = fetch || entry & DIRTY ? address : (class ^ 1) << 12;
  recent_page[class << 2 | read] = address;
  recent_frame[class << 2 | read] = recent_frame[class << 2 | write] = entry & FRAME;
  shown[set] = page;
}

/* Eight words; the compiler maps them to whatever vectors the processor has. */
typedef u64 words8 __attribute__((vector_size(64)));
typedef struct { words8 addresses, fetches; } totals;

/* The words of an array at eight places. */
static inline words8 gather(const u64 *array, const words8 *places) {
  words8 at = *places;
#ifdef __AVX512F__
  return (words8)_mm512_i64gather_epi64((__m512i)at, array, 8);
#else
  words8 w;
  for (int i = 0; i < GROUP; i++) w[i] = array[at[i]];
  return w;
#endif
}

/* Whether any of eight words is not 0. */
static inline int any(const words8 *words) {
  words8 w = *words;
#ifdef __AVX512F__
  return _mm512_test_epi64_mask((__m512i)w, (__m512i)w) != 0;
#else
  w |= __builtin_shuffle(w, (words8){ 4, 5, 6, 7, 0, 1, 2, 3 });
  w |= __builtin_shuffle(w, (words8){ 2, 3, 0, 1, 6, 7, 4, 5 });
  return (w[0] | w[1]) != 0;
#endif
}

/* Eight references that all repeat the page their L1 set used last are only added up. */
static inline int repeats(const u64 *trace, totals *all) {
  words8 r;
  memcpy(&r, trace, sizeof r);
  words8 at = (r >> 10 & (CLASSES - 1) << 2) | (r & 3);
  words8 offset = (r & ~3ull) - gather(recent_page, &at), beyond = offset & ~(u64)(PAGE - 1);
  if (any(&beyond)) return 0;
  all->addresses += offset + gather(recent_frame, &at);
  all->fetches += r >> 1 & 1;
  return 1;
}

static u64 sum_of(const words8 *w) {
  u64 sum = 0;
  for (int i = 0; i < GROUP; i++) sum += (*w)[i];
  return sum;
}

static void replay(const u64 *trace, long count) {
  static u32 pages[AHEAD];
  u64 sum = 0, fetches = 0;
  totals all = { { 0 }, { 0 } };
  long numbered = 0, next_try = 0, spell = SHORT_SPELL;
  int kept = 1;
  for (long from = 0; from < count; from += GROUP) {
    long to = from + GROUP < count ? from + GROUP : count;
    __builtin_prefetch(trace + from + READ_AHEAD);
    if (from >= next_try) {
      if (!kept)
        for (u32 set = 0; set < L1D_SETS + L1I_SETS; set++) show(set);
      kept = 1;
      if (to - from == GROUP && repeats(trace + from, &all)) continue;
      int others = 0;
      for (long i = from; i < to; i++) {
        u64 r = trace[i], va = r & ~3ull, at = (r >> 10 & (CLASSES - 1) << 2) | (r & 3), offset = va - recent_page[at];
        fetches += r >> 1 & 1;
        if (offset < PAGE) {
          sum += offset + recent_frame[at];
          continue;
        }
        others++;
        sum += access_page(va, number(va), r & 3);
        show(set_of(va >> 12, r & 3));
      }
      if (others >= MANY) {
        next_try = to + spell * GROUP;
        if (spell < LONG_SPELL) spell *= 2;
      } else spell = SHORT_SPELL;
    } else {
      kept = 0;
      long end = from + AHEAD < count ? from + AHEAD : count;
      for (numbered = numbered > from ? numbered : from; numbered < end; numbered++) {
        u32 page = number(trace[numbered]);
        pages[numbered & (AHEAD - 1)] = page;
        __builtin_prefetch(ram + table_of[page >> 9] + (page & 511) * 8);
      }
      for (long i = from; i < to; i++) {
        u64 r = trace[i];
        fetches += r >> 1 & 1;
        sum += access_page(r & ~3ull, pages[i & (AHEAD - 1)], r & 3);
      }
    }
    if (all_waiting > MAX_WAITING - GROUP) finish_walks();
  }
  finish_walks();
  fetches += sum_of(&all.fetches);
  sum += sum_of(&all.addresses);
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
  madvise(trace, count * 8, MADV_HUGEPAGE);
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
