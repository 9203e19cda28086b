package io.lookaside.simulator.lab;

import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.config.MachineConfig;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import org.jspecify.annotations.Nullable;

/** All experiments. */
public final class Labs {
  private static final List<Lab> ALL =
      List.of(
          new SegmentationFragmentation(),
          new PagingNoExternal(),
          new SingleLevelCost(),
          new TwoLevelSavings(),
          new FourLevelWalk(),
          new TlbLocality(),
          new SegmentedPaging(),
          new SharedKernelHalf(),
          new MallocBrkOrMmap(),
          new MallocOneByte(),
          new LazyAllocation(),
          new DemandPaging(),
          new Isolation(),
          new PermissionBits(),
          new HugePagesHelp(),
          new ForkCow(),
          new MoreThanPhysical(),
          new SwapLru(),
          new ActiveInactive(),
          new KswapdOrDirect(),
          new OomKilling(),
          new FileOrAnonymous(),
          new ReclaimCost(),
          new EightGibOnFour(),
          new Thrashing(),
          new Belady());

  private Labs() {}

  /** In the order in which the story is told. */
  public static List<Lab> all() {
    return ALL;
  }

  /** The names of all. */
  public static List<String> names() {
    return ALL.stream().map(Lab::name).toList();
  }

  /** The experiment of a name, or {@code null}. */
  public static @Nullable Lab named(String name) {
    return ALL.stream().filter(lab -> lab.name().equals(name)).findFirst().orElse(null);
  }

  /** Every key that can be switched off, without the prefix {@code os.}. */
  public static List<String> keys() {
    List<String> keys = new ArrayList<>();
    for (Mechanism mechanism : Mechanism.values()) {
      keys.add(mechanism.key());
    }
    for (Switch mechanism : Switch.values()) {
      keys.add(mechanism.key());
    }
    return List.copyOf(new TreeSet<>(keys));
  }

  /**
   * Runs an experiment.
   *
   * @param hardware the TLBs and the walker
   * @param off keys of mechanisms that are switched off
   */
  public static LabReport run(Lab lab, MachineConfig hardware, long seed, Set<String> off) {
    LabReport report = new LabReport();
    lab.run(new LabContext(hardware, seed, off), report);
    return report;
  }
}
