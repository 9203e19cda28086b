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
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.zip.GZIPOutputStream;
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

  static String messageOf(Throwable e) {
    return String.valueOf(e.getMessage());
  }

  static InputStream stream(byte[] bytes) {
    return new ByteArrayInputStream(bytes);
  }

  static List<Ref> refs(ReferenceBatch batch) {
    List<Ref> refs = new ArrayList<>();
    for (int i = 0; i < batch.count(); i++) {
      int d = batch.descriptors[i];
      refs.add(
          new Ref(
              AccessKind.ofCode(ReferenceBatch.kind(d)),
              batch.addresses[i],
              ReferenceBatch.size(d)));
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
