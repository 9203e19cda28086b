package io.lookaside.experiments.sweep;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;

/** Several pieces of work at a time. */
final class Together {
  private Together() {}

  /** A piece of work. */
  interface Work {
    void run() throws IOException;
  }

  /**
   * Does all, some at a time, and returns when all is done.
   *
   * @param atOnce how many at a time, at least 1
   * @throws IOException what the first of them that failed threw; what had not begun is left undone
   * @throws InterruptedException if this thread is interrupted
   */
  static void run(List<Work> all, int atOnce) throws IOException, InterruptedException {
    ExecutorService pool = Executors.newFixedThreadPool(atOnce);
    try {
      List<Future<?>> running = new ArrayList<>();
      for (Work work : all) {
        running.add(
            pool.submit(
                () -> {
                  work.run();
                  return null;
                }));
      }
      for (Future<?> one : running) {
        one.get();
      }
    } catch (ExecutionException e) {
      if (e.getCause() instanceof IOException cause) {
        throw cause;
      }
      throw new IllegalStateException(e.getCause());
    } finally {
      pool.shutdownNow();
    }
  }
}
