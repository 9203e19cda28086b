package io.lookaside.simulator;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.simulator.MissRanking.Axis;
import io.lookaside.simulator.MissRanking.Cost;
import io.lookaside.simulator.MissRanking.Place;
import io.lookaside.simulator.config.MachineConfig;
import io.lookaside.timing.Step;
import io.lookaside.timing.TimingObserver;
import io.lookaside.tlb.MissObserver;
import io.lookaside.traces.ReferenceBatch;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.EnumMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.IntFunction;
import java.util.stream.Collectors;
import org.jspecify.annotations.Nullable;

/**
 * Attributes first-level misses, walks and their reads to instructions, pages and regions.
 *
 * <p>It watches the TLBs and the walker, and is told by the replay when a translation is complete.
 * A translation that hits in the first level and walks nothing leaves no trace here. Where time
 * runs, what a translation did is kept until the clock has shown how long it took: from the end of
 * its look-up in the first level to its completion, waits included.
 */
final class MissProfile implements MissObserver, WalkObserver, TimingObserver {
  /** The number of keys up to which a ranking is exact. */
  static final int CAPACITY = 1 << 19;

  /** Regions are made of blocks of 2 MiB. */
  private static final int BLOCK_SHIFT = PageSize.SIZE_2M.shift();

  private static final int MISSES = MissMetric.MISSES.ordinal();
  private static final int WALKS = MissMetric.WALKS.ordinal();
  private static final int ALL_WALKS = MissMetric.ALL_WALKS.ordinal();
  private static final int READS = MissMetric.MEMORY_READS.ordinal();
  private static final int FETCH = AccessKind.FETCH.ordinal();
  private static final long PAGE_OFFSET = VirtualAddress.OFFSET_4K;

  private final Map<Axis, MissTable> tables = new EnumMap<>(Axis.class);
  private final @Nullable MissTable byPc;
  private final @Nullable MissTable byPage;
  private final @Nullable MissTable byBlock;

  /** What the translation under way has done so far, by metric. */
  private final long[] recipe = new long[MissTable.COLUMNS];

  /** A walk ahead is under way, which is not the access's own. */
  private boolean ahead;

  /** A translation whose time is not known yet. */
  private static final class Pending {
    final long[] recipe;
    final int process;
    final boolean pcKnown;
    final long pc;
    final long va;
    final long translation;
    long lookedUp;

    Pending(long[] recipe, int process, boolean pcKnown, long pc, long va, long translation) {
      this.recipe = recipe;
      this.process = process;
      this.pcKnown = pcKnown;
      this.pc = pc;
      this.va = va;
      this.translation = translation;
    }
  }

  /** By core: by the number of the reference and, in the low bits, of its translation. */
  private final List<Long2ObjectOpenHashMap<Pending>> pending = new ArrayList<>();

  private static final int TRANSLATION_BITS = 20;

  private final long[] unknownPc = new long[recipe.length];
  private boolean nothing = true;

  private static final int THREAD_PROCESS_SHIFT = 40;

  /**
   * The last fetch of each process on each core, the machine's and the trace's, for the slices that
   * do not begin with one.
   */
  private final Long2LongOpenHashMap lastFetches = new Long2LongOpenHashMap();

  /** By reference of the slice: the instruction that made it, where {@link #pcKnown}. */
  private final long[] pcs = new long[ReferenceBatch.CAPACITY];

  private final boolean[] pcKnown = new boolean[ReferenceBatch.CAPACITY];
  private int process;
  private int position;

  /** A profile by the given axes, exact up to {@code capacity} different places of each. */
  MissProfile(MachineConfig machine, Set<Axis> axes, int capacity) {
    this(machine, axes, capacity, false);
  }

  /** A profile; {@code timed} where a clock shows what a miss costs. */
  MissProfile(MachineConfig machine, Set<Axis> axes, int capacity, boolean timed) {
    for (Axis axis : axes) {
      tables.put(axis, new MissTable(machine, capacity, timed));
    }
    byPc = tables.get(Axis.PC);
    byPage = tables.get(Axis.PAGE);
    byBlock = tables.get(Axis.REGION);
  }

