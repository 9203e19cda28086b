package io.lookaside.simulator.config;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import tools.jackson.databind.node.ObjectNode;

/** A YAML file of any kind that was checked against a schema, with the position of every key. */
public final class YamlFile {
  private final String file;
  private final ObjectNode tree;
  private final Map<String, String> positions;
  private final List<Problem> problems;

  private YamlFile(
      String file, ObjectNode tree, Map<String, String> positions, List<Problem> problems) {
    this.file = file;
    this.tree = tree;
    this.positions = positions;
    this.problems = List.copyOf(problems);
  }

  /**
   * Reads a file.
   *
   * @param file its path
   * @param kind what it should be, as in {@code sweep file}, for messages
   * @param example how it may begin, for messages
   * @param schema the JSON schema that it should fit
   * @throws ConfigException for an error of syntax; what else is wrong is in {@link #problems}
   * @throws FileNotFoundException if there is none to be read
   */
  public static YamlFile read(String file, String kind, String example, String schema)
      throws ConfigException, IOException {
    YamlDocument document = YamlDocument.parse(file, text(file, kind), kind, example);
    List<Problem> problems = new ArrayList<>(document.problems());
    Map<String, String> positions = document.positions();
    for (MachineSchema.Complaint c :
        new MachineSchema(schema, "add it").complaints(document.tree())) {
      String path = Pointers.dotted(c.pointer());
      if (problems.stream().noneMatch(p -> p.path().equals(path))) {
        problems.add(new Problem(position(file, positions, c.pointer()), path, c.message()));
      }
    }
    return new YamlFile(file, document.tree(), positions, problems);
  }

  private static String text(String file, String kind) throws ConfigException, IOException {
    Path path = Path.of(file);
    try (InputStream in = Files.newInputStream(path)) {
      return MachineLibrary.utf8(file, in.readNBytes(4 * YamlDocument.MAX_CHARACTERS + 1));
    } catch (NoSuchFileException e) {
      throw new FileNotFoundException(file + ": no such " + kind + "; check the path");
    } catch (AccessDeniedException e) {
      throw new FileNotFoundException(file + ": may not be read (permission denied)");
    } catch (IOException e) {
      if (Files.isDirectory(path)) {
        throw new ConfigException(List.of(new Problem(file, "", "is a directory, not a " + kind)));
      }
      throw e;
    }
  }

  private static String position(String file, Map<String, String> positions, String pointer) {
    for (String p = pointer; !p.isEmpty(); p = Pointers.parent(p)) {
      String position = positions.get(p);
      if (position != null) {
        return position;
      }
    }
    return file;
  }

  /** The file's content. */
  public ObjectNode tree() {
    return tree;
  }

  /** What is wrong with it, each at its place; the tree is without duplicate keys and aliases. */
  public List<Problem> problems() {
    return problems;
  }

  /** Where a key or element stands, as {@code file:line:column}; else what it stands in. */
  public String positionOf(String pointer) {
    return position(file, positions, pointer);
  }
}
