package io.lookaside.simulator.config;

import com.networknt.schema.Error;
import com.networknt.schema.Schema;
import com.networknt.schema.SchemaRegistry;
import com.networknt.schema.SpecificationVersion;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.MissingNode;

/** A shipped JSON schema, that of machines or another, and what its complaints mean to people. */
final class MachineSchema {
  /** That of machines, made when it is first needed: a sweep checks each of its machines. */
  private static final class OfMachines {
    static final MachineSchema SCHEMA =
        new MachineSchema(MachineLibrary.schemaText(), "add it, or a base: line");
  }

  private final String text;
  private final String ifMissing;
  private @Nullable Schema schema;

  /**
   * A schema.
   *
   * @param text its JSON
   * @param ifMissing what to do where a key is missing
   */
  MachineSchema(String text, String ifMissing) {
    this.text = text;
    this.ifMissing = ifMissing;
  }

  /** A complaint at a pointer. */
  record Complaint(String pointer, String message) {}

  /** All complaints about a machine, in the order of their pointers. */
  static List<Complaint> check(JsonNode tree) {
    return OfMachines.SCHEMA.complaints(tree);
  }

  /** All complaints about a tree, in the order of their pointers. */
  List<Complaint> complaints(JsonNode tree) {
    List<Complaint> complaints = new ArrayList<>();
    for (Error error : schema().validate(tree)) {
      complaints.add(complaint(error, tree));
    }
    complaints.sort(Comparator.comparing(Complaint::pointer).thenComparing(Complaint::message));
    return complaints;
  }

  /** The schema as the library has it, made once. */
  private synchronized Schema schema() {
    Schema made = schema;
    if (made == null) {
      made = SchemaRegistry.withDefaultDialect(SpecificationVersion.DRAFT_2020_12).getSchema(text);
      schema = made;
    }
    return made;
  }

  private Complaint complaint(Error error, JsonNode tree) {
    String pointer = error.getInstanceLocation().toString();
    String keyword = error.getKeyword();
    JsonNode expected = error.getSchemaNode();
    String got = shortened(tree.at(pointer).toString());
    return switch (keyword) {
      case "additionalProperties" -> {
        String key = error.getProperty();
        List<String> known = new ArrayList<>(schemaProperties(pointer));
        yield new Complaint(pointer + "/" + key, NearMiss.unknown("unknown key", key, known));
      }
      case "required" ->
          new Complaint(pointer, "key '" + error.getProperty() + "' is missing; " + ifMissing);
      case "minimum" -> new Complaint(pointer, got + " is less than " + expected);
      case "maximum" -> new Complaint(pointer, got + " is more than " + expected);
      case "enum" -> new Complaint(pointer, got + " is none of " + words(expected));
      case "type" -> new Complaint(pointer, "expected " + types(expected) + ", not " + got);
      case "uniqueItems" -> new Complaint(pointer, got + " names something twice");
      case "minItems" -> new Complaint(pointer, "needs at least one element");
      case "pattern" -> new Complaint(pointer, "must not hold control characters");
      case "maxItems" -> new Complaint(pointer, "has more than " + expected + " elements");
      default -> new Complaint(pointer, error.getMessage());
    };
  }

  /** Whether the schema of machines knows keys and values at a pointer. */
  static boolean isSection(String pointer) {
    return !OfMachines.SCHEMA.schemaProperties(pointer).isEmpty();
  }

  /** The keys that the schema knows for the object at a pointer. */
  private List<String> schemaProperties(String pointer) {
    JsonNode root = JsonMapper.shared().readTree(text);
    JsonNode node = root;
    for (String step : pointer.isEmpty() ? new String[0] : pointer.substring(1).split("/", -1)) {
      JsonNode items = node.get("items");
      JsonNode named = node.path("properties").get(step);
      JsonNode any =
          items != null && step.matches("[0-9]+") ? items : node.get("additionalProperties");
      node = named != null ? named : any != null ? any : MissingNode.getInstance();
      JsonNode reference = node.get("$ref");
      if (reference != null) {
        node = root.at(reference.stringValue().substring(1));
      }
    }
    return List.copyOf(node.path("properties").propertyNames());
  }

  /** JSON's names of types as people say them. */
  private static String types(JsonNode expected) {
    return words(expected)
        .replace("integer", "a whole number")
        .replace("object", "keys and values")
        .replace("array", "a list")
        .replace("string", "text");
  }

  private static String words(JsonNode expected) {
    if (!expected.isArray()) {
      return expected.isString() ? expected.stringValue() : expected.toString();
    }
    List<String> words = new ArrayList<>();
    expected.forEach(e -> words.add(e.isString() ? e.stringValue() : e.toString()));
    return String.join(", ", words);
  }

  private static String shortened(String text) {
    int most = 40;
    return text.length() <= most ? text : text.substring(0, most) + "...";
  }
}
