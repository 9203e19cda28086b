package io.lookaside.experiments.page;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.InputStream;
import java.security.MessageDigest;
import java.util.HexFormat;
import java.util.List;
import java.util.Objects;
import org.junit.jupiter.api.Test;
import tools.jackson.databind.json.JsonMapper;

class HtmlPageTest {
  @Test
  void textIsNoMarkup() {
    assertEquals("&lt;script&gt;&amp;&quot;&#39;\ufffd", Html.escape("<script>&\"'\u0007"));
  }

  @Test
  void jsonCannotEndItsElement() {
    String text = "</script><!--<script>&\u2028";
    String json = Html.json(JsonMapper.shared().createObjectNode().put("a", text));
    assertFalse(json.contains("<") || json.contains(">") || json.contains("&"), json);
    assertEquals(text, JsonMapper.shared().readTree(json).path("a").asString());
  }

  @Test
  void policyNamesScriptsByHash() {
    // printf 'let a = 1;' | openssl dgst -sha256 -binary | base64
    String page = HtmlPage.of("t", "p {}\n", List.of("let a = 1;"), "<p>x</p>");
    assertTrue(page.contains("script-src 'sha256-LETA';".replace("LETA", LET_A)), page);
    assertThrows(
        IllegalArgumentException.class, () -> HtmlPage.of("t", "", List.of("'</script>'"), ""));
  }

  private static final String LET_A = "xY6QKfH9PRsQnLz56nj6MBwiK5oHg+im1Jkpdp1x/Ck=";

  /** The files of others are those that npm gives out; see vendor/SHA256SUMS. */
  @Test
  void vendoredFilesAreAsPublished() throws Exception {
    List<String> sums = Resources.text("vendor/SHA256SUMS").lines().toList();
    assertEquals(6, sums.size());
    for (String line : sums) {
      String name = line.substring(line.lastIndexOf(' ') + 1);
      try (InputStream in = Resources.class.getResourceAsStream("vendor/" + name)) {
        byte[] bytes = Objects.requireNonNull(in, name).readAllBytes();
        assertTrue(bytes.length < 1 << 20, name);
        byte[] digest = MessageDigest.getInstance("SHA-256").digest(bytes);
        assertEquals(line.substring(0, 64), HexFormat.of().formatHex(digest), name);
      }
    }
  }
}
