package io.lookaside.simulator.image;

import java.io.Closeable;
import java.io.IOException;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * An image of physical memory in a file: pages that it holds, pages that are missing, and registers
 * where it tells them.
 */
public final class MemoryImage implements Closeable {
  /** Bytes of a page, the unit in which memory is there or missing. */
  public static final int PAGE_BYTES = PageRecords.PAGE_BYTES;

  private final ImageFile file;
  private final ImageFormat format;
  private final PhysicalExtents extents;
  private final List<CpuState> cpus;

  private MemoryImage(
      ImageFile file, ImageFormat format, PhysicalExtents extents, List<CpuState> cpus) {
    this.file = file;
    this.format = format;
    this.extents = extents;
    this.cpus = cpus;
  }

  /**
   * Opens an image.
   *
   * @param name the path of a file, plain or compressed
   * @param format what it is, or {@code null} to tell it by content
   * @throws io.lookaside.traces.MissingTraceException if there is no such file, or no right to read
   *     it
   * @throws ImageException if it is no image
   */
  public static MemoryImage open(String name, @Nullable ImageFormat format) throws IOException {
    ImageFile file = ImageFile.open(name);
    try {
      if (file.size() == 0) {
        throw file.flaw("is empty; expected an image of physical memory");
      }
      ImageFormat known = format == null ? detect(file) : format;
      List<CpuState> cpus = List.of();
      PhysicalExtents extents =
          switch (known) {
            case ELF -> {
              ElfCore core = ElfCore.read(file);
              cpus = core.cpus();
              yield core.extents();
            }
            case PAGES -> PageRecords.read(file);
            case RAW -> raw(file);
          };
      return new MemoryImage(file, known, extents, cpus);
    } catch (IOException | RuntimeException e) {
      file.close();
      throw e;
    }
  }

  private static ImageFormat detect(ImageFile file) throws IOException {
    if (ElfCore.isElf(file)) {
      return ImageFormat.ELF;
    }
    boolean wholePages = file.size() % PAGE_BYTES == 0;
    boolean wholeRecords = file.size() % PageRecords.RECORD_BYTES == 0;
    // A file of whole pages is a raw image and one of whole records is records. One that is both
    // or neither, since it was cut short, is told by the addresses that records would begin with.
    if (wholePages != wholeRecords) {
      return wholePages && !PageRecords.looksLike(file) ? ImageFormat.RAW : ImageFormat.PAGES;
    }
    return PageRecords.looksLike(file) ? ImageFormat.PAGES : ImageFormat.RAW;
  }

  private static PhysicalExtents raw(ImageFile file) throws ImageException {
    if (file.size() % PAGE_BYTES != 0) {
      throw file.flaw(
          file.size()
              + " bytes are neither an ELF core, nor whole pages of 4096 bytes (a raw image), nor"
              + " page records of 4104; was the file cut short?");
    }
    PhysicalExtents.Builder all = new PhysicalExtents.Builder();
    all.add(0, file.size(), 0);
    return all.build();
  }

  /** The file's name. */
  public String name() {
    return file.name();
  }

  public ImageFormat format() {
    return format;
  }

  /** Whether the file is compressed. */
  public boolean compressed() {
    return file.compressed();
  }

  /** The uncompressed size in bytes. */
  public long fileBytes() {
    return file.size();
  }

  /** The processors whose registers the image tells, in its order. */
  public List<CpuState> cpus() {
    return cpus;
  }

  /** The number of ranges of physical memory that it holds. */
  public int ranges() {
    return extents.count();
  }

  /** The address of a range's first byte. */
  public long rangeStart(int index) {
    return extents.start(index);
  }

  /** The first address after a range. */
  public long rangeEnd(int index) {
    return extents.end(index);
  }

  /** How many bytes of physical memory it holds. */
  public long heldBytes() {
    return extents.bytes();
  }

  /**
   * Reads a page.
   *
   * @param pa physical address of the page
   * @return whether the image holds all of it; if not, the contents of {@code into} are undefined
   */
  public boolean readPage(long pa, byte[] into) throws IOException {
    for (int done = 0; done < PAGE_BYTES; ) {
      int extent = extents.find(pa + done);
      if (extent < 0) {
        return false;
      }
      int n = (int) Math.min(PAGE_BYTES - done, extents.end(extent) - pa - done);
      file.read(extents.offsetOf(pa + done, extent), into, done, n);
      done += n;
    }
    return true;
  }

  @Override
  public void close() throws IOException {
    file.close();
  }
}
