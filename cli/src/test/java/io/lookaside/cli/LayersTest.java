package io.lookaside.cli;

import static com.tngtech.archunit.library.Architectures.layeredArchitecture;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;

import com.tngtech.archunit.core.domain.JavaClasses;
import com.tngtech.archunit.core.importer.ClassFileImporter;
import com.tngtech.archunit.core.importer.ImportOption;
import org.junit.jupiter.api.Test;

/** Modules import only towards mmu-core, and siblings are blind to each other. */
class LayersTest {
  private static final JavaClasses CLASSES =
      new ClassFileImporter()
          .withImportOption(new ImportOption.DoNotIncludeTests())
          .importPackages("io.lookaside");

  @Test
  void modulesImportOnlyTowardsMmuCore() {
    layeredArchitecture()
        .consideringOnlyDependenciesInLayers()
        .layer("mmu-core")
        .definedBy("io.lookaside.mmu..")
        .layer("tlb")
        .definedBy("io.lookaside.tlb..")
        .layer("pagewalker")
        .definedBy("io.lookaside.pagewalker..")
        .layer("os")
        .definedBy("io.lookaside.os..")
        .layer("traces")
        .definedBy("io.lookaside.traces..")
        .layer("timing")
        .definedBy("io.lookaside.timing..")
        .layer("simulator")
        .definedBy("io.lookaside.simulator..")
        .layer("experiments")
        .definedBy("io.lookaside.experiments..")
        .layer("cli")
        .definedBy("io.lookaside.cli..")
        .whereLayer("mmu-core")
        .mayNotAccessAnyLayer()
        .whereLayer("tlb")
        .mayOnlyAccessLayers("mmu-core")
        .whereLayer("pagewalker")
        .mayOnlyAccessLayers("mmu-core")
        .whereLayer("os")
        .mayOnlyAccessLayers("mmu-core")
        .whereLayer("traces")
        .mayOnlyAccessLayers("mmu-core")
        .whereLayer("timing")
        .mayOnlyAccessLayers("mmu-core")
        .whereLayer("simulator")
        .mayOnlyBeAccessedByLayers("experiments", "cli")
        .whereLayer("experiments")
        .mayOnlyBeAccessedByLayers("cli")
        .whereLayer("cli")
        .mayNotBeAccessedByAnyLayer()
        .check(CLASSES);
  }

  @Test
  void packagesHaveNoCycles() {
    slices().matching("io.lookaside.(**)").should().beFreeOfCycles().check(CLASSES);
  }
}
