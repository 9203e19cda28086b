package io.lookaside.traces;

import com.github.luben.zstd.ZstdDecompressCtx;
import com.github.luben.zstd.ZstdException;
import io.lookaside.traces.CompactLayout.Column;
import java.util.Arrays;

/**
 * A block of the compact format, unpacked and delivered batch by batch. All that a block says is
 * checked when it is opened, so that delivering needs no checks of its own. What is allocated is
 * bounded by what the format allows for a block.
 */
final class CompactBlockDecoder implements AutoCloseable {
  /** What is wrong with a block, without its place. */
  static final class BadBlockException extends Exception {
    private static final long serialVersionUID = 1;

    BadBlockException(String message) {
      super(message);
    }
  }

  /** Beside where the references of a unit begin: that some have no room in their words. */
  private static final long HAS_UNUSUAL = 1L << 63;

  private final ZstdDecompressCtx zstd = new ZstdDecompressCtx();

  // The columns, and where each has been read to.
  private final byte[][] columns = new byte[Column.values().length][0];
  private final int[] lengths = new int[Column.values().length];
  private int position;
  private Column reading = Column.SHAPES;

  // Origins by number.
  private long[] originAddressSpaces = {};
  private int[] originCores = {};
  private boolean[] originPcs = {};

  // Shapes by number.
  private int[] shapeStarts = {};
  private boolean[] shapeFetches = {};
  private int[] shapeDescriptors = {};

  // The references of all instructions, one instruction after the other, then those of phrases.
  private long[] staticWords = {};
  private int[] staticDescriptors = {};
  private long[] staticPcs = {};

  /**
   * The data references of all instructions, one for each slot, then those of phrases: the slot in
   * the upper half, and in the lower one the place among the references above.
   */
  private long[] dataReferences = {};

  /** By slot: the last address. */
  private long[] slotLasts = {};

  // By instruction: the first reference, and the first slot.
  private int[] instructionStarts = {};
  private int[] instructionSlots = {};

  /** By segment: how many instructions it has. */
  private int[] segmentLengths = {};

  private int segments;

  /**
   * What a token names, segments and then phrases, two numbers each: where its references begin
   * and, in the lower half, how many there are; the same of its data references.
   */
  private long[] units = {};

  private int unitCount;

  private final long[] deltas = new long[256];

  /** By code: -1 where the difference is to the previous data address, 0 where to the slot's. */
  private final long[] fromPrevious = new long[256];

  // How far the block was delivered.
  private int run;
  private int runs;
  private int tokensLeft;
  private int token;
  private int code;
  private int literalBytes;
  private long previous;

  /**
   * Opens a block.
   *
   * @param header the block's header, whose checksum was compared
   * @param payload begins with what follows the header, whose checksum was compared
   * @param columnCount how many columns the block has
   * @throws BadBlockException if the block is not one that the format allows
   */
  void open(byte[] header, byte[] payload, int columnCount) throws BadBlockException {
    runs = 0;
    run = 0;
    tokensLeft = 0;
    int references = u32(header, CompactLayout.REFERENCES_AT);
    int origins = u32(header, CompactLayout.ORIGINS_AT);
    readOrigins(payload, origins);
    decompress(header, payload, origins * CompactLayout.ORIGIN_BYTES, columnCount);
    int instructions = readShapesAndInstructions(references);
    readSegments(instructions);
    readPhrases(instructions, references);
    readDeltas();
    checkExecution(references, origins);
    Arrays.fill(slotLasts, 0);
    token = 0;
    code = 0;
    literalBytes = 0;
    previous = 0;
  }

  /** Fills a batch; returns the number of references, 0 at the end of the block. */
  int read(ReferenceBatch batch) {
    batch.clear();
    while (tokensLeft == 0) {
      if (run == runs) {
        return 0;
      }
      tokensLeft = u32(columns[Column.RUN_TOKENS.ordinal()], 4 * run);
      run++;
    }
    int origin = u16(columns[Column.RUN_ORIGINS.ordinal()], 2 * (run - 1));
    batch.setOrigin(originAddressSpaces[origin], originCores[origin]);
    int n = originPcs[origin] ? fill(batch, true) : fill(batch, false);
    batch.setCount(n);
    return n;
  }

