package io.lookaside.traces;

import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;

/**
 * The trace in a zip archive: the first member that looks like one, by name or content. If it is a
 * drmemtrace, which comes in chunks, all further members are appended to it.
 */
final class ZipContent extends BulkStream {
  private static final int HEAD_BYTES = 1 << 13;
  private static final int NAMES_SHOWN = 5;

  /** How DynamoRIO names the chunks. */
  private static final Pattern CHUNK = Pattern.compile("(.*chunk\\.)(\\d{1,9})");

  private final ZipMembers members;
  private final String name;
  private final @Nullable TraceFormat format;
  private final byte[] head = new byte[HEAD_BYTES];
  private String memberName = "";
  private int headPosition;
  private int headEnd;
  private boolean inChunks;
  private boolean ended;
  private @Nullable IOException failure;

  private ZipContent(ZipMembers members, String name, @Nullable TraceFormat format) {
    this.members = members;
    this.name = name;
    this.format = format;
  }

  /**
   * Finds the trace.
   *
   * @param name of the archive, for messages
   * @param format what the user says it is
   * @throws TraceException if there is none
   */
  static ZipContent open(ZipMembers members, String name, @Nullable TraceFormat format)
      throws IOException {
    ZipContent content = new ZipContent(members, name, format);
    try {
      content.findTrace();
    } catch (IOException | RuntimeException e) {
      members.close();
      throw e;
    }
    return content;
  }

  /** The name of the member that is read, or of the first of its chunks. */
  String memberName() {
    return memberName;
  }

  private void findTrace() throws IOException {
    List<String> others = new ArrayList<>();
    int count = 0;
    while (nextMember()) {
      if (format != null || looksLikeTrace()) {
        TraceFormat known = format != null ? format : TraceFormat.detect(memberName, head, headEnd);
        inChunks = known == TraceFormat.DRMEMTRACE;
        return;
      }
      count++;
      if (others.size() < NAMES_SHOWN) {
        others.add(memberName);
      }
    }
    throw new TraceException(
        name
            + ": there is no trace in this zip archive"
            + (count == 0
                ? ", which has no file in it"
                : " of "
                    + count
                    + (count == 1 ? " file" : " files")
                    + " ("
                    + String.join(", ", others)
                    + (count > others.size() ? ", ..." : "")
                    + ")")
            + "; name an archive of a drmemtrace's chunks or of one trace, or say its format with"
            + " --format");
  }

  /** Goes to the next member that is neither empty nor a system's own, and reads its head. */
  private boolean nextMember() throws IOException {
    String next;
    while ((next = members.next()) != null) {
      headPosition = 0;
      headEnd = 0;
      readHead();
      if (headEnd > 0 && !next.startsWith("__MACOSX/") && !next.endsWith(".DS_Store")) {
        memberName = next;
        return true;
      }
    }
    return false;
  }

  private void readHead() throws IOException {
    try {
      int n;
      while (headEnd < head.length
          && (n = members.read(head, headEnd, head.length - headEnd)) > 0) {
        headEnd += n;
      }
    } catch (IOException e) {
      if (headEnd == 0) {
        throw e;
      }
      failure = e; // told after the bytes before it
    }
  }

  private boolean looksLikeTrace() {
    return Compression.detect(head, headEnd) != Compression.NONE
        || TraceFormat.detect(memberName, head, headEnd) != null;
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (length == 0) {
      return 0;
    }
    while (!ended) {
      if (headPosition < headEnd) {
        int n = Math.min(length, headEnd - headPosition);
        System.arraycopy(head, headPosition, to, offset, n);
        headPosition += n;
        return n;
      }
      if (failure != null) {
        throw failure;
      }
      int n = members.read(to, offset, length);
      if (n > 0) {
        return n;
      }
      if (!inChunks) {
        checkOnlyTrace();
      }
      ended = !inChunks || !nextChunk();
    }
    return -1;
  }

  /** Goes to the next chunk. Numbered ones must follow each other: each goes on from the last. */
  private boolean nextChunk() throws IOException {
    Matcher last = CHUNK.matcher(memberName);
    if (!nextMember()) {
      return false;
    }
    Matcher next = CHUNK.matcher(memberName);
    if (last.matches() && next.matches()) {
      int expected = Integer.parseInt(last.group(2)) + 1;
      if (Integer.parseInt(next.group(2)) != expected) {
        throw new TraceException(
            name
                + ": after member "
                + last.group()
                + " comes "
                + next.group()
                + " where the next chunk should be "
                + expected
                + "; chunks are missing or out of order, so copy or pack the trace again");
      }
    }
    return true;
  }

  private void checkOnlyTrace() throws IOException {
    String trace = memberName;
    while (nextMember()) {
      if (looksLikeTrace()) {
        throw new TraceException(
            name
                + ": this zip archive has more than one trace: "
                + trace
                + " and "
                + memberName
                + "; unpack it and name the one to read");
      }
    }
  }

  @Override
  public void close() throws IOException {
    members.close();
  }
}
