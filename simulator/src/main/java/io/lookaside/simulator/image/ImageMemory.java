package io.lookaside.simulator.image;

import io.lookaside.mmu.memory.TableMemory;
import it.unimi.dsi.fastutil.longs.Long2ObjectOpenHashMap;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.lang.invoke.MethodHandles;
import java.lang.invoke.VarHandle;
import java.nio.ByteOrder;

/**
 * An image as memory that a page walker reads. What it writes goes to an overlay and never to the
 * file. A page that is missing reads as zero, that is as entries that are not present; {@link
 * #holds} tells the difference.
 *
 * <p>Not safe for use by several threads.
 */
public final class ImageMemory implements TableMemory {
  /** Pages that are remembered without having been written: 64 MiB. */
  private static final int MAX_CLEAN_PAGES = 1 << 14;

  private static final int PAGE_SHIFT = 12;
  private static final int OFFSET_MASK = MemoryImage.PAGE_BYTES - 1;
  private static final VarHandle WORD =
      MethodHandles.byteArrayViewVarHandle(long[].class, ByteOrder.LITTLE_ENDIAN);

  /** Stands for every page that is missing; never written. */
  private static final byte[] MISSING = new byte[MemoryImage.PAGE_BYTES];

  private final MemoryImage image;
  private final Long2ObjectOpenHashMap<byte[]> clean = new Long2ObjectOpenHashMap<>();
  private final Long2ObjectOpenHashMap<byte[]> written = new Long2ObjectOpenHashMap<>();

  /** The memory of an image that stays open. */
  public ImageMemory(MemoryImage image) {
    this.image = image;
  }

  @Override
  public long read(long pa) {
    return (long) WORD.get(page(pa >>> PAGE_SHIFT), (int) pa & OFFSET_MASK);
  }

  @Override
  public void write(long pa, long value) {
    long number = pa >>> PAGE_SHIFT;
    byte[] page = written.get(number);
    if (page == null) {
      page = page(number).clone();
      clean.remove(number);
      written.put(number, page);
    }
    WORD.set(page, (int) pa & OFFSET_MASK, value);
  }

  /** Whether the image holds the page of {@code pa}. */
  public boolean holds(long pa) {
    return page(pa >>> PAGE_SHIFT) != MISSING;
  }

  private byte[] page(long number) {
    byte[] page = written.get(number);
    if (page == null) {
      page = clean.get(number);
    }
    return page == null ? fetch(number) : page;
  }

  private byte[] fetch(long number) {
    byte[] page = new byte[MemoryImage.PAGE_BYTES];
    try {
      if (!image.readPage(number << PAGE_SHIFT, page)) {
        page = MISSING;
      }
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    if (clean.size() == MAX_CLEAN_PAGES) {
      clean.clear();
    }
    clean.put(number, page);
    return page;
  }
}
