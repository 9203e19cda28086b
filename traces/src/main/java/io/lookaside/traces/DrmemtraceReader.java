package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import it.unimi.dsi.fastutil.longs.Long2IntOpenHashMap;
import it.unimi.dsi.fastutil.longs.Long2LongOpenHashMap;
import java.io.IOException;
import java.io.InputStream;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;
import org.jspecify.annotations.Nullable;

/**
 * Reads DynamoRIO's drmemtrace in its final form: packed little-endian records of a 16-bit type, a
 * 16-bit size and a 64-bit value, for one thread or for several that take turns.
 *
 * <p>Fetches, reads and writes become references; process identifiers become address spaces; the
 * core is the one that the last cpu marker of the thread names, or the thread's number where there
 * is none. Record types and markers are those of trace format versions 1 to 7; docs/formats.md says
 * what each is read as.
 */
final class DrmemtraceReader implements TraceCursor {
  /** Bytes of a record. */
  static final int RECORD_BYTES = 12;

  private static final int BLOCK_RECORDS = 1 << 10;
  private static final int VALUE = 4;
  private static final VarHandle INT =
      MethodHandles.byteArrayViewVarHandle(int[].class, ByteOrder.LITTLE_ENDIAN);
  private static final VarHandle LONG =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  private static final int TYPE_BUNDLE = 17;
  private static final int TYPE_THREAD = 22;
  private static final int TYPE_PROCESS = 24;
  private static final int TYPE_HEADER = 25;
  private static final int TYPE_FOOTER = 26;
  private static final int TYPE_MARKER = 28;
  private static final int TYPE_NO_FETCH = 29;
  private static final int TYPE_MAYBE_FETCH = 30;
  private static final int LAST_TYPE = 49;

  private static final int MARKER_TIMESTAMP = 2;
  private static final int MARKER_CPU = 3;
  private static final int MARKER_FILE_TYPE = 9;
  private static final int MARKER_CHUNK_FOOTER = 21;

  /** File types whose fetches were filtered by a cache while recording: the old and the new bit. */
  private static final long FILTERED_FETCHES = 0x01 | 0x80;

  /** A cpu marker holds the processor's number here, and the node's above. */
  private static final int CPU_MASK = 0xfff;

  /** The most versions that a header is believed to have; 7 is the newest known. */
  private static final int MAX_VERSION = 255;

  /** Instructions in a bundle record, one byte for the length of each. */
  private static final int MAX_BUNDLE = 8;

  /** The last count of references at which a further record, of whatever type, still fits. */
  private static final int LAST_WITH_ROOM = ReferenceBatch.CAPACITY - MAX_BUNDLE;

  private static final int FETCH = AccessKind.FETCH.ordinal();

  private static final byte ROLE_UNKNOWN = 0;
  private static final byte ROLE_DATA = 1;
  private static final byte ROLE_FETCH = 2;
  private static final byte ROLE_NO_FETCH = 3;
  private static final byte ROLE_MAYBE_FETCH = 4;
  private static final byte ROLE_BUNDLE = 5;
  private static final byte ROLE_THREAD = 6;
  private static final byte ROLE_PROCESS = 7;
  private static final byte ROLE_MARKER = 8;

  /** Prefetches, flushes, thread exits, headers, footers and encodings make no reference. */
  private static final byte ROLE_NONE = 9;

  /** What a record of each type is to a reader of references. */
  private static final byte[] ROLE = new byte[LAST_TYPE + 1];

  static {
    for (int type = 0; type <= LAST_TYPE; type++) {
      ROLE[type] =
          switch (type) {
            case 0, 1 -> ROLE_DATA;
            case 10, 11, 12, 13, 14, 15, 16, 31, 48, 49 -> ROLE_FETCH;
            case TYPE_BUNDLE -> ROLE_BUNDLE;
            case TYPE_THREAD -> ROLE_THREAD;
            case TYPE_PROCESS -> ROLE_PROCESS;
            case TYPE_MARKER -> ROLE_MARKER;
            case TYPE_NO_FETCH -> ROLE_NO_FETCH;
            case TYPE_MAYBE_FETCH -> ROLE_MAYBE_FETCH;
            default -> ROLE_NONE;
          };
    }
    // The data kinds are the types themselves.
    if (AccessKind.LOAD.ordinal() != 0 || AccessKind.STORE.ordinal() != 1) {
      throw new AssertionError("kinds renumbered");
    }
  }

