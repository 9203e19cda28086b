package io.lookaside.traces;

import java.io.IOException;
import java.io.InputStream;
import java.nio.channels.SeekableByteChannel;
import java.util.Enumeration;
import java.util.zip.CRC32;
import java.util.zip.ZipException;
import org.apache.commons.compress.archivers.zip.ZipArchiveEntry;
import org.apache.commons.compress.archivers.zip.ZipFile;
import org.jspecify.annotations.Nullable;

/** The members of a zip archive in a file, in the order of its directory. */
final class ZipFileMembers implements ZipMembers {
  private final ZipFile zip;
  private final Enumeration<ZipArchiveEntry> entries;
  private final CRC32 crc = new CRC32();
  private InputStream content = InputStream.nullInputStream();
  private @Nullable ZipArchiveEntry entry;
  private long bytes;

  /** Reads the directory; an archive without one is an exception. */
  ZipFileMembers(SeekableByteChannel channel) throws IOException {
    // Not the JDK's, which cannot tell how much of the file was read.
    zip = ZipFile.builder().setSeekableByteChannel(channel).get();
    entries = zip.getEntries();
  }

  @Override
  public @Nullable String next() throws IOException {
    content.close();
    entry = null;
    if (!entries.hasMoreElements()) {
      return null;
    }
    ZipArchiveEntry e = entries.nextElement();
    if (!zip.canReadEntryData(e)) {
      throw new ZipException(
          "member "
              + e.getName()
              + (e.getGeneralPurposeBit().usesEncryption()
                  ? " is encrypted"
                  : " has compression method " + e.getMethod() + ", which is not known"));
    }
    content = zip.getInputStream(e);
    crc.reset();
    bytes = 0;
    entry = e;
    return e.getName();
  }

  @Override
  public int read(byte[] to, int offset, int length) throws IOException {
    if (entry == null) {
      return -1;
    }
    int n = content.read(to, offset, length);
    if (n > 0) {
      crc.update(to, offset, n);
      bytes += n;
    } else if (crc.getValue() != entry.getCrc() || bytes != entry.getSize()) {
      throw new ZipException(
          "member " + entry.getName() + " does not have the checksum and size it should");
    }
    return n;
  }

  @Override
  public void close() throws IOException {
    content.close();
    zip.close();
  }
}
