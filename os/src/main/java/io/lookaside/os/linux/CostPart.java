package io.lookaside.os.linux;

import io.lookaside.mmu.stats.Metric;

/** What the kernel's cycles went to. Every cycle is counted in one part. */
public enum CostPart implements Metric {
  FAULTS("faults", "page faults: traps, look-ups, frames, zeroing, copying, entries"),
  SYSTEM_CALLS("systemCalls", "system calls, likewise"),
  SWITCHES("switches", "letting another process run"),
  FLUSHES("flushes", "dropping translations on the own processor"),
  SHOOTDOWNS("shootdowns", "interrupting other processors for that, and waiting for them"),
  RECLAIM("reclaim", "looking at pages, following the reverse map, taking slots, unmapping"),
  READING("reading", "handing reads to the device and waiting for what was asked for"),
  WRITING("writing", "handing writes to the device"),
  WAITING("waiting", "waiting for writes: reclaim for what it wrote, a writer for its turn"),
  SIGNALS("signals", "delivering signals and killing");

  private final String key;
  private final String meaning;

  CostPart(String key, String meaning) {
    this.key = key;
    this.meaning = meaning;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return "cycles";
  }

  @Override
  public String meaning() {
    return meaning;
  }
}
