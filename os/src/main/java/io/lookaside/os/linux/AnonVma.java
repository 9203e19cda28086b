package io.lookaside.os.linux;

/**
 * The areas in which a family of anonymous pages may be mapped: one area, those split from it, and
 * those that forks copied.
 *
 * <p>Linux keeps one such object for each process of a family, in a tree, so that a walk visits
 * fewer areas (mm/rmap.c). Here a family has one. The walk finds the same mappings.
 */
final class AnonVma extends Mapping {
  AnonVma(int id) {
    super(id);
  }
}
