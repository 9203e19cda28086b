package io.lookaside.simulator.lab;

import com.github.freva.asciitable.AsciiTable;
import com.github.freva.asciitable.Column;
import com.github.freva.asciitable.HorizontalAlign;
import java.util.List;
import java.util.Set;

/** An experiment's report as text for people. */
public final class LabText {
  private static final int BAR_WIDTH = 40;
  private static final int CLAIM_WIDTH = 70;

  private LabText() {}

  /**
   * The whole report, lines ending in a newline.
   *
   * @param off keys of mechanisms that were switched off
   */
  public static String of(Lab lab, LabReport report, Set<String> off) {
    StringBuilder out = new StringBuilder();
    out.append(lab.name()).append(": ").append(lab.title()).append('\n');
    if (!off.isEmpty()) {
      out.append("switched off: os.").append(String.join(", os.", off)).append('\n');
    }
    out.append('\n');
    if (!report.headers().isEmpty()) {
      table(out, report.headers(), report.rows());
    }
    chart(out, report);
    List<List<String>> claims =
        report.claims().stream()
            .map(c -> List.of(c.holds() ? "yes" : "NO", c.text(), c.expected(), c.measured()))
            .toList();
    table(out, List.of("holds", "claim", "expected", "measured"), claims);
    out.append(
        report.holds()
            ? "All " + claims.size() + " claims hold.\n"
            : claims.stream().filter(c -> c.get(0).equals("NO")).count()
                + " of "
                + claims.size()
                + " claims do not hold.\n");
    out.append("docs/labs/").append(lab.name()).append(".md explains it.\n\n");
    return out.toString();
  }

  private static void chart(StringBuilder out, LabReport report) {
    if (report.bars().isEmpty()) {
      return;
    }
    out.append(report.chartTitle()).append('\n');
    double most = report.bars().stream().mapToDouble(LabReport.Bar::value).max().orElse(0);
    int width = report.bars().stream().mapToInt(bar -> bar.label().length()).max().orElse(0);
    for (LabReport.Bar bar : report.bars()) {
      int length = most == 0 ? 0 : (int) Math.round(bar.value() / most * BAR_WIDTH);
      out.append(' ').append(bar.label()).append(" ".repeat(width - bar.label().length()));
      out.append(" |").append("#".repeat(length)).append(' ');
      out.append(LabReport.number(bar.value())).append('\n');
    }
    out.append('\n');
  }

  private static void table(StringBuilder out, List<String> headers, List<List<String>> rows) {
    Column[] columns = new Column[headers.size()];
    for (int i = 0; i < columns.length; i++) {
      int column = i;
      boolean numbers = rows.stream().allMatch(row -> row.get(column).matches("-?[0-9.,]+|-"));
      HorizontalAlign align = numbers ? HorizontalAlign.RIGHT : HorizontalAlign.LEFT;
      columns[i] =
          new Column()
              .header(headers.get(i))
              .maxWidth(CLAIM_WIDTH)
              .headerAlign(align)
              .dataAlign(align);
    }
    String[][] cells =
        rows.stream().map(row -> row.toArray(new String[0])).toArray(String[][]::new);
    String text = AsciiTable.getTable(AsciiTable.NO_BORDERS, columns, cells);
    text.lines().map(String::stripTrailing).forEach(line -> out.append(line).append('\n'));
    out.append('\n');
  }
}
