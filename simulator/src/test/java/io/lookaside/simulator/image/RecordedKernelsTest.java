package io.lookaside.simulator.image;

import static io.lookaside.simulator.image.Recordings.number;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.PagingMode;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** What the images of real kernels map, against what QEMU's monitor said of the same machines. */
class RecordedKernelsTest {
  @ParameterizedTest
  @ValueSource(strings = {"la48.elf.xz", "la48-pages.bin.gz"})
  void fourLevelLinuxMapsAndTranslatesAsTheMonitorSaid(String file) throws IOException {
    Map<String, List<String>> expected = new LinkedHashMap<>();
    for (List<String> run : Recordings.table("la48-runs.tsv.xz")) {
      List<String> rows = expected.computeIfAbsent(run.get(0), cr3 -> new ArrayList<>());
      for (long i = 0; i < Long.parseLong(run.get(5)); i++) {
        rows.add(
            row(
                number(run.get(1)) + i * number(run.get(2)),
                number(run.get(3)) + i * number(run.get(4)),
                run.get(6),
                run.get(7)));
      }
    }
    assertEquals(10, expected.size());
    try (MemoryImage image = MemoryImage.open(Recordings.path(file), null)) {
      ImageMemory memory = new ImageMemory(image);
      for (Map.Entry<String, List<String>> space : expected.entrySet()) {
        ImagePaging paging =
            ImagePaging.of(memory, firstCpu(image), number(space.getKey()), null, true);
        assertEquals(sorted(space.getValue()), map(paging, memory), space.getKey());
      }
      Map<String, ImageTranslator> translators = new LinkedHashMap<>();
      for (List<String> question : Recordings.table("la48-gva2gpa.tsv.xz")) {
        ImageTranslator translator =
            translators.computeIfAbsent(
                question.get(0),
                cr3 ->
                    new ImageTranslator(
                        ImagePaging.of(memory, firstCpu(image), number(cr3), null, true), memory));
        // Of an address that is not canonical the monitor says that it is not mapped.
        long va = number(question.get(1));
        boolean canonical = va << 16 >> 16 == va;
        String answer = canonical ? question.get(2) : "noncanonical";
        assertEquals(answer, physical(translator, va), question::toString);
      }
      assertEquals(10, translators.size());
    }
  }

  @Test
  void aDumpByVirtualAddressesLacksTheTables() throws IOException {
    try (MemoryImage image = MemoryImage.open(Recordings.path("la48-p.elf.xz"), null)) {
      assertEquals(ImageFormat.ELF, image.format());
      ImageMemory memory = new ImageMemory(image);
      ImagePaging paging = ImagePaging.of(memory, firstCpu(image), null, null, true);
      ImageTranslator translator = new ImageTranslator(paging, memory);
      for (List<String> question : Recordings.table("la48-gva2gpa.tsv.xz")) {
        long va = number(question.get(1));
        boolean canonical = va << 16 >> 16 == va;
        assertEquals(canonical ? "missing" : "noncanonical", physical(translator, va));
      }
    }
  }

  @ParameterizedTest
  @CsvSource({"la57, FIVE_LEVEL", "pae, PAE", "bits32, BITS_32"})
  void otherModesMapWhatInfoTlbListed(String name, PagingMode mode) throws IOException {
    List<String> expected = new ArrayList<>();
    for (List<String> run : Recordings.table(name + "-runs.tsv.xz")) {
      for (long i = 0; i < Long.parseLong(run.get(2)); i++) {
        long distance = i * number(run.get(3));
        expected.add(
            row(
                number(run.get(0)) + distance,
                number(run.get(1)) + distance,
                run.get(3),
                run.get(4)));
      }
    }
    assertTrue(expected.size() > 3000);
    try (MemoryImage image = MemoryImage.open(Recordings.path(name + ".elf.xz"), null)) {
      ImageMemory memory = new ImageMemory(image);
      ImagePaging paging = ImagePaging.of(memory, firstCpu(image), null, null, true);
      assertEquals(mode, paging.mode());
      assertEquals(sorted(expected), map(paging, memory));
    }
  }

  @ParameterizedTest
  @ValueSource(strings = {"la57", "pae", "bits32"})
  void addressesOfOtherModesTranslateAsTheMonitorSaid(String name) throws IOException {
    try (MemoryImage image = MemoryImage.open(Recordings.path(name + ".elf.xz"), null)) {
      ImageMemory memory = new ImageMemory(image);
      ImagePaging paging = ImagePaging.of(memory, firstCpu(image), null, null, true);
      ImageTranslator translator = new ImageTranslator(paging, memory);
      List<List<String>> questions = Recordings.table(name + "-gva2gpa.tsv.xz");
      assertEquals(400, questions.size());
      for (List<String> question : questions) {
        assertEquals(question.get(1), physical(translator, number(question.get(0))));
      }
    }
  }

  @Test
  void theMapAndTheWalkAgreeOnEveryRow() throws IOException {
    for (String name : List.of("la57.elf.xz", "pae.elf.xz", "bits32.elf.xz", "la48-pages.bin.gz")) {
      try (MemoryImage image = MemoryImage.open(Recordings.path(name), null)) {
        ImageMemory memory = new ImageMemory(image);
        Long cr3 = image.cpus().isEmpty() ? (Long) 0x3a3d000L : null;
        ImagePaging paging = ImagePaging.of(memory, firstCpu(image), cr3, null, true);
        ImageTranslator translator = new ImageTranslator(paging, memory);
        StringBuilder map = new StringBuilder();
        ImageMap.write(paging, memory, map::append);
        StringBuilder walks = new StringBuilder();
        map.toString()
            .lines()
            .forEach(row -> translator.append(walks, number(row.substring(0, row.indexOf('\t')))));
        assertEquals(map.toString(), walks.toString(), name);
      }
    }
  }

  private static @Nullable CpuState firstCpu(MemoryImage image) {
    return image.cpus().isEmpty() ? null : image.cpus().get(0);
  }

  private static String physical(ImageTranslator translator, long va) {
    StringBuilder line = new StringBuilder();
    translator.append(line, va);
    return line.toString().split("\t", -1)[1];
  }

  private static String row(long va, long pa, String size, String flags) {
    return String.format("0x%x\t0x%x\t%s\t%s", va, pa, size, flags);
  }

  /** By unsigned address, as lines. The monitor lists each address once. */
  private static String sorted(List<String> rows) {
    List<String> copy = new ArrayList<>(rows);
    copy.sort(
        (a, b) ->
            Long.compareUnsigned(
                number(a.substring(0, a.indexOf('\t'))), number(b.substring(0, b.indexOf('\t')))));
    return String.join("\n", copy);
  }

  /** The map without its last column, of which the monitor does not know. */
  private static String map(ImagePaging paging, ImageMemory memory) throws IOException {
    StringBuilder lines = new StringBuilder();
    ImageMap map = ImageMap.write(paging, memory, lines::append);
    assertEquals(0, map.missingTables());
    assertEquals(0, map.leftOut());
    List<String> rows =
        lines.toString().lines().map(l -> l.substring(0, l.lastIndexOf('\t'))).toList();
    assertEquals(rows.size(), map.rows());
    return String.join("\n", rows);
  }
}
