package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;

/** Bytes that are read many at a time; one is read as an array of one. */
abstract class BulkStream extends InputStream {
  @Override
  public final int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public abstract int read(byte[] to, int offset, int length) throws IOException;
}
