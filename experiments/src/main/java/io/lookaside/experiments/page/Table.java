package io.lookaside.experiments.page;

import java.util.ArrayList;
import java.util.List;

/**
 * Rows of text under headings.
 *
 * @param headings one for each column
 * @param rows each with a text for each column
 */
public record Table(List<String> headings, List<List<String>> rows) {
  /** Copies the lists. */
  public Table {
    headings = List.copyOf(headings);
    List<List<String>> copy = new ArrayList<>();
    for (List<String> row : rows) {
      if (row.size() != headings.size()) {
        throw new IllegalArgumentException("a row has " + row.size() + " columns: " + row);
      }
      copy.add(List.copyOf(row));
    }
    rows = List.copyOf(copy);
  }
}
