package io.lookaside.experiments.page;

import java.util.List;

/**
 * A section of a page.
 *
 * @param id its anchor: letters, digits and dashes
 * @param heading its heading
 */
public record Section(String id, String heading, List<Block> blocks) {
  /** Copies the list. */
  public Section {
    blocks = List.copyOf(blocks);
    if (!id.matches("[a-z][a-z0-9-]*")) {
      throw new IllegalArgumentException("no anchor: " + id);
    }
  }
}
