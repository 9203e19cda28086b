package io.lookaside.experiments.page;

import java.util.List;

/** A part of a section. All text in it is plain and escaped when the page is written. */
public sealed interface Block permits Block.Text, Block.Facts, Block.Listing, Block.Rows, Chart {
  /** A paragraph. */
  record Text(String text) implements Block {}

  /** A fact: what, and how much. */
  record Fact(String name, String value) {}

  /** The figures that matter most, to be seen at once. */
  record Facts(List<Fact> facts) implements Block {
    /** Copies the list. */
    public Facts {
      facts = List.copyOf(facts);
    }
  }

  /** Lines that are shown as they are, folded away until one opens them. */
  record Listing(String title, String text) implements Block {}

  /** A table with its caption. */
  record Rows(String caption, Table table) implements Block {}
}
