package io.lookaside.experiments.sweep;

import java.util.List;
import tools.jackson.databind.JsonNode;

/**
 * What varies in a sweep.
 *
 * @param name a key of the machine with dots ({@code stlb.entries}), {@code machine}, or an option
 *     of {@code run} without its dashes ({@code page-size})
 * @param values its values, in order
 * @param group -1 if it is crossed with all others, else the number of the group of axes with which
 *     it goes in step
 * @param position where its values stand, as {@code file:line:column}
 */
public record Axis(String name, List<JsonNode> values, int group, String position) {
  /** The name of the axis of machines. */
  static final String MACHINE = "machine";

  /** Copies the list. */
  public Axis {
    values = List.copyOf(values);
  }

  /** A value as people write it. */
  static String text(JsonNode value) {
    return value.isString() ? value.stringValue() : value.toString();
  }
}
