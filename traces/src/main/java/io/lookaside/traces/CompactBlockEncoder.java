package io.lookaside.traces;

import com.github.luben.zstd.Zstd;
import com.github.luben.zstd.ZstdCompressCtx;
import io.lookaside.mmu.AccessKind;
import io.lookaside.traces.CompactLayout.Column;
import it.unimi.dsi.fastutil.ints.IntArrayList;
import it.unimi.dsi.fastutil.ints.IntOpenHashSet;
import it.unimi.dsi.fastutil.longs.Long2IntMap;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.LongArrayList;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Collects references and makes a block of the compact format of them. Holds at most {@link
 * CompactLayout#MAX_BLOCK} references.
 */
final class CompactBlockEncoder implements AutoCloseable {
  /*
   * Programs execute the same code again and again. So a block has a table of its instructions: an
   * instruction is an address with a shape, which is its fetch and the kinds and sizes of its other
   * references. They are numbered in the order of their first execution, so that a path that was
   * taken before is a range of numbers. A segment is such a range; what was executed is a sequence of
   * segments, 16 bits each. Only the addresses of data are left. Each static reference, a slot, has
   * an address that was its last; an address is coded as a difference to that, or to the data address
   * before. Eight bits name one of the 254 most frequent differences, or say that a literal follows.
   *
   * Segments that follow each other again and again make phrases, which a reader copies as one.
   *
   * Each of these columns is then compressed on its own by zstd, which finds the loops.
   */

  private static final int FETCH = AccessKind.FETCH.ordinal();

  /** In the trie of shapes: the reference is the fetch of the instruction at its own address. */
  private static final int FETCH_AT_PC = 1 << 18;

  private static final int SHAPE_KEY_BITS = 19;

  /** The most data references that are taken together where nothing tells instructions apart. */
  private static final int MAX_ANONYMOUS_SHAPE = 8;

  /** How many shapes that may make, roughly. */
  private static final int ANONYMOUS_SHAPES = 1 << 12;

  /** A column is stored compressed if that spares an eighth; less is not worth unpacking it. */
  private static final int WORTHWHILE = 8;

  /** Where zstd's gains end; its time does not matter beside that of finding the columns. */
  private static final int LEVEL = 12;

  /** The writer's own limit; longer segments repeat less. */
  private static final int SEGMENT_REFERENCES = 64;

  private static final int SMALLEST = 1 << 12;

  private final ZstdCompressCtx zstd = new ZstdCompressCtx();

  // The references that wait.
  private long[] addresses = new long[SMALLEST];
  private int[] descriptors = new int[SMALLEST];
  private long[] pcs = new long[SMALLEST];
  private int count;

  // Where the origin changes: the first reference of each run, and its origin.
  private final IntArrayList runStarts = new IntArrayList();
  private final IntArrayList runOrigins = new IntArrayList();
  private final List<Origin> origins = new ArrayList<>();
  private final Map<Origin, Integer> originNumbers = new HashMap<>();
  private boolean originsFull;

  /** How many of the references the block takes: fewer where it would have too many segments. */
  private int taken;

  // The trie of shapes. Node 0 is the empty one.
  private final Long2IntOpenHashMap shapeChildren = new Long2IntOpenHashMap();
  private final IntArrayList shapeParents = new IntArrayList();
  private final IntArrayList shapeLabels = new IntArrayList();
  private final IntArrayList shapeLengths = new IntArrayList();

  // Instructions by number.
  private final Long2IntOpenHashMap firstVariants = new Long2IntOpenHashMap();
  private final IntArrayList nextVariants = new IntArrayList();
  private final LongArrayList instructionPcs = new LongArrayList();
  private final IntArrayList instructionShapes = new IntArrayList();
  private final IntArrayList instructionSlots = new IntArrayList();
  private int slots;

  /** The instructions that were executed. */
  private int[] executed = new int[SMALLEST];

  private int executedCount;

  /** For each run, how many instructions were executed before it. */
  private final IntArrayList runExecuted = new IntArrayList();

  // Segments.
  private final Long2IntOpenHashMap segments = new Long2IntOpenHashMap();
  private final LongArrayList segmentKeys = new LongArrayList();
  private int[] tokens = new int[SMALLEST];
  private int tokenCount;
  private final IntArrayList runTokens = new IntArrayList();

  // Data references.
  private long[] slotDeltas = new long[SMALLEST];
  private long[] previousDeltas = new long[SMALLEST];
  private int dataCount;

  private final int version;
  private final CompactPhrases phrases = new CompactPhrases();
  private final ByteSink[] columns;

  /** Whose references follow. */
  private record Origin(long addressSpace, int core, boolean instructionAddresses) {}

  /** An encoder of a version of the format. */
  CompactBlockEncoder(int version) {
    this.version = version;
    columns = new ByteSink[Column.count(version)];
    zstd.setLevel(LEVEL).setContentSize(true).setChecksum(false);
    for (Long2IntOpenHashMap map : List.of(shapeChildren, firstVariants, segments)) {
      map.defaultReturnValue(-1);
    }
    Arrays.setAll(columns, i -> new ByteSink());
  }

  int count() {
    return count;
  }

  /** Whether a block must be made before more can be added. */
  boolean full() {
    return count == CompactLayout.MAX_BLOCK || originsFull;
  }

  /**
   * Takes references of a batch from {@code from} on.
   *
   * @return how many there was room for
   */
  int add(ReferenceBatch batch, int from, int to) {
    Origin origin =
        new Origin(batch.addressSpaceId(), batch.core(), batch.hasInstructionAddresses());
    if (runOrigins.isEmpty() || !origins.get(lastRunOrigin()).equals(origin)) {
      if (origins.size() == CompactLayout.MAX_ORIGINS && !originNumbers.containsKey(origin)) {
        originsFull = true;
        return 0;
      }
      beginRun(origin, count);
    }
    int n = Math.min(to - from, CompactLayout.MAX_BLOCK - count);
    if (count + n > addresses.length) {
      int capacity = Math.max(2 * addresses.length, count + n);
      addresses = Arrays.copyOf(addresses, capacity);
      descriptors = Arrays.copyOf(descriptors, capacity);
      pcs = Arrays.copyOf(pcs, capacity);
    }
    for (int i = 0; i < n; i++) {
      addresses[count + i] = batch.address(from + i);
      descriptors[count + i] = batch.descriptor(from + i);
    }
    if (batch.hasInstructionAddresses()) {
      System.arraycopy(batch.instructionAddresses, from, pcs, count, n);
    }
    count += n;
    return n;
  }

  private void beginRun(Origin origin, int at) {
    Integer number = originNumbers.get(origin);
    if (number == null) {
      number = origins.size();
      origins.add(origin);
      originNumbers.put(origin, number);
    }
    runStarts.add(at);
    runOrigins.add(number.intValue());
  }

  private int lastRunOrigin() {
    return runOrigins.getInt(runOrigins.size() - 1);
  }

  /**
   * Makes a block of the references and forgets them. Where they need more segments than a block
   * can have, some are left for the next one: then {@link #count} is not 0 afterwards.
   *
   * @param block is filled with the whole block
   */
  void encode(ByteSink block) {
    for (ByteSink column : columns) {
      column.clear();
    }
    taken = count;
    splitIntoInstructions();
    while (!splitIntoSegments()) {
      taken /= 2;
      splitIntoInstructions();
    }
    findPhrases();
    writeRuns();
    writeInstructions();
    writeSegments();
    writeDataAddresses();
    writeBlock(block);
    keepRest();
  }

  private void keepRest() {
    int[] starts = runStarts.toIntArray();
    int[] numbers = runOrigins.toIntArray();
    List<Origin> before = List.copyOf(origins);
    runStarts.clear();
    runOrigins.clear();
    origins.clear();
    originNumbers.clear();
    originsFull = false;
    count -= taken;
    System.arraycopy(addresses, taken, addresses, 0, count);
    System.arraycopy(descriptors, taken, descriptors, 0, count);
    System.arraycopy(pcs, taken, pcs, 0, count);
    for (int run = 0; run < starts.length; run++) {
      int end = run + 1 < starts.length ? starts[run + 1] : taken + count;
      if (end > taken) {
        beginRun(before.get(numbers[run]), Math.max(0, starts[run] - taken));
      }
    }
  }

  private ByteSink column(Column column) {
    return columns[column.ordinal()];
  }

  private void splitIntoInstructions() {
    shapeChildren.clear();
    shapeParents.clear();
    shapeLabels.clear();
    shapeLengths.clear();
    addShape(0, 0, 0);
    firstVariants.clear();
    nextVariants.clear();
    instructionPcs.clear();
    instructionShapes.clear();
    instructionSlots.clear();
    slots = 0;
    executedCount = 0;
    runExecuted.clear();
    executed = grown(executed, taken);
    int anonymousShape = anonymousShape();
    for (int run = 0; run < runStarts.size() && runStarts.getInt(run) < taken; run++) {
      runExecuted.add(executedCount);
      int end = run + 1 < runStarts.size() ? Math.min(taken, runStarts.getInt(run + 1)) : taken;
      boolean pcKnown = origins.get(runOrigins.getInt(run)).instructionAddresses();
      int previous = -2;
      for (int i = runStarts.getInt(run); i < end; ) {
        boolean fetch = isFetch(i);
        long pc = pcKnown ? pcs[i] : fetch ? addresses[i] : 0;
        boolean fetchAtPc = fetch && addresses[i] == pc;
        int most = pcKnown || fetch ? CompactLayout.MAX_SHAPE : anonymousShape;
        int shape = childShape(0, fetchAtPc ? descriptors[i] | FETCH_AT_PC : descriptors[i]);
        int stop = Math.min(end, i + most);
        int j = i + 1;
        while (j < stop && belongs(j, pc, pcKnown)) {
          shape = childShape(shape, descriptors[j]);
          j++;
        }
        int instruction = previous + 1;
        boolean expected =
            instruction >= 0
                && instruction < instructionPcs.size()
                && instructionPcs.getLong(instruction) == pc
                && instructionShapes.getInt(instruction) == shape;
        if (!expected) {
          instruction = instruction(pc, shape);
        }
        executed[executedCount++] = instruction;
        previous = instruction;
        i = j;
      }
    }
  }

  /**
   * How many references to take together where nothing tells instructions apart: so many that their
   * kinds and sizes do not make too many shapes.
   */
  private int anonymousShape() {
    IntOpenHashSet distinct = new IntOpenHashSet();
    for (int i = 0; i < taken && distinct.size() < ANONYMOUS_SHAPES; i++) {
      if (!isFetch(i)) {
        distinct.add(descriptors[i]);
      }
    }
    int length = 1;
    long shapes = distinct.size();
    while (length < MAX_ANONYMOUS_SHAPE && shapes * distinct.size() <= ANONYMOUS_SHAPES) {
      shapes *= distinct.size();
      length++;
    }
    return length;
  }

  private boolean isFetch(int i) {
    return ReferenceBatch.kind(descriptors[i]) == FETCH;
  }

  /** Whether a reference is one more of the instruction at {@code pc}. */
  private boolean belongs(int i, long pc, boolean pcKnown) {
    if (pcKnown) {
      return pcs[i] == pc && !(isFetch(i) && addresses[i] == pc);
    }
    return !isFetch(i);
  }

  private int addShape(int parent, int label, int length) {
    shapeParents.add(parent);
    shapeLabels.add(label);
    shapeLengths.add(length);
    return shapeParents.size() - 1;
  }

  private int childShape(int shape, int label) {
    long key = (long) shape << SHAPE_KEY_BITS | label;
    int child = shapeChildren.get(key);
    if (child < 0) {
      child = addShape(shape, label, shapeLengths.getInt(shape) + 1);
      shapeChildren.put(key, child);
    }
    return child;
  }

  /** The number of an instruction; a new one if it was not executed before. */
  private int instruction(long pc, int shape) {
    int first = firstVariants.get(pc);
    for (int i = first; i >= 0; i = nextVariants.getInt(i)) {
      if (instructionShapes.getInt(i) == shape) {
        return i;
      }
    }
    int number = instructionPcs.size();
    instructionPcs.add(pc);
    instructionShapes.add(shape);
    instructionSlots.add(slots);
    nextVariants.add(first);
    firstVariants.put(pc, number);
    slots += shapeLengths.getInt(shape) - (hasFetch(shape) ? 1 : 0);
    return number;
  }

  private boolean hasFetch(int shape) {
    int first = shape;
    while (shapeLengths.getInt(first) > 1) {
      first = shapeParents.getInt(first);
    }
    return (shapeLabels.getInt(first) & FETCH_AT_PC) != 0;
  }

  private int length(int instruction) {
    return shapeLengths.getInt(instructionShapes.getInt(instruction));
  }

  /** Returns {@code false} if there are more segments than a block can have. */
  private boolean splitIntoSegments() {
    segments.clear();
    segmentKeys.clear();
    tokenCount = 0;
    tokens = grown(tokens, executedCount);
    runTokens.clear();
    for (int run = 0; run < runExecuted.size(); run++) {
      int end = run + 1 < runExecuted.size() ? runExecuted.getInt(run + 1) : executedCount;
      int before = tokenCount;
      for (int i = runExecuted.getInt(run); i < end; ) {
        int first = executed[i];
        int references = length(first);
        int j = i + 1;
        while (j < end
            && executed[j] == executed[j - 1] + 1
            && references + length(executed[j]) <= SEGMENT_REFERENCES) {
          references += length(executed[j]);
          j++;
        }
        long key = (long) first << 32 | (j - i);
        int segment = segments.get(key);
        if (segment < 0) {
          segment = segmentKeys.size();
          if (segment == CompactLayout.MAX_SEGMENTS) {
            return false;
          }
          segments.put(key, segment);
          segmentKeys.add(key);
        }
        tokens[tokenCount++] = segment;
        i = j;
      }
      runTokens.add(tokenCount - before);
    }
    return true;
  }

  private void findPhrases() {
    if (version == CompactLayout.WITHOUT_PHRASES) {
      return;
    }
    int[] lengths = new int[segmentKeys.size()];
    for (int i = 0; i < lengths.length; i++) {
      int first = (int) (segmentKeys.getLong(i) >>> 32);
      int end = first + (int) segmentKeys.getLong(i);
      for (int k = first; k < end; k++) {
        lengths[i] += length(k);
      }
    }
    tokenCount = phrases.find(tokens, runTokens, lengths, taken, column(Column.PHRASES));
  }

  private void writeRuns() {
    for (int run = 0; run < runTokens.size(); run++) {
      column(Column.RUN_ORIGINS).u16(runOrigins.getInt(run));
      column(Column.RUN_TOKENS).u32(runTokens.getInt(run));
    }
  }

  private void writeInstructions() {
    // Shapes that are used, the most frequent first: small numbers take one byte.
    int[] uses = new int[shapeParents.size()];
    for (int i = 0; i < instructionShapes.size(); i++) {
      uses[instructionShapes.getInt(i)]++;
    }
    List<Integer> used = new ArrayList<>();
    for (int shape = 0; shape < uses.length; shape++) {
      if (uses[shape] > 0) {
        used.add(shape);
      }
    }
    used.sort(Comparator.comparingInt((Integer shape) -> -uses[shape]));
    int[] numbers = new int[uses.length];
    int[] labels = new int[CompactLayout.MAX_SHAPE];
    for (int number = 0; number < used.size(); number++) {
      int shape = used.get(number);
      numbers[shape] = number;
      int length = shapeLengths.getInt(shape);
      int node = shape;
      for (int k = length - 1; k >= 0; k--) {
        labels[k] = shapeLabels.getInt(node);
        node = shapeParents.getInt(node);
      }
      column(Column.SHAPES).varint(length << 1 | ((labels[0] & FETCH_AT_PC) != 0 ? 1 : 0));
      for (int k = 0; k < length; k++) {
        column(Column.SHAPES).varint(labels[k] & ~FETCH_AT_PC);
      }
    }
    long expected = 0;
    for (int i = 0; i < instructionPcs.size(); i++) {
      int shape = instructionShapes.getInt(i);
      long pc = instructionPcs.getLong(i);
      column(Column.INSTRUCTION_SHAPES).varint(numbers[shape]);
      column(Column.INSTRUCTION_GAPS).varint(CompactLayout.zigzag(pc - expected));
      expected = pc + fetchSize(shape);
    }
  }

  private int fetchSize(int shape) {
    int first = shape;
    while (shapeLengths.getInt(first) > 1) {
      first = shapeParents.getInt(first);
    }
    int label = shapeLabels.getInt(first);
    return (label & FETCH_AT_PC) != 0 ? ReferenceBatch.size(label & ~FETCH_AT_PC) : 0;
  }

  private void writeSegments() {
    long before = 0;
    for (int i = 0; i < segmentKeys.size(); i++) {
      long first = segmentKeys.getLong(i) >>> 32;
      column(Column.SEGMENT_STARTS).varint(CompactLayout.zigzag(first - before));
      int length = (int) segmentKeys.getLong(i);
      column(Column.SEGMENT_LENGTHS).varint(length);
      before = first + length;
    }
    for (int i = 0; i < tokenCount; i++) {
      column(Column.TOKENS).u16(tokens[i]);
    }
  }

  private void writeDataAddresses() {
    collectDeltas();
    Long2IntOpenHashMap slotCounts = countsOf(slotDeltas);
    Long2IntOpenHashMap previousCounts = countsOf(previousDeltas);
    // Each reference votes for the difference that more of the others have too.
    Long2IntOpenHashMap fromSlot = new Long2IntOpenHashMap();
    Long2IntOpenHashMap fromPrevious = new Long2IntOpenHashMap();
    for (int i = 0; i < dataCount; i++) {
      if (slotCounts.get(slotDeltas[i]) >= previousCounts.get(previousDeltas[i])) {
        fromSlot.addTo(slotDeltas[i], 1);
      } else {
        fromPrevious.addTo(previousDeltas[i], 1);
      }
    }
    List<Delta> candidates = new ArrayList<>();
    addCandidates(candidates, fromSlot, false);
    addCandidates(candidates, fromPrevious, true);
    candidates.sort(Delta.MOST_FREQUENT_FIRST);
    int kept = Math.min(candidates.size(), CompactLayout.LITERAL_FROM_SLOT);
    Long2IntOpenHashMap slotCodes = new Long2IntOpenHashMap();
    Long2IntOpenHashMap previousCodes = new Long2IntOpenHashMap();
    slotCodes.defaultReturnValue(Integer.MAX_VALUE);
    previousCodes.defaultReturnValue(Integer.MAX_VALUE);
    for (int code = 0; code < kept; code++) {
      Delta delta = candidates.get(code);
      column(Column.DELTAS).u8(delta.fromPrevious() ? 1 : 0);
      column(Column.DELTAS).varint(CompactLayout.zigzag(delta.value()));
      (delta.fromPrevious() ? previousCodes : slotCodes).put(delta.value(), code);
    }
    ByteSink codes = column(Column.CODES);
    for (int i = 0; i < dataCount; i++) {
      int code = Math.min(slotCodes.get(slotDeltas[i]), previousCodes.get(previousDeltas[i]));
      if (code != Integer.MAX_VALUE) {
        codes.u8(code);
        continue;
      }
      long slot = CompactLayout.zigzag(slotDeltas[i]);
      long previous = CompactLayout.zigzag(previousDeltas[i]);
      boolean bySlot = Long.compareUnsigned(slot, previous) < 0;
      codes.u8(bySlot ? CompactLayout.LITERAL_FROM_SLOT : CompactLayout.LITERAL_FROM_PREVIOUS);
      long literal = bySlot ? slot : previous;
      column(Column.LITERALS_LOW).u32((int) literal);
      column(Column.LITERALS_HIGH).u32((int) (literal >>> 32));
    }
  }

  /** A difference, how often it was chosen, and to what it is one. */
  private record Delta(long value, boolean fromPrevious, int uses) {
    /** Ties are broken by value, so that equal traces give equal bytes. */
    static final Comparator<Delta> MOST_FREQUENT_FIRST =
        Comparator.comparingInt((Delta d) -> -d.uses)
            .thenComparingLong(d -> d.value)
            .thenComparing(d -> d.fromPrevious);
  }

  private static void addCandidates(
      List<Delta> candidates, Long2IntOpenHashMap uses, boolean fromPrevious) {
    for (Long2IntMap.Entry e : uses.long2IntEntrySet()) {
      if (e.getIntValue() > 1) { // what is used once costs as much here as a literal
        candidates.add(new Delta(e.getLongKey(), fromPrevious, e.getIntValue()));
      }
    }
  }

  private Long2IntOpenHashMap countsOf(long[] deltas) {
    Long2IntOpenHashMap counts = new Long2IntOpenHashMap();
    for (int i = 0; i < dataCount; i++) {
      counts.addTo(deltas[i], 1);
    }
    return counts;
  }

  /** Finds for each data reference the differences to its slot's last and to the previous one. */
  private void collectDeltas() {
    slotDeltas = grown(slotDeltas, taken);
    previousDeltas = grown(previousDeltas, taken);
    long[] last = new long[slots];
    long previous = 0;
    dataCount = 0;
    int i = 0;
    for (int e = 0; e < executedCount; e++) {
      int instruction = executed[e];
      int end = i + length(instruction);
      int slot = instructionSlots.getInt(instruction);
      if (hasFetch(instructionShapes.getInt(instruction))) {
        i++;
      }
      for (; i < end; i++) {
        long address = addresses[i];
        slotDeltas[dataCount] = address - last[slot];
        previousDeltas[dataCount++] = address - previous;
        last[slot++] = address;
        previous = address;
      }
    }
  }

  private void writeBlock(ByteSink block) {
    block.clear();
    int headerBytes = CompactLayout.blockHeaderBytes(columns.length);
    int header = block.claim(headerBytes);
    int usedOrigins = 0; // numbered in the order of first use
    for (int run = 0; run < runTokens.size(); run++) {
      usedOrigins = Math.max(usedOrigins, runOrigins.getInt(run) + 1);
    }
    for (Origin origin : origins.subList(0, usedOrigins)) {
      block.u64(origin.addressSpace());
      block.u32(origin.core());
      block.u32(origin.instructionAddresses() ? CompactLayout.INSTRUCTION_ADDRESSES : 0);
    }
    int[] stored = new int[columns.length];
    for (int c = 0; c < columns.length; c++) {
      ByteSink column = columns[c];
      int raw = column.length();
      int before = block.length();
      int most = (int) Zstd.compressBound(raw);
      int at = block.claim(most);
      stored[c] = zstd.compressByteArray(block.array(), at, most, column.array(), 0, raw);
      block.truncate(before + stored[c]);
      if (stored[c] > raw - raw / WORTHWHILE) {
        block.truncate(before);
        block.bytes(column.array(), 0, raw);
        stored[c] = raw;
      }
    }
    byte[] b = block.array();
    int payload = block.length() - headerBytes;
    CompactLayout.U32.set(b, header, CompactLayout.BLOCK_TAG);
    CompactLayout.U32.set(b, header + CompactLayout.REFERENCES_AT, taken);
    CompactLayout.U32.set(b, header + CompactLayout.ORIGINS_AT, usedOrigins);
    CompactLayout.U32.set(b, header + CompactLayout.PAYLOAD_BYTES_AT, payload);
    for (int c = 0; c < columns.length; c++) {
      CompactLayout.U32.set(b, header + CompactLayout.RAW_BYTES_AT + 4 * c, columns[c].length());
      CompactLayout.U32.set(
          b, header + CompactLayout.storedBytesAt(columns.length) + 4 * c, stored[c]);
    }
    int payloadCrc = CompactLayout.crc(b, headerBytes, payload);
    CompactLayout.U32.set(b, header + CompactLayout.payloadCrcAt(columns.length), payloadCrc);
    int crcAt = CompactLayout.blockCrcAt(columns.length);
    CompactLayout.U32.set(b, header + crcAt, CompactLayout.crc(b, header, crcAt));
  }

  private static int[] grown(int[] array, int capacity) {
    return array.length >= capacity ? array : new int[capacity];
  }

  private static long[] grown(long[] array, int capacity) {
    return array.length >= capacity ? array : new long[capacity];
  }

  @Override
  public void close() {
    zstd.close();
  }
}
