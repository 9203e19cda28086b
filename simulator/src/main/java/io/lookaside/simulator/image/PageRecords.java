package io.lookaside.simulator.image;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.Locale;

/** Page records: a physical address, 64 bits little-endian, and 4096 bytes, repeated. */
final class PageRecords {
  static final int PAGE_BYTES = 1 << 12;
  static final int RECORD_BYTES = Long.BYTES + PAGE_BYTES;

  /** Records whose addresses tell that a file is made of them. */
  private static final int RECORDS_TO_TELL = 64;

  private static final long ADDRESS_SPACE = 1L << 52;

  private PageRecords() {}

  /**
   * Whether the first records' addresses are all possible and all different, and at least two.
   * Memory that is read as if it were records gives such addresses as good as never: it is mostly
   * zero, or no multiple of 4096.
   */
  static boolean looksLike(ImageFile file) throws IOException {
    int n = (int) Math.min(RECORDS_TO_TELL, (file.size() + PAGE_BYTES) / RECORD_BYTES);
    long[] seen = new long[n];
    for (int i = 0; i < n; i++) {
      seen[i] = address(file, (long) i * RECORD_BYTES);
      if (!isPossible(seen[i])) {
        return false;
      }
      for (int j = 0; j < i; j++) {
        if (seen[i] == seen[j]) {
          return false;
        }
      }
    }
    return n >= 2;
  }

  /** Reads the addresses of all records. */
  static PhysicalExtents read(ImageFile file) throws IOException {
    PhysicalExtents.Builder extents = new PhysicalExtents.Builder();
    long records = file.size() / RECORD_BYTES;
    for (long i = 0; i < records; i++) {
      long position = i * RECORD_BYTES;
      long address = address(file, position);
      if (!isPossible(address)) {
        throw file.flaw(
            String.format(
                Locale.ROOT,
                "page record %d (at byte %d): 0x%x is no page's physical address, a multiple of"
                    + " 0x1000 below 2^52",
                i,
                position,
                address));
      }
      extents.add(address, PAGE_BYTES, position + Long.BYTES);
    }
    long rest = file.size() % RECORD_BYTES;
    if (rest != 0) {
      throw file.flaw(
          "page record "
              + records
              + " (at byte "
              + records * RECORD_BYTES
              + ") is cut short: it has "
              + rest
              + " of "
              + RECORD_BYTES
              + " bytes");
    }
    return extents.build();
  }

  private static boolean isPossible(long address) {
    return (address & (PAGE_BYTES - 1)) == 0 && address >= 0 && address < ADDRESS_SPACE;
  }

  private static long address(ImageFile file, long position) throws IOException {
    byte[] bytes = new byte[Long.BYTES];
    file.read(position, bytes, 0, (int) Math.min(Long.BYTES, file.size() - position));
    return ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).getLong();
  }
}
