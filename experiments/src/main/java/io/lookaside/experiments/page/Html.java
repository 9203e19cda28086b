package io.lookaside.experiments.page;

import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Text from anywhere as text of a page, where none of it is markup. */
public final class Html {
  private static final int FIRST_PRINTABLE = 0x20;

  private Html() {}

  /** Text as it stands between tags or in a quoted attribute. */
  public static String escape(String text) {
    StringBuilder out = new StringBuilder(text.length() + 16);
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      switch (c) {
        case '<' -> out.append("&lt;");
        case '>' -> out.append("&gt;");
        case '&' -> out.append("&amp;");
        case '"' -> out.append("&quot;");
        case '\'' -> out.append("&#39;");
        case '\n', '\t' -> out.append(c);
        default -> out.append(c < FIRST_PRINTABLE || c == 0x7f ? '\ufffd' : c);
      }
    }
    return out.toString();
  }

  /**
   * JSON as it stands in a script element of a page. No character in it can end the element or open
   * a comment: such ones occur in strings only, where an escape means the same.
   */
  public static String json(JsonNode node) {
    return JsonMapper.shared()
        .writeValueAsString(node)
        .replace("<", "\\u003c")
        .replace(">", "\\u003e")
        .replace("&", "\\u0026")
        .replace("\u2028", "\\u2028")
        .replace("\u2029", "\\u2029");
  }
}
