package io.lookaside.simulator.curve;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** A curve as text for people. */
public final class CurveReport {
  private static final double[] RATES = {0.1, 0.01, 0.001, 0.0001};

  private final CurveResult result;
  private final StringBuilder out = new StringBuilder();

  private CurveReport(CurveResult result) {
    this.result = result;
  }

  /** The whole report, lines ending in a newline. */
  public static String of(CurveResult result) {
    CurveReport report = new CurveReport(result);
    report.header();
    report.setAssociative();
    report.fullyAssociative();
    report.sizesForRates();
    return report.out.toString();
  }

  private void header() {
    CurveOptions o = result.options();
    line("trace    %s (%s)", o.trace().replaceAll("\\p{Cntrl}", "?"), result.format().label());
    line(
        "         %,d references%s",
        result.references(),
        o.skip() > 0 ? String.format(Locale.ROOT, " after %,d skipped", o.skip()) : "");
    line("lookups  %,d %s", result.lookups(), what());
    line("pages    %,d distinct, of %s", result.distinctPages(), o.pageSize().label());
    line("");
  }

  private String what() {
    String accesses =
        switch (result.options().side()) {
          case DATA -> "loads and stores";
          case FETCH -> "instruction fetches";
          case ALL -> "fetches, loads and stores in one structure";
        };
    return result.options().behind() == null
        ? accesses
        : accesses + " that missed the first level of " + result.options().behind().name();
  }

  private void setAssociative() {
    List<Integer> ways = new ArrayList<>();
    for (int w = 1; w < result.options().maxWays(); w *= 2) {
      ways.add(w);
    }
    ways.add(result.options().maxWays());
    List<String[]> rows = new ArrayList<>();
    for (int sets = 1; sets <= result.options().maxSets(); sets *= 2) {
      List<String> row = new ArrayList<>();
      row.add(String.format(Locale.ROOT, "%,d", sets));
      for (int w : ways) {
        row.add(rate(result.misses().of(sets, w)));
      }
      rows.add(row.toArray(new String[0]));
    }
    List<String> headers = new ArrayList<>();
    headers.add("sets");
    ways.forEach(w -> headers.add(w + (w == 1 ? " way" : " ways")));
    line("Miss rate, LRU, by sets and ways");
    table(rows, headers);
    line("");
  }

  private void fullyAssociative() {
    List<String[]> rows = new ArrayList<>();
    long end = Math.max(1, result.misses().enough());
    for (long entries = 1; entries < 2 * end; entries *= 2) {
      long shown = Math.min(entries, end);
      long misses = result.misses().fullyAssociative(shown);
      rows.add(
          new String[] {
            String.format(Locale.ROOT, "%,d", shown),
            String.format(Locale.ROOT, "%,d", misses),
            rate(misses)
          });
    }
    line("Fully associative, LRU");
    table(rows, List.of("entries", "misses", "miss rate"));
    line("");
  }

  private void sizesForRates() {
    for (double rate : RATES) {
      long most = (long) (rate * result.lookups());
      if (result.distinctPages() <= most && result.misses().fullyAssociative(1) > most) {
        line(
            "At most %s of look-ups miss with %,d entries, fully associative.",
            percent(rate), smallest(most));
      }
    }
    line(
        "From %,d entries on only the first look-up of each page misses: %s.",
        smallest(result.distinctPages()), rate(result.distinctPages()));
  }

  /** The smallest fully associative size with at most so many misses, which there is. */
  private long smallest(long misses) {
    long low = 1;
    long high = result.misses().enough();
    while (low < high) {
      long middle = (low + high) / 2;
      if (result.misses().fullyAssociative(middle) <= misses) {
        high = middle;
      } else {
        low = middle + 1;
      }
    }
    return low;
  }

  private String rate(long misses) {
    return result.lookups() == 0 ? "0 %" : percent((double) misses / result.lookups());
  }

  /** Three digits that count: 12.3 %, 0.00123 %. */
  static String percent(double rate) {
    double percent = 100 * rate;
    if (percent == 0 || percent >= 99.95) {
      return String.format(Locale.ROOT, "%.0f %%", percent);
    }
    int digits = Math.max(0, Math.min(6, 2 - (int) Math.floor(Math.log10(percent))));
    String text = String.format(Locale.ROOT, "%." + digits + "f", percent);
    return text.replaceAll("(\\.\\d*?)0+$", "$1").replaceAll("\\.$", "") + " %";
  }

  private void table(List<String[]> rows, List<String> headers) {
    Column[] columns = new Column[headers.size()];
    for (int i = 0; i < columns.length; i++) {
      columns[i] =
          new Column()
              .header(headers.get(i))
              .headerAlign(HorizontalAlign.RIGHT)
              .dataAlign(HorizontalAlign.RIGHT);
    }
    String text =
        AsciiTable.getTable(AsciiTable.NO_BORDERS, columns, rows.toArray(new String[0][]));
    text.lines().map(String::stripTrailing).forEach(l -> out.append(l).append('\n'));
  }

  private void line(String format, Object... arguments) {
    out.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }
}
