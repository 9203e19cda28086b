package io.lookaside.cli;

import io.lookaside.simulator.Version;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import picocli.CommandLine;
import picocli.CommandLine.Help;
import picocli.CommandLine.Model.ArgSpec;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.Model.OptionSpec;
import picocli.CommandLine.Model.PositionalParamSpec;

/**
 * The manual page of a command, in troff with the man macros, made of the same words as its help.
 *
 * <p>picocli's own generator makes AsciiDoc, which only a Ruby turns into a manual page.
 */
final class ManPage {
  private static final int EXAMPLE_INDENT = 2;

  private final StringBuilder text = new StringBuilder();

  private ManPage() {}

  /** The page's name, as in {@code lookaside-trace-record}. */
  static String name(CommandSpec spec) {
    return spec.qualifiedName("-");
  }

  /** The page of a command. */
  static String of(CommandLine line) {
    ManPage page = new ManPage();
    page.write(line);
    return page.text.toString();
  }

  private void write(CommandLine line) {
    CommandSpec spec = line.getCommandSpec();
    Help help = new Help(spec, Help.defaultColorScheme(Help.Ansi.OFF));
    String description = oneLine(help.description());
    raw(
        ".TH \"%s\" 1 \"\" \"lookaside %s\" \"Lookaside\"",
        name(spec).toUpperCase(Locale.ROOT), Version.current());
    section("NAME");
    int end = description.indexOf(". ");
    String first = end < 0 ? description : description.substring(0, end + 1);
    raw("%s \\- %s", escape(name(spec)), escape(first.replaceAll("[.:]$", "")));
    section("SYNOPSIS");
    raw(".nf");
    help.synopsis(0).lines().forEach(l -> raw("%s", escape(l)));
    raw(".fi");
    section("DESCRIPTION");
    preformatted(help.description());
    List<PositionalParamSpec> parameters =
        spec.positionalParameters().stream().filter(p -> !p.hidden()).toList();
    if (!parameters.isEmpty()) {
      section("PARAMETERS");
      parameters.forEach(p -> item(p.paramLabel(), p));
    }
    List<OptionSpec> options = spec.options().stream().filter(o -> !o.hidden()).toList();
    if (!options.isEmpty()) {
      section("OPTIONS");
      options.forEach(o -> item(names(o), o));
    }
    if (!line.getSubcommands().isEmpty()) {
      section("COMMANDS");
      line.getSubcommands()
          .values()
          .forEach(
              sub -> {
                CommandSpec s = sub.getCommandSpec();
                raw(".TP");
                raw(".B %s", escape(s.name()));
                raw("%s", escape(oneLine(String.join(" ", s.usageMessage().description()))));
              });
    }
    if (spec.usageMessage().footer().length > 0) {
      section("EXAMPLES");
      preformatted(help.footer());
    }
    section("EXIT STATUS");
    for (String[] code :
        new String[][] {
          {"0", "success"},
          {"1", "a check failed"},
          {"2", "wrong usage"},
          {"65", "bad trace, image or configuration"},
          {"66", "missing input"},
          {"70", "a bug in Lookaside"},
          {"74", "input/output error"},
          {"75", "interrupted, or out of memory: try again"}
        }) {
      raw(".TP");
      raw(".B %s", code[0]);
      raw("%s", code[1]);
    }
    List<String> others = new ArrayList<>();
    if (spec.parent() != null) {
      others.add(name(spec.parent()));
    }
    line.getSubcommands().values().forEach(sub -> others.add(name(sub.getCommandSpec())));
    if (!others.isEmpty()) {
      section("SEE ALSO");
      raw(
          "%s",
          String.join(", ", others.stream().map(o -> "\\fB" + escape(o) + "\\fR(1)").toList()));
    }
  }

  private void item(String head, ArgSpec argument) {
    raw(".TP");
    raw(".B %s", escape(head));
    raw("%s", escape(oneLine(String.join(" ", argument.description()))));
  }

  private static String names(OptionSpec option) {
    String names = String.join(", ", option.names());
    return option.arity().max() == 0 ? names : names + "=" + option.paramLabel();
  }

  /** Text whose lines and indents stay. */
  private void preformatted(String paragraphs) {
    List<String> lines = paragraphs.stripTrailing().lines().toList();
    boolean literal = lines.size() > 1 && lines.stream().anyMatch(l -> l.startsWith(" "));
    if (literal) {
      raw(".nf");
    }
    for (String line : lines) {
      String l = line.startsWith("  ") ? line.substring(EXAMPLE_INDENT) : line;
      raw("%s", l.isBlank() ? (literal ? "\\&" : ".PP") : escape(literal ? l : l.strip()));
    }
    if (literal) {
      raw(".fi");
    }
  }

  private void section(String title) {
    raw(".SH %s", title.contains(" ") ? "\"" + title + "\"" : title);
  }

  private void raw(String format, Object... arguments) {
    text.append(String.format(Locale.ROOT, format, arguments)).append('\n');
  }

  private static String oneLine(String s) {
    return s.replace("%n", " ").replaceAll("\\s+", " ").strip();
  }

  /** Characters that troff would obey. */
  private static String escape(String s) {
    String escaped = s.replace("\\", "\\e").replace("-", "\\-");
    return escaped.startsWith(".") || escaped.startsWith("'") ? "\\&" + escaped : escaped;
  }
}
