package io.lookaside.timing;

/**
 * All that timing needs to know of a machine beside the latencies of its translation structures.
 *
 * @param core the core, the same for all cores
 * @param memory what is behind the TLBs of each core
 */
public record TimingConfig(CoreConfig core, MemoryConfig memory) {}
