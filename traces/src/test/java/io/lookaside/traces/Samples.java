package io.lookaside.traces;

import com.github.luben.zstd.ZstdOutputStreamNoFinalizer;
import io.lookaside.mmu.AccessKind;
import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
import java.util.zip.ZipEntry;
import java.util.zip.ZipInputStream;
import java.util.zip.ZipOutputStream;
import org.apache.commons.compress.compressors.bzip2.BZip2CompressorOutputStream;
import org.apache.commons.compress.compressors.lz77support.Parameters;
import org.apache.commons.compress.compressors.snappy.FramedSnappyCompressorOutputStream;
import org.apache.commons.compress.compressors.snappy.SnappyCompressorOutputStream;
import org.tukaani.xz.LZMA2Options;
import org.tukaani.xz.XZOutputStream;

/** Small traces, made in memory, and what tests do with them. */
final class Samples {
  private Samples() {}

  /** One reference. */
  record Ref(AccessKind kind, long address, int size) {}

  static Ref load(long address, int size) {
    return new Ref(AccessKind.LOAD, address, size);
  }

  static Ref store(long address, int size) {
    return new Ref(AccessKind.STORE, address, size);
  }

  static Ref fetch(long address, int size) {
    return new Ref(AccessKind.FETCH, address, size);
  }

  /** {@code n} references of all kinds, 4 bytes each at addresses that are multiples of 4. */
  static List<Ref> some(int n) {
    List<Ref> refs = new ArrayList<>();
    for (int i = 0; i < n; i++) {
      refs.add(new Ref(AccessKind.ofCode(i % 3), 0x7f00_0000_0000L + 4L * i * 37, 4));
    }
    return refs;
  }

  static byte[] ascii(String text) {
    return text.getBytes(StandardCharsets.ISO_8859_1);
  }

  static byte[] lackey(List<Ref> refs) {
    StringBuilder text = new StringBuilder();
    for (Ref r : refs) {
      text.append(
          switch (r.kind()) {
            case FETCH -> "I  ";
            case LOAD -> " L ";
            case STORE -> " S ";
          });
      text.append(String.format(Locale.ROOT, "%x,%d\n", r.address(), r.size()));
    }
    return ascii(text.toString());
  }

