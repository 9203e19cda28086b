package io.lookaside.simulator.curve;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * A curve as a picture, SVG that stands alone: miss rate by entries, for fully associative
 * structures and some numbers of ways, and a heat map of the miss rate by sets and ways.
 *
 * <p>Both scales of the curve and the colours of the map are logarithmic. The rate where only the
 * first look-up of each page misses is the lowest there is.
 */
public final class CurvePicture {
  private static final int WIDTH = 1240;
  private static final int HEIGHT = 520;
  private static final int TOP = 74;
  private static final int LEFT = 76;
  private static final int CURVE_WIDTH = 490;
  private static final int PLOT_HEIGHT = 370;
  private static final int MAP_LEFT = 660;
  private static final int MAP_WIDTH = 540;

  /** A line is drawn by at most so many points for each doubling of the entries. */
  private static final int POINTS_PER_DOUBLING = 24;

  /** Colours of lines that people with any colour vision can tell apart (Okabe and Ito). */
  private static final String[] LINE_COLOURS = {
    "#d55e00", "#e69f00", "#009e73", "#56b4e9", "#cc79a7", "#8c8c8c", "#0072b2", "#b8a500",
    "#7f3fbf"
  };

  private static final String FULL_COLOUR = "#0072b2";

  private final CurveResult result;
  private final StringBuilder out = new StringBuilder();
  private final double lowest;
  private final double doublings;

  private CurvePicture(CurveResult result) {
    this.result = result;
    double least = result.lookups() == 0 ? 1 : (double) result.distinctPages() / result.lookups();
    this.lowest = Math.min(-1, Math.floor(Math.log10(Math.max(least, 1e-12))));
    long largest = (long) result.options().maxSets() * result.options().maxWays();
    long end = Math.max(2, Math.max(largest, result.misses().enough()));
    this.doublings = Math.log((double) end) / Math.log(2);
  }

  /** The whole file. */
  public static String svg(CurveResult result) {
    CurvePicture picture = new CurvePicture(result);
    picture.draw();
    return picture.out.toString();
  }

  private void draw() {
    CurveOptions o = result.options();
    String title = "Miss rate of LRU TLBs: " + o.trace();
    line(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 %d %d\" width=\"%d\" height=\"%d\""
            + " role=\"img\" aria-labelledby=\"title description\" font-family=\"sans-serif\""
            + " font-size=\"13\">",
        WIDTH, HEIGHT, WIDTH, HEIGHT);
    line("<title id=\"title\">%s</title>", escaped(title));
    line(
        "<desc id=\"description\">Left: miss rate by number of entries. Right: miss rate by sets and"
            + " ways. %s look-ups of %s distinct pages.</desc>",
        count(result.lookups()), count(result.distinctPages()));
    line("<style>");
    line(".back{fill:#fff}.ink{fill:#222}.soft{fill:#666}.grid{stroke:#ddd}.axis{stroke:#444}");
    line("@media (prefers-color-scheme: dark){.back{fill:#1b1b1f}.ink{fill:#eee}");
    line(".soft{fill:#aaa}.grid{stroke:#3a3a40}.axis{stroke:#bbb}}");
    line("</style>");
    line("<rect class=\"back\" width=\"%d\" height=\"%d\"/>", WIDTH, HEIGHT);
    text(LEFT, 28, "start", "ink", escaped(shortened(title)), "font-size=\"17\"");
    String what =
        o.side() == CurveOptions.Side.ALL ? "fetches, loads and stores" : o.side().label();
    if (o.behind() != null) {
      what += " behind the first level of " + o.behind().name();
    }
    text(
        LEFT,
        48,
        "start",
        "soft",
        escaped(
            String.format(
                Locale.ROOT,
                "%,d look-ups (%s) of %,d distinct pages of %s",
                result.lookups(),
                what,
                result.distinctPages(),
                o.pageSize().label())),
        "");
    axes();
    lines();
    map();
    out.append("</svg>\n");
  }

