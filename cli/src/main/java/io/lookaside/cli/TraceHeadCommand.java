package io.lookaside.cli;

import io.lookaside.mmu.AccessKind;
import io.lookaside.traces.ReferenceBatch;
import io.lookaside.traces.TraceFile;
import java.util.Locale;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** {@code lookaside trace head}. */
@Command(
    name = "head",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = "List the first references of a trace.",
    footerHeading = "%nExample:%n",
    footer = "  lookaside trace head traces/samples/date.lackey.xz -n 10 --skip 1K")
final class TraceHeadCommand implements Callable<Integer> {
  private final Console console;

  @Mixin private final TraceSource source = new TraceSource();

  @Option(
      names = "-n",
      paramLabel = "N",
      defaultValue = "20",
      converter = CountConverter.class,
      description = "How many (default: ${DEFAULT-VALUE}).")
  private long count;

  @Mixin private SkippedReferences skipped = new SkippedReferences();

  TraceHeadCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    try (TraceFile in = source.open(console)) {
      console
          .out()
          .printf(
              "%9s  %-5s  %-18s  %5s  %-18s  %5s  %4s%n",
              "reference", "kind", "address", "size", "pc", "asid", "core");
      ReferenceBatch batch = new ReferenceBatch();
      long skip = skipped.count();
      long position = in.skip(skip);
      int n;
      while (position < skip + count && (n = in.read(batch)) > 0) {
        int from = (int) Math.min(n, Math.max(0, skip - position));
        int to = (int) Math.min(n, skip + count - position);
        for (int i = from; i < to; i++) {
          print(position + i + 1, batch, i);
        }
        position += n;
      }
      if (position <= skip) {
        throw Windows.nothingLeft(source.path());
      }
    }
    return ExitCode.OK;
  }

  private void print(long number, ReferenceBatch batch, int i) {
    int descriptor = batch.descriptor(i);
    String kind =
        AccessKind.ofCode(ReferenceBatch.kind(descriptor)).name().toLowerCase(Locale.ROOT);
    console
        .out()
        .printf(
            "%9d  %-5s  0x%016x  %5d  %-18s  %5s  %4d%n",
            number,
            kind,
            batch.address(i),
            ReferenceBatch.size(descriptor),
            batch.hasInstructionAddresses()
                ? String.format(Locale.ROOT, "0x%016x", batch.instructionAddresses[i])
                : "-",
            Long.toUnsignedString(batch.addressSpaceId()),
            batch.core());
  }
}
