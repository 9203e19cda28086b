package io.lookaside.traces;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;

/**
 * The bytes of an open file from a place on. Several may read one file, which stays open; its own
 * position does not matter.
 */
final class ChannelStream extends BulkStream {
  private final FileChannel channel;
  private long position;

  ChannelStream(FileChannel channel, long position) {
    this.channel = channel;
    this.position = position;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    int n = channel.read(ByteBuffer.wrap(to, offset, length), position);
    position += Math.max(0, n);
    return n;
  }
}
