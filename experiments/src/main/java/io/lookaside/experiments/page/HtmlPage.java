package io.lookaside.experiments.page;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Base64;
import java.util.List;
import java.util.stream.Collectors;

/**
 * A page in one file. Its content-security policy names each of its scripts and its style by hash
 * and allows nothing else: no request, no other script, no frame, no form.
 */
public final class HtmlPage {
  private HtmlPage() {}

  /**
   * The text of a page.
   *
   * @param title plain text
   * @param style CSS
   * @param scripts run in this order after the body is there
   * @param body markup
   */
  public static String of(String title, String style, List<String> scripts, String body) {
    String css = "\n" + style;
    StringBuilder out = new StringBuilder("<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n");
    out.append("<meta charset=\"utf-8\">\n");
    // The policy comes before all that it judges.
    out.append("<meta http-equiv=\"Content-Security-Policy\" content=\"")
        .append("default-src 'none'; script-src ")
        .append(scripts.stream().map(HtmlPage::hash).collect(Collectors.joining(" ")))
        .append("; style-src ")
        .append(hash(css))
        .append("; base-uri 'none'; form-action 'none'\">\n");
    out.append("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
    out.append("<meta name=\"color-scheme\" content=\"light dark\">\n");
    out.append("<title>").append(Html.escape(title)).append("</title>\n");
    out.append("<style>").append(css).append("</style>\n</head>\n<body>\n");
    out.append(body);
    for (String script : scripts) {
      if (script.contains("</script") || script.contains("<!--")) {
        throw new IllegalArgumentException("a script must not end its own element");
      }
      out.append("<script>").append(script).append("</script>\n");
    }
    return out.append("</body>\n</html>\n").toString();
  }

  private static String hash(String text) {
    try {
      byte[] digest =
          MessageDigest.getInstance("SHA-256").digest(text.getBytes(StandardCharsets.UTF_8));
      return "'sha256-" + Base64.getEncoder().encodeToString(digest) + "'";
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every Java platform has SHA-256", e);
    }
  }
}
