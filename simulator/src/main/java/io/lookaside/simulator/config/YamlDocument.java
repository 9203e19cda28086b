package io.lookaside.simulator.config;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import org.snakeyaml.engine.v2.api.LoadSettings;
import org.snakeyaml.engine.v2.api.lowlevel.Compose;
import org.snakeyaml.engine.v2.exceptions.Mark;
import org.snakeyaml.engine.v2.exceptions.MarkedYamlEngineException;
import org.snakeyaml.engine.v2.exceptions.ReaderException;
import org.snakeyaml.engine.v2.exceptions.YamlEngineException;
import org.snakeyaml.engine.v2.nodes.MappingNode;
import org.snakeyaml.engine.v2.nodes.Node;
import org.snakeyaml.engine.v2.nodes.NodeTuple;
import org.snakeyaml.engine.v2.nodes.ScalarNode;
import org.snakeyaml.engine.v2.nodes.SequenceNode;
import org.snakeyaml.engine.v2.nodes.Tag;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * A YAML mapping as a JSON tree, with the position of every key and element. Keys are given by JSON
 * pointers, such as {@code /l1d/parts/0/entries}.
 */
final class YamlDocument {
  /** The longest text that is read; a machine has about a thousand characters. */
  static final int MAX_CHARACTERS = 1 << 20;

  private static final int MAX_DEPTH = 20;

  /** No figure of a machine has an exponent like that; written out it would take the memory. */
  private static final int MAX_SCALE = 40;

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  private final String source;
  private final String kind;
  private final Map<String, String> positions = new HashMap<>();
  private final List<Problem> problems = new ArrayList<>();
  private final Set<Node> seen = Collections.newSetFromMap(new IdentityHashMap<>());
  private ObjectNode tree = JSON.objectNode();

  private YamlDocument(String source, String kind) {
    this.source = source;
    this.kind = kind;
  }

  /**
   * Reads a document.
   *
   * @param source the file's name, for positions
   * @throws ConfigException for an error of syntax; what else is wrong is in {@link #problems}
   */
  static YamlDocument parse(String source, String text) throws ConfigException {
    return parse(source, text, "machine file", "as in 'name: mine'; see machines schema");
  }

  /**
   * Reads a document of another kind.
   *
   * @param kind what the file should be, for messages
   * @param example how it may begin, for messages
   * @throws ConfigException as above
   */
  static YamlDocument parse(String source, String text, String kind, String example)
      throws ConfigException {
    YamlDocument document = new YamlDocument(source, kind);
    if (text.length() > MAX_CHARACTERS) {
      throw document.failure(
          source, "is longer than " + MAX_CHARACTERS + " characters; is this a " + kind + "?");
    }
    try {
      LoadSettings settings = LoadSettings.builder().setLabel(source).build();
      Optional<Node> root = new Compose(settings).composeString(text);
      if (root.isEmpty() || !(root.get() instanceof MappingNode mapping)) {
        throw document.failure(source + ":1:1", "expected keys and values, " + example);
      }
      document.tree = document.mapping(mapping, "", 0);
    } catch (MarkedYamlEngineException e) {
      String where = e.getProblemMark().map(m -> at(source, m)).orElse(source);
      throw document.failure(where, "is not YAML: " + e.getProblem());
    } catch (StackOverflowError e) {
      throw document.failure(source, document.tooDeep()); // the parser recurses
    } catch (ReaderException e) {
      String where = at(source, text, e.getPosition());
      throw document.failure(where, "is not text: it has a character that YAML does not allow");
    } catch (YamlEngineException e) {
      String message = String.valueOf(e.getMessage()).replaceAll("\\s+", " ");
      throw document.failure(source, "is not YAML: " + message);
    }
    return document;
  }

  ObjectNode tree() {
    return tree;
  }

  /** Duplicate keys, aliases and the like, each at its place; the tree is without them. */
  List<Problem> problems() {
    return List.copyOf(problems);
  }

  /** Where each key stands, by pointer. */
  Map<String, String> positions() {
    return positions;
  }

