package io.lookaside.timing;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import java.util.function.Consumer;
import org.jspecify.annotations.Nullable;

/** What a reference of a test does, in a form that both the scheduler and the slow model read. */
record Story(int kind, boolean startsInstruction, long registers, List<Passage> passages) {

  /** A walk for a page that nobody has asked for yet. */
  record Ahead(long page, List<Integer> reads) {}

  /**
   * One translation and its access.
   *
   * @param reads of the walk after a second-level miss; {@code null} without one
   * @param retryReads of the repeated walk after a fault; {@code null} without one
   * @param assistReads of a dirty assist; {@code null} without one
   * @param pages of a miss: how many are entered at once, an aligned group around the page
   * @param extraCycles of the look-up of the second level
   * @param ahead begins when the translation is there; {@code null} without
   */
  record Passage(
      long page,
      boolean firstLevelHit,
      @Nullable List<Integer> reads,
      @Nullable List<Integer> retryReads,
      @Nullable List<Integer> assistReads,
      int served,
      int pages,
      int extraCycles,
      @Nullable Ahead ahead) {
    Passage(
        long page,
        boolean firstLevelHit,
        @Nullable List<Integer> reads,
        @Nullable List<Integer> retryReads,
        @Nullable List<Integer> assistReads,
        int served) {
      this(page, firstLevelHit, reads, retryReads, assistReads, served, 1, 0, null);
    }

    /** The same miss, of a group of pages at once. */
    Passage ofPages(int number) {
      return new Passage(
          page, firstLevelHit, reads, retryReads, assistReads, served, number, extraCycles, ahead);
    }

    /** The same miss, with a look-up of the second level that takes longer. */
    Passage withExtraCycles(int cycles) {
      return new Passage(
          page, firstLevelHit, reads, retryReads, assistReads, served, pages, cycles, ahead);
    }

    /** The same miss, which makes another page be walked for ahead. */
    Passage withAhead(long other, Integer... otherReads) {
      return new Passage(
          page,
          firstLevelHit,
          reads,
          retryReads,
          assistReads,
          served,
          pages,
          extraCycles,
          new Ahead(other, List.of(otherReads)));
    }

    /** The same, without a walk for another page. */
    Passage withoutAhead() {
      return new Passage(
          page, firstLevelHit, reads, retryReads, assistReads, served, pages, extraCycles, null);
    }

    static Passage hit(long page, int served) {
      return new Passage(page, true, null, null, null, served);
    }

    static Passage secondLevelHit(long page, int served) {
      return new Passage(page, false, null, null, null, served);
    }

    static Passage walk(long page, int served, int... reads) {
      return new Passage(page, false, Arrays.stream(reads).boxed().toList(), null, null, served);
    }
  }

  static Story load(Passage... passages) {
    return new Story(0, true, 0, List.of(passages));
  }

  static Story store(Passage... passages) {
    return new Story(1, true, 0, List.of(passages));
  }

  static Story fetch(Passage... passages) {
    return new Story(2, true, 0, List.of(passages));
  }

  /** The same as part of the instruction before. */
  Story inSameInstruction() {
    return new Story(kind, false, 0, passages);
  }

  /** The same, without walks for pages that nobody has asked for. */
  Story withoutAhead() {
    return new Story(
        kind, startsInstruction, registers, passages.stream().map(Passage::withoutAhead).toList());
  }

  Story withRegisters(long all) {
    return new Story(kind, startsInstruction, all, passages);
  }

  /** Writes the story down as a recipe. */
  void tell(Recipe recipe) {
    tell(recipe, r -> {});
  }

