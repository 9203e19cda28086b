package io.lookaside.os.linux;

import java.util.ArrayList;
import java.util.List;

/**
 * What pages belong to for the reverse map: the areas through which a page with an index may be
 * mapped. An area maps index i at its start + (i - its first index) pages.
 */
abstract class Mapping {
  /** Its number in page descriptors; 0 is none. */
  final int id;

  private final List<Vma> areas = new ArrayList<>();

  Mapping(int id) {
    this.id = id;
  }

  List<Vma> areas() {
    return areas;
  }

  void add(Vma area) {
    areas.add(area);
  }

  void remove(Vma area) {
    // The last one first: areas mostly go in the reverse order of their coming.
    for (int i = areas.size() - 1; i >= 0; i--) {
      if (areas.get(i) == area) {
        areas.remove(i);
        return;
      }
    }
  }
}
