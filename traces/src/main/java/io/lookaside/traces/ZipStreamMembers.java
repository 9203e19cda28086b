package io.lookaside.traces;

import java.io.EOFException;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.util.zip.CRC32;
import java.util.zip.DataFormatException;
import java.util.zip.Inflater;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The members of a zip archive that comes as a stream, in the order in which they are stored. The
 * directory at the end is read to see that the archive is whole.
 *
 * <p>Layout and names of the fields: APPNOTE.TXT, ".ZIP File Format Specification", sections 4.3
 * and 4.4. Not the JDK's ZipInputStream, for which an archive that is cut off between two members
 * has simply ended.
 */
final class ZipStreamMembers implements ZipMembers {
  private static final VarHandle SHORT =
      MethodHandles.byteArrayViewVarHandle(short[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int LOCAL_HEADER = 0x04034b50;
  private static final int DATA_DESCRIPTOR = 0x08074b50;
  private static final int DIRECTORY_HEADER = 0x02014b50;
  private static final int ZIP64_END = 0x06064b50;
  private static final int ZIP64_LOCATOR = 0x07064b50;
  private static final int DIRECTORY_END = 0x06054b50;
  private static final int SIGNATURE_BYTES = 4;
  private static final int LOCAL_HEADER_BYTES = 30;
  private static final int DIRECTORY_HEADER_BYTES = 46;
  private static final int ZIP64_LOCATOR_BYTES = 20;
  private static final int DIRECTORY_END_BYTES = 22;

  private static final int FLAG_ENCRYPTED = 1;
  private static final int FLAG_DESCRIPTOR = 1 << 3;
  private static final int STORED = 0;
  private static final int DEFLATED = 8;
  private static final int ZIP64_EXTRA = 1;
  private static final long IN_ZIP64 = 0xffff_ffffL;

  private final InputStream in;
  private final byte[] buffer = new byte[1 << 17];
  private final Inflater inflater = new Inflater(true);
  private final CRC32 crc = new CRC32();
  private int position;
  private int end;

  private String name = "";
  private int method;
  private boolean descriptor;
  private long expectedCrc;

  /** Bytes of the member as the archive says; unknown with a descriptor. */
  private long compressedSize;

  private long size;

  /** Bytes of the member so far. */
  private long compressedBytes;

  private long bytes;
  private boolean memberEnded = true;

  ZipStreamMembers(InputStream in) {
    this.in = in;
  }

  @Override
  public @Nullable String next() throws IOException {
    byte[] passedOver = new byte[1 << 12];
    while (!memberEnded) {
      read(passedOver, 0, passedOver.length);
    }
    need(SIGNATURE_BYTES);
    int signature = (int) INT.get(buffer, position);
    if (signature != LOCAL_HEADER) {
      readDirectory();
      return null;
    }
    need(LOCAL_HEADER_BYTES);
    int flags = unsignedShort(6);
    method = unsignedShort(8);
    expectedCrc = unsignedInt(14);
    compressedSize = unsignedInt(18);
    size = unsignedInt(22);
    int nameBytes = unsignedShort(26);
    int extraBytes = unsignedShort(28);
    need(LOCAL_HEADER_BYTES + nameBytes); // at most 64 KiB less one byte and a header of 30
    name =
        new String(buffer, position + LOCAL_HEADER_BYTES, nameBytes, StandardCharsets.ISO_8859_1);
    position += LOCAL_HEADER_BYTES + nameBytes;
    need(extraBytes);
    readZip64Sizes(extraBytes);
    position += extraBytes;
    descriptor = (flags & FLAG_DESCRIPTOR) != 0;
    if ((flags & FLAG_ENCRYPTED) != 0) {
      throw new ZipException("member " + name + " is encrypted");
    }
    if (method != STORED && method != DEFLATED) {
      throw new ZipException(
          "member " + name + " has compression method " + method + "; 0 and 8 (deflate) are known");
    }
    if (method == STORED && descriptor) {
      throw new ZipException(
          "member " + name + " is stored without a size in front, so its end cannot be told");
    }
    compressedBytes = 0;
    bytes = 0;
    crc.reset();
    inflater.reset();
    memberEnded = false;
    return name;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (memberEnded) {
      return -1;
    }
    int n = method == STORED ? copy(to, offset, length) : inflate(to, offset, length);
    if (n > 0) {
      crc.update(to, offset, n);
      bytes += n;
      return n;
    }
    memberEnded = true;
    if (descriptor) {
      readDescriptor();
    }
    if (crc.getValue() != expectedCrc || bytes != size || compressedBytes != compressedSize) {
      throw new ZipException("member " + name + " does not have the checksum and size it should");
    }
    return -1;
  }

  @Override
  public void close() throws IOException {
    inflater.end();
    in.close();
  }

  private int copy(byte[] to, int offset, int length) throws IOException {
    if (bytes == size) {
      return -1;
    }
    need(1);
    int n = (int) Math.min(Math.min(length, end - position), size - bytes);
    System.arraycopy(buffer, position, to, offset, n);
    position += n;
    compressedBytes += n;
    return n;
  }

  private int inflate(byte[] to, int offset, int length) throws IOException {
    try {
      while (true) {
        int n = inflater.inflate(to, offset, length);
        if (n > 0) {
          return n;
        }
        if (inflater.finished()) {
          position -= inflater.getRemaining();
          compressedBytes = inflater.getBytesRead();
          return -1;
        }
        if (inflater.needsDictionary()) {
          throw new ZipException("member " + name + " needs a dictionary");
        }
        need(1);
        inflater.setInput(buffer, position, end - position);
        position = end;
      }
    } catch (DataFormatException e) {
      throw new ZipException("member " + name + ": " + e.getMessage());
    }
  }

  /** Reads the sizes that follow a member; whether they have 32 or 64 bits shows in which fit. */
  private void readDescriptor() throws IOException {
    want(SIGNATURE_BYTES + Integer.BYTES + 2 * Long.BYTES);
    int from = position;
    if (end - from >= SIGNATURE_BYTES && (int) INT.get(buffer, from) == DATA_DESCRIPTOR) {
      from += SIGNATURE_BYTES;
    }
    int left = end - from;
    if (left < 3 * Integer.BYTES) {
      throw new EOFException();
    }
    expectedCrc = (int) INT.get(buffer, from) & IN_ZIP64;
    int sizes = from + Integer.BYTES;
    compressedSize = (int) INT.get(buffer, sizes) & IN_ZIP64;
    size = (int) INT.get(buffer, sizes + Integer.BYTES) & IN_ZIP64;
    position = sizes + 2 * Integer.BYTES;
    boolean fits = compressedSize == compressedBytes && size == bytes;
    if (!fits && left >= Integer.BYTES + 2 * Long.BYTES) {
      compressedSize = (long) LONG.get(buffer, sizes);
      size = (long) LONG.get(buffer, sizes + Long.BYTES);
      position = sizes + 2 * Long.BYTES;
    }
  }

  private void readZip64Sizes(int extraBytes) {
    int at = 0;
    while (at + 4 <= extraBytes) {
      int id = unsignedShort(at);
      int length = unsignedShort(at + 2);
      int field = at + 4;
      int fieldEnd = Math.min(field + length, extraBytes);
      if (id == ZIP64_EXTRA) {
        if (size == IN_ZIP64 && field + Long.BYTES <= fieldEnd) {
          size = (long) LONG.get(buffer, position + field);
          field += Long.BYTES;
        }
        if (compressedSize == IN_ZIP64 && field + Long.BYTES <= fieldEnd) {
          compressedSize = (long) LONG.get(buffer, position + field);
        }
      }
      at = fieldEnd;
    }
  }

  /** Reads the directory to its end record, and passes over what follows. */
  private void readDirectory() throws IOException {
    while (true) {
      need(SIGNATURE_BYTES);
      int signature = (int) INT.get(buffer, position);
      switch (signature) {
        case DIRECTORY_HEADER -> {
          need(DIRECTORY_HEADER_BYTES);
          skip(
              DIRECTORY_HEADER_BYTES
                  + (long) unsignedShort(28)
                  + unsignedShort(30)
                  + unsignedShort(32));
        }
        case ZIP64_END -> {
          need(SIGNATURE_BYTES + Long.BYTES);
          long length = (long) LONG.get(buffer, position + SIGNATURE_BYTES);
          if (length < 0 || length > buffer.length) {
            throw new ZipException("its directory has an end record of " + length + " bytes");
          }
          skip(SIGNATURE_BYTES + Long.BYTES + length);
        }
        case ZIP64_LOCATOR -> skip(ZIP64_LOCATOR_BYTES);
        case DIRECTORY_END -> {
          need(DIRECTORY_END_BYTES);
          skip(DIRECTORY_END_BYTES + (long) unsignedShort(20));
          return;
        }
        default ->
            throw new ZipException(
                "expected a member or the directory but got the signature 0x"
                    + Integer.toHexString(signature));
      }
    }
  }

  private void skip(long n) throws IOException {
    long left = n;
    while (left > 0) {
      need(1);
      int some = (int) Math.min(left, end - position);
      position += some;
      left -= some;
    }
  }

  /** Has at least {@code n} bytes in the buffer, or throws. */
  private void need(int n) throws IOException {
    want(n);
    if (end - position < n) {
      throw new EOFException();
    }
  }

  /** Has at least {@code n} bytes in the buffer unless the stream ends. */
  private void want(int n) throws IOException {
    if (end - position >= n) {
      return;
    }
    System.arraycopy(buffer, position, buffer, 0, end - position);
    end -= position;
    position = 0;
    while (end < n) {
      int got = in.read(buffer, end, buffer.length - end);
      if (got < 0) {
        return;
      }
      end += got;
    }
  }

  private int unsignedShort(int at) {
    return (short) SHORT.get(buffer, position + at) & 0xffff;
  }

  private long unsignedInt(int at) {
    return (int) INT.get(buffer, position + at) & IN_ZIP64;
  }
}
