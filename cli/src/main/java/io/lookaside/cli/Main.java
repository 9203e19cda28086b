package io.lookaside.cli;

import io.lookaside.experiments.compare.ResultSet;
import io.lookaside.experiments.query.SqlEngine;
import io.lookaside.experiments.report.ResultException;
import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.mmu.memory.PhysicalMemoryLimitException;
import io.lookaside.os.OutOfFramesException;
import io.lookaside.os.malloc.MallocTraceException;
import io.lookaside.simulator.Version;
import io.lookaside.simulator.config.ConfigException;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.simulator.config.NearMiss;
import io.lookaside.simulator.conform.VectorException;
import io.lookaside.simulator.image.ImageException;
import io.lookaside.traces.MissingTraceException;
import io.lookaside.traces.TraceException;
import java.io.BufferedOutputStream;
import java.io.FileDescriptor;
import java.io.FileInputStream;
import java.io.FileNotFoundException;
import java.io.FileOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.io.PrintWriter;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.function.Supplier;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine;
import picocli.CommandLine.Command;
import picocli.CommandLine.IVersionProvider;
import picocli.CommandLine.Model.CommandSpec;
import picocli.CommandLine.ParameterException;
import picocli.CommandLine.Spec;

/** The command line's entry point. */
@Command(
    name = "lookaside",
    mixinStandardHelpOptions = true,
    description = "An exact emulator of the x86-64 memory-management unit.",
    synopsisSubcommandLabel = "COMMAND",
    versionProvider = Main.VersionText.class,
    footerHeading = "%nExample:%n",
    footer = {
      "  lookaside run traces/samples/date.lackey.xz",
      "",
      "lookaside COMMAND --help says more about a command.",
      "",
      "Exit codes: 0 success, 1 a check failed, 2 usage, 65 bad input,",
      "66 missing input, 70 a bug, 74 input/output error, 75 try again."
    })
public final class Main implements Runnable {
  /** Set by the launcher where standard error is a terminal. */
  private static final String TERMINAL_PROPERTY = "lookaside.terminal";

  /** With this variable set, an unexpected failure shows where it happened. */
  private static final String DEBUG_VARIABLE = "LOOKASIDE_DEBUG";

  private static final Set<String> VERSION_OPTIONS = Set.of("-V", "--version");

  static {
    // What picocli would look for at each start, through all jars, and the options do not use.
    System.setProperty("picocli.disable.closures", "true");
    System.setProperty("picocli.converters.excludes", "java\\.(sql|time)\\..*");
  }

  @Spec private @Nullable CommandSpec spec;

  private Main() {}

  /** Runs a command and ends the process with its exit code. */
  public static void main(String[] args) {
    PrintStream out =
        new PrintStream(
            new BufferedOutputStream(new FileOutputStream(FileDescriptor.out)),
            false,
            StandardCharsets.UTF_8);
    Console console =
        new Console(
            new FileInputStream(FileDescriptor.in),
            out,
            System.err,
            Boolean.getBoolean(TERMINAL_PROPERTY));
    Ending ending = new Ending();
    Runtime.getRuntime().addShutdownHook(ending);
    int code = execute(console, args);
    out.flush();
    ending.expected = true;
    System.exit(code);
  }

  /** The commands by name; what makes one costs a start some time. */
  private static Map<String, Supplier<Object>> commands(Console console) {
    Map<String, Supplier<Object>> commands = new LinkedHashMap<>();
    commands.put("run", () -> new RunCommand(console));
    commands.put("explain", () -> ExplainCommand.commandLine(console));
    commands.put("curve", () -> new CurveCommand(console));
    commands.put("paging", () -> new PagingCommand(console));
    commands.put("advise", () -> new AdviseCommand(console));
    commands.put("report", () -> new ReportCommand(console));
    commands.put("sweep", () -> SweepCommand.commandLine(console));
    commands.put("compare", () -> new CompareCommand(console));
    commands.put("query", () -> new QueryCommand(console));
    commands.put("machines", () -> new MachinesCommand(console));
    commands.put("trace", () -> TraceCommand.commandLine(console));
    commands.put("lab", () -> new LabCommand(console));
    commands.put("malloc", () -> MallocCommand.commandLine(console));
    commands.put("conform", () -> new ConformCommand(console));
    commands.put("image", () -> new ImageCommand(console));
    commands.put("doctor", () -> new DoctorCommand(console));
    return commands;
  }

  /** The command line with all its commands. */
  static CommandLine commandLine(Console console) {
    CommandLine line = new CommandLine(new Main());
    commands(console).values().forEach(command -> line.addSubcommand(command.get()));
    return withHandlers(
        line.addSubcommand(new CompletionCommand(console))
            .addSubcommand(new ManCommand(console))
            .addSubcommand(new CommandLine.HelpCommand()),
        console);
  }

  /** The command line as far as these arguments need it: the command that they begin with. */
  static CommandLine commandLineFor(Console console, String... args) {
    Supplier<Object> command = args.length == 0 ? null : commands(console).get(args[0]);
    return command == null
        ? commandLine(console)
        : withHandlers(new CommandLine(new Main()).addSubcommand(command.get()), console);
  }

