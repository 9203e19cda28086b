package io.lookaside.simulator.curve;

import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.Version;
import io.lookaside.simulator.config.MachineConfig;
import java.util.HexFormat;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** A curve as JSON, schema {@code lookaside.curve/1}, and as CSV. */
public final class CurveText {
  private CurveText() {}

  /**
   * The fully associative sizes that are listed: up to the largest set-associative geometry, so
   * that each has its fully associative fellow, and on to the number of distinct pages, from which
   * on nothing changes; but at most {@code limit}.
   */
  static int listedSizes(CurveResult result, int limit) {
    CurveOptions options = result.options();
    long largest = (long) options.maxSets() * options.maxWays();
    return (int) Math.min(limit, Math.max(largest, result.distinctPages()));
  }

  /**
   * The result for programs, a geometry a line.
   *
   * @param command the command that made it, without options that only direct the output
   * @param limit the most fully associative sizes
   */
  public static String json(CurveResult result, String command, int limit) {
    // Written by hand: a tree of a million nodes would take a hundred times the memory of its text.
    ObjectNode head = JsonNodeFactory.instance.objectNode();
    head.put("schema", "lookaside.curve/1");
    provenance(head.putObject("provenance"), result, command);
    ObjectNode trace = head.putObject("trace");
    trace.put("format", result.format().label());
    trace.put("references", result.references());
    head.put("side", result.options().side().label());
    head.put("pageSize", result.options().pageSize().label());
    head.put("lookups", result.lookups());
    head.put("distinctPages", result.distinctPages());
    String text = RunJson.text(head);
    StringBuilder out = new StringBuilder(text.substring(0, text.lastIndexOf('}')).stripTrailing());
    out.append(",\n  \"setAssociative\" : [");
    String separator = "\n";
    for (int sets = 1; sets <= result.options().maxSets(); sets *= 2) {
      for (int ways = 1; ways <= result.options().maxWays(); ways++) {
        out.append(separator).append("    {\"sets\" : ").append(sets);
        out.append(", \"ways\" : ").append(ways);
        out.append(", \"misses\" : ").append(result.misses().of(sets, ways)).append('}');
        separator = ",\n";
      }
    }
    out.append("\n  ],\n  \"fullyAssociative\" : [");
    separator = "\n";
    int sizes = listedSizes(result, limit);
    for (int entries = 1; entries <= sizes; entries++) {
      out.append(separator).append("    {\"entries\" : ").append(entries);
      out.append(", \"misses\" : ").append(result.misses().fullyAssociative(entries)).append('}');
      separator = ",\n";
    }
    return out.append("\n  ]\n}\n").toString();
  }

  /** The result for spreadsheets and data frames: a row for each geometry. */
  public static String csv(CurveResult result, int limit) {
    StringBuilder out =
        new StringBuilder("organisation,sets,ways,entries,side,pageSize,lookups,misses\n");
    String common =
        ","
            + result.options().side().label()
            + ","
            + result.options().pageSize().label()
            + ","
            + result.lookups()
            + ",";
    for (int sets = 1; sets <= result.options().maxSets(); sets *= 2) {
      for (int ways = 1; ways <= result.options().maxWays(); ways++) {
        out.append("setAssociative,").append(sets).append(',').append(ways).append(',');
        out.append((long) sets * ways).append(common).append(result.misses().of(sets, ways));
        out.append('\n');
      }
    }
    int sizes = listedSizes(result, limit);
    for (int entries = 1; entries <= sizes; entries++) {
      out.append("fullyAssociative,1,").append(entries).append(',').append(entries).append(common);
      out.append(result.misses().fullyAssociative(entries)).append('\n');
    }
    return out.toString();
  }

  private static void provenance(ObjectNode node, CurveResult result, String command) {
    node.put("version", Version.current());
    node.put("command", command);
    MachineConfig behind = result.options().behind();
    if (behind != null) {
      node.set("machine", behind.effective());
      node.put("machineHash", RunJson.hash(behind.effective()));
    }
    node.put("traceHash", "refs64:" + HexFormat.of().toHexDigits(result.traceHash()));
  }
}
