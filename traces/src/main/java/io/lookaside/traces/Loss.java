package io.lookaside.traces;

import io.lookaside.mmu.AccessKind;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/** What a format may be unable to carry, and how a trace changes by it. */
enum Loss {
  SIZE("%,d references lose their size and come back with %s"),
  LOW_ADDRESS_BITS("%,d addresses are rounded down to a multiple of 4"),
  ADDRESS_SPACE("%,d references lose their address space and come back as those of one process"),
  CORE("%,d references lose their core and come back as those of one"),
  INSTRUCTION_ADDRESS(
      "%,d references lose the address of their instruction, which is not the one fetched last"),
  ADDED_FETCH(
      "%,d fetches are added: a record is an instruction of one fetch, then at most 4 loads, then"
          + " at most 2 stores, and these references needed one more"),
  ADDRESS_ZERO("%,d loads or stores of address 0 are dropped, which means 'none' there");

  private final String sentence;

  Loss(String sentence) {
    this.sentence = sentence;
  }

  /** How often each loss occurred in a trace. */
  static final class Counts {
    private final long[] counts = new long[values().length];
    private final String size;

    /**
     * No losses.
     *
     * @param size what size a reference comes back with, as in "4 bytes"
     */
    Counts(String size) {
      this.size = size;
    }

    void add(Loss loss) {
      counts[loss.ordinal()]++;
    }

    /** Counts what a format loses that knows neither address spaces nor cores. */
    void addOrigins(ReferenceBatch batch, int references) {
      if (batch.addressSpaceId() != 0) {
        counts[ADDRESS_SPACE.ordinal()] += references;
      }
      if (batch.core() != 0) {
        counts[CORE.ordinal()] += references;
      }
    }

    List<String> sentences() {
      List<String> sentences = new ArrayList<>();
      for (Loss loss : values()) {
        long n = counts[loss.ordinal()];
        if (n > 0) {
          sentences.add(String.format(Locale.ROOT, loss.sentence, n, size));
        }
      }
      return sentences;
    }
  }

  /** Follows which instruction a reader would take a reference for that is told only fetches. */
  static final class FetchedLast {
    private long address;
    private boolean known;

    /** Whether a reference's own instruction address is another one. */
    boolean differs(ReferenceBatch batch, int i) {
      if (ReferenceBatch.kind(batch.descriptor(i)) == FETCH) {
        address = batch.address(i);
        known = true;
      }
      return batch.hasInstructionAddresses()
          && !(known && batch.instructionAddresses[i] == address);
    }
  }

  private static final int FETCH = AccessKind.FETCH.ordinal();
}
