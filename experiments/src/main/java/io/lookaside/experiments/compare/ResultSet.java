package io.lookaside.experiments.compare;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.file.AccessDeniedException;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.DeserializationFeature;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** The results of a file: one run, or the points of a sweep. */
public final class ResultSet {
  private static final JsonMapper EXACT =
      JsonMapper.builder().enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS).build();

  /** What a file holds that is no result, in words for the user. */
  public static final class ResultException extends IOException {
    private static final long serialVersionUID = 1;

    ResultException(String message) {
      super(message);
    }
  }

  /**
   * The result of a run.
   *
   * @param trace the name of its trace, empty for a run of its own
   * @param axes its value on each axis of its sweep, as text, by name
   * @param result its JSON, schema {@code lookaside.run/1}
   */
  public record Entry(String trace, Map<String, String> axes, JsonNode result) {
    /** Its place in words. */
    String title() {
      List<String> words = new ArrayList<>();
      if (!trace.isEmpty()) {
        words.add("trace " + trace);
      }
      axes.forEach((name, value) -> words.add(name + " " + value));
      return String.join(", ", words);
    }
  }

  private final String file;
  private final List<Entry> entries;

  private ResultSet(String file, List<Entry> entries) {
    this.file = file;
    this.entries = List.copyOf(entries);
  }

  /**
   * Reads a result of {@code run --json}, a merged sweep (JSON or JSON Lines), or the folder of
   * one.
   *
   * @throws FileNotFoundException if there is none
   * @throws ResultException if it is something else
   */
  public static ResultSet read(String file) throws IOException {
    Path path = Path.of(file);
    if (Files.isDirectory(path)) {
      path = path.resolve("result.json");
      if (!Files.exists(path)) {
        throw new FileNotFoundException(
            file + ": has no result.json; make it with: lookaside sweep merge " + file);
      }
    }
    try {
      if (file.endsWith(".jsonl")) {
        List<Entry> entries = new ArrayList<>();
        for (String line : Files.readAllLines(path)) {
          entries.add(point(file, EXACT.readTree(line)));
        }
        return new ResultSet(file, entries);
      }
      return of(file, EXACT.readTree(Files.readString(path)));
    } catch (NoSuchFileException e) {
      throw new FileNotFoundException(file + ": no such result; check the path");
    } catch (AccessDeniedException e) {
      throw new FileNotFoundException(file + ": may not be read (permission denied)");
    } catch (JacksonException e) {
      throw new ResultException(file + ": is not JSON: " + e.getOriginalMessage());
    } catch (java.nio.charset.CharacterCodingException e) {
      throw new ResultException(file + ": is not JSON: it is no text");
    }
  }

  private static ResultSet of(String file, JsonNode root) throws ResultException {
    String schema = root.path("schema").asString("");
    if (schema.equals("lookaside.run/1")) {
      return new ResultSet(file, List.of(new Entry("", Map.of(), root)));
    }
    if (schema.equals("lookaside.sweep/1")) {
      List<Entry> entries = new ArrayList<>();
      for (JsonNode p : root.path("points")) {
        entries.add(point(file, p));
      }
      return new ResultSet(file, entries);
    }
    throw new ResultException(
        file
            + ": is no result of run --json or of sweep merge"
            + (schema.isEmpty() ? "" : "; its schema is " + schema));
  }

  private static Entry point(String file, JsonNode node) throws ResultException {
    JsonNode result = node.path("result");
    if (!result.path("schema").asString("").equals("lookaside.run/1")) {
      throw new ResultException(file + ": is no result of a sweep: a point has no run in it");
    }
    Map<String, String> axes = new LinkedHashMap<>();
    node.path("axes")
        .properties()
        .forEach(
            e ->
                axes.put(
                    e.getKey(),
                    e.getValue().isString()
                        ? e.getValue().stringValue()
                        : e.getValue().toString()));
    return new Entry(node.path("trace").asString(""), axes, result);
  }

  /** The path that it was read from. */
  public String file() {
    return file;
  }

  /** Its results, in order. */
  public List<Entry> entries() {
    return entries;
  }

  /**
   * Those with a value on some axes, which are then no axes of theirs.
   *
   * @param wanted values by axis; {@code trace} stands for the trace
   * @throws ResultException if there are none
   */
  public ResultSet where(Map<String, String> wanted) throws ResultException {
    List<Entry> chosen = new ArrayList<>();
    for (Entry entry : entries) {
      Map<String, String> rest = new LinkedHashMap<>(entry.axes());
      String trace = entry.trace();
      boolean fits = true;
      for (Map.Entry<String, String> w : wanted.entrySet()) {
        if (w.getKey().equals("trace")) {
          fits &= w.getValue().equals(trace);
          trace = "";
        } else {
          fits &= w.getValue().equals(rest.remove(w.getKey()));
        }
      }
      if (fits) {
        chosen.add(new Entry(trace, rest, entry.result()));
      }
    }
    if (chosen.isEmpty()) {
      Map<String, List<String>> known = new TreeMap<>();
      for (Entry entry : entries) {
        entry
            .axes()
            .forEach(
                (name, value) -> {
                  List<String> values = known.computeIfAbsent(name, n -> new ArrayList<>());
                  if (!values.contains(value)) {
                    values.add(value);
                  }
                });
      }
      throw new ResultException(
          file + ": no point has " + wanted + "; the axes and their values are " + known);
    }
    return new ResultSet(file, chosen);
  }
}
