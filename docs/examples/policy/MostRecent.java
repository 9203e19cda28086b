package example;

import io.lookaside.mmu.assoc.Replacement;
import io.lookaside.mmu.assoc.ReplacementPolicy;
import io.lookaside.mmu.assoc.VictimPolicy;

/**
 * A replacement policy of one's own: the entry that was used last makes room. It is the best there
 * is for a loop over more pages than a set has ways, and bad for nearly everything else.
 */
public final class MostRecent implements Replacement {
  /** A machine file names the class, so there is a public constructor that takes nothing. */
  public MostRecent() {}

  @Override
  public String label() {
    return "most-recent";
  }

  @Override
  public ReplacementPolicy create(int sets, int ways, long seed) {
    return new Policy(sets, ways);
  }

  /** The state of one structure: flat arrays by set, nothing allocated after construction. */
  private static final class Policy extends VictimPolicy {
    private final int[] last;

    Policy(int sets, int ways) {
      super(ways);
      last = new int[sets];
    }

    @Override
    public void touch(int set, int way) {
      last[set] = way; // a hit
    }

    @Override
    protected int victim(int set) {
      return last[set]; // the set is full
    }

    @Override
    protected void placed(int set, int way) {
      last[set] = way; // a new entry stands there
    }

    @Override
    public void clear() {
      java.util.Arrays.fill(last, 0);
    }
  }
}
