package io.lookaside.simulator.config;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.ByteBuffer;
import java.nio.CharBuffer;
import java.nio.charset.CoderResult;
import java.nio.charset.StandardCharsets;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.UnaryOperator;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.ObjectNode;

/** The shipped machines, and machines from files. */
public final class MachineLibrary {
  /** The machine that is used when none is named. */
  public static final String DEFAULT = "skylake";

  /** The names of the shipped machines. */
  public static final List<String> NAMES =
      List.of(
          "skylake",
          "icelake",
          "goldencove",
          "zen2",
          "zen3",
          "zen4",
          "zen5",
          "champsim",
          "drcachesim-lru",
          "reference");

  /**
   * What the files of shipped machines say: a sweep loads the same one for each of its machines.
   */
  private static final Map<String, YamlDocument> SHIPPED = new ConcurrentHashMap<>();

  private MachineLibrary() {}

  /** A machine was named that is not shipped, where a name was expected and no file. */
  public static final class UnknownMachineException extends Exception {
    private static final long serialVersionUID = 1;

    UnknownMachineException(String message) {
      super(message);
    }
  }

  /**
   * Loads a machine.
   *
   * @param nameOrFile the name of a shipped machine, or a YAML file
   * @param overrides settings as {@code path=value}, applied in order
   * @throws ConfigException with everything that is wrong, at its position
   * @throws UnknownMachineException if it is neither
   * @throws FileNotFoundException if it looks like a file and there is none to be read
   */
  public static MachineConfig load(String nameOrFile, List<String> overrides)
      throws ConfigException, UnknownMachineException, IOException {
    boolean shipped = NAMES.contains(nameOrFile);
    YamlDocument document =
        shipped
            ? shippedDocument(nameOrFile)
            : YamlDocument.parse(nameOrFile, fileText(nameOrFile));
    ObjectNode tree = document.tree().deepCopy();
    Map<String, String> positions = new HashMap<>(document.positions());
    String whole = shipped ? nameOrFile + ".yaml" : nameOrFile;
    JsonNode base = tree.get("base");
    if (base != null) {
      String position = positions.getOrDefault("/base", whole);
      tree = onBase(base, tree, position);
    }
    List<Problem> problems = new ArrayList<>(document.problems());
    for (String override : overrides) {
      try {
        apply(override, tree, positions);
      } catch (ConfigException e) {
        problems.addAll(e.problems());
      }
    }
    UnaryOperator<String> positionOf = pointer -> position(positions, overrides, pointer, whole);
    // Shipped machines are checked by the build; only what a user wrote needs the schema.
    if (!shipped || !overrides.isEmpty()) {
      List<MachineSchema.Complaint> complaints = MachineSchema.check(tree);
      boolean fits = complaints.isEmpty();
      // An alias stands there as null, of which enough has been said.
      complaints.removeIf(
          c -> problems.stream().anyMatch(p -> p.path().equals(Pointers.dotted(c.pointer()))));
      for (MachineSchema.Complaint c : complaints) {
        problems.add(
            new Problem(positionOf.apply(c.pointer()), Pointers.dotted(c.pointer()), c.message()));
      }
      if (!fits) {
        problems.addAll(MachineBinder.shapeProblems(tree, positionOf));
        throw new ConfigException(problems);
      }
    }
    return MachineBinder.bind(tree, positionOf, problems);
  }

  /**
   * A machine of which the effective configuration is known, as {@link MachineConfig#effective}
   * gave it.
   *
   * @param source where it comes from, for messages
   * @throws ConfigException with everything that is wrong with it
   */
  public static MachineConfig ofEffective(String source, ObjectNode tree) throws ConfigException {
    List<Problem> problems = new ArrayList<>();
    for (MachineSchema.Complaint c : MachineSchema.check(tree)) {
      problems.add(new Problem(source, Pointers.dotted(c.pointer()), c.message()));
    }
    if (!problems.isEmpty()) {
      throw new ConfigException(problems);
    }
    return MachineBinder.bind(tree, pointer -> source, problems);
  }

  /**
   * The text of a shipped machine.
   *
   * @throws UnknownMachineException if none has this name
   */
  public static String text(String name) throws UnknownMachineException {
    if (!NAMES.contains(name)) {
      throw new UnknownMachineException(unknown(name));
    }
    return shippedText(name);
  }

  /** Parsed once; nobody may change it. */
  private static YamlDocument shippedDocument(String name) throws ConfigException {
    YamlDocument document = SHIPPED.get(name);
    if (document == null) {
      document = YamlDocument.parse(name + ".yaml", shippedText(name));
      SHIPPED.put(name, document);
    }
    return document;
  }

  static String shippedText(String name) {
    return resource(name + ".yaml");
  }

  /** The JSON schema of machine files. */
  public static String schemaText() {
    return resource("schema.json");
  }

  private static String unknown(String name) {
    return NearMiss.unknown("unknown machine '" + name + "'", name, NAMES);
  }

