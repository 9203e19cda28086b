package io.lookaside.experiments.page;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/**
 * A chart and what it shows as a table.
 *
 * @param title what it shows, in a line
 * @param description what one sees, for who does not see it
 * @param spec a Vega-Lite specification of a single or layered view, its data included; the page
 *     decides width, colours and sizes
 * @param table the same figures
 */
public record Chart(String title, String description, ObjectNode spec, Table table)
    implements Block {

  /**
   * A chart of rows.
   *
   * @param spec the specification without data, as JSON
   * @param rows the data
   */
  public static Chart of(
      String title, String description, String spec, ArrayNode rows, Table table) {
    JsonNode tree = JsonMapper.shared().readTree(spec);
    if (!(tree instanceof ObjectNode object)) {
      throw new IllegalArgumentException("a specification is an object");
    }
    object.putObject("data").set("values", rows);
    object.put("description", description);
    return new Chart(title, description, object, table);
  }
}