  private void axes() {
    for (int power = (int) lowest; power <= 0; power++) {
      double y = y(Math.pow(10, power));
      gridLine(LEFT, y, LEFT + CURVE_WIDTH, y);
      text(LEFT - 8, y + 4, "end", "ink", CurveReport.percent(Math.pow(10, power)), "");
    }
    int step = doublings > 12 ? 2 : 1;
    for (int power = 0; power <= doublings; power += step) {
      double x = x(1L << power);
      gridLine(x, TOP, x, TOP + PLOT_HEIGHT);
      text(x, TOP + PLOT_HEIGHT + 18, "middle", "ink", sizeLabel(1L << power), "");
    }
    text(
        LEFT + CURVE_WIDTH / 2.0,
        TOP + PLOT_HEIGHT + 42,
        "middle",
        "ink",
        "entries (1K = 1,024)",
        "");
    text(
        0,
        0,
        "middle",
        "ink",
        "miss rate",
        String.format(
            Locale.ROOT, "transform=\"translate(16 %.1f) rotate(-90)\"", TOP + PLOT_HEIGHT / 2.0));
  }

  private void lines() {
    List<String[]> legend = new ArrayList<>();
    int colour = 0;
    for (int ways = 1; ways <= result.options().maxWays(); ways *= 2) {
      StringBuilder points = new StringBuilder();
      for (int sets = 1; sets <= result.options().maxSets(); sets *= 2) {
        point(points, (long) sets * ways, result.misses().of(sets, ways));
      }
      String ink = LINE_COLOURS[colour++ % LINE_COLOURS.length];
      polyline(points, ink, 1.6);
      legend.add(new String[] {ink, ways == 1 ? "direct mapped" : ways + "-way"});
    }
    StringBuilder points = new StringBuilder();
    long before = 0;
    for (int i = 0; i <= doublings * POINTS_PER_DOUBLING; i++) {
      long entries = Math.round(Math.pow(2, (double) i / POINTS_PER_DOUBLING));
      if (entries != before) {
        point(points, entries, result.misses().fullyAssociative(entries));
        before = entries;
      }
    }
    polyline(points, FULL_COLOUR, 3);
    legend.add(0, new String[] {FULL_COLOUR, "fully associative"});
    double y = TOP + 16;
    for (String[] entry : legend) {
      line(
          "<line x1=\"%d\" y1=\"%.1f\" x2=\"%d\" y2=\"%.1f\" stroke=\"%s\" stroke-width=\"3\"/>",
          LEFT + CURVE_WIDTH - 150, y - 4, LEFT + CURVE_WIDTH - 126, y - 4, entry[0]);
      text(LEFT + CURVE_WIDTH - 118, y, "start", "ink", entry[1], "");
      y += 17;
    }
  }

  private void map() {
    int numbers = Integer.numberOfTrailingZeros(result.options().maxSets()) + 1;
    int maxWays = result.options().maxWays();
    double cellWidth = (double) MAP_WIDTH / maxWays;
    double cellHeight = (double) PLOT_HEIGHT / numbers;
    boolean labels = cellWidth >= 30 && cellHeight >= 14;
    for (int k = 0; k < numbers; k++) {
      int sets = 1 << k;
      double y = TOP + k * cellHeight;
      text(MAP_LEFT - 8, y + cellHeight / 2 + 4, "end", "ink", sizeLabel(sets), "");
      for (int ways = 1; ways <= maxWays; ways++) {
        double rate = rate(result.misses().of(sets, ways));
        double share = share(rate);
        line(
            "<rect x=\"%.1f\" y=\"%.1f\" width=\"%.1f\" height=\"%.1f\" fill=\"%s\"><title>%s sets,"
                + " %d ways: %s misses, %s</title></rect>",
            MAP_LEFT + (ways - 1) * cellWidth,
            y,
            cellWidth,
            cellHeight,
            colour(share),
            count(sets),
            ways,
            count(result.misses().of(sets, ways)),
            CurveReport.percent(rate));
        if (labels) {
          line(
              "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"middle\" font-size=\"9.5\" fill=\"%s\""
                  + " pointer-events=\"none\">%s</text>",
              MAP_LEFT + (ways - 0.5) * cellWidth,
              y + cellHeight / 2 + 3.5,
              share > 0.55 ? "#111" : "#fff",
              inCell(rate));
        }
      }
    }
    int step = Math.max(1, maxWays / 16);
    for (int ways = step; ways <= maxWays; ways += step) {
      text(
          MAP_LEFT + (ways - 0.5) * cellWidth,
          TOP + PLOT_HEIGHT + 18,
          "middle",
          "ink",
          Integer.toString(ways),
          "");
    }
    text(
        MAP_LEFT + MAP_WIDTH / 2.0,
        TOP + PLOT_HEIGHT + 42,
        "middle",
        "ink",
        labels ? "ways; in the cells the miss rate in %" : "ways; the brighter, the more misses",
        "");
    text(
        0,
        0,
        "middle",
        "ink",
        "sets",
        String.format(
            Locale.ROOT,
            "transform=\"translate(%d %.1f) rotate(-90)\"",
            MAP_LEFT - 52,
            TOP + PLOT_HEIGHT / 2.0));
  }

