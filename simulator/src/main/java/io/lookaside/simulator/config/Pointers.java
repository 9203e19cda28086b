package io.lookaside.simulator.config;

/** JSON pointers and how people write them: {@code /l1d/entries} and {@code l1d.entries}. */
final class Pointers {
  private Pointers() {}

  static String dotted(String pointer) {
    return pointer.isEmpty() ? "" : pointer.substring(1).replace('/', '.');
  }

  static String pointer(String dotted) {
    return dotted.isEmpty() ? "" : "/" + dotted.replace('.', '/');
  }

  static String parent(String pointer) {
    int slash = pointer.lastIndexOf('/');
    return slash <= 0 ? "" : pointer.substring(0, slash);
  }
}