  private int fill(ReferenceBatch batch, boolean pcs) {
    if (pcs) {
      batch.setInstructionAddressesKnown();
    }
    long[] words = batch.words;
    long[] instructions = pcs ? batch.roomForInstructionAddresses() : batch.instructionAddresses;
    byte[] tokens = columns[Column.TOKENS.ordinal()];
    byte[] codes = columns[Column.CODES.ordinal()];
    byte[] literalsLow = columns[Column.LITERALS_LOW.ordinal()];
    byte[] literalsHigh = columns[Column.LITERALS_HIGH.ordinal()];
    long[] unitOf = units;
    long[] data = dataReferences;
    long[] lasts = slotLasts;
    long[] deltaOf = deltas;
    long[] fromPreviousOf = fromPrevious;
    int c = code;
    long before = previous;
    int t = token;
    int end = token + tokensLeft;
    int n = 0;
    for (; t < end; t++) {
      int unit = 2 * u16(tokens, 2 * t);
      long references = unitOf[unit];
      int length = (int) references;
      if (n + length > ReferenceBatch.CAPACITY) {
        break;
      }
      int start = (int) ((references & ~HAS_UNUSUAL) >>> 32);
      System.arraycopy(staticWords, start, words, n, length);
      if ((references & HAS_UNUSUAL) != 0) {
        setUnusual(batch, n, start, length);
      }
      if (pcs) {
        System.arraycopy(staticPcs, start, instructions, n, length);
      }
      long dataOfUnit = unitOf[unit + 1];
      int k = (int) (dataOfUnit >>> 32);
      int lastData = k + (int) dataOfUnit;
      int shift = n - start;
      for (; k < lastData; k++) {
        long reference = data[k];
        int slot = (int) (reference >>> 32);
        int d = codes[c++] & 0xff;
        long toPrevious = fromPreviousOf[d];
        long base = (before & toPrevious) | (lasts[slot] & ~toPrevious);
        if (d < CompactLayout.LITERAL_FROM_SLOT) {
          before = base + deltaOf[d];
        } else {
          long low = u32(literalsLow, literalBytes) & 0xffff_ffffL;
          long high = u32(literalsHigh, literalBytes);
          literalBytes += 4;
          before = base + CompactLayout.unzigzag(high << 32 | low);
        }
        lasts[slot] = before;
        int place = (int) reference + shift;
        long sizeAndKind = words[place];
        if (PackedReference.isUnusual(sizeAndKind) || PackedReference.withoutRoom(before) != 0) {
          batch.set(place, before, staticDescriptors[(int) reference]);
        } else {
          int less = PackedReference.sizeLessOne(sizeAndKind);
          words[place] = PackedReference.at(before, sizeAndKind, less);
        }
      }
      n += length;
    }
    tokensLeft = end - t;
    token = t;
    code = c;
    previous = before;
    return n;
  }

  private void readOrigins(byte[] payload, int origins) {
    originAddressSpaces = new long[origins];
    originCores = new int[origins];
    originPcs = new boolean[origins];
    for (int i = 0; i < origins; i++) {
      int at = i * CompactLayout.ORIGIN_BYTES;
      originAddressSpaces[i] = (long) CompactLayout.U64.get(payload, at);
      originCores[i] = u32(payload, at + CompactLayout.ORIGIN_CORE_AT);
      int flags = u32(payload, at + CompactLayout.ORIGIN_FLAGS_AT);
      originPcs[i] = (flags & CompactLayout.INSTRUCTION_ADDRESSES) != 0;
    }
  }

  private void decompress(byte[] header, byte[] payload, int from, int columnCount)
      throws BadBlockException {
    int at = from;
    for (Column column : Column.values()) {
      int i = column.ordinal();
      if (i >= columnCount) {
        lengths[i] = 0;
        continue;
      }
      int raw = u32(header, CompactLayout.RAW_BYTES_AT + 4 * i);
      int stored = u32(header, CompactLayout.storedBytesAt(columnCount) + 4 * i);
      if (columns[i].length < raw) {
        columns[i] = new byte[raw];
      }
      lengths[i] = raw;
      if (stored == raw) {
        System.arraycopy(payload, at, columns[i], 0, raw);
      } else {
        int n;
        try {
          n = zstd.decompressByteArray(columns[i], 0, raw, payload, at, stored);
        } catch (ZstdException e) {
          throw new BadBlockException("column " + column + ": " + e.getMessage());
        }
        if (n != raw) {
          throw new BadBlockException("column " + column + " has " + n + " of " + raw + " bytes");
        }
      }
      at += stored;
    }
  }