  /** A rate in percent, in at most five characters. */
  private static String inCell(double rate) {
    double percent = 100 * rate;
    int digits = percent >= 99.95 ? 0 : percent >= 10 ? 1 : percent >= 1 ? 2 : 3;
    return String.format(Locale.ROOT, "%." + digits + "f", percent);
  }

  private double rate(long misses) {
    return result.lookups() == 0 ? 0 : (double) misses / result.lookups();
  }

  /** Where a rate stands between the lowest and 1, logarithmically: 0 to 1. */
  private double share(double rate) {
    double power = rate <= 0 ? lowest : Math.max(lowest, Math.log10(rate));
    return 1 - power / lowest;
  }

  private double x(long entries) {
    return LEFT + CURVE_WIDTH * (Math.log((double) entries) / Math.log(2)) / doublings;
  }

  private double y(double rate) {
    return TOP + PLOT_HEIGHT * (1 - share(rate));
  }

  private void point(StringBuilder points, long entries, long misses) {
    points.append(String.format(Locale.ROOT, "%.1f,%.1f ", x(entries), y(rate(misses))));
  }

  private void polyline(StringBuilder points, String colour, double width) {
    line(
        "<polyline points=\"%s\" fill=\"none\" stroke=\"%s\" stroke-width=\"%.1f\"/>",
        points.toString().trim(), colour, width);
  }

  private void gridLine(double x1, double y1, double x2, double y2) {
    line("<line class=\"grid\" x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\"/>", x1, y1, x2, y2);
  }

  private void text(
      double x, double y, String anchor, String style, String text, String attributes) {
    line(
        "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\" class=\"%s\" %s>%s</text>",
        x, y, anchor, style, attributes, text);
  }

  /** From dark violet over green-blue to yellow, evenly bright steps (like viridis). */
  private static String colour(double share) {
    int[][] stops = {{68, 1, 84}, {59, 82, 139}, {33, 145, 140}, {94, 201, 98}, {253, 231, 37}};
    double at = Math.max(0, Math.min(1, share)) * (stops.length - 1);
    int i = Math.min(stops.length - 2, (int) at);
    double f = at - i;
    int[] mixed = new int[3];
    for (int c = 0; c < mixed.length; c++) {
      mixed[c] = (int) Math.round(stops[i][c] * (1 - f) + stops[i + 1][c] * f);
    }
    return String.format(Locale.ROOT, "#%02x%02x%02x", mixed[0], mixed[1], mixed[2]);
  }

  private static String sizeLabel(long entries) {
    if (entries >= 1 << 20) {
      return (entries >> 20) + "M";
    }
    return entries >= 1 << 10 ? (entries >> 10) + "K" : Long.toString(entries);
  }

  private static String shortened(String text) {
    return text.length() <= 90
        ? text
        : text.substring(0, 44) + " ... " + text.substring(text.length() - 40);
  }

  private static String escaped(String text) {
    return text.replaceAll("\\p{Cntrl}", "?")
        .replace("&", "&amp;")
        .replace("<", "&lt;")
        .replace(">", "&gt;")
        .replace("\"", "&quot;");
  }

  private static String count(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }

  private void line(String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