  /** Writes the story down as a recipe, with what the kernel does beside after each fault. */
  void tell(Recipe recipe, Consumer<Recipe> afterFault) {
    for (Passage p : passages) {
      recipe.translation();
      if (!p.firstLevelHit) {
        recipe.secondLevel(p.extraCycles, Integer.numberOfTrailingZeros(p.pages));
      }
      tellWalk(recipe, Recipe.Cause.MISS, p.reads);
      if (p.retryReads != null) {
        recipe.fault();
        afterFault.accept(recipe);
        tellWalk(recipe, Recipe.Cause.RETRY, p.retryReads);
      }
      tellWalk(recipe, Recipe.Cause.ASSIST, p.assistReads);
      recipe.endTranslation(p.page);
      if (p.ahead != null) {
        recipe.prefetch(p.ahead.page, 0);
        p.ahead.reads.forEach(served -> recipe.read(served, 0));
        recipe.endPrefetch();
      }
      recipe.data(p.served, 0);
    }
  }

  private static void tellWalk(Recipe recipe, Recipe.Cause cause, @Nullable List<Integer> reads) {
    if (reads == null) {
      return;
    }
    recipe.walk(cause);
    for (int served : reads) {
      recipe.read(served, 0);
    }
    recipe.endWalk();
  }

  /** Random stories, with fetches or without. */
  static List<Story> random(Random random, int count, boolean fetches, boolean cached, int banks) {
    List<Story> stories = new ArrayList<>();
    int missRate = 1 + random.nextInt(40);
    int pages = 2 + random.nextInt(60);
    while (stories.size() < count) {
      long registers = 0;
      for (int i = 0; i < 6; i++) {
        registers |= (long) (random.nextInt(3) == 0 ? 1 + random.nextInt(12) : 0) << (8 * i);
      }
      if (fetches) {
        stories.add(
            new Story(
                2, true, registers, List.of(passage(random, 4 * missRate, 8, cached, banks))));
      }
      int data = fetches ? random.nextInt(4) : 1;
      for (int i = 0; i < data; i++) {
        List<Passage> passages = new ArrayList<>();
        do {
          passages.add(passage(random, missRate, pages, cached, banks));
        } while (random.nextInt(30) == 0);
        boolean first = !fetches;
        stories.add(
            new Story(random.nextInt(3) == 0 ? 1 : 0, first, first ? registers : 0, passages));
      }
    }
    return stories;
  }

  private static Passage passage(
      Random random, int missRate, int pages, boolean cached, int banks) {
    long page = random.nextInt(pages);
    boolean hit = random.nextInt(missRate) != 0;
    List<Integer> reads = !hit && random.nextBoolean() ? reads(random, cached, banks) : null;
    List<Integer> retry =
        reads != null && random.nextInt(8) == 0 ? reads(random, cached, banks) : null;
    List<Integer> assist = random.nextInt(25) == 0 ? reads(random, cached, banks) : null;
    int group = hit || random.nextInt(3) != 0 ? 1 : 1 << random.nextInt(4);
    int extra = random.nextInt(4) == 0 ? random.nextInt(5) : 0;
    Passage made =
        new Passage(
            page,
            hit,
            reads,
            retry,
            assist,
            served(random, cached, banks),
            group,
            hit ? 0 : extra,
            null);
    return hit || random.nextInt(3) != 0
        ? made
        : made.withAhead(
            random.nextInt(pages), reads(random, cached, banks).toArray(Integer[]::new));
  }

  private static List<Integer> reads(Random random, boolean cached, int banks) {
    List<Integer> reads = new ArrayList<>();
    for (int i = random.nextInt(4); i >= 0; i--) {
      reads.add(served(random, cached, banks));
    }
    return reads;
  }

  private static int served(Random random, boolean cached, int banks) {
    if (!cached) {
      return Served.UNCACHED;
    }
    int place = Math.min(random.nextInt(10), random.nextInt(10));
    return switch (place) {
      case 0, 1, 2, 3 -> Served.L1;
      case 4, 5 -> Served.L2;
      case 6 -> Served.LAST_LEVEL;
      default -> Served.dram(place == 7, random.nextInt(banks));
    };
  }
}
