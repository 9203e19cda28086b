package io.lookaside.experiments.page;

import java.util.BitSet;
import java.util.List;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Sections of text, tables and charts as a page.
 *
 * @param title its title
 * @param subtitle a line beneath
 */
public record Document(String title, String subtitle, List<Section> sections) {
  private static final Pattern NUMBER = Pattern.compile("–|[-+−]?[0-9][0-9,.]*( ?%| ×)?");

  /** Copies the list. */
  public Document {
    sections = List.copyOf(sections);
  }

  /** The page as HTML. */
  public String html() {
    StringBuilder out = new StringBuilder();
    out.append("<a class=\"skip\" href=\"#main\">Skip to the content</a>\n<header>\n<div>\n<h1>");
    out.append(Html.escape(title)).append("</h1>\n<p>").append(Html.escape(subtitle));
    out.append("</p>\n</div>\n<button type=\"button\" id=\"theme\" aria-pressed=\"false\">");
    out.append("Dark</button>\n</header>\n<nav aria-label=\"Contents\">\n<ul>\n");
    for (Section section : sections) {
      out.append("<li><a href=\"#").append(section.id()).append("\">");
      out.append(Html.escape(section.heading())).append("</a></li>\n");
    }
    out.append("</ul>\n</nav>\n<main id=\"main\">\n<noscript><p>The charts need JavaScript; the");
    out.append(" tables beneath them hold the same figures.</p></noscript>\n");
    int charts = 0;
    for (Section section : sections) {
      out.append("<section id=\"").append(section.id()).append("\" aria-labelledby=\"h-");
      out.append(section.id()).append("\">\n<h2 id=\"h-").append(section.id()).append("\">");
      out.append(Html.escape(section.heading())).append("</h2>\n");
      for (Block block : section.blocks()) {
        charts += block instanceof Chart ? 1 : 0;
        append(out, block, section.id() + "-" + charts);
      }
      out.append("</section>\n");
    }
    out.append("</main>\n<footer>\n<details>\n<summary>Software in this page</summary>\n<pre>");
    out.append(Html.escape(Resources.licences())).append("</pre>\n</details>\n</footer>\n");
    return HtmlPage.of(title, Resources.text("page.css"), Resources.chartScripts(), out.toString());
  }

  private static void append(StringBuilder out, Block block, String id) {
    if (block instanceof Block.Text text) {
      out.append("<p>").append(Html.escape(text.text())).append("</p>\n");
    } else if (block instanceof Block.Facts facts) {
      out.append("<dl class=\"facts\">\n");
      for (Block.Fact fact : facts.facts()) {
        out.append("<div><dt>").append(Html.escape(fact.name())).append("</dt><dd>");
        out.append(Html.escape(fact.value())).append("</dd></div>\n");
      }
      out.append("</dl>\n");
    } else if (block instanceof Block.Listing listing) {
      out.append("<details>\n<summary>").append(Html.escape(listing.title()));
      out.append("</summary>\n<pre tabindex=\"0\">").append(Html.escape(listing.text()));
      out.append("</pre>\n</details>\n");
    } else if (block instanceof Block.Rows rows) {
      append(out, rows.caption(), rows.table());
    } else if (block instanceof Chart chart) {
      append(out, chart, id);
    }
  }

  private static void append(StringBuilder out, Chart chart, String id) {
    String title = Html.escape(chart.title());
    out.append("<figure id=\"").append(id).append("\">\n<figcaption>");
    out.append("<h3>").append(title).append("</h3><p>").append(Html.escape(chart.description()));
    out.append("</p></figcaption>\n<div class=\"chart\"></div>\n");
    out.append("<script type=\"application/json\">").append(Html.json(chart.spec()));
    out.append("</script>\n<p class=\"save\"><button type=\"button\" class=\"svg\"");
    out.append(" aria-label=\"Save as SVG: ").append(title).append("\">Save as SVG</button></p>\n");
    out.append("<details>\n<summary>Figures of this chart<span class=\"unseen\">: ").append(title);
    out.append("</span></summary>\n");
    append(out, chart.title(), chart.table());
    out.append("</details>\n</figure>\n");
  }

  private static void append(StringBuilder out, String caption, Table table) {
    String label = Html.escape(caption);
    out.append("<div class=\"scroll\" role=\"region\" tabindex=\"0\" aria-label=\"Table: ");
    out.append(label).append("\">\n<table>\n<caption>").append(label).append("</caption>\n");
    out.append("<thead><tr>");
    BitSet numbers = new BitSet();
    for (int i = 0; i < table.headings().size(); i++) {
      int column = i;
      numbers.set(i, table.rows().stream().allMatch(r -> NUMBER.matcher(r.get(column)).matches()));
      out.append(numbers.get(i) ? "<th scope=\"col\" class=\"n\">" : "<th scope=\"col\">");
      out.append(Html.escape(table.headings().get(i))).append("</th>");
    }
    out.append("</tr></thead>\n<tbody>\n");
    for (List<String> row : table.rows()) {
      out.append("<tr>");
      for (int i = 0; i < row.size(); i++) {
        out.append(numbers.get(i) ? "<td class=\"n\">" : "<td>");
        out.append(Html.escape(row.get(i))).append("</td>");
      }
      out.append("</tr>\n");
    }
    out.append("</tbody>\n</table>\n</div>\n");
  }

  /** A count with separators of thousands. */
  public static String count(long n) {
    return String.format(Locale.ROOT, "%,d", n);
  }
}