  /** The profile that a run is to keep, or {@code null} if it is asked for no ranking. */
  static @Nullable MissProfile of(MachineConfig machine, RunOptions options, boolean timed) {
    Set<Axis> axes = options.top().stream().map(RunOptions.Top::axis).collect(Collectors.toSet());
    return axes.isEmpty() ? null : new MissProfile(machine, axes, CAPACITY, timed);
  }

  /** The rankings that a run is asked for. */
  List<MissRanking> rankings(RunOptions options) {
    return options.top().stream().map(top -> ranking(top.axis(), top.limit())).toList();
  }

  /** Forgets what was counted: the end of the warm-up. What was fetched last stays known. */
  void clear() {
    tables.values().forEach(MissTable::clear);
    Arrays.fill(unknownPc, 0);
  }

  /**
   * Says that references of a process are about to be replayed.
   *
   * @param core the number of the core that replays them
   */
  void begin(int core, int newProcess, ReferenceBatch batch, int from, int to) {
    process = newProcess;
    if (byPc == null) {
      return;
    }
    long thread =
        ((long) process << THREAD_PROCESS_SHIFT)
            | ((long) core << Integer.SIZE)
            | (batch.core() & 0xffff_ffffL);
    boolean known = lastFetches.containsKey(thread);
    long pc = lastFetches.get(thread);
    for (int i = from; i < to; i++) {
      if (batch.hasInstructionAddresses()) {
        pc = batch.instructionAddresses[i];
        known = true;
      } else if (ReferenceBatch.kind(batch.descriptor(i)) == FETCH) {
        pc = batch.address(i);
        known = true;
      }
      pcs[i] = pc;
      pcKnown[i] = known;
    }
    if (known) {
      lastFetches.put(thread, pc);
    }
  }

  /** Says which reference of the batch the next translations are for. */
  void at(int newPosition) {
    position = newPosition;
  }

  @Override
  public void onFirstLevelMiss(boolean secondLevelHit) {
    recipe[MISSES]++;
    recipe[WALKS] += secondLevelHit ? 0 : 1;
    nothing = false;
  }

  @Override
  public void onPrefetch(long va) {
    ahead = true;
  }

  @Override
  public void onStart(long va, int level, long pointer) {
    if (!ahead) {
      recipe[ALL_WALKS]++;
      nothing = false;
    }
  }

  @Override
  public void onEntry(int level, long address, long entry) {
    recipe[READS] += ahead ? 0 : 1;
  }

  @Override
  public void onEnd(long outcome) {
    ahead = false; // all has been counted
  }

  /**
   * Says that a translation is complete, with its retry.
   *
   * @param translation as the MMU returned it, or a fault
   */
  void translated(long va, long translation) {
    ahead = false;
    if (nothing) {
      return;
    }
    add(recipe, process, pcKnown[position], pcs[position], va, translation);
    forget();
  }

  /**
   * Says that a translation is complete as far as state goes; the clock will show its time.
   *
   * @param core the number of the core
   * @param reference the number that observers are told
   * @param number of the translation in the reference
   */
  void translated(long va, long translation, int core, long reference, int number) {
    ahead = false;
    if (!nothing) {
      while (pending.size() <= core) {
        pending.add(new Long2ObjectOpenHashMap<>());
      }
      pending
          .get(core)
          .put(
              reference << TRANSLATION_BITS | number,
              new Pending(
                  recipe.clone(), process, pcKnown[position], pcs[position], va, translation));
      forget();
    }
  }

  /** Forgets what the translation under way has done, as during a warm-up. */
  void forget() {
    Arrays.fill(recipe, 0);
    nothing = true;
    ahead = false;
  }

