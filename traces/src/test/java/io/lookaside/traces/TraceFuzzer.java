package io.lookaside.traces;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What Jazzer calls with each input that it makes up: reads it as a trace of the format that the
 * property {@code fuzz.format} names. References, or an exception that says what is wrong with the
 * trace, are fine; all else is a finding. Jazzer itself sees to time and memory.
 */
public final class TraceFuzzer {
  private static final @Nullable TraceFormat FORMAT =
      TraceFormat.ofLabel(System.getProperty("fuzz.format", ""));
  private static final ReferenceBatch BATCH = new ReferenceBatch();

  private TraceFuzzer() {}

  /** The signature that Jazzer looks for. */
  public static void fuzzerTestOneInput(byte[] data) {
    // Whatever decompresses to more references than this is cut short, as --max-refs would.
    int left = 1 << 20;
    try (TraceFile trace = TraceFile.open("-", FORMAT, new ByteArrayInputStream(data))) {
      int n;
      while (left > 0 && (n = trace.read(BATCH)) > 0) {
        left -= n;
      }
    } catch (TraceException e) {
      if (!String.valueOf(e.getMessage()).startsWith("standard input:")) {
        throw new AssertionError("a message without the trace's name", e);
      }
    } catch (IOException e) {
      throw new AssertionError("the device did not fail", e);
    }
  }
}
