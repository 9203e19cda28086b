package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lookaside.mmu.assoc.Replacement;
import java.io.IOException;
import java.net.URISyntaxException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Objects;
import java.util.Random;
import javax.tools.JavaCompiler;
import javax.tools.ToolProvider;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;

/** The example of docs/examples/policy, compiled and run as a user would. */
class OwnPolicyTest {
  private static final int WAYS = 4;
  private static final int SETS = 8;

  @TempDir private Path folder = Path.of("");

  @BeforeEach
  void compile() throws URISyntaxException {
    URL api = Replacement.class.getProtectionDomain().getCodeSource().getLocation();
    JavaCompiler compiler = Objects.requireNonNull(ToolProvider.getSystemJavaCompiler());
    int code =
        compiler.run(
            null,
            null,
            null,
            "-d",
            folder.toString(),
            "-cp",
            Path.of(api.toURI()).toString(),
            Samples.example("policy/MostRecent.java").toString());
    assertEquals(0, code);
  }

  @Test
  void theExampleEvictsWhatWasUsedLast() throws Exception {
    long[] pages = new Random(5).longs(20_000, 0, 60).toArray();
    Path trace = folder.resolve("t.flat64");
    long[] words = new long[pages.length];
    for (int i = 0; i < pages.length; i++) {
      words[i] = 0x10_0000_0000L + (pages[i] << 12);
    }
    Files.write(trace, Cli.words(words));
    JsonNode result = run(trace, "java:example.MostRecent");
    assertEquals(missesOfModel(pages), result.at("/tlbs/l1d/misses").asLong());
    assertEquals(
        "java:example.MostRecent", result.at("/provenance/machine/l1d/replacement").asString());
  }

  /** Sets as lists of pages, the one used last at the end. */
  private static long missesOfModel(long[] pages) {
    List<List<Long>> sets = new ArrayList<>();
    for (int i = 0; i < SETS; i++) {
      sets.add(new ArrayList<>());
    }
    long misses = 0;
    for (long page : pages) {
      List<Long> set = sets.get((int) (page % SETS));
      if (!set.remove(page)) {
        misses++;
        if (set.size() == WAYS) {
          set.remove(WAYS - 1);
        }
      }
      set.add(page);
    }
    return misses;
  }

  @Test
  void classesThatAreNoPoliciesAreRefused() throws Exception {
    Path trace = folder.resolve("t.flat64");
    Files.write(trace, Cli.words(0));
    Cli.run("run", trace.toString(), "--set", "l1d.replacement=java:no.Such")
        .failed(65, "l1d.replacement", "no.Such", "LOOKASIDE_CLASSPATH");
    Cli.run("run", trace.toString(), "--set", "l1d.replacement=java:java.lang.Object")
        .failed(65, "l1d.replacement", "Replacement");
    Cli.run("run", trace.toString(), "--set", "l1d.replacement=java:java.lang.Integer")
        .failed(65, "l1d.replacement", "constructor");
    Cli.run("run", trace.toString(), "--set", "l1d.replacement=java").failed(65, "tree-plru");
  }

  private JsonNode run(Path trace, String policy) throws IOException {
    Thread thread = Thread.currentThread();
    ClassLoader before = thread.getContextClassLoader();
    try (URLClassLoader loader = new URLClassLoader(new URL[] {folder.toUri().toURL()}, before)) {
      thread.setContextClassLoader(loader);
      return Cli.run(
              "run",
              trace.toString(),
              "--machine",
              "reference",
              "--set",
              "l1d.entries=" + SETS * WAYS,
              "--set",
              "l1d.ways=" + WAYS,
              "--set",
              "l1d.replacement=" + policy,
              "--json",
              "-")
          .json();
    } finally {
      thread.setContextClassLoader(before);
    }
  }
}
