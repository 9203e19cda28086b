package io.lookaside.os.linux;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.PageFaultCode;
import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.Pte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.mmu.memory.PhysicalMemory;
import org.jspecify.annotations.Nullable;

/** A walk of four-level tables without caches. */
final class PlainWalker implements PageWalker {
  private final PhysicalMemory memory;
  private final @Nullable WalkObserver observer;

  PlainWalker(PhysicalMemory memory) {
    this.memory = memory;
    this.observer = null;
  }

  /** A walker that sets neither A nor D and tells what it reads. */
  PlainWalker(PhysicalMemory memory, WalkObserver observer) {
    this.memory = memory;
    this.observer = observer;
  }

  @Override
  public long walk(long va, int kind, PagingContext context, Cause cause) {
    return walk(va, kind, context, observer == null);
  }

  /** The translation that the tables give now, or a fault; sets A and D if asked to. */
  long walk(long va, int kind, PagingContext context, boolean marking) {
    long table = Pte.tableAddress(context.root(va));
    long rights = Pte.WRITABLE | Pte.USER;
    int code = context.rights().faultCode(kind);
    if (observer != null) {
      observer.onStart(va, context.format().top(), context.root(va));
    }
    for (int shift = 39; ; shift -= 9) {
      long address = table + ((va >>> shift) & 511) * 8;
      long entry = memory.read(address);
      if (observer != null) {
        observer.onEntry((shift - 12) / 9, address, entry);
      }
      if (!Pte.isPresent(entry)) {
        return Translation.pageFault(code);
      }
      rights &= entry | ~(Pte.WRITABLE | Pte.USER);
      rights |= entry & Pte.EXECUTE_DISABLE;
      boolean leaf = shift == 12 || (shift < 39 && Pte.isLarge(entry));
      if (!leaf) {
        if (marking) {
          memory.write(address, entry | Pte.ACCESSED);
        }
        table = Pte.tableAddress(entry);
        continue;
      }
      if (!context.rights().permits(rights, kind)) {
        return Translation.pageFault(code | PageFaultCode.PRESENT);
      }
      if (marking) {
        entry |= Pte.ACCESSED | (kind == AccessKind.STORE.ordinal() ? Pte.DIRTY : 0);
        memory.write(address, entry);
      }
      PageSize size = PageSize.OF_LONG_MODE.get((shift - 12) / 9);
      return Translation.ofLeaf(entry, size, rights, context.globalPages());
    }
  }

  @Override
  public long readWord(long pa) {
    return memory.read(pa);
  }

  @Override
  public void invalidateAddress(long va, int pcid, PagingFormat format) {}

  @Override
  public void invalidatePcid(int pcid) {}

  @Override
  public void invalidateAll() {}
}
