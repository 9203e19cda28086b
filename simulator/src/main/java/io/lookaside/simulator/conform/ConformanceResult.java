package io.lookaside.simulator.conform;

import java.util.List;

/**
 * The result of vector files.
 *
 * @param passed cases that passed
 * @param failed cases that failed
 * @param servedStale accesses whose outcome was lawful, but not that of the tables in memory
 * @param failures the first of the failed cases, as many as were asked for
 */
public record ConformanceResult(
    long passed, long failed, long servedStale, List<Failure> failures) {
  /**
   * A case that failed, at the first line that did not hold.
   *
   * @param position file and line
   * @param name the name of the case
   * @param step the access or action
   * @param expected what the line demands, in words
   * @param got what came instead
   */
  public record Failure(String position, String name, String step, String expected, String got) {}
}
