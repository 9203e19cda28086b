package io.lookaside.traces;

import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.NonWritableChannelException;
import java.nio.channels.SeekableByteChannel;

/** A file of stored bytes that is read here and there; what {@link RawStream} is to a stream. */
final class RawChannel implements SeekableByteChannel {
  private final SeekableByteChannel channel;
  private final String name;
  private long bytesRead;

  RawChannel(SeekableByteChannel channel, String name) {
    this.channel = channel;
    this.name = name;
  }

  long bytesRead() {
    return bytesRead;
  }

  @Override
  public int read(ByteBuffer to) throws IOException {
    try {
      int n = channel.read(to);
      if (n > 0) {
        bytesRead += n;
      }
      return n;
    } catch (IOException e) {
      throw new RawStream.ReadFailure(name, e);
    }
  }

  @Override
  public int write(ByteBuffer from) {
    throw new NonWritableChannelException();
  }

  @Override
  public SeekableByteChannel truncate(long size) {
    throw new NonWritableChannelException();
  }

  @Override
  public long position() throws IOException {
    return channel.position();
  }

  @Override
  public SeekableByteChannel position(long newPosition) throws IOException {
    channel.position(newPosition);
    return this;
  }

  @Override
  public long size() throws IOException {
    return channel.size();
  }

  @Override
  public boolean isOpen() {
    return channel.isOpen();
  }

  @Override
  public void close() throws IOException {
    channel.close();
  }
}
