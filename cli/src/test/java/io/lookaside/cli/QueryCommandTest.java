package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import io.lookaside.experiments.query.SqlEngine;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;

/** {@code query} without its engine; the module {@code query} tests the engine. */
class QueryCommandTest {
  @Test
  void withoutTheModuleItSaysWhatIsMissing() {
    boolean absent = ServiceLoader.load(SqlEngine.class).findFirst().isEmpty();
    assumeTrue(absent, "skipped: the module is on the class path");
    Cli.run("query", "from runs", "a.json").failed(2, "query needs the module 'query'");
  }

  @Test
  void anAnswerStandsInColumns() {
    assertEquals(
        """
        trace   misses    r
        a           10  0.5
        longer       9
        """,
        QueryCommand.text(
            List.of(
                List.of("trace", "misses", "r"),
                List.of("a", "10", "0.5"),
                List.of("longer", "9", ""))));
  }
}
