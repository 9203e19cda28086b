package io.lookaside.cli;

import io.lookaside.simulator.BatchCost;
import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.StageTimes;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What {@code --speed} writes: thread CPU time by stage, and what Java's compiler took. */
final class SpeedJson {
  private SpeedJson() {}

  static String text(StageTimes times) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("decodeNanos", times.nanos(StageTimes.Stage.DECODE));
    node.put("hashNanos", times.nanos(StageTimes.Stage.HASH));
    node.put("prefaultNanos", times.nanos(StageTimes.Stage.PREFAULT));
    node.put("replayNanos", times.nanos(StageTimes.Stage.REPLAY));
    node.put("compileNanos", times.compileNanos());
    node.put("wallNanos", times.wallNanos());
    return RunJson.text(node);
  }

  /** The same of a sweep, with the references that were read and replayed. */
  static String text(BatchCost cost, long wallNanos) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("decodeNanos", cost.decodeNanos());
    node.put("compactNanos", cost.compactNanos());
    node.put("prefaultNanos", cost.prefaultNanos());
    node.put("replayNanos", cost.replayNanos());
    node.put("waitNanos", cost.waitNanos());
    node.put("wallNanos", wallNanos);
    node.put("decodedReferences", cost.decodedReferences());
    node.put("keptReferences", cost.keptReferences());
    node.put("replayedReferences", cost.replayedReferences());
    return RunJson.text(node);
  }
}
