package io.lookaside.simulator.config;

/**
 * One thing that is wrong with a configuration.
 *
 * @param position file, line and column as {@code file:line:column}, or the option that set it
 * @param path the key's path with dots, empty for the file as a whole
 * @param message what is wrong and what to do
 */
public record Problem(String position, String path, String message) {
  @Override
  public String toString() {
    return position + ": " + (path.isEmpty() ? "" : path + ": ") + message;
  }
}
