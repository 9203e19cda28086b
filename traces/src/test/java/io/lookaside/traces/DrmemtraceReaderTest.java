package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Path;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class DrmemtraceReaderTest {
  private static final Path SAMPLES = Path.of("samples");

  @ParameterizedTest
  @CsvSource({
    "drmemtrace.simple_app.trace.zip, 136051, 31507, 12338",
    "drmemtrace.legacy-threads.gz, 78753, 26381, 16308"
  })
  void countsOfRealTracesAreDynamoRios(String file, long instructions, long reads, long writes)
      throws IOException {
    long[] counts = new long[3];
    try (TraceFile trace =
        TraceFile.open(SAMPLES.resolve(file).toString(), null, InputStream.nullInputStream())) {
      assertEquals(TraceFormat.DRMEMTRACE, trace.format());
      ReferenceBatch batch = new ReferenceBatch();
      while (trace.read(batch) > 0) {
        for (int i = 0; i < batch.count(); i++) {
          counts[ReferenceBatch.kind(batch.descriptors[i])]++;
        }
      }
      assertEquals(1, trace.addressSpaceIds().length, "one process");
    }
    assertEquals(reads, counts[0], "reads");
    assertEquals(writes, counts[1], "writes");
    assertEquals(instructions, counts[2], "instructions");
  }
}
