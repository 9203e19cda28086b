package io.lookaside.traces;

import java.io.FilterInputStream;
import java.io.IOException;
import java.io.InputStream;

/**
 * The bytes as they are stored: counts them, and marks failures of the device, which are none of
 * the trace's format.
 */
final class RawStream extends FilterInputStream {
  /** A failure to read stored bytes. */
  static final class ReadFailure extends IOException {
    private static final long serialVersionUID = 1;

    ReadFailure(String name, IOException cause) {
      super("cannot read " + name + ": " + cause.getMessage(), cause);
    }
  }

  private final String name;
  private long bytesRead;

  RawStream(InputStream in, String name) {
    super(in);
    this.name = name;
  }

  long bytesRead() {
    return bytesRead;
  }

  @Override
  public int read() throws IOException {
    try {
      int b = super.read();
      if (b >= 0) {
        bytesRead++;
      }
      return b;
    } catch (IOException e) {
      throw new ReadFailure(name, e);
    }
  }

  @Override
  public int read(byte[] bytes, int offset, int length) throws IOException {
    try {
      int n = super.read(bytes, offset, length);
      if (n > 0) {
        bytesRead += n;
      }
      return n;
    } catch (IOException e) {
      throw new ReadFailure(name, e);
    }
  }

  @Override
  public long skip(long count) throws IOException {
    try {
      long n = super.skip(count);
      bytesRead += Math.max(0, n);
      return n;
    } catch (IOException e) {
      throw new ReadFailure(name, e);
    }
  }

  @Override
  public boolean markSupported() {
    return false;
  }
}
