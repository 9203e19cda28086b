package io.lookaside.simulator;

import io.lookaside.mmu.format.PageSize;
import io.lookaside.mmu.format.VirtualAddress;
import io.lookaside.os.policy.PagePolicy;
import io.lookaside.os.policy.PageString;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceException;
import io.lookaside.traces.TraceFile;
import io.lookaside.traces.TraceFormat;
import io.lookaside.traces.TraceHasher;
import java.io.IOException;
import java.io.InputStream;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * Page faults of the classic replacement policies on the pages of a trace, of all its processes
 * together. A reference that crosses a boundary refers to both pages; one that is not canonical to
 * none.
 */
public final class PagingSimulation {
  private static final int PAGE_SHIFT = PageSize.SIZE_4K.shift();

  /** Page numbers have 52 bits; the address space's number stands above. */
  private static final int SPACE_SHIFT = 64 - PAGE_SHIFT;

  /**
   * What is to be read.
   *
   * @param trace a path, or {@code -} for standard input
   * @param format its format, or {@code null} to detect it
   * @param skip references that are passed over
   * @param maxReferences the most references that are taken
   */
  public record Options(
      String trace, @Nullable TraceFormat format, long skip, long maxReferences) {}

  /**
   * What came of it.
   *
   * @param format the trace's format
   * @param hash hash of all references that were read
   * @param references references to pages: one that crosses a boundary is two
   * @param pages different pages
   * @param frames numbers of frames
   * @param policies the policies
   * @param faults by number of frames and policy
   */
  public record Result(
      TraceFormat format,
      long hash,
      long references,
      int pages,
      List<Integer> frames,
      List<PagePolicy> policies,
      List<List<Long>> faults) {}

  private final Options options;
  private final PageString string = new PageString();

  /** A pass that has not begun. */
  public PagingSimulation(Options options) {
    this.options = options;
  }

  /**
   * Reads the trace and gives its string to the policies.
   *
   * @param standardInput read where the trace is {@code -}
   * @throws TraceException if the trace is flawed, too long, or has nothing to take
   */
  public Result run(InputStream standardInput, List<Integer> frames, List<PagePolicy> policies)
      throws IOException {
    TraceHasher hasher = new TraceHasher();
    TraceFormat format;
    try (TraceFile trace = TraceFile.open(options.trace, options.format, standardInput)) {
      ReferenceBatch batch = new ReferenceBatch();
      long skipped = 0;
      long taken = 0;
      int n;
      while (taken < options.maxReferences && (n = trace.read(batch)) > 0) {
        int from = (int) Math.min(n, options.skip - skipped);
        skipped += from;
        int to = (int) Math.min(n, from + Math.min(n, options.maxReferences - taken));
        hasher.add(batch, 0, to);
        for (int i = from; i < to; i++) {
          add(batch.address(i), ReferenceBatch.size(batch.descriptor(i)), batch.addressSpace());
        }
        taken += to - from;
      }
      if (string.references() == 0) {
        throw new TraceException(
            options.trace + ": no references to pages; lower --skip, or check --format");
      }
      format = trace.format();
    }
    List<List<Long>> faults = new ArrayList<>();
    for (int number : frames) {
      faults.add(policies.stream().map(policy -> policy.faults(string, number)).toList());
    }
    return new Result(
        format,
        hasher.value(),
        string.references(),
        string.pages(),
        List.copyOf(frames),
        List.copyOf(policies),
        faults);
  }

  private void add(long va, int size, int addressSpace) throws TraceException {
    long last = va + size - 1;
    if (!VirtualAddress.isCanonical(va) || !VirtualAddress.isCanonical(last)) {
      return;
    }
    if (string.length() > PageString.MAX_LENGTH - 2) {
      throw new TraceException(
          options.trace + ": changes its page too often to be kept; take a part with --max-refs");
    }
    long space = (long) addressSpace << SPACE_SHIFT;
    string.add((va >>> PAGE_SHIFT) ^ space);
    if (last >>> PAGE_SHIFT != va >>> PAGE_SHIFT) {
      string.add((last >>> PAGE_SHIFT) ^ space);
    }
  }
}
