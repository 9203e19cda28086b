package io.lookaside.simulator.lab;

/**
 * Something that an experiment claims, and what it measured.
 *
 * @param text the claim, in words
 * @param expected what should be measured, with its reason where that is short
 * @param measured what was measured
 * @param holds whether the one agrees with the other
 */
public record Claim(String text, String expected, String measured, boolean holds) {}
