package io.lookaside.os.linux;

import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/** A process (what Linux calls a task): a number and an address space. */
public final class Task {
  private final int pid;
  private final @Nullable Task parent;
  private final List<Task> children = new ArrayList<>();
  AddressSpace space;
  long minorFaults;
  long majorFaults;
  @Nullable Ending ending;
  private final String name;
  int oomScoreAdj;

  /** Whether the OOM killer has chosen it. */
  boolean oomVictim;

  /** How a process ended. */
  public enum Ending {
    EXITED,
    /** Killed by SIGSEGV. */
    SEGMENTATION_FAULT,
    /** Killed by SIGBUS. */
    BUS_ERROR,
    /** Killed since memory was short. */
    OUT_OF_MEMORY
  }

  Task(int pid, String name, @Nullable Task parent, AddressSpace space) {
    this.name = name;
    this.pid = pid;
    this.parent = parent;
    this.space = space;
    if (parent != null) {
      parent.children.add(this);
    }
  }

  /** Its number, from 1. */
  public int pid() {
    return pid;
  }

  /** The program's name, without its folders. */
  public String name() {
    return name;
  }

  /** How much rather, or less, it is killed when memory is short: -1000, never, to 1000. */
  public int oomScoreAdj() {
    return oomScoreAdj;
  }

  /**
   * Sets {@link #oomScoreAdj}.
   *
   * @throws IllegalArgumentException if it is not within -1000 to 1000
   */
  public void setOomScoreAdj(int value) {
    if (value < -1000 || value > 1000) {
      throw new IllegalArgumentException("oom_score_adj of " + value + ": expected -1000 to 1000");
    }
    oomScoreAdj = value;
  }

  /** The process that forked it. */
  public @Nullable Task parent() {
    return parent;
  }

  /** The processes that it forked. */
  public List<Task> children() {
    return List.copyOf(children);
  }

  /** Its memory; of an ended process what it was. */
  public AddressSpace space() {
    return space;
  }

  /** Faults answered without a device, as getrusage counts them (ru_minflt). */
  public long minorFaults() {
    return minorFaults;
  }

  /** Faults that read a device (ru_majflt). */
  public long majorFaults() {
    return majorFaults;
  }

  /** How it ended, or {@code null} while it lives. */
  public @Nullable Ending ending() {
    return ending;
  }
}
