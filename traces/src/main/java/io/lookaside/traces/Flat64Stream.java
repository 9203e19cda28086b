package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.LongBuffer;
import org.jspecify.annotations.Nullable;

/** The words of a flat64 trace that comes as a stream. */
final class Flat64Stream implements Flat64Words {
  private final InputStream in;
  private final byte[] bytes = new byte[ReferenceBatch.CAPACITY * Long.BYTES];
  private final LongBuffer words =
      ByteBuffer.wrap(bytes).order(ByteOrder.LITTLE_ENDIAN).asLongBuffer();
  private @Nullable IOException failure;

  Flat64Stream(InputStream in) {
    this.in = in;
  }

  @Override
  public int fill(long[] to) throws IOException {
    if (failure != null) {
      throw failure;
    }
    int most = Math.min(bytes.length, to.length * Long.BYTES);
    int n = 0;
    while (n < most) {
      int got;
      try {
        got = in.read(bytes, n, most - n);
      } catch (IOException e) {
        failure = e; // reported after the words before it
        n -= n % Long.BYTES;
        if (n == 0) {
          throw e;
        }
        break;
      }
      if (got < 0) {
        break;
      }
      n += got;
    }
    words.get(0, to, 0, n / Long.BYTES);
    return n;
  }

  @Override
  public void close() throws IOException {
    in.close();
  }
}
