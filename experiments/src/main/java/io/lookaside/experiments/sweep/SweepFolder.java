package io.lookaside.experiments.sweep;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.FileChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.List;
import java.util.UUID;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import tools.jackson.core.JacksonException;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/**
 * The folder of a sweep: its plan, a file for each finished point, and one for each that failed.
 *
 * <p>Every file is written beside and renamed when its bytes are on the disk, so that it is there
 * whole or not at all, whatever ends the process. A point's file also holds a hash of its result,
 * for what happens to disks.
 */
public final class SweepFolder {
  /** What stops a sweep that is neither a bad file nor a failed run, in words for the user. */
  public static final class SweepException extends IOException {
    private static final long serialVersionUID = 1;

    SweepException(String message) {
      super(message);
    }
  }

  /** How far a point is. */
  public enum State {
    FINISHED,
    /** It ran, and there is a reason why there is no result. */
    FAILED,
    /** Its file is not what was written. */
    DAMAGED,
    MISSING
  }

  /**
   * What is there of a point.
   *
   * @param result the text of its result, for {@link State#FINISHED}
   * @param reason why there is none, for people
   * @param exitCode what a run of this point alone would have ended with, for {@link State#FAILED}
   */
  public record Found(State state, @Nullable String result, String reason, int exitCode) {}

  private static final String POINT_SCHEMA = "lookaside.point/1";
  private static final String FAILURE_SCHEMA = "lookaside.failure/1";
  private static final String PLAN = "plan.json";

  private final Path folder;

  /** A folder that may not be there yet. */
  public SweepFolder(Path folder) {
    this.folder = folder;
  }

  /** Its path. */
  public Path path() {
    return folder;
  }

  /** Whether it has a plan. */
  public boolean isPlanned() {
    return Files.exists(folder.resolve(PLAN));
  }

  /**
   * Reads the plan.
   *
   * @throws FileNotFoundException if there is none
   * @throws SweepException if it is damaged
   */
  public SweepPlan plan() throws IOException {
    Path file = folder.resolve(PLAN);
    try {
      return SweepPlan.parse(Files.readString(file));
    } catch (NoSuchFileException e) {
      throw new FileNotFoundException(
          folder + ": has no " + PLAN + "; make one with: lookaside sweep plan FILE.yaml");
    } catch (IllegalArgumentException e) {
      throw new SweepException(file + ": " + e.getMessage() + "; plan the sweep again");
    }
  }

  /** Writes the plan, in place of another if there is one. What is finished stays. */
  public void write(SweepPlan plan) throws IOException {
    Files.createDirectories(points());
    Files.createDirectories(failures());
    write(folder.resolve(PLAN), plan.text());
  }

  private Path points() {
    return folder.resolve("points");
  }

  private Path failures() {
    return folder.resolve("failures");
  }

  private Path pointFile(String key) {
    return points().resolve(key + ".json");
  }

  private Path failureFile(String key) {
    return failures().resolve(key + ".json");
  }

  /**
   * Keeps the result of a point.
   *
   * @param result its JSON in one line
   */
  void finish(SweepPoint point, String result) throws IOException {
    String hash = TraceFileId.hash(result.getBytes(StandardCharsets.UTF_8));
    write(pointFile(point.key()), head(point.key(), hash) + result + "\n}\n");
    Files.deleteIfExists(failureFile(point.key()));
  }

  private static String head(String key, String hash) {
    ObjectNode head = JsonNodeFactory.instance.objectNode();
    head.put("schema", POINT_SCHEMA).put("key", key).put("sha256", hash);
    String text = head.toString();
    return text.substring(0, text.length() - 1) + ",\"result\":\n";
  }

  /** Keeps the reason why a point has no result. */
  void fail(SweepPoint point, String reason, int exitCode) throws IOException {
    ObjectNode node = JsonNodeFactory.instance.objectNode();
    node.put("schema", FAILURE_SCHEMA).put("key", point.key()).put("exitCode", exitCode);
    node.put("point", point.title()).put("reason", reason).put("command", point.command());
    write(failureFile(point.key()), node + "\n");
  }

