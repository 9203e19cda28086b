package io.lookaside.experiments.sweep;

import io.lookaside.simulator.RunJson;
import io.lookaside.traces.TraceFormat;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The plan of a sweep: everything that its runs need, traces excepted, and a row for each point.
 *
 * @param name the sweep's name
 * @param version the version of Lookaside that planned it
 * @param traces its traces
 * @param axes what varies
 * @param measures the columns of its table
 * @param machines the machines by the hash of their effective configuration
 * @param points its points, by index
 */
public record SweepPlan(
    String name,
    String version,
    List<SweepTrace> traces,
    List<Axis> axes,
    List<Measure> measures,
    Map<String, ObjectNode> machines,
    List<SweepPoint> points) {
  static final String SCHEMA = "lookaside.sweep-plan/1";

  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** Copies the lists. */
  public SweepPlan {
    traces = List.copyOf(traces);
    axes = List.copyOf(axes);
    measures = List.copyOf(measures);
    points = List.copyOf(points);
  }

  /** The trace of a name. */
  SweepTrace trace(String wanted) {
    return traces.stream().filter(t -> t.name().equals(wanted)).findFirst().orElseThrow();
  }

  /** What the plan is, wherever it is stored: equal plans have equal results. */
  public String hash() {
    ObjectNode node = header();
    ArrayNode rows = node.putArray("points");
    points.forEach(p -> rows.addObject().put("key", p.key()).set("axes", p.axes()));
    return RunJson.hash(node);
  }

  /** Name, version, traces, axes and measures, without places on this host. */
  ObjectNode header() {
    ObjectNode node = JSON.objectNode();
    node.put("name", name);
    node.put("version", version);
    ArrayNode list = node.putArray("traces");
    for (SweepTrace trace : traces) {
      ObjectNode entry = list.addObject();
      entry.put("name", trace.name());
      entry.put("format", trace.format() == null ? null : trace.format().label());
      if (trace.files().size() > 1) {
        entry.put("quantum", trace.quantum());
      }
      ArrayNode files = entry.putArray("files");
      for (TraceFileId file : trace.files()) {
        files
            .addObject()
            .put("file", file.file())
            .put("bytes", file.bytes())
            .put("sha256", file.sha256());
      }
    }
    ArrayNode axisList = node.putArray("axes");
    for (Axis axis : axes) {
      ObjectNode entry = axisList.addObject().put("name", axis.name());
      entry.putArray("values").addAll(axis.values());
      if (axis.group() >= 0) {
        entry.put("zip", axis.group());
      }
    }
    ArrayNode measureList = node.putArray("measures");
    measures.forEach(m -> measureList.addObject().put("path", m.path()).put("unit", m.unit()));
    return node;
  }

  /** The plan's file: JSON in which each machine and each point is a line. */
  String text() {
    StringBuilder out = new StringBuilder(200 * points.size());
    out.append("{\"schema\":\"").append(SCHEMA).append("\",\n\"plan\":").append(header());
    ArrayNode places = JSON.arrayNode();
    for (SweepTrace trace : traces) {
      for (TraceFileId file : trace.files()) {
        places.addObject().put("path", file.path()).put("modified", file.modified());
      }
    }
    out.append(",\n\"places\":").append(places).append(",\n\"machines\":{\n");
    int n = 0;
    for (Map.Entry<String, ObjectNode> e : machines.entrySet()) {
      out.append(JSON.stringNode(e.getKey())).append(':').append(e.getValue());
      out.append(++n == machines.size() ? "\n" : ",\n");
    }
    out.append("},\n\"points\":[\n");
    for (SweepPoint p : points) {
      ObjectNode row = JSON.objectNode();
      row.put("index", p.index()).put("key", p.key()).put("trace", p.trace());
      row.set("axes", p.axes());
      row.put("machine", p.machineHash());
      row.set("options", p.options());
      row.put("command", p.command());
      out.append(row).append(p.index() + 1 == points.size() ? "\n" : ",\n");
    }
    return out.append("]}\n").toString();
  }

  /**
   * Reads what {@link #text} wrote.
   *
   * @throws IllegalArgumentException if it is not that
   */
  static SweepPlan parse(String text) {
    try {
      JsonNode root = JsonMapper.shared().readTree(text);
      if (!root.path("schema").asString("").equals(SCHEMA)) {
        throw new IllegalArgumentException("is not a plan of schema " + SCHEMA);
      }
      return bind(root);
    } catch (JacksonException | NullPointerException | ClassCastException e) {
      throw new IllegalArgumentException("is damaged: " + e.getMessage(), e);
    }
  }

  private static SweepPlan bind(JsonNode root) {
    JsonNode header = root.path("plan");
    JsonNode places = root.path("places");
    List<SweepTrace> traces = new ArrayList<>();
    int place = 0;
    for (JsonNode trace : header.path("traces")) {
      List<TraceFileId> files = new ArrayList<>();
      for (JsonNode file : trace.path("files")) {
        JsonNode where = places.path(place++);
        files.add(
            new TraceFileId(
                file.path("file").stringValue(),
                where.path("path").stringValue(),
                file.path("bytes").longValue(),
                where.path("modified").longValue(),
                file.path("sha256").stringValue()));
      }
      JsonNode format = trace.path("format");
      traces.add(
          new SweepTrace(
              trace.path("name").stringValue(),
              files,
              format.isString() ? TraceFormat.ofLabel(format.stringValue()) : null,
              trace.path("quantum").asLong(SweepTrace.DEFAULT_QUANTUM)));
    }
    List<Axis> axes = new ArrayList<>();
    for (JsonNode axis : header.path("axes")) {
      List<JsonNode> values = new ArrayList<>();
      axis.path("values").forEach(values::add);
      axes.add(new Axis(axis.path("name").stringValue(), values, axis.path("zip").asInt(-1), ""));
    }
    List<Measure> measures = new ArrayList<>();
    for (JsonNode measure : header.path("measures")) {
      measures.add(
          new Measure(measure.path("path").stringValue(), measure.path("unit").stringValue()));
    }
    Map<String, ObjectNode> machines = new LinkedHashMap<>();
    root.path("machines")
        .properties()
        .forEach(e -> machines.put(e.getKey(), (ObjectNode) e.getValue()));
    List<SweepPoint> points = new ArrayList<>();
    for (JsonNode row : root.path("points")) {
      SweepPoint point =
          new SweepPoint(
              row.path("index").intValue(),
              row.path("key").stringValue(),
              row.path("trace").stringValue(),
              (ObjectNode) Objects.requireNonNull(row.get("axes")),
              row.path("machine").stringValue(),
              (ObjectNode) Objects.requireNonNull(row.get("options")),
              row.path("command").stringValue());
      if (point.index() != points.size() || !machines.containsKey(point.machineHash())) {
        throw new IllegalArgumentException("is damaged at its point " + points.size());
      }
      points.add(point);
    }
    return new SweepPlan(
        header.path("name").stringValue(),
        header.path("version").stringValue(),
        traces,
        axes,
        measures,
        machines,
        points);
  }
}