  private int readShapesAndInstructions(int references) throws BadBlockException {
    begin(Column.SHAPES);
    int shapes = 0;
    int places = 0;
    shapeStarts = grown(shapeStarts, lengths[Column.SHAPES.ordinal()] + 1);
    shapeFetches = Arrays.copyOf(shapeFetches, shapeStarts.length);
    shapeDescriptors = grown(shapeDescriptors, lengths[Column.SHAPES.ordinal()]);
    while (!ended()) {
      int head = (int) varint(2L * CompactLayout.MAX_SHAPE + 1);
      int length = head >>> 1;
      require(length > 0, "a shape of no references");
      shapeFetches[shapes] = (head & 1) != 0;
      shapeStarts[shapes++] = places;
      for (int k = 0; k < length; k++) {
        int descriptor = (int) varint(ReferenceBatch.descriptor(3, ReferenceBatch.MAX_SIZE));
        require(ReferenceBatch.kind(descriptor) < 3, "a reference of kind 3");
        shapeDescriptors[places++] = descriptor;
      }
    }
    shapeStarts[shapes] = places;

    // First the sizes, which bound what the tables need.
    begin(Column.INSTRUCTION_SHAPES);
    require(ended() || shapes > 0, "an instruction without a shape");
    int instructions = 0;
    long staticReferences = 0;
    long slots = 0;
    while (!ended()) {
      int shape = (int) varint(shapes - 1L);
      int length = shapeStarts[shape + 1] - shapeStarts[shape];
      instructions++;
      staticReferences += length;
      slots += shapeFetches[shape] ? length - 1 : length;
    }
    require(staticReferences <= references, "more instructions than are executed");
    staticWords = grown(staticWords, (int) staticReferences);
    staticDescriptors = grown(staticDescriptors, (int) staticReferences);
    staticPcs = grown(staticPcs, (int) staticReferences);
    dataReferences = grown(dataReferences, (int) slots);
    slotLasts = grown(slotLasts, (int) slots);
    instructionStarts = grown(instructionStarts, instructions + 1);
    instructionSlots = grown(instructionSlots, instructions + 1);

    int[] shapeOf = new int[instructions];
    begin(Column.INSTRUCTION_SHAPES);
    for (int i = 0; i < instructions; i++) {
      shapeOf[i] = (int) varint(shapes - 1L);
    }
    begin(Column.INSTRUCTION_GAPS);
    long expected = 0;
    int place = 0;
    int slot = 0;
    for (int i = 0; i < instructions; i++) {
      long pc = expected + CompactLayout.unzigzag(varint(-1L));
      int shape = shapeOf[i];
      instructionStarts[i] = place;
      instructionSlots[i] = slot;
      expected = pc;
      for (int k = shapeStarts[shape]; k < shapeStarts[shape + 1]; k++) {
        staticDescriptors[place] = shapeDescriptors[k];
        staticPcs[place] = pc;
        if (k == shapeStarts[shape] && shapeFetches[shape]) {
          staticWords[place] = PackedReference.of(pc, shapeDescriptors[k]);
          expected = pc + ReferenceBatch.size(shapeDescriptors[k]);
        } else {
          staticWords[place] = PackedReference.of(0, shapeDescriptors[k]);
          dataReferences[slot] = (long) slot << 32 | place;
          slot++;
        }
        place++;
      }
    }
    require(ended(), "more addresses than instructions");
    instructionStarts[instructions] = place;
    instructionSlots[instructions] = slot;
    return instructions;
  }

  private void readSegments(int instructions) throws BadBlockException {
    begin(Column.SEGMENT_LENGTHS);
    int most = lengths[Column.SEGMENT_LENGTHS.ordinal()];
    segmentLengths = grown(segmentLengths, most);
    units = grown(units, 2 * most);
    int n = 0;
    while (!ended()) {
      segmentLengths[n++] = (int) varint(CompactLayout.MAX_SEGMENT);
    }
    begin(Column.SEGMENT_STARTS);
    long before = 0;
    for (int i = 0; i < n; i++) {
      long first = before + CompactLayout.unzigzag(varint(-1L));
      long end = first + segmentLengths[i];
      require(
          first >= 0 && first < end && end <= instructions, "a segment outside the instructions");
      before = end;
      int start = instructionStarts[(int) first];
      int data = instructionSlots[(int) first];
      int length = instructionStarts[(int) end] - start;
      require(length <= CompactLayout.MAX_SEGMENT, "a segment that is too long");
      setUnit(i, start, length, data, instructionSlots[(int) end] - data);
    }
    require(ended(), "more starts than segments");
    segments = n;
    unitCount = n;
  }

