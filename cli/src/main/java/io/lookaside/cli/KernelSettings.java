package io.lookaside.cli;

import io.lookaside.os.linux.Mechanism;
import io.lookaside.simulator.config.NearMiss;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import picocli.CommandLine.TypeConversionException;

/**
 * What {@code --set os.KEY=VALUE} says to {@code run} of the kernel modelled on Linux.
 *
 * @param any whether anything was said
 * @param off mechanisms that are switched off
 * @param flushOnAge whether clearing an accessed bit flushes, which it does not on x86 Linux
 * @param khugepagedPeriod references, or with timing cycles, between two scans of khugepaged; 0 for
 *     none
 */
record KernelSettings(boolean any, Set<Mechanism> off, boolean flushOnAge, long khugepagedPeriod) {
  private static final String PREFIX = "os.";
  private static final String FLUSH_ON_AGE = "flushOnAge";
  private static final String KHUGEPAGED = "khugepaged";
  private static final String KHUGEPAGED_PERIOD = "khugepagedPeriod";

  /** Far more often than Linux, which scans every ten seconds: few traces are so long. */
  private static final long DEFAULT_PERIOD = 1_000_000;

  /** Whether a setting is one of these, and none of the machine. */
  static boolean isOne(String setting) {
    return setting.startsWith(PREFIX);
  }

  /** Reads settings as {@code os.KEY=VALUE}, of which the last of a key holds. */
  static KernelSettings of(List<String> settings) throws UsageException {
    Set<Mechanism> off = EnumSet.noneOf(Mechanism.class);
    boolean flushOnAge = false;
    boolean khugepaged = false;
    long period = DEFAULT_PERIOD;
    for (String setting : settings) {
      int equals = setting.indexOf('=');
      String key = setting.substring(PREFIX.length(), equals);
      String value = setting.substring(equals + 1);
      Mechanism mechanism = Mechanism.ofKey(key);
      if (key.equals(FLUSH_ON_AGE)) {
        flushOnAge = isTrue(setting, value);
      } else if (key.equals(KHUGEPAGED)) {
        khugepaged = isOn(setting, value);
      } else if (key.equals(KHUGEPAGED_PERIOD)) {
        period = period(setting, value);
      } else if (mechanism == null) {
        throw new UsageException(
            "--set "
                + setting
                + ": the kernel has no such mechanism; expected os.KEY=off with KEY one of "
                + String.join(", ", keys())
                + NearMiss.hint(key, keys()));
      } else if (isOn(setting, value)) {
        off.remove(mechanism);
      } else {
        off.add(mechanism);
      }
    }
    return new KernelSettings(!settings.isEmpty(), off, flushOnAge, khugepaged ? period : 0);
  }

  private static List<String> keys() {
    List<String> keys = new ArrayList<>(List.of(FLUSH_ON_AGE, KHUGEPAGED, KHUGEPAGED_PERIOD));
    for (Mechanism mechanism : Mechanism.values()) {
      keys.add(mechanism.key());
    }
    return keys;
  }

  private static boolean isOn(String setting, String value) throws UsageException {
    if (!value.equals("on") && !value.equals("off")) {
      throw new UsageException("--set " + setting + ": expected on or off");
    }
    return value.equals("on");
  }

  private static boolean isTrue(String setting, String value) throws UsageException {
    if (!value.equals("true") && !value.equals("false")) {
      throw new UsageException("--set " + setting + ": expected true or false");
    }
    return value.equals("true");
  }

  private static long period(String setting, String value) throws UsageException {
    try {
      long period = new CountConverter().convert(value);
      if (period > 0) {
        return period;
      }
    } catch (TypeConversionException e) {
      // said below
    }
    throw new UsageException("--set " + setting + ": expected a number of at least 1, as in 100K");
  }
}
