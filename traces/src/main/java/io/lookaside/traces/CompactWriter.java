package io.lookaside.traces;

import java.io.IOException;
import java.io.OutputStream;
import java.util.List;

/** Writes the compact format, lkt, which keeps all that there is to know of a reference. */
final class CompactWriter implements TraceWriter {
  private final OutputStream out;
  private final CompactBlockEncoder encoder;
  private final ByteSink block = new ByteSink();
  private final ByteSink index = new ByteSink();
  private long offset;
  private long references;
  private int blocks;

  /**
   * Begins a trace.
   *
   * @param fetchesAreInstructions whether it will have exactly one fetch for each instruction
   */
  CompactWriter(OutputStream out, boolean fetchesAreInstructions) throws IOException {
    this(out, fetchesAreInstructions, CompactLayout.VERSION);
  }

  CompactWriter(OutputStream out, boolean fetchesAreInstructions, int version) throws IOException {
    this.out = out;
    encoder = new CompactBlockEncoder(version);
    ByteSink header = new ByteSink();
    header.bytes(CompactLayout.MAGIC, 0, CompactLayout.MAGIC.length);
    header.u16(version);
    header.u16(fetchesAreInstructions ? CompactLayout.FETCHES_ARE_INSTRUCTIONS : 0);
    header.u32(CompactLayout.crc(header.array(), 0, header.length()));
    write(header);
  }

  @Override
  public void write(ReferenceBatch batch, int from, int to) throws IOException {
    int i = from;
    while (i < to) {
      i += encoder.add(batch, i, to);
      if (encoder.full()) {
        writeBlock();
      }
    }
  }

  @Override
  public void finish() throws IOException {
    while (encoder.count() > 0) {
      writeBlock();
    }
    long at = offset;
    int crc = CompactLayout.crc(index.array(), 0, index.length());
    ByteSink end = new ByteSink();
    end.u32(CompactLayout.INDEX_TAG);
    end.u32(blocks);
    end.u64(references);
    end.bytes(index.array(), 0, index.length());
    end.u32(crc);
    end.u64(at);
    end.bytes(CompactLayout.END_MAGIC, 0, CompactLayout.END_MAGIC.length);
    write(end);
    out.flush();
  }

  @Override
  public List<String> losses() {
    return List.of();
  }

  @Override
  public void close() throws IOException {
    encoder.close();
    out.close();
  }

  private void writeBlock() throws IOException {
    index.u64(offset);
    index.u64(references);
    int inBlock = encoder.count();
    encoder.encode(block);
    references += inBlock - encoder.count();
    blocks++;
    write(block);
  }

  private void write(ByteSink bytes) throws IOException {
    out.write(bytes.array(), 0, bytes.length());
    offset += bytes.length();
  }
}
