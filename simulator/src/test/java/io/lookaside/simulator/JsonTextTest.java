package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.math.BigDecimal;
import java.math.BigInteger;
import java.util.Random;
import org.junit.jupiter.api.Test;
import tools.jackson.core.util.DefaultIndenter;
import tools.jackson.core.util.DefaultPrettyPrinter;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

class JsonTextTest {
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Plain letters, what JSON escapes, control characters, and both kinds of beyond ASCII. */
  private static final String[] LETTERS = {
    "a",
    "Z",
    " ",
    "/",
    "\"",
    "\\",
    "\n",
    "\t",
    "\u0001",
    "\u007f",
    "\u00e4",
    "\u2028",
    "\ud83d\ude00"
  };

  private final Random random = new Random(17);

  @Test
  void treesAreWrittenAsTheMapperWritesThem() {
    DefaultIndenter indenter = new DefaultIndenter("  ", "\n");
    for (int i = 0; i < 300; i++) {
      JsonNode tree = tree(0);
      DefaultPrettyPrinter printer =
          new DefaultPrettyPrinter().withObjectIndenter(indenter).withArrayIndenter(indenter);
      assertEquals(
          JsonMapper.shared().writer().with(printer).writeValueAsString(tree),
          JsonText.indented(tree));
      assertEquals(JsonMapper.shared().writeValueAsString(tree), JsonText.compact(tree));
      assertEquals(tree.toString(), JsonText.compact(tree));
    }
  }

  private JsonNode tree(int depth) {
    int kinds = depth < 5 ? 12 : 10;
    return switch (random.nextInt(kinds)) {
      case 0 -> JSON.stringNode(text());
      case 1 -> JSON.numberNode(random.nextInt());
      case 2 -> JSON.numberNode(random.nextLong());
      case 3 -> JSON.numberNode(new BigInteger(80, random));
      case 4 -> JSON.numberNode(random.nextDouble() * 1e20);
      case 5 -> JSON.numberNode(random.nextFloat());
      case 6 -> JSON.numberNode(BigDecimal.valueOf(random.nextLong(), random.nextInt(-8, 25)));
      case 7 -> JSON.booleanNode(random.nextBoolean());
      case 8 -> JSON.nullNode();
      case 9 -> JSON.numberNode(0L);
      case 10 -> {
        ArrayNode array = JSON.arrayNode();
        for (int n = random.nextInt(5); n > 0; n--) {
          array.add(tree(depth + 1));
        }
        yield array;
      }
      default -> {
        ObjectNode object = JSON.objectNode();
        for (int n = random.nextInt(5); n > 0; n--) {
          object.set(text(), tree(depth + 1));
        }
        yield object;
      }
    };
  }

  private String text() {
    StringBuilder text = new StringBuilder();
    for (int n = random.nextInt(8); n > 0; n--) {
      text.append(LETTERS[random.nextInt(LETTERS.length)]);
    }
    return text.toString();
  }
}
