package io.lookaside.simulator.config;

import io.lookaside.mmu.assoc.Replacement;

/**
 * A replacement policy that a machine file names by its Java class, as in {@code java:my.Policy}.
 */
final class OwnReplacement {
  static final String PREFIX = "java:";

  private OwnReplacement() {}

  /**
   * An instance of the named class.
   *
   * @param label {@link #PREFIX} and the name of a class with a public constructor without
   *     parameters, which becomes the policy's label
   * @throws IllegalArgumentException if there is no such class, with what to do about it
   */
  static Replacement load(String label) {
    String name = label.substring(PREFIX.length());
    Object policy;
    try {
      policy =
          Class.forName(name, true, Thread.currentThread().getContextClassLoader())
              .getConstructor()
              .newInstance();
    } catch (ClassNotFoundException | LinkageError e) {
      throw new IllegalArgumentException(
          "there is no class "
              + name
              + " that can be loaded; put the folder or jar that holds it into LOOKASIDE_CLASSPATH",
          e);
    } catch (ReflectiveOperationException e) {
      throw new IllegalArgumentException(
          "no "
              + name
              + " can be made: expected a public class with a public constructor that takes nothing",
          e);
    }
    if (policy instanceof Replacement replacement) {
      return replacement;
    }
    throw new IllegalArgumentException(
        name + " is no replacement policy: it does not implement " + Replacement.class.getName());
  }
}
