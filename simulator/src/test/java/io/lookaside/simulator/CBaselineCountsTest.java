package io.lookaside.simulator;

import static org.junit.jupiter.api.Assertions.assertEquals;

import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.pagewalker.WalkMetric;
import io.lookaside.simulator.config.MachineLibrary;
import io.lookaside.tlb.TlbMetric;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.SyntheticTrace;
import io.lookaside.traces.TraceCursor;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import java.io.BufferedOutputStream;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.zip.CRC32;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** The machine {@code reference} counts what an independent program in C counts. */
class CBaselineCountsTest {
  private static final int COUNT = 400_000;

  @TempDir Path folder;

  @ParameterizedTest
  @ValueSource(strings = {"sequential", "uniform", "zipf", "date"})
  void everyCounterEqualsTheRecordingOfTheCProgram(String stream) throws Exception {
    Map<String, String> recorded = recording(stream);
    Path file = folder.resolve(stream + ".flat64");
    long crc;
    try (TraceCursor source = source(stream)) {
      crc = writeFlat64(source, file);
    }
    assertEquals(recorded.get("crc32"), String.format("%08x", crc), "not the recorded stream");

    RunResult result = run(file);
    Map<String, Object> ours = new HashMap<>();
    level(ours, "l1i", result.levels().get(0));
    level(ours, "l1d", result.levels().get(1));
    level(ours, "st", result.levels().get(2));
    Snapshot<WalkMetric> w = result.walks();
    ours.put("pd_hit", w.get(WalkMetric.PDE_HITS));
    ours.put("pdpt_hit", w.get(WalkMetric.PDPTE_HITS));
    ours.put("pml4_hit", w.get(WalkMetric.PML4E_HITS));
    ours.put("psc_none", w.get(WalkMetric.ROOT_STARTS));
    ours.put("walk_refs", w.get(WalkMetric.MEMORY_READS));
    ours.put("a_sets", w.get(WalkMetric.ACCESSED_BITS_SET));
    ours.put("d_sets", w.get(WalkMetric.DIRTY_BITS_SET));
    ours.put("assists", w.get(WalkMetric.DIRTY_ASSISTS));
    ours.put("faults", result.references().get(ReferenceMetric.PAGE_FAULTS));
    ours.put("lat", result.translationCycles());
    ours.put("pa_sum", Long.toUnsignedString(result.physicalAddressSum()));

    recorded.remove("crc32");
    assertEquals(17, recorded.size());
    for (Map.Entry<String, String> counter : recorded.entrySet()) {
      assertEquals(
          counter.getValue(), String.valueOf(ours.get(counter.getKey())), counter.getKey());
    }
  }

  private static void level(Map<String, Object> counts, String name, RunResult.LevelResult level) {
    counts.put(name + "_hit", level.counts().get(TlbMetric.HITS));
    counts.put(name + "_miss", level.counts().get(TlbMetric.MISSES));
  }

  private static RunResult run(Path file) throws Exception {
    RunOptions options =
        new RunOptions(
            RunOptions.Input.of(List.of(file.toString()), TraceFormat.FLAT64, 1),
            RunOptions.Window.ALL,
            RunOptions.Pages.PREFAULTED,
            RunOptions.Watch.NOTHING,
            0);
    return new Simulation(
            MachineLibrary.load("reference", List.of()),
            options,
            InputStream.nullInputStream(),
            (references, bytes, total) -> {},
            new StageTimes(false))
        .run();
  }

  private static TraceCursor source(String stream) throws Exception {
    return stream.equals("date")
        ? TraceFile.open(Samples.path("date.lackey.xz"), null, InputStream.nullInputStream())
        : new SyntheticTrace(
            SyntheticTrace.Pattern.valueOf(stream.toUpperCase(Locale.ROOT)), COUNT);
  }

  /** Writes a stream as flat64; returns the file's CRC-32. */
  private static long writeFlat64(TraceCursor source, Path file) throws Exception {
    CRC32 crc = new CRC32();
    ReferenceBatch batch = new ReferenceBatch();
    ByteBuffer word = ByteBuffer.allocate(Long.BYTES).order(ByteOrder.LITTLE_ENDIAN);
    try (OutputStream out = new BufferedOutputStream(Files.newOutputStream(file))) {
      while (source.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          int kind = ReferenceBatch.kind(batch.descriptor(i));
          word.putLong(0, (batch.address(i) & ~3L) | kind);
          out.write(word.array());
          crc.update(word.array());
        }
      }
    }
    return crc.getValue();
  }

  private static Map<String, String> recording(String stream) throws Exception {
    try (InputStream in = CBaselineCountsTest.class.getResourceAsStream("c-baseline-counts.txt")) {
      String text = new String(in.readAllBytes(), StandardCharsets.UTF_8);
      String line = text.lines().filter(l -> l.startsWith(stream + " ")).findFirst().orElseThrow();
      Map<String, String> counters = new HashMap<>();
      for (String field : line.substring(stream.length() + 1).split(" ", -1)) {
        int equals = field.indexOf('=');
        counters.put(field.substring(0, equals), field.substring(equals + 1));
      }
      return counters;
    }
  }
}