  private final RecordBlocks blocks;
  private final String name;
  private final DrmemtraceThreads threads;
  private final Long2LongOpenHashMap processOfThread = new Long2LongOpenHashMap();
  private final Long2IntOpenHashMap cpuOfThread = new Long2IntOpenHashMap();
  private @Nullable IOException flaw;
  private int position;
  private boolean begun;

  /** The type of the last record of the blocks before the present one. */
  private int lastType;

  /** Whether there was a timestamp, as in all that DynamoRIO writes: then a footer must end it. */
  private boolean timestamped;

  /** How many came before the batch. */
  private long references;

  private long thread;
  private long process;
  private int core;

  /** Whose references the batch holds. */
  private long batchProcess;

  private int batchCore;

  private long pc;

  /** Where the instruction after the last one begins, for bundles. */
  private long nextPc;

  private boolean nextPcKnown;

  /** The last instruction with a length, for those that are fetched only if they are new. */
  private long lastInstruction;

  private boolean lastInstructionKnown;

  /** Whether the timestamp that follows repeats one of the chunk before. */
  private boolean chunkBegins;

  private boolean fetchesFiltered;
  private final boolean stopsAtTimestamps;

  /** Whether the batch is to end here though it is not full. */
  private boolean stopped;

  private boolean atTimestamp;
  private long timestamp;

  DrmemtraceReader(InputStream in, String name) {
    this(in, name, new DrmemtraceThreads(name), false);
  }

  /**
   * A reader of one file of several.
   *
   * @param threads numbers the threads of all of them
   * @param stopsAtTimestamps whether {@link #read} returns at each timestamp, even without a
   *     reference
   */
  DrmemtraceReader(
      InputStream in, String name, DrmemtraceThreads threads, boolean stopsAtTimestamps) {
    this.blocks = new RecordBlocks(in, name, "drmemtrace", RECORD_BYTES, BLOCK_RECORDS);
    this.name = name;
    this.threads = threads;
    this.stopsAtTimestamps = stopsAtTimestamps;
    cpuOfThread.defaultReturnValue(-1);
  }

  /** Whether this begins with the header record of a final trace. */
  static boolean matches(byte[] head, int length) {
    return length >= RECORD_BYTES && isHeader(head, 0);
  }

  /**
   * Whether this is a thread's file before DynamoRIO's raw2trace: 64-bit words with a type in the
   * top three bits, the first of them a header (type 6, sub-type 0 or 4) and the second one of a
   * thread, a process, a time or a marker.
   */
  static boolean matchesRaw(byte[] head, int length) {
    if (length < 2 * Long.BYTES) {
      return false;
    }
    long header = (long) LONG.get(head, 0);
    long second = (long) LONG.get(head, Long.BYTES);
    int subType = (int) (header >>> 56) & 0x1f;
    int secondType = (int) (second >>> 61);
    return header >>> 61 == 6
        && (subType == 0 || subType == 4)
        && secondType >= 2
        && secondType <= 6
        && secondType != 5;
  }

  private static boolean isHeader(byte[] bytes, int at) {
    int typeAndSize = (int) INT.get(bytes, at);
    long version = (long) LONG.get(bytes, at + VALUE);
    return typeAndSize == TYPE_HEADER && version > 0 && version <= MAX_VERSION;
  }

  @Override
  public int read(ReferenceBatch batch) throws IOException {
    batch.clear();
    if (flaw != null) {
      throw flaw;
    }
    stopped = false;
    atTimestamp = false;
    batchProcess = process;
    batchCore = core;
    try {
      while (!stopped && batch.count() <= LAST_WITH_ROOM) {
        if (position == blocks.limit() && !refill(batch.count())) {
          break;
        }
        decode(batch);
      }
      references += batch.count();
    } catch (IOException e) {
      references += batch.count();
      flaw = e;
      if (batch.count() == 0) {
        throw e;
      }
    }
    batch.setOrigin(batchProcess, batchCore);
    batch.setInstructionAddressesKnown();
    return batch.count();
  }

