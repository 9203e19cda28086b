package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.simulator.lab.Lab;
import io.lookaside.simulator.lab.Labs;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

class LabCommandTest {
  static Stream<String> names() {
    return Labs.names().stream();
  }

  @ParameterizedTest
  @MethodSource("names")
  void holdsAndFailsWithEachOfItsMechanismsOff(String name) {
    Cli.Outcome outcome = Cli.run("lab", "run", name, "--json", "-");
    assertEquals(0, outcome.code(), outcome.out() + outcome.err());
    JsonNode lab = JsonMapper.shared().readTree(outcome.out()).path("labs").path(0);
    assertTrue(lab.path("claims").size() >= 2, "an experiment claims something");
    assertFalse(lab.path("ablations").isEmpty(), "an experiment rests on something");
    for (JsonNode ablation : lab.path("ablations")) {
      String setting = ablation.asString() + "=off";
      Cli.Outcome without = Cli.run("lab", "run", name, "--set", setting, "--json", "-");
      assertEquals(1, without.code(), () -> name + " with " + setting + ": " + without.err());
      JsonNode claims =
          JsonMapper.shared().readTree(without.out()).path("labs").path(0).path("claims");
      assertTrue(claims.valueStream().anyMatch(c -> !c.path("holds").asBoolean()));
    }
  }

  @ParameterizedTest
  @MethodSource("names")
  void holdsWithAnotherSeed(String name) {
    assertEquals(0, Cli.run("lab", "run", name, "--seed", "77", "-q").code());
  }

  @Test
  void theSameRunGivesTheSameBytes() {
    String[] words = {"lab", "run", "segmentation-fragmentation", "isolation", "--json", "-"};
    assertEquals(Cli.run(words).out(), Cli.run(words).out());
  }

  @ParameterizedTest
  @MethodSource("names")
  void hasAPageThatNamesItsMechanisms(String name) throws IOException {
    String page = Files.readString(Path.of("..", "docs", "labs", name + ".md"));
    Lab lab = Labs.named(name);
    assertTrue(lab != null);
    for (String key : lab.ablations()) {
      assertTrue(page.contains("--set os." + key + "=off"), key);
    }
  }

  @Test
  void theListNamesAll() {
    JsonNode list = Cli.run("lab", "list", "--json", "-").json();
    assertEquals("lookaside.lab/1", list.path("schema").asString());
    List<String> names = new ArrayList<>();
    list.path("labs").forEach(lab -> names.add(lab.path("name").asString()));
    assertEquals(Labs.names(), names);
    String text = Cli.run("lab", "list").out();
    for (Lab lab : Labs.all()) {
      assertTrue(text.contains(lab.name()));
    }
  }

  @Test
  void wrongWordsAreRefusedWithAHint() {
    Cli.run("lab", "run").failed(2, "name an experiment");
    Cli.run("lab", "run", "fork-cwo").failed(2, "fork-cwo", "fork-cow");
    Cli.run("lab", "run", "fork-cow", "--all").failed(2, "--all");
    Cli.run("lab", "run", "fork-cow", "--set", "os.copyOnWrit=off")
        .failed(2, "os.copyOnWrit", "os.copyOnWrite");
    Cli.run("lab", "run", "fork-cow", "--set", "os.copyOnWrite=no").failed(2, "off or on");
    Cli.run("lab", "run", "fork-cow", "--set", "os.topPad=off").failed(2, "os.topPad");
  }
}
