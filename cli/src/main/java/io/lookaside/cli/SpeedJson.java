package io.lookaside.cli;

import io.lookaside.simulator.RunJson;
import io.lookaside.simulator.StageTimes;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** What {@code --speed} writes: thread CPU time by stage. */
final class SpeedJson {
  private SpeedJson() {}

  static String text(StageTimes times) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("decodeNanos", times.nanos(StageTimes.Stage.DECODE));
    node.put("prefaultNanos", times.nanos(StageTimes.Stage.PREFAULT));
    node.put("replayNanos", times.nanos(StageTimes.Stage.REPLAY));
    node.put("wallNanos", times.wallNanos());
    return RunJson.text(node);
  }
}