  @Override
  public void close() throws IOException {
    blocks.close();
  }

  /** Whether the last {@link #read} ended at a timestamp, which {@link #timestamp} gives. */
  boolean atTimestamp() {
    return atTimestamp;
  }

  /** The last timestamp: microseconds since 1601. */
  long timestamp() {
    return timestamp;
  }

  /** Not where the recording left out fetches that hit in a cache; the first records say so. */
  @Override
  public boolean fetchesAreInstructions(boolean byFormat) throws IOException {
    if (!begun && flaw == null && refill(0)) {
      byte[] bytes = blocks.bytes();
      for (int p = 0; p < blocks.limit() && !fetchesFiltered; p += RECORD_BYTES) {
        int typeAndSize = (int) INT.get(bytes, p);
        if (typeAndSize == ((MARKER_FILE_TYPE << 16) | TYPE_MARKER)) {
          marker(MARKER_FILE_TYPE, (long) LONG.get(bytes, p + VALUE), 0);
        }
      }
    }
    return byFormat && !fetchesFiltered;
  }

  /** Brings in the next block; {@code false} at the end of the trace, which must be a footer. */
  private boolean refill(int inBatch) throws IOException {
    int limit = blocks.limit();
    if (limit > 0) {
      lastType = (int) INT.get(blocks.bytes(), limit - RECORD_BYTES) & 0xffff;
    }
    position = 0;
    if (!blocks.refill()) {
      if (timestamped && lastType != TYPE_FOOTER) {
        throw cutOff(references + inBatch);
      }
      return false;
    }
    if (!begun) {
      begin();
    }
    return true;
  }

  private void begin() throws TraceException {
    begun = true;
    byte[] bytes = blocks.bytes();
    if (isHeader(bytes, 0)) {
      return;
    }
    if (matchesRaw(bytes, blocks.limit())) {
      throw rawTrace(name);
    }
    throw new TraceException(
        blocks.at(0)
            + ": expected a header (type 25, size 0, a version from 1 to "
            + MAX_VERSION
            + ") but got type "
            + ((int) INT.get(bytes, 0) & 0xffff)
            + ", so this is no drmemtrace in its final form with 64-bit addresses; name the format"
            + " with --format");
  }

  /** DynamoRIO itself takes a trace for complete if its last record is a footer. */
  private TraceException cutOff(long before) {
    return new TraceException(
        blocks.at(0)
            + " is missing: a drmemtrace ends with a footer (type 26), and this one ends with type "
            + lastType
            + ", so it is cut off there, after "
            + before
            + " references. Copy or process the trace again, or stop before its end with --max-refs");
  }

  /** What to say of a trace that was recorded but not yet processed. */
  static TraceException rawTrace(String name) {
    return new TraceException(
        name
            + ": is a raw drmemtrace, as it was recorded, which holds no addresses of instructions"
            + " yet; run DynamoRIO's raw2trace first (drraw2trace -indir DIR, or drrun -t drmemtrace"
            + " -indir DIR, which does it), and name the trace folder that it makes");
  }

