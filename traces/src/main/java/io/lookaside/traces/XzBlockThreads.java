package io.lookaside.traces;

import io.lookaside.traces.XzBlockList.Stream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.FileChannel;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;
import org.tukaani.xz.ArrayCache;
import org.tukaani.xz.CorruptedInputException;

/**
 * Threads that decompress an .xz file of several blocks: of {@code n} threads each takes one block
 * of {@code n}, and whoever takes the bytes gets them block by block.
 *
 * <p>Where a block cannot be read, or is not what the index says of it, all threads end, and one
 * reads on as if it had read from the beginning: it begins with the stream of that block and passes
 * over the bytes that were taken. So what is wrong is told by it, after the same bytes.
 */
final class XzBlockThreads implements ChunkSource {
  private static final int MAX_THREADS = 4;

  /**
   * So many, 32 MiB, is a thread ahead at most. Of long blocks, what a thread has read ahead when
   * their turn comes is what several threads gain; so much is half of what xz -9 has in mind.
   */
  private static final int CHUNKS = 1 << 9;

  private final FileChannel file;
  private final String name;
  private final XzBlockList list;
  private final List<ChunkThread> threads = new ArrayList<>();

  /** Reads on from a failure. */
  private volatile @Nullable ChunkSource handedOver;

  // The taker's.

  /** The block that the next chunk is of. */
  private int number;

  /** Whose the chunk in hand is, until it is given back. */
  private @Nullable ChunkThread owner;

  /** Where another reads on, if one must. */
  private @Nullable Stream failed;

  /** Uncompressed bytes that were given. */
  private long given;

  /** Those before are not wanted: they were taken already. */
  private long wanted;

  private long storedBytesRead;

  private XzBlockThreads(FileChannel file, String name, XzBlockList list, long wanted) {
    this.file = file;
    this.name = name;
    this.list = list;
    this.wanted = wanted;
  }

  /**
   * Begins to decompress a file from the beginning on.
   *
   * @param file closed with this
   * @param name for messages
   * @param alone what has read the file so far, and reads no more if this does
   * @param wanted the first uncompressed byte that is wanted
   * @param mostThreads how many there may be
   * @return {@code null} if one thread does as well, or must do
   */
  static @Nullable XzBlockThreads begin(
      FileChannel file, String name, XzStream alone, long wanted, int mostThreads) {
    XzBlockList list = XzBlockList.find(file);
    if (list == null) {
      return null;
    }
    int count = Math.min(mostThreads, threads(file, list));
    if (count < 2) {
      return null;
    }
    XzBlockThreads all = new XzBlockThreads(file, name, list, wanted);
    all.start(count, alone.giveUp());
    return all;
  }

  /** How many threads there are blocks and memory for, by what the first block needs. */
  private static int threads(FileChannel file, XzBlockList list) {
    try {
      XzBlock.Header first = header(new ChannelStream(file, list.get(0).begin()));
      int fit = Compression.XZ_MEMORY_LIMIT_KIB / first.neededKib();
      return Math.min(Math.min(MAX_THREADS, fit), list.count());
    } catch (IOException e) {
      return 0; // told in its turn
    }
  }

  private static XzBlock.Header header(InputStream in) throws IOException {
    int first = XzContainer.readByte(in);
    if (first == 0) {
      throw new CorruptedInputException(); // an index
    }
    return new XzBlock.Header(XzBlock.Header.read(in, first));
  }

  private void start(int count, ArrayCache arrays) {
    int limitKib = Compression.XZ_MEMORY_LIMIT_KIB / count;
    for (int i = 0; i < count; i++) {
      Blocks blocks = new Blocks(i, count, limitKib, arrays);
      ChunkThread t = new ChunkThread(blocks, CHUNKS, "trace decompressor " + (i + 1));
      t.giveBack(new Chunk());
      threads.add(t);
    }
    for (ChunkThread t : threads) {
      t.start();
    }
  }

