package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The bytes of an open file from a place on. Several may read one file, which stays open; its own
 * position does not matter.
 */
final class ChannelStream extends InputStream {
  private final FileChannel channel;
  private long position;

  ChannelStream(FileChannel channel, long position) {
    this.channel = channel;
    this.position = position;
  }

  @Override
  public int read() throws IOException {
    byte[] one = new byte[1];
    return read(one, 0, 1) < 0 ? -1 : one[0] & 0xff;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    int n = channel.read(ByteBuffer.wrap(to, offset, length), position);
    position += Math.max(0, n);
    return n;
  }
}