  /** Tells of references, which are copied already, what their words do not. */
  private void setUnusual(ReferenceBatch batch, int at, int from, int length) {
    for (int i = 0; i < length; i++) {
      if (PackedReference.isUnusual(staticWords[from + i])) {
        batch.setUnusual(at + i, staticPcs[from + i], staticDescriptors[from + i]);
      }
    }
  }

  private void setUnit(int unit, int start, int length, int data, int dataLength) {
    long unusual = 0;
    for (int i = start; i < start + length && unusual == 0; i++) {
      unusual = PackedReference.isUnusual(staticWords[i]) ? HAS_UNUSUAL : 0;
    }
    units[2 * unit] = unusual | (long) start << 32 | length;
    units[2 * unit + 1] = (long) data << 32 | dataLength;
  }

  /** Lays out the references of each phrase in one piece, behind those of the instructions. */
  private void readPhrases(int instructions, int references) throws BadBlockException {
    int mostReferences = Math.min(references, CompactLayout.MAX_PHRASES);
    begin(Column.PHRASES);
    require(ended() || segments > 0, "a phrase without segments");
    int phrases = 0;
    long phraseReferences = 0;
    long phraseData = 0;
    while (!ended()) {
      int parts = (int) varint(CompactLayout.MAX_SEGMENT);
      require(parts > 0, "a phrase of no segments");
      int length = 0;
      for (int i = 0; i < parts; i++) {
        int segment = (int) varint(segments - 1L);
        length += (int) units[2 * segment];
        phraseData += (int) units[2 * segment + 1];
      }
      require(length <= CompactLayout.MAX_SEGMENT, "a phrase that is too long");
      phraseReferences += length;
      require(phraseReferences <= mostReferences, "phrases that are too long together");
      phrases++;
    }
    int place = instructionStarts[instructions];
    int data = instructionSlots[instructions];
    staticWords = extended(staticWords, place, (int) phraseReferences);
    staticPcs = extended(staticPcs, place, (int) phraseReferences);
    staticDescriptors =
        staticDescriptors.length >= place + (int) phraseReferences
            ? staticDescriptors
            : Arrays.copyOf(staticDescriptors, place + (int) phraseReferences);
    dataReferences = extended(dataReferences, data, (int) phraseData);
    units = extended(units, 2 * segments, 2 * phrases);
    begin(Column.PHRASES);
    for (int phrase = 0; phrase < phrases; phrase++) {
      int parts = (int) varint(-1L);
      int start = place;
      int firstData = data;
      for (int i = 0; i < parts; i++) {
        int segment = (int) varint(-1L);
        long part = units[2 * segment];
        int from = (int) ((part & ~HAS_UNUSUAL) >>> 32);
        int length = (int) part;
        System.arraycopy(staticWords, from, staticWords, place, length);
        System.arraycopy(staticDescriptors, from, staticDescriptors, place, length);
        System.arraycopy(staticPcs, from, staticPcs, place, length);
        long dataOfPart = units[2 * segment + 1];
        int k = (int) (dataOfPart >>> 32);
        for (int end = k + (int) dataOfPart; k < end; k++) {
          dataReferences[data++] = dataReferences[k] + (place - from);
        }
        place += length;
      }
      setUnit(unitCount++, start, place - start, firstData, data - firstData);
    }
  }

  private void readDeltas() throws BadBlockException {
    begin(Column.DELTAS);
    int n = 0;
    while (!ended()) {
      require(n < CompactLayout.LITERAL_FROM_SLOT, "more than 254 differences");
      fromPrevious[n] = -varint(1);
      deltas[n++] = CompactLayout.unzigzag(varint(-1L));
    }
    fromPrevious[CompactLayout.LITERAL_FROM_SLOT] = 0;
    fromPrevious[CompactLayout.LITERAL_FROM_PREVIOUS] = -1;
    Arrays.fill(
        deltas, n, CompactLayout.LITERAL_FROM_SLOT, 0); // codes without a meaning do no harm
    Arrays.fill(fromPrevious, n, CompactLayout.LITERAL_FROM_SLOT, 0);
    int literals = literals(columns[Column.CODES.ordinal()], lengths[Column.CODES.ordinal()]);
    require(
        lengths[Column.LITERALS_LOW.ordinal()] == 4L * literals
            && lengths[Column.LITERALS_HIGH.ordinal()] == 4L * literals,
        "literals that are not those of the codes");
  }