  /** Looks for the result of a point, and checks what it finds. */
  public Found find(SweepPoint point) throws IOException {
    String text;
    try {
      text = Files.readString(pointFile(point.key()));
    } catch (NoSuchFileException e) {
      return failure(point);
    } catch (IOException e) {
      return new Found(State.DAMAGED, null, "its file cannot be read: " + e.getMessage(), 0);
    }
    int end = text.indexOf('\n');
    int last = text.length() - "\n}\n".length();
    if (end > 0 && last > end && text.endsWith("\n}\n")) {
      String result = text.substring(end + 1, last);
      String hash = TraceFileId.hash(result.getBytes(StandardCharsets.UTF_8));
      if (text.startsWith(head(point.key(), hash))) {
        return new Found(State.FINISHED, result, "", 0);
      }
    }
    return new Found(
        State.DAMAGED, null, pointFile(point.key()) + " is not what was written; it runs again", 0);
  }

  private Found failure(SweepPoint point) throws IOException {
    try {
      JsonNode node = JsonMapper.shared().readTree(Files.readString(failureFile(point.key())));
      return new Found(
          State.FAILED,
          null,
          node.path("reason").asString("the reason is not known"),
          node.path("exitCode").asInt(1));
    } catch (NoSuchFileException e) {
      return new Found(State.MISSING, null, "", 0);
    } catch (JacksonException e) {
      return new Found(State.FAILED, null, "the reason is not known: its file is damaged", 1);
    }
  }

  /** The keys of results that are not of this plan. */
  public List<String> strangers(SweepPlan plan) throws IOException {
    List<String> keys = new ArrayList<>();
    if (Files.isDirectory(points())) {
      try (Stream<Path> files = Files.list(points())) {
        files
            .map(f -> String.valueOf(f.getFileName()))
            .filter(n -> n.endsWith(".json") && !n.startsWith("."))
            .map(n -> n.substring(0, n.length() - ".json".length()))
            .forEach(keys::add);
      }
    }
    plan.points().forEach(p -> keys.remove(p.key()));
    return keys;
  }

  /** Removes what runs of this host left half written when they were killed. */
  void clean() throws IOException {
    String host = host();
    for (Path place : List.of(folder, points(), failures())) {
      if (!Files.isDirectory(place)) {
        continue;
      }
      try (Stream<Path> files = Files.list(place)) {
        for (Path file : files.toList()) {
          String[] parts = String.valueOf(file.getFileName()).split("~", -1);
          boolean ours = parts.length == 4 && parts[0].equals(".tmp") && parts[1].equals(host);
          if (ours && parts[2].matches("[0-9]{1,18}") && !alive(Long.parseLong(parts[2]))) {
            Files.deleteIfExists(file);
          }
        }
      }
    }
  }

  private static boolean alive(long pid) {
    return ProcessHandle.of(pid).isPresent();
  }

  private static String host() {
    String name = System.getenv("HOSTNAME");
    if (name == null) {
      try {
        name = Files.readString(Path.of("/proc/sys/kernel/hostname")).strip();
      } catch (IOException e) {
        name = "host";
      }
    }
    return name.replaceAll("[^A-Za-z0-9.-]", "_");
  }

  /** Writes a file so that it is there whole or not at all, also after a loss of power. */
  static void write(Path file, String text) throws IOException {
    write(file, channel -> writeAll(channel, text));
  }

  /** What a file will hold. */
  interface Content {
    void writeTo(FileChannel channel) throws IOException;
  }

  static void writeAll(FileChannel channel, String text) throws IOException {
    ByteBuffer bytes = ByteBuffer.wrap(text.getBytes(StandardCharsets.UTF_8));
    while (bytes.hasRemaining()) {
      channel.write(bytes);
    }
  }

  /** As above, for what is written in parts. */
  static void write(Path file, Content content) throws IOException {
    Path target = file.toAbsolutePath();
    String unique =
        ".tmp~" + host() + "~" + ProcessHandle.current().pid() + "~" + UUID.randomUUID();
    Path beside = target.resolveSibling(unique);
    try {
      try (FileChannel channel =
          FileChannel.open(beside, StandardOpenOption.CREATE_NEW, StandardOpenOption.WRITE)) {
        content.writeTo(channel);
        channel.force(true);
      }
      Files.move(beside, target, StandardCopyOption.ATOMIC_MOVE);
    } finally {
      Files.deleteIfExists(beside);
    }
    Path parent = target.getParent();
    if (parent != null) {
      try (FileChannel directory = FileChannel.open(parent, StandardOpenOption.READ)) {
        directory.force(true); // the rename itself
      } catch (IOException e) {
        // Not every system can; the file is whole all the same.
      }
    }
  }
}
