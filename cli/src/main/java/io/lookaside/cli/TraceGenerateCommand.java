package io.lookaside.cli;

import io.lookaside.traces.SyntheticTrace;
import io.lookaside.traces.TraceCopy;
import io.lookaside.traces.TraceWindow;
import java.util.Arrays;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.Callable;
import org.jspecify.annotations.Nullable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** {@code lookaside trace generate}. */
@Command(
    name = "generate",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Make a stream of data references, the same one everywhere for the same options:",
      "  sequential  from front to back, again and again",
      "  strided     the same in steps of --stride (default 4K)",
      "  uniform     every element equally likely",
      "  zipf        pages by a Zipf law in a random order",
      "  chase       one random cycle through elements a stride apart (default 4K)",
      "  gups        random elements, each loaded and then stored"
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside trace generate chase --footprint 64M --count 1M -o chase.lkt",
      "  lookaside trace generate zipf --footprint 1G --exponent 0.8 --seed 7 -o zipf.flat64.zst"
    })
final class TraceGenerateCommand implements Callable<Integer> {
  private static final long PAGE = 4096;
  private static final double USUAL_STORES = 0.25;

  private final Console console;

  @Parameters(paramLabel = "PATTERN", description = "One of the above.")
  private String pattern = "";

  @Mixin private final TraceTarget target = new TraceTarget();

  @Option(
      names = "--count",
      paramLabel = "N",
      defaultValue = "1M",
      converter = CountConverter.class,
      description = "References; suffixes K, M, G are decimal (default: ${DEFAULT-VALUE}).")
  private long count;

  @Option(
      names = "--footprint",
      paramLabel = "BYTES",
      defaultValue = "1G",
      converter = ByteSizeConverter.class,
      description = "Memory; suffixes K, M, G, T are binary (default: ${DEFAULT-VALUE}).")
  private long footprint;

  @Option(
      names = "--stride",
      paramLabel = "BYTES",
      converter = ByteSizeConverter.class,
      description = "From one element to the next.")
  private @Nullable Long stride;

  @Option(
      names = "--size",
      paramLabel = "BYTES",
      defaultValue = "8",
      description = "Of a reference, a power of two (default: ${DEFAULT-VALUE}).")
  private int size;

  @Option(
      names = "--stores",
      paramLabel = "SHARE",
      description = "Share of stores, 0 to 1 (default: 0.25; a chase has none).")
  private @Nullable Double stores;

  @Option(
      names = "--exponent",
      paramLabel = "X",
      defaultValue = "0.99",
      description = "Of the Zipf law (default: ${DEFAULT-VALUE}).")
  private double exponent;

  @Option(
      names = "--base",
      paramLabel = "ADDRESS",
      defaultValue = "0x7f0000000000",
      converter = AddressConverter.class,
      description = "Where the memory begins (default: ${DEFAULT-VALUE}).")
  private long base;

  @Mixin private SeedOption seed = new SeedOption();

  TraceGenerateCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    SyntheticTrace.Spec spec = spec();
    target.write(
        console,
        List.of(),
        false,
        writer -> {
          try (SyntheticTrace trace = new SyntheticTrace(spec)) {
            TraceCopy.copy(trace, writer, TraceWindow.from(0, Long.MAX_VALUE), n -> {});
          }
        });
    return ExitCode.OK;
  }

  private SyntheticTrace.Spec spec() throws UsageException {
    List<String> names =
        Arrays.stream(SyntheticTrace.Pattern.values())
            .map(p -> p.name().toLowerCase(Locale.ROOT))
            .toList();
    int index = names.indexOf(RunCommand.oneOf("PATTERN", pattern, names));
    SyntheticTrace.Pattern known = SyntheticTrace.Pattern.values()[index];
    long step = stride != null ? stride : known == SyntheticTrace.Pattern.SEQUENTIAL ? size : PAGE;
    if (stride == null) {
      step = Math.min(step, footprint);
    }
    double usual = known == SyntheticTrace.Pattern.CHASE ? 0 : USUAL_STORES;
    double share = stores == null ? usual : stores;
    try {
      return new SyntheticTrace.Spec(
          known, count, base, footprint, step, size, share, exponent, seed.value());
    } catch (IllegalArgumentException e) {
      throw new UsageException(e.getMessage() == null ? "" : e.getMessage());
    }
  }
}
