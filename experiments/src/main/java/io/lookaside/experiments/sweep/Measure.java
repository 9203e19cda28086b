package io.lookaside.experiments.sweep;

import tools.jackson.databind.JsonNode;

/**
 * A figure of a run's result that is a column of a sweep's table.
 *
 * @param path its path in the JSON result, joined with dots: {@code tlbs.stlb.misses}
 * @param unit its unit, empty for a share or a name
 */
public record Measure(String path, String unit) {
  /** Its value in a result; missing where the result has none. */
  public JsonNode of(JsonNode result) {
    JsonNode node = result;
    for (String step : path.split("\\.", -1)) {
      node =
          node.isArray() && step.matches("[0-9]{1,6}")
              ? node.path(Integer.parseInt(step))
              : node.path(step);
    }
    return node;
  }
}