  /**
   * Decodes records of the block, until the batch is full, a reference of another process or core
   * is next, or the block is used up.
   */
  private void decode(ReferenceBatch batch) throws TraceException {
    byte[] bytes = blocks.bytes();
    int limit = blocks.limit();
    long[] instructions = batch.roomForInstructionAddresses();
    int p = position;
    int n = batch.count();
    long currentPc = pc;
    try {
      while (p < limit && n <= LAST_WITH_ROOM && !stopped) {
        int typeAndSize = (int) INT.get(bytes, p);
        long value = (long) LONG.get(bytes, p + VALUE);
        int type = typeAndSize & 0xffff;
        int size = typeAndSize >>> 16;
        switch (type <= LAST_TYPE ? ROLE[type] : ROLE_UNKNOWN) {
          case ROLE_DATA -> {
            batch.set(n, value, ReferenceBatch.descriptor(type, Math.max(size, 1)));
            instructions[n++] = currentPc;
          }
          case ROLE_FETCH -> {
            currentPc = value;
            if (size != 0) { // without a length it only says where the data that follow belong
              setLastInstruction(value, size);
              batch.set(n, value, ReferenceBatch.descriptor(FETCH, size));
              instructions[n++] = value;
            }
          }
          case ROLE_NONE -> {}
          case ROLE_NO_FETCH -> {
            currentPc = value;
            if (size != 0) {
              setLastInstruction(value, size);
            }
          }
          case ROLE_MAYBE_FETCH -> {
            currentPc = value;
            if (size != 0) {
              if (!lastInstructionKnown || lastInstruction != value) {
                batch.set(n, value, ReferenceBatch.descriptor(FETCH, size));
                instructions[n++] = value;
              }
              setLastInstruction(value, size);
            }
          }
          case ROLE_BUNDLE -> {
            checkBundle(p, size);
            for (int i = 0; i < size; i++) {
              int bytesOfInstruction = bytes[p + VALUE + i] & 0xff;
              currentPc = nextPc;
              nextPc += bytesOfInstruction;
              batch.set(
                  n, currentPc, ReferenceBatch.descriptor(FETCH, Math.max(bytesOfInstruction, 1)));
              instructions[n++] = currentPc;
            }
          }
          case ROLE_THREAD -> switchToThread(value, n);
          case ROLE_PROCESS -> {
            process = value;
            processOfThread.put(thread, value);
            originChanged(n);
          }
          case ROLE_MARKER -> marker(size, value, n);
          default ->
              throw new TraceException(
                  blocks.at(p)
                      + " has type "
                      + type
                      + "; drmemtrace has types 0 to "
                      + LAST_TYPE
                      + ". The trace is damaged, or of a later version than this can read");
        }
        p += RECORD_BYTES;
      }
    } finally {
      pc = currentPc;
      position = p;
      batch.setCount(n);
    }
  }

  private void setLastInstruction(long address, int size) {
    nextPc = address + size;
    nextPcKnown = true;
    lastInstruction = address;
    lastInstructionKnown = true;
  }

  private void checkBundle(int p, int instructions) throws TraceException {
    if (instructions > MAX_BUNDLE) {
      throw new TraceException(
          blocks.at(p)
              + " bundles "
              + instructions
              + " instructions; "
              + MAX_BUNDLE
              + " fit into it. The trace is damaged: copy or record it again");
    }
    if (!nextPcKnown) {
      throw new TraceException(
          blocks.at(p)
              + " bundles instructions that follow another, but there is none before it. The trace"
              + " is damaged: copy or record it again");
    }
  }

  private void switchToThread(long identifier, int references) throws TraceException {
    thread = identifier;
    process = processOfThread.get(identifier);
    int cpu = cpuOfThread.get(identifier);
    core = cpu >= 0 ? cpu : threads.numberOf(identifier);
    originChanged(references);
  }

  private void marker(int type, long value, int references) {
    switch (type) {
      case MARKER_TIMESTAMP -> {
        timestamped = true;
        if (!chunkBegins) {
          timestamp = value;
          atTimestamp = stopsAtTimestamps;
          stopped |= stopsAtTimestamps;
        }
      }
      case MARKER_CPU -> {
        chunkBegins = false;
        if (value != -1) { // unknown
          core = (int) value & CPU_MASK;
          cpuOfThread.put(thread, core);
          originChanged(references);
        }
      }
      case MARKER_FILE_TYPE -> fetchesFiltered |= (value & FILTERED_FETCHES) != 0;
      case MARKER_CHUNK_FOOTER -> chunkBegins = true;
      default -> {}
    }
  }

  /** Ends the batch where its references are another's; without references it becomes theirs. */
  private void originChanged(int references) {
    if (references == 0) {
      batchProcess = process;
      batchCore = core;
    } else {
      stopped |= process != batchProcess || core != batchCore;
    }
  }
}
