package io.lookaside.traces;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import org.jspecify.annotations.Nullable;

/**
 * What Jazzer calls with each input that it makes up. The first byte chooses the format, one of
 * them or none, which is then told by content; the others are read as a trace of it. The property
 * {@code fuzz.format} names one format for all inputs instead. References, or an exception that
 * says what is wrong with the trace, are fine; all else is a finding. Jazzer itself sees to time
 * and memory.
 */
public final class TraceFuzzer {
  private static final TraceFormat[] FORMATS = TraceFormat.values();
  private static final String ONLY = System.getProperty("fuzz.format", "");
  private static final ReferenceBatch BATCH = new ReferenceBatch();

  private TraceFuzzer() {}

  /** The first byte of an input that is to be read as a format. */
  static byte choice(@Nullable TraceFormat format) {
    return (byte) (format == null ? FORMATS.length : format.ordinal());
  }

  /** The signature that Jazzer looks for. */
  public static void fuzzerTestOneInput(byte[] data) {
    if (data.length == 0) {
      return;
    }
    TraceFormat format = TraceFormat.ofLabel(ONLY);
    if (format == null) {
      int choice = (data[0] & 0xff) % (FORMATS.length + 1);
      format = choice < FORMATS.length ? FORMATS[choice] : null;
    }
    // Whatever decompresses to more references than this is cut short, as --max-refs would.
    int left = 1 << 20;
    ByteArrayInputStream in = new ByteArrayInputStream(data, 1, data.length - 1);
    try (TraceFile trace = TraceFile.open("-", format, in)) {
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
