package io.lookaside.cli;

import io.lookaside.experiments.sweep.SweepFolder;
import io.lookaside.experiments.sweep.SweepPlan;
import java.nio.file.Path;
import java.util.concurrent.Callable;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/** {@code lookaside sweep shard}. */
@Command(
    name = "shard",
    versionProvider = Main.VersionText.class,
    mixinStandardHelpOptions = true,
    sortOptions = false,
    description = {
      "Run the Kth of N parts of a planned sweep. Parts may run at once, in one folder or in copies"
          + " of it; merge puts them together."
    },
    footerHeading = "%nExamples:%n",
    footer = {
      "  lookaside sweep shard 1/4 stlb.sweep",
      "  parallel -j 4 lookaside sweep shard {}/4 stlb.sweep --threads 1 ::: 1 2 3 4",
      "  lookaside sweep merge stlb.sweep"
    })
final class SweepShardCommand implements Callable<Integer> {
  private static final Pattern PART = Pattern.compile("([1-9][0-9]{0,5})/([1-9][0-9]{0,5})");

  private final Console console;

  @Parameters(index = "0", paramLabel = "K/N", description = "Which part, from 1/N to N/N.")
  private String part = "";

  @Parameters(index = "1", paramLabel = "DIR", description = "The folder of a planned sweep.")
  private String folder = "";

  @Mixin private SweepWork work = new SweepWork();

  SweepShardCommand(Console console) {
    this.console = console;
  }

  @Override
  public Integer call() throws Exception {
    Matcher m = PART.matcher(part);
    if (!m.matches() || Integer.parseInt(m.group(1)) > Integer.parseInt(m.group(2))) {
      throw new UsageException("'" + part + "' is no part; expected K/N, as in 1/4 up to 4/4");
    }
    long k = Long.parseLong(m.group(1));
    long n = Long.parseLong(m.group(2));
    SweepFolder sweep = new SweepFolder(Path.of(folder));
    SweepPlan plan = sweep.plan();
    // Neighbouring points share a trace, which is then decoded once.
    int size = plan.points().size();
    int from = (int) (size * (k - 1) / n);
    int to = (int) (size * k / n);
    return work.run(console, sweep, plan, plan.points().subList(from, to), folder);
  }
}
