package io.lookaside.traces;

import java.io.IOException;
import java.util.function.LongConsumer;

/** Copies references from a reader to a writer. */
public final class TraceCopy {
  private TraceCopy() {}

  /**
   * Copies the references of a window.
   *
   * @param listener is told now and then how many references were read
   * @return how many were written
   */
  public static long copy(
      TraceCursor in, TraceWriter out, TraceWindow window, LongConsumer listener)
      throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    long position = in.skip(window.passedOver(0), (addressSpaceId, core) -> {});
    long written = 0;
    while (written < window.most()) {
      int n = in.read(batch);
      if (n == 0) {
        break;
      }
      int i = 0;
      while (i < n && written < window.most()) {
        long over = window.passedOver(position + i);
        if (over > 0) {
          i = (int) Math.min(n, i + over);
          continue;
        }
        long some = Math.min(window.kept(position + i), window.most() - written);
        int end = (int) Math.min(n, i + Math.min(some, n));
        out.write(batch, i, end);
        written += end - i;
        i = end;
      }
      position += n;
      listener.accept(position);
    }
    return written;
  }
}