  static byte[] flat64(List<Ref> refs) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * refs.size()).order(ByteOrder.LITTLE_ENDIAN);
    refs.forEach(r -> bytes.putLong(r.address() | r.kind().ordinal()));
    return bytes.array();
  }

  static byte[] words(long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }

  static byte[] concat(byte[]... parts) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (byte[] part : parts) {
      all.writeBytes(part);
    }
    return all.toByteArray();
  }

  static byte[] first(byte[] bytes, int length) {
    return Arrays.copyOf(bytes, length);
  }

  static byte[] gzip(byte[] bytes) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (OutputStream out = new GZIPOutputStream(stored)) {
      out.write(bytes);
    }
    return stored.toByteArray();
  }

  static byte[] xz(byte[] bytes) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    LZMA2Options options = new LZMA2Options(1);
    options.setDictSize(1 << 16);
    try (OutputStream out = new XZOutputStream(stored, options)) {
      out.write(bytes);
    }
    return stored.toByteArray();
  }

  static byte[] zstd(byte[] bytes) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (OutputStream out = new ZstdOutputStreamNoFinalizer(stored)) {
      out.write(bytes);
    }
    return stored.toByteArray();
  }

  static byte[] bzip2(byte[] bytes) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (OutputStream out = new BZip2CompressorOutputStream(stored, 1)) {
      out.write(bytes);
    }
    return stored.toByteArray();
  }

  static byte[] lz4(byte[] bytes) {
    return Lz4Frames.compress(bytes);
  }

  static byte[] snappy(byte[] bytes) throws IOException {
    return snappy(bytes, 1 << 15);
  }

  /** Snappy frames with references that reach back {@code window} bytes. */
  static byte[] snappy(byte[] bytes, int window) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    Parameters parameters =
        SnappyCompressorOutputStream.createParameterBuilder(window).tunedForSpeed().build();
    try (OutputStream out = new FramedSnappyCompressorOutputStream(stored, parameters)) {
      out.write(bytes);
    }
    return stored.toByteArray();
  }

  /** A member of an archive. */
  static final class Member {
    private final String name;
    private final byte[] bytes;

    Member(String name, byte[] bytes) {
      this.name = name;
      this.bytes = bytes;
    }

    String name() {
      return name;
    }

    byte[] bytes() {
      return bytes;
    }
  }

  static byte[] zip(byte[] bytes) throws IOException {
    return zip(new Member("trace", bytes));
  }

  static byte[] zip(Member... members) throws IOException {
    ByteArrayOutputStream stored = new ByteArrayOutputStream();
    try (ZipOutputStream out = new ZipOutputStream(stored)) {
      for (Member m : members) {
        out.putNextEntry(new ZipEntry(m.name()));
        out.write(m.bytes());
      }
    }
    return stored.toByteArray();
  }

  /** The bytes of the only member of an archive. */
  static byte[] unpacked(Path zip) throws IOException {
    try (ZipInputStream in = new ZipInputStream(Files.newInputStream(zip))) {
      in.getNextEntry();
      return in.readAllBytes();
    }
  }

  /** A record of drmemtrace. */
  static byte[] record(int type, int size, long value) {
    return ByteBuffer.allocate(12)
        .order(ByteOrder.LITTLE_ENDIAN)
        .putShort((short) type)
        .putShort((short) size)
        .putLong(value)
        .array();
  }

  /** The records with which a thread's drmemtrace begins. */
  static byte[] drmemtraceHeader(long thread, long process) {
    return concat(
        record(25, 0, 4),
        record(28, 12, 4),
        record(28, 9, 0x40),
        record(22, 4, thread),
        record(24, 4, process));
  }

  static byte[] drmemtrace(List<Ref> refs) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(drmemtraceHeader(7, 7));
    for (Ref r : refs) {
      int type =
          switch (r.kind()) {
            case FETCH -> 10;
            case LOAD -> 0;
            case STORE -> 1;
          };
      all.writeBytes(record(type, r.size(), r.address()));
    }
    all.writeBytes(record(23, 4, 7));
    all.writeBytes(record(26, 0, 0));
    return all.toByteArray();
  }

  /** A ChampSim record of 64 bytes: up to four loads, then up to two stores. */
  static byte[] champSim(long ip, List<Long> loads, List<Long> stores) {
    ByteBuffer bytes = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN).putLong(0, ip);
    for (int i = 0; i < stores.size(); i++) {
      bytes.putLong(16 + 8 * i, stores.get(i));
    }
    for (int i = 0; i < loads.size(); i++) {
      bytes.putLong(32 + 8 * i, loads.get(i));
    }
    return bytes.array();
  }

  /** A ChampSim record of 96 bytes. */
  static byte[] cloudSuite(long ip, int addressSpace, List<Long> loads, List<Long> stores) {
    ByteBuffer bytes = ByteBuffer.allocate(96).order(ByteOrder.LITTLE_ENDIAN).putLong(0, ip);
    for (int i = 0; i < stores.size(); i++) {
      bytes.putLong(24 + 8 * i, stores.get(i));
    }
    for (int i = 0; i < loads.size(); i++) {
      bytes.putLong(56 + 8 * i, loads.get(i));
    }
    return bytes.putShort(88, (short) addressSpace).array();
  }

  /** {@code n} instructions of 4 bytes in a loop of 64, each of which loads and stores. */
  static byte[] champSim(int n) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < n; i++) {
      long data = 0x7f00_0000_0000L + 8L * i;
      all.writeBytes(champSim(0x40_0000 + (i % 64) * 4, List.of(data), List.of(data + 4)));
    }
    return all.toByteArray();
  }

  /** As {@link #champSim(int)}, in records of 96 bytes. */
  static byte[] cloudSuite(int n) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    for (int i = 0; i < n; i++) {
      long data = 0x7f00_0000_0000L + 8L * i;
      all.writeBytes(cloudSuite(0x40_0000 + (i % 64) * 4, 3, List.of(data), List.of(data + 4)));
    }
    return all.toByteArray();
  }

  /** A number as protobuf writes it. */
  static byte[] varint(long value) {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long left = value;
    while ((left & ~0x7fL) != 0) {
      bytes.write((int) ((left & 0x7f) | 0x80));
      left >>>= 7;
    }
    bytes.write((int) left);
    return bytes.toByteArray();
  }

  /** A field of protobuf that holds a number. */
  static byte[] field(int number, long value) {
    return concat(varint((long) number << 3), varint(value));
  }

  static byte[] message(byte[]... fields) {
    byte[] all = concat(fields);
    return concat(varint(all.length), all);
  }

  /** The magic and the header of a gem5 trace: obj_id "system.monitor", ver 0, tick_freq 1e12. */
  static byte[] gem5Header() {
    byte[] id = ascii("system.monitor");
    return concat(
        ascii("gem5"),
        message(
            varint((1 << 3) | 2),
            varint(id.length),
            id,
            field(2, 0),
            field(3, 1_000_000_000_000L)));
  }

  static byte[] gem5(List<Ref> refs) {
    ByteArrayOutputStream all = new ByteArrayOutputStream();
    all.writeBytes(gem5Header());
    long tick = 0;
    for (Ref r : refs) {
      tick += 500;
      all.writeBytes(
          message(
              field(1, tick),
              field(2, r.kind() == AccessKind.STORE ? 4 : 1),
              field(3, r.address()),
              field(4, r.size()),
              field(5, r.kind() == AccessKind.FETCH ? 0x100 : 0)));
    }
    return all.toByteArray();
  }

  static String messageOf(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  static InputStream stream(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }

  static List<Ref> refs(ReferenceBatch batch) {
    List<Ref> refs = new ArrayList<>();
    for (int i = 0; i < batch.count(); i++) {
      int d = batch.descriptor(i);
      refs.add(
          new Ref(
              AccessKind.ofCode(ReferenceBatch.kind(d)), batch.address(i), ReferenceBatch.size(d)));
    }
    return refs;
  }

  /** All references until the end; what the cursor throws passes through. */
  static List<Ref> readAll(TraceCursor cursor) throws IOException {
    List<Ref> all = new ArrayList<>();
    readInto(cursor, all);
    return all;
  }

  /** Reads until the end or an exception, and keeps what came before it in {@code all}. */
  static void readInto(TraceCursor cursor, List<Ref> all) throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    while (cursor.read(batch) > 0) {
      all.addAll(refs(batch));
    }
  }

  /** A device that fails. */
  static final class BrokenStream extends InputStream {
    @Override
    public int read() throws IOException {
      throw new IOException("bus error");
    }

    @Override
    public int read(byte[] to, int offset, int length) throws IOException {
      throw new IOException("bus error");
    }
  }
}
