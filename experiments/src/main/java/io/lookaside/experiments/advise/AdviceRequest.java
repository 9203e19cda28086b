package io.lookaside.experiments.advise;

import io.lookaside.traces.TraceFormat;
import java.util.ArrayList;
import java.util.List;
import org.jspecify.annotations.Nullable;

/**
 * What advice is wanted on.
 *
 * @param trace a file that can be read several times
 * @param format its format, or {@code null} to detect it
 * @param machine the name of a machine or its file
 * @param settings {@code path=value} that change it before all else
 * @param skip references that are passed over
 * @param warmup references that then warm up
 * @param maxReferences the most that are measured
 * @param seed decides what is left to chance
 * @param timing whether to ask a clock too, where the machine says what it needs
 * @param regions how many regions are tried on pages of 2 MiB of their own
 * @param threads how many runs go on at once
 */
public record AdviceRequest(
    String trace,
    @Nullable TraceFormat format,
    String machine,
    List<String> settings,
    long skip,
    long warmup,
    long maxReferences,
    long seed,
    boolean timing,
    int regions,
    int threads) {
  /** Copies the list. */
  public AdviceRequest {
    settings = List.copyOf(settings);
  }

  /** The command that runs the trace with a change. */
  String command(WhatIf whatIf, boolean timed) {
    List<String> words = new ArrayList<>(List.of("run", trace));
    if (format != null) {
      words.addAll(List.of("--format", format.label()));
    }
    words.addAll(List.of("--machine", machine));
    settings.forEach(s -> words.addAll(List.of("--set", s)));
    words.addAll(whatIf.words());
    if (skip > 0) {
      words.addAll(List.of("--skip", Long.toString(skip)));
    }
    if (warmup > 0) {
      words.addAll(List.of("--warmup", Long.toString(warmup)));
    }
    if (maxReferences != Long.MAX_VALUE) {
      words.addAll(List.of("--max-refs", Long.toString(maxReferences)));
    }
    words.addAll(List.of("--seed", Long.toString(seed)));
    if (timed) {
      words.addAll(List.of("--timing", "--overlap", "window"));
    }
    return String.join(" ", words);
  }
}
