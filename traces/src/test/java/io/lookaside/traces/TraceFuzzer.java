package io.lookaside.traces;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.util.Arrays;
import org.jspecify.annotations.Nullable;

/**
 * What Jazzer calls with each input that it makes up. The first byte chooses the format, one of
 * them or none, which is then told by content; the others are read as a trace of it. The property
 * {@code fuzz.format} names one format for all inputs instead. References, or an exception that
 * says what is wrong with the trace, are fine; all else is a finding. Jazzer itself sees to time
 * and memory.
 *
 * <p>What is read as the compact format is read a second time with its checksums made good: else
 * hardly an input would come to what they protect.
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
    byte[] trace = Arrays.copyOfRange(data, 1, data.length);
    read(trace, format);
    if (format == TraceFormat.COMPACT) {
      makeChecksumsGood(trace);
      read(trace, format);
    }
  }

  /** Sets the checksums of the header and of as many blocks as follow it. */
  static void makeChecksumsGood(byte[] trace) {
    if (trace.length < CompactLayout.HEADER_BYTES) {
      return;
    }
    int crcAt = CompactLayout.HEADER_CRC_AT;
    CompactLayout.U32.set(trace, crcAt, CompactLayout.crc(trace, 0, crcAt));
    int version = (short) CompactLayout.U16.get(trace, CompactLayout.VERSION_AT);
    int columns = CompactLayout.Column.count(version);
    int headerBytes = CompactLayout.blockHeaderBytes(columns);
    int block = CompactLayout.HEADER_BYTES;
    while (trace.length - block >= headerBytes
        && (int) CompactLayout.U32.get(trace, block) == CompactLayout.BLOCK_TAG) {
      int payload = (int) CompactLayout.U32.get(trace, block + CompactLayout.PAYLOAD_BYTES_AT);
      int from = block + headerBytes;
      if (payload < 0 || payload > trace.length - from) {
        return;
      }
      CompactLayout.U32.set(
          trace,
          block + CompactLayout.payloadCrcAt(columns),
          CompactLayout.crc(trace, from, payload));
      crcAt = CompactLayout.blockCrcAt(columns);
      CompactLayout.U32.set(trace, block + crcAt, CompactLayout.crc(trace, block, crcAt));
      block = from + payload;
    }
  }

  private static void read(byte[] trace, @Nullable TraceFormat format) {
    // Whatever decompresses to more references than this is cut short, as --max-refs would.
    int left = 1 << 20;
    try (TraceFile file = TraceFile.open("-", format, new ByteArrayInputStream(trace))) {
      int n;
      while (left > 0 && (n = file.read(BATCH)) > 0) {
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
