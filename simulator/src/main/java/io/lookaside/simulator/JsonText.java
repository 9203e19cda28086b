package io.lookaside.simulator;

import java.io.StringWriter;
import java.util.Map;
import tools.jackson.core.JsonGenerator;
import tools.jackson.core.ObjectWriteContext;
import tools.jackson.core.PrettyPrinter;
import tools.jackson.core.json.JsonFactory;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;

/**
 * JSON trees as text, by the generator and printer of the JSON library. Its mapper gives the same
 * text, but it loads some 700 classes first, which a process that writes one tree feels.
 */
final class JsonText {
  private static final JsonFactory FACTORY = new JsonFactory();

  private JsonText() {}

  /** One line without spaces. */
  static String compact(JsonNode tree) {
    return write(tree, ObjectWriteContext.empty());
  }

  /** Indented by two spaces for each level; a newline ends each line but the last. */
  static String indented(JsonNode tree) {
    DefaultIndenter lines = new DefaultIndenter("  ", "\n");
    return write(
        tree,
        new Printed(new DefaultPrettyPrinter().withObjectIndenter(lines).withArrayIndenter(lines)));
  }

  private static String write(JsonNode tree, ObjectWriteContext context) {
    StringWriter text = new StringWriter();
    try (JsonGenerator json = FACTORY.createGenerator(context, text)) {
      write(tree, json);
    }
    return text.toString();
  }

  private static void write(JsonNode node, JsonGenerator json) {
    switch (node.getNodeType()) {
      case OBJECT -> {
        json.writeStartObject();
        for (Map.Entry<String, JsonNode> property : node.properties()) {
          json.writeName(property.getKey());
          write(property.getValue(), json);
        }
        json.writeEndObject();
      }
      case ARRAY -> {
        json.writeStartArray();
        for (JsonNode element : node) {
          write(element, json);
        }
        json.writeEndArray();
      }
      case STRING -> json.writeString(node.stringValue());
      case BOOLEAN -> json.writeBoolean(node.booleanValue());
      case NULL -> json.writeNull();
      case NUMBER -> writeNumber(node, json);
      case BINARY, MISSING, POJO ->
          throw new IllegalArgumentException("no JSON: a node of type " + node.getNodeType());
    }
  }

  private static void writeNumber(JsonNode node, JsonGenerator json) {
    switch (node.numberType()) {
      case INT -> json.writeNumber(node.intValue());
      case LONG -> json.writeNumber(node.longValue());
      case BIG_INTEGER -> json.writeNumber(node.bigIntegerValue());
      case FLOAT -> json.writeNumber(node.floatValue());
      case DOUBLE -> json.writeNumber(node.doubleValue());
      case BIG_DECIMAL -> json.writeNumber(node.decimalValue());
    }
  }

  /** Has the generator write what makes a text readable. */
  private static final class Printed extends ObjectWriteContext.Base {
    private final PrettyPrinter printer;

    Printed(PrettyPrinter printer) {
      this.printer = printer;
    }

    @Override
    public PrettyPrinter getPrettyPrinter() {
      return printer;
    }

    @Override
    public boolean hasPrettyPrinter() {
      return true;
    }
  }
}