  /** How many codes stand for literals; they are those whose upper seven bits are set. */
  private static int literals(byte[] codes, int length) {
    int n = 0;
    int i = 0;
    for (; i + Long.BYTES <= length; i += Long.BYTES) {
      long zeroWhereLiteral = ~(long) CompactLayout.U64.get(codes, i) & 0xfefefefe_fefefefeL;
      // Bit 7 of each byte: set unless the byte is zero. No byte carries into the next.
      long nonZero = (zeroWhereLiteral >>> 1) + 0x7f7f7f7f_7f7f7f7fL;
      n += Long.BYTES - Long.bitCount(nonZero & 0x80808080_80808080L);
    }
    for (; i < length; i++) {
      n += (codes[i] & 0xff) >= CompactLayout.LITERAL_FROM_SLOT ? 1 : 0;
    }
    return n;
  }

  /** What is executed must need exactly what there is. */
  private void checkExecution(int references, int origins) throws BadBlockException {
    byte[] tokens = columns[Column.TOKENS.ordinal()];
    int tokenBytes = lengths[Column.TOKENS.ordinal()];
    require((tokenBytes & 1) == 0, "half a token");
    long executed = 0;
    long data = 0;
    for (int i = 0; i < tokenBytes; i += 2) {
      int unit = u16(tokens, i);
      require(unit < unitCount, "a token without a segment or phrase");
      executed += (int) units[2 * unit];
      data += (int) units[2 * unit + 1];
    }
    require(executed == references, "another number of references than the header says");
    require(data == lengths[Column.CODES.ordinal()], "another number of data references");
    int originBytes = lengths[Column.RUN_ORIGINS.ordinal()];
    int n = originBytes / 2;
    require(originBytes == 2 * n && lengths[Column.RUN_TOKENS.ordinal()] == 4L * n, "runs cut off");
    long left = tokenBytes / 2;
    for (int i = 0; i < n; i++) {
      require(
          u16(columns[Column.RUN_ORIGINS.ordinal()], 2 * i) < origins, "a run without an origin");
      int inRun = u32(columns[Column.RUN_TOKENS.ordinal()], 4 * i);
      require(inRun > 0, "a run of no references");
      left -= inRun;
    }
    require(left == 0, "runs that are not the tokens");
    runs = n;
  }

  private void begin(Column column) {
    reading = column;
    position = 0;
  }

  private boolean ended() {
    return position == lengths[reading.ordinal()];
  }

  /** The next number of the column that is read; unsigned, at most {@code max}. */
  private long varint(long max) throws BadBlockException {
    byte[] bytes = columns[reading.ordinal()];
    long value = 0;
    int shift = 0;
    int b;
    do {
      require(!ended() && shift < 64, "a number that is cut off");
      b = bytes[position++];
      value |= (b & 0x7fL) << shift;
      shift += 7;
    } while (b < 0);
    require(Long.compareUnsigned(value, max) <= 0, "a number that is too large");
    return value;
  }

  private void require(boolean holds, String otherwise) throws BadBlockException {
    if (!holds) {
      throw new BadBlockException(otherwise + " in column " + reading);
    }
  }

  private static int[] grown(int[] array, int capacity) {
    return array.length >= capacity ? array : new int[capacity];
  }

  private static long[] grown(long[] array, int capacity) {
    return array.length >= capacity ? array : new long[capacity];
  }

  /** An array with room for {@code more} elements after the first {@code count}, which it keeps. */
  private static long[] extended(long[] array, int count, int more) {
    return array.length >= count + more ? array : Arrays.copyOf(array, count + more);
  }

  private static int u16(byte[] bytes, int at) {
    return (short) CompactLayout.U16.get(bytes, at) & 0xffff;
  }

  static int u32(byte[] bytes, int at) {
    return (int) CompactLayout.U32.get(bytes, at);
  }

  @Override
  public void close() {
    zstd.close();
  }
}
