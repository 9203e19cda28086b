package io.lookaside.simulator.curve;

import io.lookaside.traces.TraceFormat;

/**
 * LRU misses of every geometry that was asked for, and of every fully associative size.
 *
 * @param options what was asked for
 * @param format the format that the trace was read as
 * @param traceHash hash of all references that were read, skipped ones included
 * @param references references after those that were skipped, of both sides
 * @param lookups look-ups: one for each 4 KiB page that a reference touches, as in a run; with a
 *     machine in front, its first-level misses
 * @param distinctPages the pages that were looked up; each misses at least once in any structure
 * @param misses of these look-ups
 */
public record CurveResult(
    CurveOptions options,
    TraceFormat format,
    long traceHash,
    long references,
    long lookups,
    long distinctPages,
    MissCounts misses) {}
