package io.lookaside.simulator;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import io.lookaside.timing.Recipe;
import io.lookaside.timing.Served;
import io.lookaside.timing.Step;
import io.lookaside.timing.TimingObserver;
import java.util.ArrayList;
import java.util.List;

/** The life of one reference, step by step, for people. */
public final class Explanation implements TimingObserver {
  /** References after the one that is explained that can still belong to its story. */
  public static final long AFTERMATH = 100_000;

  private final int wantedCore;
  private final long wanted;
  private boolean satisfied;

  /** The level of the entry that the walk reads next. */
  private int level = -1;

  private final List<String[]> rows = new ArrayList<>();

  /**
   * An explanation without steps yet.
   *
   * @param core the number of its core
   * @param reference the number of the reference among the measured ones of that core, from 0
   */
  public Explanation(int core, long reference) {
    this.wantedCore = core;
    this.wanted = reference;
  }

  /** Whether the reference was met. */
  public boolean isComplete() {
    return !rows.isEmpty();
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
    if (core != wantedCore) {
      return;
    }
    satisfied |= reference > wanted + AFTERMATH;
    boolean silent =
        from == to && step != Step.TRANSLATED && step != Step.END_WALK && step != Step.PREFETCHED;
    if (reference != wanted || step == Step.EXECUTE || silent) {
      return;
    }
    if (step == Step.STRUCTURE_CACHES) {
      level = Recipe.firstLevel(argument);
    }
    String words = step == Step.READ ? "reads the " + Timeline.entry(level--) : step.words();
    rows.add(
        new String[] {
          Long.toString(from), Long.toString(to - from), words, detail(step, argument, address)
        });
  }

  @Override
  public boolean isSatisfied() {
    return satisfied;
  }

  private static String detail(Step step, int argument, long address) {
    return switch (step) {
      case READ, DATA ->
          "physical address 0x"
              + Long.toHexString(address)
              + ", served by "
              + Served.name(argument);
      case STRUCTURE_CACHES ->
          switch (Recipe.cause(argument)) {
                case MISS -> "the walk after a second-level miss begins";
                case RETRY -> "the walk is repeated after the page fault";
                case ASSIST -> "a walk to set the dirty bit begins";
                case PREFETCH -> "a walk ahead for another page begins";
              }
              + (Timeline.startedFrom(argument).equals("none")
                  ? ", from the top"
                  : ", from the " + Timeline.startedFrom(argument));
      default -> "";
    };
  }

  /** A table of the steps: the cycle in which each begins, how long it takes, what it is. */
  public String text() {
    Column[] columns = {
      new Column()
          .header("cycle")
          .headerAlign(HorizontalAlign.RIGHT)
          .dataAlign(HorizontalAlign.RIGHT),
      new Column()
          .header("takes")
          .headerAlign(HorizontalAlign.RIGHT)
          .dataAlign(HorizontalAlign.RIGHT),
      new Column().header("step").headerAlign(HorizontalAlign.LEFT).dataAlign(HorizontalAlign.LEFT),
      new Column().header("").dataAlign(HorizontalAlign.LEFT).maxWidth(100)
    };
    String table =
        AsciiTable.getTable(AsciiTable.NO_BORDERS, columns, rows.toArray(new String[0][]));
    StringBuilder out = new StringBuilder();
    table.lines().map(String::stripTrailing).forEach(l -> out.append(l).append('\n'));
    return out.toString();
  }
}
