package io.lookaside.experiments.sweep;

import tools.jackson.databind.node.ObjectNode;

/**
 * A point of a sweep: one run.
 *
 * @param index its number in the plan, from 0
 * @param key the hash of all that decides its result: machine, traces, options, seed, version
 * @param trace the name of its trace
 * @param axes its value on each axis, by the axis's name
 * @param machineHash the hash of its machine's effective configuration
 * @param options the options of its run, as {@code run} names them
 * @param command the command line of {@code run} with the same result
 */
public record SweepPoint(
    int index,
    String key,
    String trace,
    ObjectNode axes,
    String machineHash,
    ObjectNode options,
    String command) {
  /** Its place in words: {@code trace date, stlb.entries 1024}. */
  public String title() {
    StringBuilder text = new StringBuilder("trace ").append(trace);
    axes.properties()
        .forEach(
            e -> text.append(", ").append(e.getKey()).append(' ').append(Axis.text(e.getValue())));
    return text.toString();
  }
}