  @Override
  public void step(
      int core,
      long reference,
      int kind,
      Step step,
      int argument,
      long address,
      int unit,
      long from,
      long to) {
    if (core >= pending.size()) {
      return;
    }
    if (step == Step.LOOKUP) {
      Pending one = pending.get(core).get(reference << TRANSLATION_BITS | argument);
      if (one != null) {
        one.lookedUp = to;
      }
    } else if (step == Step.TRANSLATED) {
      Pending one = pending.get(core).remove(reference << TRANSLATION_BITS | argument);
      if (one != null) {
        one.recipe[MissTable.COLUMNS - 1] = to - one.lookedUp;
        add(one.recipe, one.process, one.pcKnown, one.pc, one.va, one.translation);
      }
    }
  }

  private void add(long[] what, int owner, boolean known, long pc, long va, long translation) {
    if (byPc != null) {
      if (known) {
        byPc.add(owner, pc, pc, what);
      } else {
        for (int m = 0; m < what.length; m++) {
          unknownPc[m] += what[m];
        }
      }
    }
    if (byPage != null) {
      // A page that is not mapped is taken for one of 4 KiB. Its low bits have room for the size.
      int size = Translation.isValid(translation) ? Translation.pageSizeCode(translation) : 0;
      long base = va & ~PageSize.ofCode(size).offsetMask();
      byPage.add(owner, base | size, base, what);
    }
    if (byBlock != null) {
      byBlock.add(owner, va >>> BLOCK_SHIFT, va & ~PAGE_OFFSET, what);
    }
  }

  /** The costliest places. */
  MissRanking ranking(Axis axis, int limit) {
    MissTable table = Objects.requireNonNull(tables.get(axis));
    List<Place> places =
        switch (axis) {
          case PC -> places(table, limit, row -> pcPlace(table, row));
          case PAGE -> places(table, limit, row -> pagePlace(table, row));
          case REGION -> regions(table);
        };
    Cost unknown = table.cost(axis == Axis.PC ? unknownPc : new long[recipe.length]);
    return new MissRanking(
        axis,
        limit,
        places.subList(0, Math.min(limit, places.size())),
        axis == Axis.REGION ? places.size() : table.size(),
        MissTable.sum(List.of(table.total(), unknown)),
        unknown,
        table.undercount());
  }

  private static List<Place> places(MissTable table, int limit, IntFunction<Place> place) {
    return Arrays.stream(table.costliestFirst()).limit(limit).mapToObj(place).toList();
  }

  private static Place pcPlace(MissTable table, int row) {
    long pc = table.key(row);
    return new Place(table.process(row), pc, pc, null, table.cost(row));
  }

  private static Place pagePlace(MissTable table, int row) {
    long base = table.first(row);
    PageSize size = PageSize.ofCode((int) (table.key(row) - base));
    return new Place(table.process(row), base, base + size.offsetMask(), size, table.cost(row));
  }

  /** Joins neighbouring blocks; the costliest regions first. */
  private static List<Place> regions(MissTable table) {
    List<Place> regions = new ArrayList<>();
    int[] order = table.inOrderOfPlace();
    for (int from = 0; from < order.length; ) {
      int to = from + 1;
      while (to < order.length && isNext(table, order[to - 1], order[to])) {
        to++;
      }
      List<Cost> costs = Arrays.stream(order, from, to).mapToObj(table::cost).toList();
      regions.add(
          new Place(
              table.process(order[from]),
              table.first(order[from]),
              table.last(order[to - 1]) + PAGE_OFFSET,
              null,
              MissTable.sum(costs)));
      from = to;
    }
    regions.sort(
        Comparator.comparingLong((Place p) -> -p.cost().cycles())
            .thenComparing(p -> -p.cost().counts().get(MissMetric.WALKS))
            .thenComparing(p -> -p.cost().counts().get(MissMetric.MISSES)));
    return regions; // the sort is stable: equals stay in the order of process and address
  }

  private static boolean isNext(MissTable table, int row, int other) {
    return table.process(row) == table.process(other) && table.key(row) + 1 == table.key(other);
  }
}
