package io.lookaside.experiments.sweep;

import java.io.IOException;
import java.nio.channels.FileChannel;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.ArrayNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The merged result of a sweep, in the order of its plan: as JSON, schema {@code
 * lookaside.sweep/1}, as JSON Lines and as CSV. The bytes depend on the plan and the results alone.
 */
public final class SweepMerge {
  /** The schema of the merged JSON. */
  public static final String SCHEMA = "lookaside.sweep/1";

  private static final String END_OF_ROW = "\r\n";
  private static final int MOST_NAMED = 5;

  private final SweepPlan plan;
  private final List<SweepFolder> folders;
  private final List<SweepPoint> missing = new ArrayList<>();
  private final List<SweepPoint> duplicates = new ArrayList<>();

  /**
   * A merge of the results of one or more folders.
   *
   * @param plan that of all folders
   * @throws SweepFolder.SweepException if results of a point differ
   */
  public SweepMerge(SweepPlan plan, List<SweepFolder> folders) throws IOException {
    this.plan = plan;
    this.folders = List.copyOf(folders);
    for (SweepPoint point : plan.points()) {
      List<String> results = results(point);
      if (results.isEmpty()) {
        missing.add(point);
      } else if (results.size() > 1) {
        duplicates.add(point);
        if (results.stream().distinct().count() > 1) {
          throw new SweepFolder.SweepException(
              "the folders hold different results of "
                  + point.title()
                  + " (key "
                  + point.key()
                  + "); remove the wrong one");
        }
      }
    }
  }

  private List<String> results(SweepPoint point) throws IOException {
    List<String> results = new ArrayList<>();
    for (SweepFolder folder : folders) {
      String result = folder.find(point).result();
      if (result != null) {
        results.add(result);
      }
    }
    return results;
  }

  /** The points without a result. */
  public List<SweepPoint> missing() {
    return missing;
  }

  /** The points of which several folders have the result, the same one. */
  public List<SweepPoint> duplicates() {
    return duplicates;
  }

  /** Points by name, the first few. */
  public static String names(List<SweepPoint> points) {
    String names =
        points.stream()
            .limit(MOST_NAMED)
            .map(p -> p.index() + " (" + p.title() + ")")
            .collect(Collectors.joining("; "));
    int more = points.size() - MOST_NAMED;
    return names + (more > 0 ? "; and " + more + " more" : "");
  }

  /** Writes a part of a result. */
  private interface Sink {
    void point(SweepPoint point, String result) throws IOException;
  }

  private void eachPoint(Sink sink) throws IOException {
    for (SweepPoint point : plan.points()) {
      List<String> results = results(point);
      if (!results.isEmpty()) {
        sink.point(point, results.get(0));
      }
    }
  }

  /** A point as one line of JSON. */
  private static String line(SweepPoint point, String result) {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("index", point.index()).put("key", point.key()).put("trace", point.trace());
    node.set("axes", point.axes());
    String text = node.toString();
    return text.substring(0, text.length() - 1) + ",\"result\":" + result + "}";
  }

  /**
   * Writes {@code result.json}, {@code result.jsonl} and {@code result.csv} into a folder, at a
   * time.
   *
   * @throws InterruptedException if this thread is interrupted; what is not whole is not there
   */
  public void writeAll(Path folder) throws IOException, InterruptedException {
    List<Together.Work> forms =
        List.of(
            () -> writeJson(folder.resolve("result.json")),
            () -> writeJsonLines(folder.resolve("result.jsonl")),
            () -> writeCsv(folder.resolve("result.csv")));
    Together.run(forms, forms.size());
  }

  /** Writes the JSON, in which each point is a line. */
  public void writeJson(Path file) throws IOException {
    ObjectNode header = plan.header();
    header.put("planHash", plan.hash());
    header.put("points", plan.points().size());
    ArrayNode absent = JsonNodeFactory.instance.arrayNode();
    missing.forEach(
        p ->
            absent
                .addObject()
                .put("index", p.index())
                .put("key", p.key())
                .put("trace", p.trace())
                .set("axes", p.axes()));
    String head =
        "{\"schema\":\""
            + SCHEMA
            + "\",\n\"plan\":"
            + header
            + ",\n\"missing\":"
            + absent
            + ",\n\"points\":[";
    SweepFolder.write(
        file,
        channel -> {
          SweepFolder.writeAll(channel, head);
          Separator separator = new Separator();
          eachPoint(
              (point, result) ->
                  SweepFolder.writeAll(channel, separator.next() + line(point, result)));
          SweepFolder.writeAll(channel, "\n]}\n");
        });
  }

  /** Nothing but a newline before the first element, a comma too before the others. */
  private static final class Separator {
    private boolean first = true;

    String next() {
      String text = first ? "\n" : ",\n";
      first = false;
      return text;
    }
  }

  /** Writes JSON Lines: a line for each point. */
  public void writeJsonLines(Path file) throws IOException {
    SweepFolder.write(
        file,
        channel ->
            eachPoint(
                (point, result) -> SweepFolder.writeAll(channel, line(point, result) + "\n")));
  }

  /** Writes CSV (RFC 4180): a row for each point, a column for each axis and measure. */
  public void writeCsv(Path file) throws IOException {
    List<String> header = new ArrayList<>(List.of("point", "key", "trace"));
    plan.axes().forEach(a -> header.add(a.name()));
    plan.measures().forEach(m -> header.add(m.path()));
    SweepFolder.write(
        file,
        channel -> {
          writeRow(channel, header);
          eachPoint((point, result) -> writeRow(channel, row(point, result)));
        });
  }

  private List<String> row(SweepPoint point, String result) {
    JsonNode tree = JsonMapper.shared().readTree(result);
    List<String> row =
        new ArrayList<>(List.of(Integer.toString(point.index()), point.key(), point.trace()));
    plan.axes().forEach(a -> row.add(Axis.text(point.axes().path(a.name()))));
    plan.measures().forEach(m -> row.add(number(m.of(tree))));
    return row;
  }

  private static String number(JsonNode value) {
    boolean none = value.isMissingNode() || value.isNull();
    return none ? "" : value.isNumber() ? value.decimalValue().toPlainString() : value.asString();
  }

  private static void writeRow(FileChannel channel, List<String> fields) throws IOException {
    String row = fields.stream().map(SweepMerge::quoted).collect(Collectors.joining(","));
    SweepFolder.writeAll(channel, row + END_OF_ROW);
  }

  private static String quoted(String field) {
    boolean plain = field.chars().noneMatch(c -> c == ',' || c == '"' || c == '\r' || c == '\n');
    return plain ? field : '"' + field.replace("\"", "\"\"") + '"';
  }
}
