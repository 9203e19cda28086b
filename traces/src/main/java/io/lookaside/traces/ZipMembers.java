package io.lookaside.traces;

import java.io.Closeable;
import java.io.IOException;
import java.util.zip.ZipException;
import org.jspecify.annotations.Nullable;

/**
 * The members of a zip archive, one after the other.
 *
 * <p>What the archive does wrong is a {@link ZipException}, or a {@link java.io.EOFException} where
 * it is cut off.
 */
interface ZipMembers extends Closeable {
  /** Passes over what is left of this member, and goes to the next; its name, or {@code null}. */
  @Nullable String next() throws IOException;

  /** Reads uncompressed bytes of this member; -1 at its end, where its checksum is compared. */
  int read(byte[] to, int offset, int length) throws IOException;
}
