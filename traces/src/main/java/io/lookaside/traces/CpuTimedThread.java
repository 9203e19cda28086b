package io.lookaside.traces;

import java.lang.management.ManagementFactory;
import java.lang.management.ThreadMXBean;

/** A daemon thread whose CPU time can be asked for while it runs and after it has ended. */
final class CpuTimedThread extends Thread {
  private static final ThreadMXBean THREADS = ManagementFactory.getThreadMXBean();

  private volatile long finalNanos;

  CpuTimedThread(Runnable work, String name) {
    super(work, name);
    setDaemon(true);
  }

  @Override
  public void run() {
    super.run();
    finalNanos = THREADS.getCurrentThreadCpuTime();
  }

  /** Its CPU time so far, nanoseconds. */
  long cpuNanos() {
    long now = THREADS.getThreadCpuTime(getId());
    return now < 0 ? finalNanos : now; // less than 0 of a thread that has ended
  }
}
