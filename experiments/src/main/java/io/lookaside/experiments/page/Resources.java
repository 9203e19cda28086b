package io.lookaside.experiments.page;

import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.List;

/** The scripts and styles of pages: ours, and those of others as they were published. */
public final class Resources {
  /** Files of others, in the order in which a page runs them. */
  static final String VEGA = "vendor/vega-6.4.0.min.js";

  static final String VEGA_LITE = "vendor/vega-lite-6.4.3.min.js";
  static final String INTERPRETER = "vendor/vega-interpreter-2.3.2.js";

  private static final String IMPORT =
      "import { ascending, isString, DisallowedObjectProperties } from 'vega-util';\n";
  private static final String EXPORT = "export { expression as expressionInterpreter };\n";

  private Resources() {}

  /** A text that stands beside a class. */
  public static String text(Class<?> owner, String name) {
    try (InputStream in = owner.getResourceAsStream(name)) {
      if (in == null) {
        throw new IllegalStateException("no resource " + name + " beside " + owner.getName());
      }
      return new String(in.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  /** The style that all pages share. */
  public static String pageStyle() {
    return text("page.css");
  }

  /** The script that all pages share: the choice of light and dark. */
  public static String pageScript() {
    return text("page.js");
  }

  static String text(String name) {
    return text(Resources.class, name);
  }

  /** The scripts of a page with charts. */
  static List<String> chartScripts() {
    return List.of(text(VEGA), text(VEGA_LITE), interpreter(), text("page.js"), text("charts.js"));
  }

  /**
   * Vega's interpreter of expressions as a plain script. It is published as a module, which a page
   * that stands alone cannot import; Vega itself exports the three names that it imports.
   */
  static String interpreter() {
    String module = text(INTERPRETER);
    if (!module.startsWith(IMPORT) || !module.contains(EXPORT)) {
      throw new IllegalStateException(INTERPRETER + " is not as it was published");
    }
    return "(function () {\n"
        + module
            .replace(IMPORT, "const { ascending, isString, DisallowedObjectProperties } = vega;\n")
            .replace(EXPORT, "vega.expressionInterpreter = expression;\n")
            .replaceAll("//# sourceMappingURL=.*", "")
        + "\n})();";
  }

  /** What the licences of the chart libraries ask to be kept with them. */
  static String licences() {
    return "Vega 6.4.0 and vega-interpreter 2.3.2\n\n"
        + text("vendor/vega.LICENSE")
        + "\nVega-Lite 6.4.3\n\n"
        + text("vendor/vega-lite.LICENSE");
  }
}
