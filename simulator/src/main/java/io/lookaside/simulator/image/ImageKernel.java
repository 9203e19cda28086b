package io.lookaside.simulator.image;

import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.stats.Counters;
import io.lookaside.mmu.stats.Snapshot;
import io.lookaside.os.Kernel;
import java.io.UncheckedIOException;

/**
 * The kernel of an image, which does not run: it maps nothing and answers no fault, but tells why
 * there was one.
 */
public final class ImageKernel implements Kernel {
  private final String name;
  private final ImagePaging paging;
  private final ImageTranslator translator;
  private final Counters<ImageMetric> counters = new Counters<>(ImageMetric.class);

  /**
   * A kernel that stands still.
   *
   * @param name the image's, for messages
   */
  public ImageKernel(String name, ImagePaging paging, ImageMemory memory) {
    this.name = name;
    this.paging = paging;
    this.translator = new ImageTranslator(paging, memory);
  }

  /** The address space that is translated with. */
  public ImagePaging paging() {
    return paging;
  }

  /** The counts so far. */
  public Snapshot<ImageMetric> snapshot() {
    return counters.snapshot();
  }

  /**
   * {@inheritDoc}
   *
   * @throws UncheckedIOException if another process than the first is named: an address space of
   *     the image is one process's
   */
  @Override
  public long switchTo(int process) {
    if (process != 0) {
      throw new UncheckedIOException(
          new ImageException(
              name
                  + ": one address space of the image cannot serve a trace of several processes;"
                  + " split the trace, or run it without --image"));
    }
    return paging.registers().cr3();
  }

  @Override
  public boolean handlePageFault(long va, int errorCode) {
    counters.add(kind(va, errorCode), 1);
    return false;
  }

  private ImageMetric kind(long va, int errorCode) {
    if (PageFaultCode.isReserved(errorCode)) {
      return ImageMetric.RESERVED;
    }
    if (PageFaultCode.isPresent(errorCode)) {
      return ImageMetric.RIGHTS;
    }
    return translator.lacksTablesFor(va) ? ImageMetric.MISSING : ImageMetric.NOT_PRESENT;
  }

  @Override
  public long lastFaultCycles() {
    return -1;
  }

  /** Does nothing: the image is what it is. */
  @Override
  public void prefault(long va) {}

  /** None: this kernel maps nothing. */
  @Override
  public long mappedPages(PageSize size) {
    return 0;
  }

  /** None: this kernel makes no tables. */
  @Override
  public long tablePages() {
    return 0;
  }
}
