package io.lookaside.experiments.query;

import io.lookaside.experiments.compare.ResultSet;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.jspecify.annotations.Nullable;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;

/**
 * Runs as a table: a row for each, a column for each axis and for each value of its result.
 *
 * <p>A column's name is the value's path with {@code _} for every character that SQL would want in
 * quotes: {@code tlbs_stlb_misses}, and for the axis {@code stlb.entries} {@code stlb_entries}. The
 * machine's configuration is {@code machine_...}, other provenance {@code provenance_...}; {@code
 * source} is the file, {@code trace} the trace's name in its sweep.
 */
public final class RunTable {
  private static final Pattern WHOLE = Pattern.compile("-?(0|[1-9][0-9]{0,17})");
  private static final Pattern NUMBER = Pattern.compile("-?[0-9]{1,18}(\\.[0-9]{1,18})?");
  private static final JsonNodeFactory JSON = JsonNodeFactory.instance;

  /** What a column holds. */
  public enum Type {
    BIGINT,
    DOUBLE,
    BOOLEAN,
    VARCHAR
  }

  /**
   * A column.
   *
   * @param name its name, unique also when case is ignored
   * @param type what all of its values fit in
   */
  public record Column(String name, Type type) {}

  private final List<Column> columns;
  private final List<Map<String, JsonNode>> rows;

  private RunTable(List<Column> columns, List<Map<String, JsonNode>> rows) {
    this.columns = List.copyOf(columns);
    this.rows = List.copyOf(rows);
  }

  /** The table of some results. */
  public static RunTable of(List<ResultSet> results) {
    List<Map<String, JsonNode>> rows = new ArrayList<>();
    Map<String, Type> types = new LinkedHashMap<>();
    Map<String, String> names = new LinkedHashMap<>();
    for (ResultSet set : results) {
      for (ResultSet.Entry entry : set.entries()) {
        Map<String, JsonNode> row = row(set.file(), entry, names);
        row.forEach((name, value) -> types.merge(name, type(value), RunTable::common));
        rows.add(row);
      }
    }
    List<Column> columns = new ArrayList<>();
    types.forEach((name, type) -> columns.add(new Column(name, type)));
    return new RunTable(columns, rows);
  }

  private static Map<String, JsonNode> row(
      String source, ResultSet.Entry entry, Map<String, String> names) {
    Map<String, JsonNode> row = new LinkedHashMap<>();
    row.put(name("source", names), JSON.stringNode(source));
    row.put(name("trace", names), JSON.stringNode(entry.trace()));
    entry.axes().forEach((axis, value) -> row.put(name("axis:" + axis, names), ofText(value)));
    for (Map.Entry<String, JsonNode> e : entry.result().properties()) {
      if (e.getKey().equals("provenance")) {
        for (Map.Entry<String, JsonNode> p : e.getValue().properties()) {
          boolean machine = p.getKey().equals("machine");
          add(machine ? "machine" : "provenance." + p.getKey(), p.getValue(), row, names);
        }
      } else if (!e.getKey().equals("schema")) {
        add(e.getKey(), e.getValue(), row, names);
      }
    }
    return row;
  }

  private static void add(
      String path, JsonNode node, Map<String, JsonNode> row, Map<String, String> names) {
    if (node.isObject()) {
      node.properties().forEach(e -> add(path + "." + e.getKey(), e.getValue(), row, names));
    } else if (node.isArray()) {
      for (int i = 0; i < node.size(); i++) {
        add(path + "." + i, node.get(i), row, names);
      }
    } else if (!node.isNull()) {
      row.put(name(path, names), node);
    }
  }

  private static JsonNode ofText(String value) {
    if (WHOLE.matcher(value).matches()) {
      return JSON.numberNode(Long.parseLong(value));
    }
    return NUMBER.matcher(value).matches()
        ? JSON.numberNode(new java.math.BigDecimal(value))
        : JSON.stringNode(value);
  }

  /** The column of a path: the first to ask for a name gets it, others a number with it. */
  private static String name(String path, Map<String, String> names) {
    String known = names.get(path);
    if (known == null) {
      String plain = path.replaceFirst("^axis:", "").replaceAll("[^A-Za-z0-9]", "_");
      String wanted = plain.matches("[0-9].*") ? "_" + plain : plain;
      known = wanted;
      for (int n = 2; taken(known, names); n++) {
        known = wanted + "_" + n;
      }
      names.put(path, known);
    }
    return known;
  }

  private static boolean taken(String name, Map<String, String> names) {
    String lower = name.toLowerCase(Locale.ROOT);
    return names.values().stream().anyMatch(n -> n.toLowerCase(Locale.ROOT).equals(lower));
  }

  private static Type type(JsonNode value) {
    if (value.isIntegralNumber() && value.canConvertToLong()) {
      return Type.BIGINT;
    }
    return value.isNumber() ? Type.DOUBLE : value.isBoolean() ? Type.BOOLEAN : Type.VARCHAR;
  }

  private static Type common(Type a, Type b) {
    boolean numbers =
        a != Type.VARCHAR && b != Type.VARCHAR && a != Type.BOOLEAN && b != Type.BOOLEAN;
    return a == b ? a : numbers ? Type.DOUBLE : Type.VARCHAR;
  }

  /** The columns, in order. */
  public List<Column> columns() {
    return columns;
  }

  /** How many rows there are. */
  public int size() {
    return rows.size();
  }

  /** A value, or {@code null} where a run has none. */
  public @Nullable Object value(int row, Column column) {
    JsonNode value = rows.get(row).get(column.name());
    if (value == null) {
      return null;
    }
    return switch (column.type()) {
      case BIGINT -> value.longValue();
      case DOUBLE -> value.doubleValue();
      case BOOLEAN -> value.booleanValue();
      case VARCHAR -> value.isString() ? value.stringValue() : value.toString();
    };
  }
}
