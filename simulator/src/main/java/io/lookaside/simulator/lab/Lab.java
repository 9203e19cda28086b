package io.lookaside.simulator.lab;

import io.lookaside.os.linux.Mechanism;
import java.util.ArrayList;
import java.util.List;

/** An experiment: claims about memory that are measured on the model. */
public abstract class Lab {
  private final String name;
  private final String title;
  private final List<String> ablations = new ArrayList<>();

  /**
   * An experiment.
   *
   * @param mechanisms what it rests on: a {@link Mechanism} or a {@link Switch} each
   */
  Lab(String name, String title, Enum<?>... mechanisms) {
    this.name = name;
    this.title = title;
    for (Enum<?> mechanism : mechanisms) {
      ablations.add(
          mechanism instanceof Mechanism m ? m.key() : Switch.valueOf(mechanism.name()).key());
    }
  }

  /** Its name on the command line. */
  public String name() {
    return name;
  }

  /** What it is about, in a sentence. */
  public String title() {
    return title;
  }

  /** The keys of what can be switched off, without the prefix {@code os.}. */
  public List<String> ablations() {
    return List.copyOf(ablations);
  }

  abstract void run(LabContext context, LabReport report);
}