  /** The number, word, list or mapping that a YAML scalar or flow text means. */
  static JsonNode parseValue(String source, String text) throws ConfigException {
    if (isPlainNumber(text)) {
      return JSON.numberNode(Long.parseLong(text)); // what most settings are, and a parser is slow
    }
    YamlDocument document = parse(source, "value: " + text + "\n");
    if (!document.problems.isEmpty()) {
      throw new ConfigException(document.problems);
    }
    ObjectNode wrapped = document.tree();
    JsonNode value = wrapped.get("value");
    if (value == null || wrapped.size() != 1) {
      throw new ConfigException(
          List.of(new Problem(source, "", "expected one value after '=', not '" + text + "'")));
    }
    return value;
  }

  /** Whether a text is digits that mean a number of at most 18 digits to YAML too. */
  private static boolean isPlainNumber(String text) {
    int length = text.length();
    if (length == 0 || length > 18 || (length > 1 && text.charAt(0) == '0')) {
      return false;
    }
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if (c < '0' || c > '9') {
        return false;
      }
    }
    return true;
  }

  private ObjectNode mapping(MappingNode node, String pointer, int depth) {
    ObjectNode object = JSON.objectNode();
    Map<String, Node> keys = new HashMap<>();
    for (NodeTuple tuple : node.getValue()) {
      Node keyNode = tuple.getKeyNode();
      if (!(keyNode instanceof ScalarNode scalar)) {
        problem(keyNode, pointer, "expected a word as key");
        continue;
      }
      String key = scalar.getValue();
      String child = pointer + "/" + key;
      Node first = keys.putIfAbsent(key, keyNode);
      if (first != null) {
        problem(
            keyNode,
            child,
            "duplicate key; it stands at " + position(first) + " already. Remove one of them");
        continue;
      }
      positions.put(child, position(keyNode));
      object.set(key, value(tuple.getValueNode(), child, depth + 1));
    }
    return object;
  }

  private JsonNode value(Node node, String pointer, int depth) {
    if (!seen.add(node)) {
      problem(node, pointer, "aliases (*name) are not allowed; write the value again");
      return JSON.nullNode();
    }
    if (depth > MAX_DEPTH) {
      problem(node, "", tooDeep());
      return JSON.nullNode();
    }
    if (node instanceof MappingNode m) {
      return mapping(m, pointer, depth);
    }
    if (node instanceof SequenceNode s) {
      ArrayNode array = JSON.arrayNode();
      for (Node element : s.getValue()) {
        String child = pointer + "/" + array.size();
        positions.put(child, position(element));
        array.add(value(element, child, depth + 1));
      }
      return array;
    }
    return scalar((ScalarNode) node);
  }

  private static JsonNode scalar(ScalarNode node) {
    String text = node.getValue();
    Tag tag = node.getTag();
    if (tag.equals(Tag.NULL)) {
      return JSON.nullNode();
    }
    if (tag.equals(Tag.BOOL)) {
      return JSON.booleanNode(Boolean.parseBoolean(text));
    }
    try {
      if (tag.equals(Tag.INT)) {
        BigInteger n = new BigInteger(text);
        return n.bitLength() < Long.SIZE ? JSON.numberNode(n.longValue()) : JSON.numberNode(n);
      }
      if (tag.equals(Tag.FLOAT)) {
        BigDecimal d = new BigDecimal(text);
        boolean plain = Math.abs((long) d.scale()) <= MAX_SCALE;
        return plain ? JSON.numberNode(d) : JSON.stringNode(text);
      }
    } catch (NumberFormatException e) {
      return JSON.stringNode(text); // .inf and .nan: no number here, so the schema refuses them
    }
    return JSON.stringNode(text);
  }

  private String tooDeep() {
    return "is nested too deeply; is this a " + kind + "?";
  }

  private void problem(Node node, String pointer, String message) {
    problems.add(new Problem(position(node), Pointers.dotted(pointer), message));
  }

  private String position(Node node) {
    return node.getStartMark().map(m -> at(source, m)).orElse(source);
  }

  private static String at(String source, Mark mark) {
    return source + ":" + (mark.getLine() + 1) + ":" + (mark.getColumn() + 1);
  }

  /** The position of a code point of {@code text}, counted from 0. */
  private static String at(String source, String text, int codePoint) {
    int end =
        text.offsetByCodePoints(0, Math.min(codePoint, text.codePointCount(0, text.length())));
    String before = text.substring(0, end);
    long line = before.chars().filter(c -> c == '\n').count() + 1;
    int column = before.length() - before.lastIndexOf('\n');
    return source + ":" + line + ":" + column;
  }

  private ConfigException failure(String position, String message) {
    return new ConfigException(List.of(new Problem(position, "", message)));
  }
}
