package io.lookaside.timing;

/** Ports that each take one look-up a cycle, booked at cycles that never decrease. */
final class Ports {
  private final int ports;
  private long cycle = -1;
  private int taken;

  Ports(int ports) {
    this.ports = ports;
  }

  /** The first cycle from {@code wanted} on in which a port is free; takes it. */
  long book(long wanted) {
    if (wanted > cycle) {
      cycle = wanted;
      taken = 1;
    } else if (taken < ports) {
      taken++;
    } else {
      cycle++;
      taken = 1;
    }
    return cycle;
  }

  /** As {@link #book}, but takes none. */
  long next(long wanted) {
    if (wanted > cycle) {
      return wanted;
    }
    return taken < ports ? cycle : cycle + 1;
  }

  /** How many ports there are. */
  int count() {
    return ports;
  }

  /** The last cycle in which a port was taken. */
  long cycle() {
    return cycle;
  }

  /** How many were taken in that cycle. */
  int taken() {
    return taken;
  }

  /** Says what {@link #cycle} and {@link #taken} are now. */
  void set(long newCycle, int newTaken) {
    cycle = newCycle;
    taken = newTaken;
  }
}
