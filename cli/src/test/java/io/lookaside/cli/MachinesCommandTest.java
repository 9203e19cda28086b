package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.cli.Cli.Outcome;
import io.lookaside.simulator.config.MachineLibrary;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MachinesCommandTest {
  @TempDir Path folder;

  @Test
  void listHasALineForEachMachineAndMarksTheDefault() {
    Outcome o = Cli.run("machines", "list");
    assertEquals(0, o.code(), o.err());
    assertEquals(MachineLibrary.NAMES.size(), o.out().lines().count());
    for (String name : MachineLibrary.NAMES) {
      assertTrue(o.out().lines().anyMatch(l -> l.startsWith(name + " ")), o.out());
    }
    assertEquals(1, o.out().lines().filter(l -> l.contains("(the default)")).count());
  }

  @Test
  void whatIsShownIsAValidMachineFile() throws IOException {
    for (String name : MachineLibrary.NAMES) {
      Outcome shown = Cli.run("machines", "show", name);
      assertEquals(0, shown.code(), shown.err());
      String file = Files.writeString(folder.resolve(name + ".yaml"), shown.out()).toString();
      Outcome o = Cli.run("machines", "validate", file);
      assertEquals(0, o.code(), o.err());
      assertTrue(o.out().startsWith(file + ": is valid"), o.out());
    }
  }

  @Test
  void schemaIsJson() {
    assertEquals(
        "https://json-schema.org/draft/2020-12/schema",
        Cli.run("machines", "schema").json().at("/$schema").stringValue());
  }

  @Test
  void unknownNamesAreUsageErrorsWithAHint() {
    Cli.run("machines", "show", "skylke").failed(2, "did you mean 'skylake'");
    Cli.run("machines", "shwo", "skylake").failed(2, "shwo");
    Cli.run("machines", "show").failed(2, "NAME");
    Cli.run("machines", "validate").failed(2, "FILE");
  }
}
