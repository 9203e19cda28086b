package io.lookaside.cli;

import java.io.File;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** The command line in a process of its own. */
final class ChildProcess {
  private ChildProcess() {}

  /** The words that begin the command. */
  static List<String> command() throws URISyntaxException {
    return new ArrayList<>(
        List.of(
            java(),
            "-XX:+UseSerialGC",
            "-XX:TieredStopAtLevel=1",
            "-cp",
            classPath(),
            "io.lookaside.cli.Main"));
  }

  static String java() {
    return Path.of(System.getProperty("java.home"), "bin", "java").toString();
  }

  /** The class path that these tests run with, in absolute paths. */
  static String classPath() throws URISyntaxException {
    List<String> paths = new ArrayList<>();
    if (ChildProcess.class.getClassLoader() instanceof URLClassLoader loader) {
      for (URL url : loader.getURLs()) {
        paths.add(Path.of(url.toURI()).toString());
      }
    } else {
      paths.addAll(List.of(System.getProperty("java.class.path").split(File.pathSeparator, -1)));
    }
    return paths.stream()
        .filter(p -> !p.isEmpty())
        .map(p -> Path.of(p).toAbsolutePath().toString())
        .collect(Collectors.joining(File.pathSeparator));
  }
}
