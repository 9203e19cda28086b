package io.lookaside.timing;

import io.lookaside.mmu.stats.Metric;

/** What timing counts beside cycles. */
public enum TimingMetric implements Metric {
  MERGED_HITS(
      "mergedHits",
      "translations",
      "TLB hits in a page whose translation was still on its way, and which waited for it"),
  LATE_PREFETCHES(
      "latePrefetches", "walks", "walks ahead that a reference to their page waited for"),
  TRANSLATION_CYCLES(
      "translation", "cycles", "the sum over translations of completion minus start"),
  WALKS_STARTED("walksStarted", "walks", "walks of any cause that got a page walker"),
  WALKS_FINISHED("walksFinished", "walks", "walks that gave their page walker back"),
  WALK_CYCLES(
      "walkCycles",
      "cycles",
      "the sum over walks of end minus request, waiting for a walker included"),
  READS_ISSUED("readsIssued", "reads", "reads of table entries that were sent to memory"),
  READS_ANSWERED("readsAnswered", "reads", "reads of table entries that came back"),
  MISS_REGISTER_WAITS(
      "missRegisterWaits", "translations", "first-level misses that found no miss register free"),
  WALKER_WAITS("walkerWaits", "walks", "walks that found no page walker free"),
  PORT_WAITS(
      "portWaits", "look-ups", "TLB look-ups that were put off because all ports were taken"),
  BANK_WAITS("bankWaits", "accesses", "DRAM accesses that found their bank busy"),
  SHOOTDOWN_ROUNDS(
      "shootdownRounds", "rounds", "times that a core sent interrupts and waited for all answers"),
  INTERRUPTS_SENT("interruptsSent", "interrupts", "sent to other cores"),
  INTERRUPTS_ACKNOWLEDGED(
      "interruptsAcknowledged", "interrupts", "sent to other cores that these have answered"),
  INTERRUPTS_TAKEN("interruptsTaken", "interrupts", "from other cores that were answered"),
  THREAD_INTERRUPTS_TAKEN(
      "threadInterruptsTaken",
      "interrupts",
      "from threads of the kernel, such as kswapd, that have a processor of their own");

  private final String key;
  private final String unit;
  private final String meaning;

  TimingMetric(String key, String unit, String meaning) {
    this.key = key;
    this.unit = unit;
    this.meaning = meaning;
  }

  @Override
  public String key() {
    return key;
  }

  @Override
  public String unit() {
    return unit;
  }

  @Override
  public String meaning() {
    return meaning;
  }
}