  private static String fileText(String file)
      throws ConfigException, UnknownMachineException, IOException {
    Path path = Path.of(file);
    boolean looksLikeFile =
        file.contains("/") || file.endsWith(".yaml") || file.endsWith(".yml") || Files.exists(path);
    if (!looksLikeFile) {
      throw new UnknownMachineException(unknown(file) + "; or name a .yaml file");
    }
    try (InputStream in = Files.newInputStream(path)) {
      byte[] bytes = in.readNBytes(4 * YamlDocument.MAX_CHARACTERS + 1);
      return utf8(file, bytes);
    } catch (NoSuchFileException e) {
      throw new FileNotFoundException(file + ": no such machine file; check the path");
    } catch (AccessDeniedException e) {
      throw new FileNotFoundException(file + ": may not be read (permission denied)");
    } catch (IOException e) {
      if (Files.isDirectory(path)) {
        throw new ConfigException(
            List.of(new Problem(file, "", "is a directory, not a machine file")));
      }
      if (!Files.exists(path)) {
        throw new FileNotFoundException(file + ": no such machine file; check the path");
      }
      throw e;
    }
  }

  static String utf8(String file, byte[] bytes) throws ConfigException {
    ByteBuffer in = ByteBuffer.wrap(bytes);
    CharBuffer out = CharBuffer.allocate(bytes.length);
    CoderResult result = StandardCharsets.UTF_8.newDecoder().decode(in, out, true);
    if (result.isError()) {
      String message = "is not UTF-8 text (byte offset " + in.position() + ")";
      throw new ConfigException(List.of(new Problem(file, "", message)));
    }
    return out.flip().toString();
  }

  private static ObjectNode onBase(JsonNode base, ObjectNode tree, String position)
      throws ConfigException {
    String name = base.isString() ? base.stringValue() : base.toString();
    if (!NAMES.contains(name)) {
      throw new ConfigException(
          List.of(
              new Problem(
                  position,
                  "base",
                  "no shipped machine is called '" + name + "'" + NearMiss.hint(name, NAMES))));
    }
    ObjectNode merged = shippedDocument(name).tree().deepCopy();
    merge(merged, tree);
    merged.remove("base");
    return merged;
  }

  private static void merge(ObjectNode into, ObjectNode from) {
    for (Map.Entry<String, JsonNode> entry : from.properties()) {
      JsonNode old = into.get(entry.getKey());
      if (old instanceof ObjectNode oldObject && entry.getValue() instanceof ObjectNode newObject) {
        merge(oldObject, newObject);
      } else {
        into.set(entry.getKey(), entry.getValue());
      }
    }
  }

  private static void apply(String override, ObjectNode tree, Map<String, String> positions)
      throws ConfigException {
    int equals = override.indexOf('=');
    String option = "--set " + override;
    if (equals <= 0) {
      throw new ConfigException(
          List.of(new Problem(option, "", "expected path=value, as in stlb.entries=3072")));
    }
    String path = override.substring(0, equals);
    if (path.equals("base")) {
      throw new ConfigException(
          List.of(new Problem(option, path, "cannot be set; choose a machine with --machine")));
    }
    String pointer = Pointers.pointer(path);
    JsonNode value = YamlDocument.parseValue(option, override.substring(equals + 1));
    JsonNode parent = section(tree, Pointers.parent(pointer), positions, option);
    String key = pointer.substring(pointer.lastIndexOf('/') + 1);
    if (parent instanceof ObjectNode object) {
      object.set(key, value);
    } else if (parent instanceof ArrayNode array && index(key) >= 0 && index(key) < array.size()) {
      array.set(index(key), value);
    } else {
      throw new ConfigException(
          List.of(
              new Problem(
                  option,
                  path,
                  "there is no such place in the machine; see machines show" + hint(tree, path))));
    }
    positions.keySet().removeIf(p -> p.startsWith(pointer + "/"));
    positions.put(pointer, option);
  }

  /**
   * What stands at a pointer. A section that the machine could have and has not is begun, so that
   * its keys can be set one after the other; what it then still lacks is said with all else.
   */
  private static JsonNode section(
      ObjectNode tree, String pointer, Map<String, String> positions, String option) {
    JsonNode there = tree.at(pointer);
    boolean absent = there.isMissingNode() || there.isNull();
    if (absent
        && MachineSchema.isSection(pointer)
        && section(tree, Pointers.parent(pointer), positions, option) instanceof ObjectNode above) {
      positions.put(pointer, option);
      return above.putObject(pointer.substring(pointer.lastIndexOf('/') + 1));
    }
    return there;
  }

  /** What the first step of a path may be meant to be that leads nowhere. */
  private static String hint(JsonNode tree, String path) {
    JsonNode node = tree;
    for (String step : path.split("\\.", -1)) {
      JsonNode next = node.isArray() ? node.path(index(step)) : node.path(step);
      if (!next.isContainer()) {
        return NearMiss.hint(step, node.propertyNames());
      }
      node = next;
    }
    return "";
  }

  /** The index that a step of a path names, or -1. */
  private static int index(String step) {
    return step.matches("[0-9]{1,4}") ? Integer.parseInt(step) : -1;
  }

  /** Who is to blame for a value: a setting in the same object, else the nearest key's position. */
  private static String position(
      Map<String, String> positions, List<String> overrides, String pointer, String whole) {
    for (String override : overrides) {
      String set = Pointers.pointer(override.substring(0, Math.max(0, override.indexOf('='))));
      if (Pointers.parent(set).equals(Pointers.parent(pointer))) {
        return "--set " + override;
      }
    }
    for (String p = pointer; !p.isEmpty(); p = Pointers.parent(p)) {
      String position = positions.get(p);
      if (position != null) {
        return position;
      }
    }
    return whole;
  }

  private static String resource(String name) {
    String path = "/io/lookaside/simulator/machines/" + name;
    try (InputStream in = MachineLibrary.class.getResourceAsStream(path)) {
      if (in == null) {
        throw new IllegalStateException("missing resource " + path);
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
