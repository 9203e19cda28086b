package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertThrows;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class TraceCopyTest {
  private static final int COUNT = 20_000;

  private static List<Detailed> refs() {
    return Samples.some(COUNT).stream()
        .map(r -> Detailed.of(r.kind(), r.address(), r.size()))
        .toList();
  }

  private static List<Detailed> copied(TraceCursor in, TraceWindow window) throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    long written;
    try (TraceWriter writer = new CompactWriter(bytes, false)) {
      written = TraceCopy.copy(in, writer, window, n -> {});
      writer.finish();
    }
    if (written == 0) {
      return List.of();
    }
    List<Detailed> back =
        Detailed.readAll(new CompactReader(Samples.stream(bytes.toByteArray()), "t"));
    assertEquals(written, back.size());
    return back;
  }

  @Test
  void windowsKeepTheFirstOfEachEveryAfterTheSkipped() throws IOException {
    List<Detailed> all = refs();
    Random random = new Random(3);
    for (int round = 0; round < 40; round++) {
      long skip = random.nextInt(3) == 0 ? 0 : random.nextInt(COUNT);
      long every = 1L + random.nextInt(9000);
      long length = 1L + random.nextInt((int) every);
      long most = random.nextBoolean() ? Long.MAX_VALUE : 1L + random.nextInt(5000);
      TraceWindow window = new TraceWindow(skip, every, length, most);
      List<Detailed> expected = new ArrayList<>();
      for (int i = 0; i < COUNT && expected.size() < most; i++) {
        if (i >= skip && (i - skip) % every < length) {
          expected.add(all.get(i));
        }
      }
      byte[] text = Samples.lackey(Samples.some(COUNT));
      assertEquals(
          expected, copied(new LackeyReader(Samples.stream(text), "t"), window), window.toString());
    }
  }

  @Test
  void skippingInTheCompactFormatIsTheSameAsReading() throws IOException {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    int count = (1 << 20) + 5000; // a block, and some
    try (TraceWriter writer = new CompactWriter(bytes, false)) {
      TraceCopy.copy(
          new SyntheticTrace(SyntheticTrace.Pattern.UNIFORM, count),
          writer,
          TraceWindow.from(0, Long.MAX_VALUE),
          n -> {});
      writer.finish();
    }
    for (long skip : new long[] {0, 1000, (1 << 20) - 1, 1 << 20, (1 << 20) + 4000}) {
      TraceWindow window = TraceWindow.from(skip, 500);
      assertEquals(
          copied(new SyntheticTrace(SyntheticTrace.Pattern.UNIFORM, count), window),
          copied(new CompactReader(Samples.stream(bytes.toByteArray()), "t"), window),
          "skip " + skip);
    }
  }

  @Test
  void windowsThatMakeNoSenseAreRefused() {
    assertThrows(IllegalArgumentException.class, () -> new TraceWindow(-1, 1, 1, 1));
    assertThrows(IllegalArgumentException.class, () -> new TraceWindow(0, 1, 2, 1));
    assertThrows(IllegalArgumentException.class, () -> new TraceWindow(0, 1, 0, 1));
    assertThrows(IllegalArgumentException.class, () -> new TraceWindow(0, 1, 1, 0));
  }
}
