package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.io.OutputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.TreeMap;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;
import tools.jackson.databind.JsonNode;

/** What the command line says of itself: completion, manual pages, the state of an installation. */
class HelpTest {
  @TempDir private Path folder = Path.of("");

  @Test
  void bashCompletesCommandsAndOptions() throws Exception {
    assertEquals("run\n", complete("ru"));
    assertEquals("--max-refs\n", complete("run", "--max-r"));
    assertTrue(complete("trace", "").contains("record\n"));
  }

  /** What bash offers for the last word. */
  private String complete(String... words) throws Exception {
    Path script = folder.resolve("completion");
    Cli.Outcome outcome = Cli.run("completion", "bash");
    assertEquals(0, outcome.code(), outcome.err());
    Files.writeString(script, outcome.out());
    String program =
        """
        source "$1"; shift
        COMP_WORDS=(lookaside "$@"); COMP_CWORD=$#; COMP_LINE="lookaside $*"; COMP_POINT=${#COMP_LINE}
        _complete_lookaside 2> /dev/null
        printf '%s\\n' "${COMPREPLY[@]}"
        """;
    List<String> command = new java.util.ArrayList<>(List.of("bash", "-c", program, "bash"));
    command.add(script.toString());
    command.addAll(List.of(words));
    return output(command, "").strip() + "\n";
  }

  /** A start makes only the command that it needs; it is the same one. */
  @Test
  void commandsMadeAloneAreTheSame() {
    Map<String, CommandLine> all = Main.commandLine(Cli.console()).getSubcommands();
    assertTrue(all.size() > 10, "" + all.keySet());
    all.forEach(
        (name, command) -> {
          CommandLine alone =
              Objects.requireNonNull(
                  Main.commandLineFor(Cli.console(), name).getSubcommands().get(name));
          assertEquals(command.getUsageMessage(), alone.getUsageMessage());
          assertEquals(command.getSubcommands().keySet(), alone.getSubcommands().keySet());
        });
    assertEquals(1, Main.commandLineFor(Cli.console(), "run", "x").getSubcommands().size());
    assertEquals(all.keySet(), Main.commandLineFor(Cli.console(), "rum").getSubcommands().keySet());
    assertEquals(
        all.keySet(), Main.commandLineFor(Cli.console(), "help").getSubcommands().keySet());
    StringWriter parsed = new StringWriter();
    Main.commandLine(Cli.console()).setOut(new PrintWriter(parsed)).execute("--version");
    assertEquals(parsed.toString(), Cli.run("--version").out());
    assertEquals(parsed.toString(), Cli.run("-V").out());
  }

  @Test
  void everyCommandHasAManualPageWithAllItsOptions() {
    Map<String, CommandLine> commands = commands();
    assertTrue(commands.size() > 20, commands.keySet().toString());
    Cli.Outcome outcome = Cli.run("man", "--all", folder.resolve("man1").toString());
    assertEquals(0, outcome.code(), outcome.err());
    commands.forEach(
        (name, line) -> {
          Path file = folder.resolve("man1").resolve(name.replace(' ', '-') + ".1");
          String page = read(file).replace("\\-", "-");
          line.getCommandSpec()
              .options()
              .forEach(
                  o ->
                      assertEquals(
                          !o.hidden(), lists(page, o.longestName()), name + o.longestName()));
        });
  }

  /** Whether a manual page has an item for an option. */
  private static boolean lists(String page, String option) {
    return page.lines().anyMatch(l -> l.matches("\\.B .*" + option + "([ =,\\[].*)?"));
  }

  @Test
  void explainNamesNoOptionThatItRefuses() {
    String help = Cli.run("explain", "--help").out();
    assertTrue(help.contains("--overlap"), help);
    for (String option : List.of("--json", "--timeline", "--top", "--check-stale")) {
      assertFalse(help.contains(option), option);
    }
  }

  @Test
  void groffReadsEveryManualPageWithoutAWarning() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/usr/bin/groff")), "skipped: there is no groff");
    assertEquals(0, Cli.run("man", "--all", folder.toString()).code());
    for (String name : commands().keySet()) {
      Path page = folder.resolve(name.replace(' ', '-') + ".1");
      String warnings = output(List.of("groff", "-man", "-ww", "-z", page.toString()), "");
      assertEquals("", warnings, name);
    }
  }

  @Test
  void everyCommandSaysHowItIsUsed() {
    commands()
        .forEach(
            (name, line) -> {
              CommandLine.Model.CommandSpec spec = line.getCommandSpec();
              boolean method = spec.userObject() instanceof java.lang.reflect.Method;
              boolean example =
                  (spec.usageMessage().footerHeading()
                              + String.join(" ", spec.usageMessage().footer()))
                          .contains("Example")
                      || method
                      || name.endsWith(" help");
              assertTrue(example, name + " shows no example");
            });
  }

  @Test
  void aMisspeltCommandOfAPageIsHinted() {
    Cli.run("man", "rum").failed(2, "run");
  }

  @Test
  void theDoctorFindsThatCountsAreRight() {
    JsonNode json = Cli.run("doctor", "--json", "-").json();
    for (JsonNode finding : json.path("findings")) {
      if (finding.path("what").asString().equals("counts")) {
        assertEquals("ok", finding.path("state").asString(), finding.toString());
        return;
      }
    }
    throw new AssertionError("the doctor did not count");
  }

  /** All commands by their full names. */
  private static Map<String, CommandLine> commands() {
    Map<String, CommandLine> all = new TreeMap<>();
    collect(Main.commandLine(Cli.console()), all);
    return all;
  }

  private static void collect(CommandLine line, Map<String, CommandLine> into) {
    into.put(line.getCommandSpec().qualifiedName(), line);
    line.getSubcommands().values().forEach(sub -> collect(sub, into));
  }

  private static String output(List<String> command, String input) throws Exception {
    Process process = new ProcessBuilder(command).redirectErrorStream(true).start();
    try (OutputStream in = process.getOutputStream()) {
      in.write(input.getBytes(StandardCharsets.UTF_8));
    }
    String text = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    process.waitFor();
    return text;
  }

  private static String read(Path file) {
    try {
      return Files.readString(file);
    } catch (IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
