package io.lookaside.traces;

import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/**
 * Finds the sequences of segments that a block executes often. Pairs of neighbours that occur often
 * become one, round after round, as in byte pair encoding; what is still used often in the end is
 * kept.
 */
final class CompactPhrases {
  /** Fewer uses do not repay that the phrase is laid out. */
  private static final int FEWEST_USES = 8;

  /** Each round makes phrases at most twice as long. */
  private static final int ROUNDS = 8;

  /** The writer's own limit on all phrases together: what they take stays in a near cache. */
  private static final int MOST_REFERENCES = 1 << 14;

  private static final int NONE = -1;

  // By number, those of segments included.
  private final IntArrayList lefts = new IntArrayList();
  private final IntArrayList rights = new IntArrayList();
  private final IntArrayList lengths = new IntArrayList();

  /** By number: what a token names, for what is kept; for segments their own number. */
  private final IntArrayList names = new IntArrayList();

  private final Long2IntOpenHashMap pairs = new Long2IntOpenHashMap();
  private int segments;
  private int[] tokens = {};
  private int count;

  CompactPhrases() {
    pairs.defaultReturnValue(NONE);
  }

  /**
   * Finds the phrases of a block.
   *
   * @param sequence the segments that are executed; is replaced by tokens, which name segments or,
   *     from their number on, phrases
   * @param runTokens how many of the sequence belong to each run; is brought up to date. A phrase
   *     belongs to one run.
   * @param references by segment, how many references it has
   * @param inBlock references in the block
   * @param column takes the phrases
   * @return the number of tokens
   */
  int find(int[] sequence, IntArrayList runTokens, int[] references, int inBlock, ByteSink column) {
    begin(sequence, runTokens, references);
    int merged = 1;
    for (int round = 0; round < ROUNDS && merged > 0; round++) {
      merged = mergePairs(runTokens);
    }
    choose(Math.min(inBlock, MOST_REFERENCES));
    return finish(runTokens, column);
  }

  private void begin(int[] sequence, IntArrayList runTokens, int[] references) {
    tokens = sequence;
    segments = references.length;
    lefts.clear();
    rights.clear();
    lengths.clear();
    for (int i = 0; i < segments; i++) {
      lefts.add(NONE);
      rights.add(NONE);
      lengths.add(references[i]);
    }
    count = 0;
    for (int i = 0; i < runTokens.size(); i++) {
      count += runTokens.getInt(i);
    }
  }

  /** Replaces pairs that are frequent; returns how many times it did. */
  private int mergePairs(IntArrayList runTokens) {
    pairs.clear();
    int at = 0;
    for (int run = 0; run < runTokens.size(); run++) {
      int end = at + runTokens.getInt(run);
      for (int i = at; i + 1 < end; i++) {
        long pair = pair(i);
        pairs.put(pair, Math.max(0, pairs.get(pair)) + 1);
      }
      at = end;
    }
    Long2IntOpenHashMap numbers = new Long2IntOpenHashMap();
    numbers.defaultReturnValue(NONE);
    int from = 0;
    int to = 0;
    int merged = 0;
    for (int run = 0; run < runTokens.size(); run++) {
      int end = from + runTokens.getInt(run);
      int before = to;
      while (from < end) {
        int uses = uses(from, end);
        if (uses == 0 || uses(from + 1, end) > uses) {
          tokens[to++] = tokens[from++];
          continue;
        }
        long pair = pair(from);
        int number = numbers.get(pair);
        if (number == NONE) {
          number = lengths.size();
          numbers.put(pair, number);
          lefts.add(tokens[from]);
          rights.add(tokens[from + 1]);
          lengths.add(lengths.getInt(tokens[from]) + lengths.getInt(tokens[from + 1]));
        }
        tokens[to++] = number;
        from += 2;
        merged++;
      }
      runTokens.set(run, to - before);
    }
    count = to;
    return merged;
  }

  private long pair(int i) {
    return (long) tokens[i] << 32 | tokens[i + 1];
  }

  /** How often the pair at {@code i} occurs, 0 if it is none to be merged. */
  private int uses(int i, int end) {
    if (i + 1 >= end
        || lengths.getInt(tokens[i]) + lengths.getInt(tokens[i + 1]) > CompactLayout.MAX_SEGMENT) {
      return 0;
    }
    int uses = pairs.get(pair(i));
    return uses < FEWEST_USES ? 0 : uses;
  }

  private record Candidate(int number, int uses) {
    /** Ties are broken by number, so that equal traces give equal bytes. */
    static final Comparator<Candidate> MOST_USED_FIRST =
        Comparator.comparingInt((Candidate c) -> -c.uses).thenComparingInt(c -> c.number);
  }

  /** Keeps what is used most, with at most so many references in all. */
  private void choose(int mostReferences) {
    int[] uses = new int[lengths.size()];
    for (int i = 0; i < count; i++) {
      uses[tokens[i]]++;
    }
    List<Candidate> candidates = new ArrayList<>();
    for (int number = segments; number < uses.length; number++) {
      if (uses[number] >= FEWEST_USES) {
        candidates.add(new Candidate(number, uses[number]));
      }
    }
    candidates.sort(Candidate.MOST_USED_FIRST);
    names.clear();
    for (int number = 0; number < uses.length; number++) {
      names.add(number < segments ? number : NONE);
    }
    int left = mostReferences;
    int next = segments;
    for (Candidate candidate : candidates) {
      left -= lengths.getInt(candidate.number);
      if (left < 0 || next == CompactLayout.MAX_SEGMENTS) {
        break;
      }
      names.set(candidate.number, next++);
    }
  }

  /** Writes what was kept, and the sequence in those terms. */
  private int finish(IntArrayList runTokens, ByteSink column) {
    int kept = 0;
    for (int number = segments; number < names.size(); number++) {
      kept = Math.max(kept, names.getInt(number) + 1 - segments);
    }
    int[] numbers = new int[kept];
    for (int number = segments; number < names.size(); number++) {
      if (names.getInt(number) != NONE) {
        numbers[names.getInt(number) - segments] = number;
      }
    }
    IntArrayList parts = new IntArrayList();
    for (int number : numbers) {
      parts.clear();
      addSegments(number, parts);
      column.varint(parts.size());
      for (int i = 0; i < parts.size(); i++) {
        column.varint(parts.getInt(i));
      }
    }
    IntArrayList out = new IntArrayList(count);
    int at = 0;
    for (int run = 0; run < runTokens.size(); run++) {
      int before = out.size();
      for (int end = at + runTokens.getInt(run); at < end; at++) {
        addTokens(tokens[at], out);
      }
      runTokens.set(run, out.size() - before);
    }
    out.getElements(0, tokens, 0, out.size());
    return out.size();
  }

  private void addSegments(int number, IntArrayList to) {
    if (number < segments) {
      to.add(number);
      return;
    }
    addSegments(lefts.getInt(number), to);
    addSegments(rights.getInt(number), to);
  }

  private void addTokens(int number, IntArrayList to) {
    if (names.getInt(number) != NONE) {
      to.add(names.getInt(number));
      return;
    }
    addTokens(lefts.getInt(number), to);
    addTokens(rights.getInt(number), to);
  }
}
