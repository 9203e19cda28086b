package io.lookaside.traces;

import com.github.luben.zstd.ZstdOutputStream;
import java.io.BufferedOutputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.zip.CRC32C;
import java.util.zip.CheckedOutputStream;
import org.jspecify.annotations.Nullable;

/**
 * Keeps a compaction in its place, if that is worth while: if the trace is long, and what is left
 * of it is at most half. A failure to write ends the keeping, not the reading.
 *
 * <p>Layout: a Zstandard frame with the key, blocks, and facts; then a skippable frame of 8 bytes,
 * the CRC-32C of the first frame, little-endian. A block is its length in bytes as a
 * variable-length number and then, all as such numbers, the address space and its identifier, the
 * core, the number of records, then the descriptors of all records, the distances from the address
 * of the record before of the same kind, the repeats and the switches; then what was left out by
 * kind, and the sum of its addresses. A block without bytes ends them.
 */
final class CompactionWriter {
  /** A shorter trace is decoded in a moment. */
  static final long MIN_REFERENCES = 1_000_000;

  /** Records may be at most this share of the references. */
  private static final int MIN_REDUCTION = 2;

  private static final int LEVEL = 3;

  private final CompactionCache place;
  private final CompactionBlock block = new CompactionBlock();
  private final CRC32C checksum = new CRC32C();

  /** Holds what comes before it is known whether keeping is worth while. */
  private @Nullable ByteArrayOutputStream first = new ByteArrayOutputStream();

  private @Nullable OutputStream out;
  private @Nullable Path temporary;
  private boolean abandoned;
  private long references;
  private long records;

  CompactionWriter(CompactionCache place) {
    this.place = place;
  }

  void add(CompactBatch batch) {
    if (abandoned) {
      return;
    }
    references += batch.references();
    records += batch.records.count();
    try {
      block.write(batch);
      ByteArrayOutputStream held = first;
      if (held != null) {
        block.writeTo(held);
        if (references >= MIN_REFERENCES) {
          begin(held);
        }
      } else if (out != null) {
        block.writeTo(out);
      }
    } catch (IOException e) {
      abandon();
    }
  }

  private void begin(ByteArrayOutputStream held) throws IOException {
    first = null;
    if (records * MIN_REDUCTION > references) {
      abandon();
      return;
    }
    Path path = place.temporary();
    temporary = path;
    OutputStream plain = new BufferedOutputStream(Files.newOutputStream(path), 1 << 16);
    OutputStream frame = new ZstdOutputStream(new CheckedOutputStream(plain, checksum), LEVEL);
    out = frame;
    frame.write(place.key());
    held.writeTo(frame);
  }

  /** The stretch has ended: what was kept takes its place. */
  void finish(CompactedTrace.Facts facts) {
    OutputStream frame = out;
    Path path = temporary;
    if (abandoned || frame == null || path == null || records * MIN_REDUCTION > references) {
      abandon();
      return;
    }
    try {
      block.clear();
      block.writeTo(frame);
      block.write(facts);
      block.writeTo(frame);
      frame.close();
      out = null;
      Files.write(path, CompactionReader.checksum(checksum), StandardOpenOption.APPEND);
      place.put(path);
      temporary = null;
    } catch (IOException e) {
      abandon();
    }
  }

  /** Keeps nothing. */
  void abandon() {
    abandoned = true;
    first = null;
    try {
      if (out != null) {
        out.close();
      }
      if (temporary != null) {
        Files.deleteIfExists(temporary);
      }
    } catch (IOException e) {
      // A hidden file stays; nobody reads it.
    }
    out = null;
    temporary = null;
  }
}
