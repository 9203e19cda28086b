package io.lookaside.timing;

/**
 * The instructions in the window of a core: how they enter, and in {@link Overlap#DATAFLOW} who
 * waits for whose results.
 */
final class Instructions {
  private static final int REGISTERS = 256;
  private static final int NOBODY = Life.NOBODY;

  private final Window window;
  private final Interrupts interrupts;
  private final Scheduler scheduler;
  private final int number;
  private final boolean dataflow;
  private final Instruction[] instructions;
  private final int instructionMask;

  /** By register: one more than the number of the instruction that wrote it last, 0 for none. */
  private final long[] producers = new long[REGISTERS];

  Instructions(Window window, Interrupts interrupts) {
    this.window = window;
    this.interrupts = interrupts;
    scheduler = window.scheduler;
    number = window.number;
    dataflow = window.dataflow;
    instructions = new Instruction[window.instructionRetired.length];
    for (int i = 0; i < instructions.length; i++) {
      instructions[i] = new Instruction();
    }
    instructionMask = window.instructionMask;
  }

  /** The instruction of a reference under way. */
  Instruction of(Life life) {
    return instructions[(int) life.instruction & instructionMask];
  }

  /** An instruction enters, with the reference of a kind that comes first of it. */
  void start(long cycle, int kind, long registers) {
    boolean same = cycle == window.instructionCycle && window.instructionTail > 0;
    window.enteredInCycle = same ? window.enteredInCycle + 1 : 1;
    window.instructionCycle = cycle;
    window.instructionRetired[(int) window.instructionTail & instructionMask] = 0;
    if (!dataflow) {
      window.instructionTail++;
      return;
    }
    Instruction instruction = instructions[(int) window.instructionTail & instructionMask];
    instruction.number = window.instructionTail++;
    instruction.firstSequence = window.tail;
    instruction.open = 0;
    instruction.closed = false;
    instruction.latest = cycle;
    instruction.done = Instruction.UNKNOWN;
    instruction.firstDependent = NOBODY;
    instruction.missingOperands = 0;
    instruction.operandsReady = cycle;
    if (kind != NOBODY) {
      for (int i = 0; i < Registers.SOURCES; i++) {
        waitForOperand(instruction, i, Registers.source(registers, i));
      }
      for (int i = 0; i < Registers.DESTINATIONS; i++) {
        int written = Registers.destination(registers, i);
        if (written != Registers.NONE) {
          producers[written] = instruction.number + 1;
        }
      }
      enterOwnWork(instruction, cycle);
    }
  }

  private void waitForOperand(Instruction instruction, int operand, int register) {
    if (register == Registers.NONE || producers[register] == 0) {
      return;
    }
    long producerNumber = producers[register] - 1;
    Instruction producer = instructions[(int) producerNumber & instructionMask];
    if (producer.number != producerNumber || producerNumber == instruction.number) {
      return; // retired long ago
    }
    if (producer.done != Instruction.UNKNOWN) {
      instruction.operandsReady = Math.max(instruction.operandsReady, producer.done);
    } else {
      instruction.missingOperands++;
      instruction.nextDependent[operand] = producer.firstDependent;
      producer.firstDependent =
          ((int) instruction.number & instructionMask) * Instruction.SOURCES + operand;
    }
  }

  /** The instruction's own cycle of work, as a reference that touches nothing. */
  private void enterOwnWork(Instruction instruction, long cycle) {
    int slot = (int) window.tail & window.lifeMask;
    Life life = window.lives[slot];
    life.begin(window.tail++, window.references, NOBODY, true, instruction.number);
    window.open++;
    life.recipe.clear();
    life.recipe.execute();
    life.enter(cycle);
    instruction.open++;
    if (instruction.missingOperands > 0) {
      life.waitsForOperands = true;
    } else {
      long ready = Math.max(cycle, instruction.operandsReady);
      life.spend(CycleCause.BASE, ready + 1);
      complete(life, ready + 1);
    }
  }

  /** No further reference of the last instruction can come. */
  void closeLast() {
    if (!dataflow || window.instructionTail == 0) {
      return;
    }
    Instruction instruction = instructions[(int) (window.instructionTail - 1) & instructionMask];
    if (!instruction.closed) {
      instruction.closed = true;
      if (instruction.open == 0) {
        done(instruction);
      }
    }
  }

  /** The results of an instruction are there: whoever waits for them alone can start. */
  private void done(Instruction instruction) {
    instruction.done = instruction.latest;
    int dependent = instruction.firstDependent;
    instruction.firstDependent = NOBODY;
    while (dependent != NOBODY) {
      Instruction waiting = instructions[dependent / Instruction.SOURCES];
      dependent = waiting.nextDependent[dependent % Instruction.SOURCES];
      waiting.operandsReady = Math.max(waiting.operandsReady, instruction.done);
      if (--waiting.missingOperands == 0) {
        release(waiting);
      }
    }
  }

  private void release(Instruction instruction) {
    for (long s = instruction.firstSequence; s < window.tail; s++) {
      Life life = window.lives[(int) s & window.lifeMask];
      if (life.instruction != instruction.number) {
        break;
      }
      if (life.waitsForOperands) {
        life.waitsForOperands = false;
        scheduler.schedule(number, s, Math.max(life.start, instruction.operandsReady));
      }
    }
  }

  /** A reference is complete, or will be in {@code cycle}. */
  void complete(Life life, long cycle) {
    window.complete(life, cycle);
    if (dataflow) {
      Instruction instruction = of(life);
      instruction.latest = Math.max(instruction.latest, cycle);
      instruction.open--;
      if (instruction.open == 0 && instruction.closed) {
        done(instruction);
      }
    }
    interrupts.take();
  }
}