  /** Each so-manieth block of the list, one after the other. */
  private final class Blocks implements ChunkThread.Filler {
    private final int step;
    private final int limitKib;
    private final ArrayCache arrays;
    private int number;
    private @Nullable XzBlock reader;

    Blocks(int first, int step, int limitKib, ArrayCache arrays) {
      this.number = first;
      this.step = step;
      this.limitKib = limitKib;
      this.arrays = arrays;
    }

    @Override
    public void fill(Chunk c) throws IOException {
      XzBlockList.Block told = list.get(number);
      XzBlock b = reader;
      if (b == null) {
        InputStream in = new ChannelStream(file, told.begin());
        b = new XzBlock(in, header(in), told.stream().checkId(), limitKib, arrays);
        reader = b;
      }
      while (c.length < Chunk.BYTES && !c.endsBlock) {
        int n = b.read(c.bytes, c.length, Chunk.BYTES - c.length);
        c.endsBlock = n < 0;
        c.length += Math.max(0, n);
      }
      c.storedBytesRead = told.begin() + b.storedBytesRead();
      if (c.endsBlock) {
        if (!told.isOf(b.unpaddedSize(), b.uncompressedSize())) {
          throw new CorruptedInputException();
        }
        c.storedBytesRead = told.end();
        reader = null;
        number += step;
        c.last = number >= list.count();
      }
    }

    @Override
    public void close() {
      XzBlock b = reader;
      if (b != null) {
        b.close();
      }
    }
  }

  @Override
  public Chunk swap(Chunk used) throws IOException, InterruptedException {
    Chunk c = next(used);
    c.next = (int) Math.min(c.length, Math.max(0, wanted - given));
    given += c.length;
    storedBytesRead = c.storedBytesRead;
    return c;
  }

  private Chunk next(Chunk used) throws IOException, InterruptedException {
    ChunkSource other = handedOver;
    if (other != null) {
      return other.swap(used);
    }
    if (failed != null) {
      return handOver(failed); // again: the last time that was interrupted, or failed at once
    }
    if (number == list.count()) {
      return file.size() == list.fileBytes() ? end(used) : handOver(list.get(number - 1).stream());
    }
    ChunkThread last = owner;
    if (last != null) {
      owner = null;
      last.giveBack(used);
    }
    ChunkThread thread = threads.get(number % threads.size());
    Chunk c = thread.take();
    owner = thread;
    if (c.failure != null) {
      return handOver(list.get(number).stream());
    }
    c.last = false; // of its thread's only
    number += c.endsBlock ? 1 : 0;
    return c;
  }

  private Chunk end(Chunk used) {
    used.clear();
    used.last = true;
    used.storedBytesRead = list.fileBytes();
    return used;
  }

  /** Lets one thread read on from a stream, of which some may have been taken. */
  private Chunk handOver(Stream stream) throws IOException, InterruptedException {
    failed = stream;
    for (ChunkThread t : threads) {
      t.end(new Chunk());
    }
    wanted = Math.max(wanted, given);
    given = stream.uncompressedBefore();
    long reached = storedBytesRead;
    RawStream raw = new RawStream(new ChannelStream(file, stream.begin()), name);
    InputStream rest = DecodedStream.open(raw, Compression.XZ, name, given);
    ChunkSource other =
        ReadAheadStream.thread(rest, () -> Math.max(reached, stream.begin() + raw.bytesRead()));
    handedOver = other;
    return other.swap(new Chunk());
  }

  /** Whether one thread reads on from a failure. */
  boolean hasHandedOver() {
    return handedOver != null;
  }

  @Override
  public long cpuNanos() {
    ChunkSource other = handedOver;
    long nanos = other == null ? 0 : other.cpuNanos();
    for (ChunkThread t : threads) {
      nanos += t.cpuNanos();
    }
    return nanos;
  }

  @Override
  public void close() throws IOException {
    for (ChunkThread t : threads) {
      t.close();
    }
    ChunkSource other = handedOver;
    if (other != null) {
      other.close();
    }
    file.close();
  }
}
