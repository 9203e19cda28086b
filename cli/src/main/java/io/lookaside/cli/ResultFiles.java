package io.lookaside.cli;

import java.io.IOException;
import java.io.PrintStream;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;

/**
 * Where the results of a command go, by option. They overwrite neither its inputs nor each other.
 */
final class ResultFiles {
  private final PrintStream standardOutput;
  private final List<String> inputs;
  private final Map<String, ResultFile> files = new LinkedHashMap<>();

  /** What is written or printed, made when it is. */
  interface Text {
    String get() throws IOException;
  }

  /** No results yet, of a command that reads files of these names. */
  ResultFiles(PrintStream standardOutput, List<String> inputs) {
    this.standardOutput = standardOutput;
    this.inputs = inputs;
  }

  /**
   * Adds what an option names, if it names something.
   *
   * @throws IOException if nothing can be written there
   * @throws UsageException if it is an input or another result
   */
  ResultFiles add(String option, @Nullable String name) throws IOException, UsageException {
    if (name == null) {
      return this;
    }
    ResultFile file = new ResultFile(name);
    if (inputs.stream().anyMatch(file::isFile)) {
      throw new UsageException("a result would overwrite its input; name another file");
    }
    for (Map.Entry<String, ResultFile> other : files.entrySet()) {
      boolean both = file.isStandardOutput() && other.getValue().isStandardOutput();
      if (both || other.getValue().isFile(name)) {
        throw new UsageException(
            other.getKey() + " and " + option + " name the same file; name two");
      }
    }
    files.put(option, file);
    return this;
  }

  /** Whether an option names something. */
  boolean has(String option) {
    return files.containsKey(option);
  }

  /** Writes a result where its option names something. */
  void write(String option, Text text) throws IOException {
    ResultFile file = files.get(option);
    if (file != null) {
      file.write(text.get(), standardOutput);
    }
  }

  /** Whether no result goes to standard output, so that a text for readers can. */
  boolean leaveStandardOutput() {
    return files.values().stream().noneMatch(ResultFile::isStandardOutput);
  }

  /** Prints a text for readers, unless a result goes to standard output in its place. */
  void print(Text text) throws IOException {
    if (leaveStandardOutput()) {
      standardOutput.print(text.get());
      standardOutput.flush();
    }
  }
}