  private static CommandLine withHandlers(CommandLine line, Console console) {
    return line.setOut(new PrintWriter(console.out(), true, StandardCharsets.UTF_8))
        .setErr(new PrintWriter(console.err(), true, StandardCharsets.UTF_8))
        .setParameterExceptionHandler(new UsageHandler(console))
        .setExecutionExceptionHandler(new FailureHandler(console));
  }

  /** Runs a command; returns its exit code. */
  static int execute(Console console, String... args) {
    try {
      int code = ExitCode.OK;
      if (args.length == 1 && VERSION_OPTIONS.contains(args[0])) {
        new VersionText().lines().forEach(console.out()::println); // without a parser, at once
      } else {
        code = commandLineFor(console, args).execute(args);
      }
      if (console.out().checkError()) {
        complain(console, "standard output cannot be written");
        return ExitCode.IO_ERROR;
      }
      return code;
    } catch (OutOfMemoryError e) {
      complain(
          console,
          "out of memory: the heap of "
              + (Runtime.getRuntime().maxMemory() >> 20)
              + " MiB is full; give more with LOOKASIDE_JAVA_OPTS=-Xmx8g");
      return ExitCode.TRY_AGAIN;
    }
  }

  @Override
  public void run() {
    throw new ParameterException(
        Objects.requireNonNull(spec).commandLine(), "a command is missing");
  }

  private static int usage(Console console, ParameterException e) {
    CommandSpec command = e.getCommandLine().getCommandSpec();
    if (e instanceof CommandLine.UnmatchedArgumentException unmatched
        && !unmatched.isUnknownOption()
        && !command.subcommands().isEmpty()) {
      String word = unmatched.getUnmatched().get(0);
      String hint = NearMiss.hint(word, command.subcommands().keySet());
      complain(console, "unknown command '" + word + "'" + hint);
    } else {
      complain(console, String.valueOf(e.getMessage()));
    }
    if (!CommandLine.UnmatchedArgumentException.printSuggestions(
        e, new PrintWriter(console.err(), true, StandardCharsets.UTF_8))) {
      console.err().println("Try '" + command.qualifiedName() + " --help'.");
    }
    return ExitCode.USAGE;
  }

  private static int report(Console console, Exception exception) {
    Exception e =
        exception instanceof UncheckedIOException u
            ? Objects.requireNonNullElse(u.getCause(), u)
            : exception;
    int code = codeFor(e);
    if (code != ExitCode.BUG) {
      complain(console, String.valueOf(e.getMessage()));
      return code;
    }
    complain(console, "this is a bug in Lookaside: " + e + "; please report it with the command");
    if (System.getenv(DEBUG_VARIABLE) != null) {
      for (StackTraceElement frame : e.getStackTrace()) {
        console.err().println("    at " + frame);
      }
    }
    return code;
  }

  /** The exit code that a failure has. */
  static int codeFor(Exception e) {
    if (e instanceof UsageException
        || e instanceof SqlEngine.SqlException
        || e instanceof MachineLibrary.UnknownMachineException) {
      return ExitCode.USAGE;
    }
    if (e instanceof TraceException
        || e instanceof VectorException
        || e instanceof MallocTraceException
        || e instanceof ImageException
        || e instanceof ResultException
        || e instanceof ConfigException
        || e instanceof SweepFolder.SweepException
        || e instanceof ResultSet.ResultException
        || e instanceof OutOfFramesException
        || e instanceof PhysicalMemoryLimitException) {
      return ExitCode.BAD_INPUT;
    }
    if (e instanceof MissingTraceException || e instanceof FileNotFoundException) {
      return ExitCode.MISSING_INPUT;
    }
    return e instanceof IOException ? ExitCode.IO_ERROR : ExitCode.BUG;
  }

  /** Prints a message; control characters in it come from outside and are not obeyed. */
  private static void complain(Console console, String message) {
    for (String line : message.split("\n", -1)) {
      console.err().println("lookaside: " + line.replaceAll("\\p{Cntrl}", "?"));
    }
  }

  /** What is done when the process ends, perhaps before its time. */
  private static final class Ending extends Thread {
    private volatile boolean expected;

    @Override
    public void run() {
      if (!expected) {
        ResultFile.deleteUnfinished();
        System.err.println("lookaside: interrupted before the end; run it again");
        Runtime.getRuntime().halt(ExitCode.TRY_AGAIN);
      }
    }
  }

  // Classes, since for lambdas of picocli's interfaces the archive of classes would leave those
  // out.

  private static final class UsageHandler implements CommandLine.IParameterExceptionHandler {
    private final Console console;

    UsageHandler(Console console) {
      this.console = console;
    }

    @Override
    public int handleParseException(ParameterException e, String[] arguments) {
      return usage(console, e);
    }
  }

  private static final class FailureHandler implements CommandLine.IExecutionExceptionHandler {
    private final Console console;

    FailureHandler(Console console) {
      this.console = console;
    }

    @Override
    public int handleExecutionException(
        Exception e, CommandLine command, CommandLine.ParseResult result) {
      return report(console, e);
    }
  }

  /** Tells picocli the version. */
  static final class VersionText implements IVersionProvider {
    List<String> lines() {
      return List.of(
          "lookaside " + Version.current(), "Java " + System.getProperty("java.version"));
    }

    @Override
    public String[] getVersion() {
      return lines().toArray(String[]::new);
    }
  }
}
