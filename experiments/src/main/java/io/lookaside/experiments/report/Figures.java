package io.lookaside.experiments.report;

import java.math.BigDecimal;
import java.math.MathContext;
import java.math.RoundingMode;
import java.util.Locale;
import tools.jackson.databind.JsonNode;

/** Numbers as people read them, and as results hold them. */
final class Figures {
  private static final int DIGITS = 3;
  private static final double WHOLE_FROM = 1000;

  private Figures() {}

  static String count(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  /** A part of a whole in percent; a dash where there is no whole. */
  static String percent(long part, long whole) {
    return whole == 0 ? "–" : decimal(100.0 * part / whole) + " %";
  }

  /** Three significant digits, never an exponent, and no fraction from a thousand on. */
  static String decimal(double x) {
    if (Math.abs(x) >= WHOLE_FROM || x == 0) {
      return String.format(Locale.ROOT, "%,.0f", x);
    }
    BigDecimal rounded =
        BigDecimal.valueOf(x).round(new MathContext(DIGITS, RoundingMode.HALF_EVEN));
    return rounded.setScale(Math.max(0, rounded.stripTrailingZeros().scale())).toPlainString();
  }

  /** A number of a result; 0 where it is missing or none. */
  static long number(JsonNode tree, String... path) {
    return at(tree, path).asLong(0);
  }

  static String text(JsonNode tree, String... path) {
    return at(tree, path).asString("");
  }

  static JsonNode at(JsonNode tree, String... path) {
    JsonNode node = tree;
    for (String key : path) {
      node = node.path(key);
    }
    return node;
  }
}
