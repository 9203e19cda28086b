package io.lookaside.experiments.report;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.InvalidPathException;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.stream.Collectors;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/**
 * A result as a command wrote it.
 *
 * @param name what to call it: the name of its file
 * @param tree its JSON
 */
public record Result(String name, Kind kind, JsonNode tree) {
  /** The file in the folder of a sweep. */
  private static final String SWEEP_RESULT = "result.json";

  /** What results there are. */
  public enum Kind {
    RUN("lookaside.run/1", "run --json", "tlbs"),
    CURVE("lookaside.curve/1", "curve --json", "fullyAssociative"),
    SWEEP("lookaside.sweep/1", "sweep merge", "points"),
    ADVICE("lookaside.advice/1", "advise --json", "claims"),
    TIMELINE("", "run --timing --timeline", "traceEvents");

    private final String schema;
    private final String command;
    private final String key;

    Kind(String schema, String command, String key) {
      this.schema = schema;
      this.command = command;
      this.key = key;
    }
  }

  /**
   * Reads a result.
   *
   * @param named a file, or the folder of a sweep, which has its result in a file
   * @throws ResultException if it is none
   * @throws IOException if it cannot be read
   */
  public static Result read(String named) throws IOException {
    boolean folder = isFolder(named);
    String file = folder ? Path.of(named, SWEEP_RESULT).toString() : named;
    JsonNode tree;
    try (InputStream in = Files.newInputStream(Path.of(file))) {
      tree = JsonMapper.shared().readTree(in);
    } catch (NoSuchFileException | InvalidPathException e) {
      throw new FileNotFoundException(file + ": no such file; check the path of the result");
    } catch (AccessDeniedException e) {
      throw new FileNotFoundException(
          file + ": may not be read (permission denied); check its owner and mode");
    } catch (JacksonException e) {
      var where = e.getLocation();
      throw new ResultException(
          file
              + (where == null ? "" : ":" + where.getLineNr() + ":" + where.getColumnNr())
              + ": is no JSON: "
              + e.getOriginalMessage()
              + "; expected a result of "
              + commands());
    }
    Path path = Path.of(named).getFileName();
    return of(path == null ? named : path.toString(), file, tree);
  }

  private static boolean isFolder(String named) {
    try {
      return Files.isDirectory(Path.of(named));
    } catch (InvalidPathException e) {
      return false;
    }
  }

  private static Result of(String name, String file, JsonNode tree) throws ResultException {
    String schema = tree.path("schema").asString("");
    for (Kind kind : Kind.values()) {
      if (kind.schema.equals(schema) && (!schema.isEmpty() || tree.has(kind.key))) {
        if (!tree.path(kind.key).isContainer()) {
          throw new ResultException(
              file
                  + ": says that it is "
                  + schema
                  + " but has no "
                  + kind.key
                  + "; write it again with "
                  + kind.command);
        }
        return new Result(name, kind, tree);
      }
    }
    throw new ResultException(
        file
            + ": "
            + (schema.isEmpty() ? "names no schema" : "its schema '" + schema + "' is not known")
            + "; expected a result of "
            + commands());
  }

  private static String commands() {
    return Arrays.stream(Kind.values()).map(k -> k.command).collect(Collectors.joining(", "));
  }
}
