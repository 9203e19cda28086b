package io.lookaside.experiments.sweep;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.NoSuchFileException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;

/**
 * A sweep as jobs of Slurm: an array in which each task runs some points, and a job that merges
 * when the array has ended.
 *
 * <p>Each submission is a folder under {@code slurm}, numbered from 1: {@code tasks} has a line for
 * each task with its points, {@code array.sh} and {@code merge.sh} are the batch scripts, {@code
 * submit.sh} submits them, {@code jobs} then has their numbers.
 */
public final class SlurmJobs {
  /** Indices of an array are below this where Slurm cannot be asked. */
  static final int USUAL_MAX_ARRAY_SIZE = 1001;

  /** Seconds to wait for an answer of Slurm's tools. */
  private static final int PATIENCE_SECONDS = 30;

  /** Of a task's memory, what Java's heap may take: threads, classes and code need some too. */
  private static final double SHARE_OF_HEAP = 0.75;

  /**
   * What the jobs ask for.
   *
   * @param launcher the command that runs Lookaside on the nodes
   * @param cpus CPUs of a task
   * @param memoryMebibytes memory of a task
   * @param time the time limit of a task as Slurm writes it
   * @param pointsPerTask the fewest points of a task; more if the array would be too large
   * @param maxArraySize Slurm's MaxArraySize
   * @param extra further options of sbatch, as in {@code --partition=long}
   */
  public record Request(
      String launcher,
      int cpus,
      int memoryMebibytes,
      String time,
      int pointsPerTask,
      int maxArraySize,
      List<String> extra) {
    /** Copies the list. */
    public Request {
      extra = List.copyOf(extra);
    }
  }

  /**
   * A submission's scripts.
   *
   * @param folder where they are
   * @param tasks how many tasks the array has
   */
  public record Submission(Path folder, int tasks) {}

  private final SweepFolder sweep;

  /** The jobs of a sweep. */
  public SlurmJobs(SweepFolder sweep) {
    this.sweep = sweep;
  }

  /**
   * Writes the scripts for some points.
   *
   * @param points one or more
   */
  public Submission write(String name, List<SweepPoint> points, Request request)
      throws IOException {
    Path slurm = sweep.path().toAbsolutePath().normalize().resolve("slurm");
    if (!slurm.toString().matches("[A-Za-z0-9_./+@=:,-]+")) {
      throw new SweepFolder.SweepException(
          slurm
              + ": Slurm takes some characters of this path for patterns; use letters, digits and"
              + " _ . / + @ = : , - only");
    }
    Files.createDirectories(slurm);
    int number = 1;
    for (Path earlier : submissions()) {
      number = Math.max(number, number(earlier) + 1);
    }
    Path folder = Files.createDirectory(slurm.resolve(Integer.toString(number)));
    long most = request.maxArraySize();
    long perTask = Math.max(request.pointsPerTask(), (points.size() + most - 1) / most);
    List<String> tasks = new ArrayList<>();
    for (int from = 0; from < points.size(); from += (int) perTask) {
      tasks.add(ranges(points.subList(from, (int) Math.min(from + perTask, points.size()))));
    }
    SweepFolder.write(folder.resolve("tasks"), String.join("\n", tasks) + "\n");
    SweepFolder.write(folder.resolve("array.sh"), arrayScript(name, folder, tasks.size(), request));
    SweepFolder.write(folder.resolve("merge.sh"), mergeScript(name, folder, request));
    SweepFolder.write(folder.resolve("submit.sh"), submitScript(folder));
    return new Submission(folder, tasks.size());
  }

  /** Numbers of points, in ascending order, as {@code sweep run --points} takes them. */
  static String ranges(List<SweepPoint> points) {
    StringBuilder text = new StringBuilder();
    int i = 0;
    while (i < points.size()) {
      int first = points.get(i).index();
      int last = first;
      while (++i < points.size() && points.get(i).index() == last + 1) {
        last++;
      }
      text.append(text.isEmpty() ? "" : ",").append(first);
      if (last > first) {
        text.append('-').append(last);
      }
    }
    return text.toString();
  }

  private static String quoted(String text) {
    return "'" + text.replace("'", "'\\''") + "'";
  }

  private String header(String name, Path folder, String log, Request request) {
    StringBuilder out = new StringBuilder("#!/bin/bash\n");
    out.append("#SBATCH --job-name=").append(name.replaceAll("[^A-Za-z0-9_.-]", "_"));
    out.append("\n#SBATCH --output=").append(folder).append('/').append(log);
    out.append("\n#SBATCH --open-mode=append\n#SBATCH --requeue\n#SBATCH --nodes=1 --ntasks=1");
    out.append("\n#SBATCH --mem=").append(request.memoryMebibytes()).append('M');
    out.append("\n#SBATCH --time=").append(request.time()).append('\n');
    request.extra().forEach(e -> out.append("#SBATCH ").append(e).append('\n'));
    return out.toString();
  }

  private static String heap(Request request) {
    long heap = (long) (request.memoryMebibytes() * SHARE_OF_HEAP);
    return "export LOOKASIDE_JAVA_OPTS=\"-Xmx" + heap + "m ${LOOKASIDE_JAVA_OPTS:-}\"\n";
  }

  private String arrayScript(String name, Path folder, int tasks, Request request) {
    return header(name, folder, "%a.log", request)
        + "#SBATCH --array=0-"
        + (tasks - 1)
        + "\n#SBATCH --cpus-per-task="
        + request.cpus()
        + "\nset -euo pipefail\n"
        + heap(request)
        + "points=$(sed -n \"$((SLURM_ARRAY_TASK_ID + 1))p\" "
        + quoted(folder + "/tasks")
        + ")\nexec "
        + quoted(request.launcher())
        + " sweep run "
        + quoted(sweep.path().toAbsolutePath().normalize().toString())
        + " --points \"$points\" --threads "
        + request.cpus()
        + "\n";
  }

  private String mergeScript(String name, Path folder, Request request) {
    return header(name + "-merge", folder, "merge.log", request)
        + "set -euo pipefail\n"
        + heap(request)
        + "exec "
        + quoted(request.launcher())
        + " sweep merge "
        + quoted(sweep.path().toAbsolutePath().normalize().toString())
        + "\n";
  }

  private static String submitScript(Path folder) {
    return """
    #!/bin/bash
    # Submits the array, and the merge for when it has ended, well or not: what is missing then is
    # said in merge.log.
    set -euo pipefail
    cd FOLDER
    array=$(sbatch --parsable array.sh)
    array=${array%%;*}
    printf 'array %s\\n' "$array" > jobs
    merge=$(sbatch --parsable --dependency=afterany:"$array" merge.sh)
    printf 'merge %s\\n' "${merge%%;*}" >> jobs
    printf 'submitted array job %s and merge job %s\\n' "$array" "${merge%%;*}"
    """
        .replace("FOLDER", quoted(folder.toString()));
  }

  /**
   * Submits what was written; returns what is to be said.
   *
   * @throws IOException if Slurm does not take it
   */
  public static String submit(Submission submission) throws IOException, InterruptedException {
    Answer answer = ask("bash", submission.folder() + "/submit.sh");
    if (answer == null || answer.code() != 0) {
      String said = answer == null ? "there is no answer" : answer.text().strip();
      throw new IOException("Slurm did not take the jobs: " + said.replace('\n', ' '));
    }
    return answer.text().strip();
  }

  /** Slurm's MaxArraySize, or what it usually is where it cannot be asked. */
  public static int maxArraySize() throws InterruptedException {
    Answer answer = ask("scontrol", "show", "config");
    if (answer != null && answer.code() == 0) {
      for (String line : answer.text().split("\n", -1)) {
        String[] words = line.split("=", 2);
        if (words.length == 2 && words[0].strip().equals("MaxArraySize")) {
          String value = words[1].strip();
          return value.matches("[1-9][0-9]{0,8}") ? Integer.parseInt(value) : USUAL_MAX_ARRAY_SIZE;
        }
      }
    }
    return USUAL_MAX_ARRAY_SIZE;
  }

  /**
   * What Slurm says of a point's task.
   *
   * @param task its job and index, as in {@code 12_3}
   * @param state as Slurm calls it: PENDING, RUNNING, FAILED, TIMEOUT, ...
   * @param reason why it waits or has ended so; may be empty
   */
  public record Task(String task, String state, String reason) {
    /** Whether it will run, or does. */
    public boolean isAhead() {
      return List.of("PENDING", "RUNNING", "CONFIGURING", "COMPLETING", "REQUEUED", "SUSPENDED")
          .contains(state);
    }

    @Override
    public String toString() {
      boolean plain = reason.isEmpty() || reason.equals("None");
      return "Slurm " + task + " " + state + (plain ? "" : " (" + reason + ")");
    }
  }

  /**
   * What Slurm says of the points of all submissions, by index; the last submission of a point
   * counts. Empty where nothing was submitted, or Slurm does not answer.
   */
  public Map<Integer, Task> tasks() throws IOException, InterruptedException {
    Map<Integer, Task> byPoint = new HashMap<>();
    for (Path submission : submissions()) {
      String job = job(submission);
      if (job == null) {
        continue;
      }
      Map<Integer, Task> byIndex = new HashMap<>();
      accounting(job, byIndex);
      queue(job, byIndex);
      List<String> lines = Files.readAllLines(submission.resolve("tasks"));
      for (int i = 0; i < lines.size(); i++) {
        Task task = byIndex.get(i);
        if (task != null) {
          for (String range : lines.get(i).split(",", -1)) {
            String[] ends = range.split("-", -1);
            int last = Integer.parseInt(ends[ends.length - 1]);
            for (int p = Integer.parseInt(ends[0]); p <= last; p++) {
              byPoint.put(p, task);
            }
          }
        }
      }
    }
    return byPoint;
  }

  /** What is in the queue, and what left it a short time ago. */
  private static void queue(String job, Map<Integer, Task> tasks) throws InterruptedException {
    add(job, ask("squeue", "-h", "-r", "-t", "all", "-j", job, "-o", "%F_%K|%T|%r"), tasks);
  }

  /** What has ended, where Slurm keeps accounts. */
  private static void accounting(String job, Map<Integer, Task> tasks) throws InterruptedException {
    add(job, ask("sacct", "-n", "-P", "-X", "-j", job, "-o", "JobID,State,ExitCode"), tasks);
  }

  private static void add(String job, @Nullable Answer answer, Map<Integer, Task> tasks) {
    if (answer == null || answer.code() != 0) {
      return; // it knows the job no longer, or is not there
    }
    for (String line : answer.text().split("\n", -1)) {
      String[] fields = line.split("\\|", -1);
      if (fields.length == 3 && fields[0].matches(job + "_[0-9]{1,9}")) {
        int index = Integer.parseInt(fields[0].substring(job.length() + 1));
        String state = fields[1].split(" ", -1)[0]; // CANCELLED by 1000
        tasks.put(index, new Task(fields[0], state, fields[2]));
      }
    }
  }

  private static int number(Path submission) {
    return Integer.parseInt(String.valueOf(submission.getFileName()));
  }

  /** The folders of submissions in their order. */
  private List<Path> submissions() throws IOException {
    Path slurm = sweep.path().resolve("slurm");
    if (!Files.isDirectory(slurm)) {
      return List.of();
    }
    try (Stream<Path> folders = Files.list(slurm)) {
      return folders
          .filter(f -> String.valueOf(f.getFileName()).matches("[1-9][0-9]{0,8}"))
          .sorted((x, y) -> Integer.compare(number(x), number(y)))
          .toList();
    }
  }

  /** The number of a submission's array, or {@code null} if it was not submitted. */
  private static @Nullable String job(Path submission) throws IOException {
    try {
      for (String line : Files.readAllLines(submission.resolve("jobs"))) {
        if (line.matches("array [0-9]{1,18}")) {
          return line.substring("array ".length());
        }
      }
      return null;
    } catch (NoSuchFileException e) {
      return null;
    }
  }

  /** What a program printed, both of its streams, and its exit code. */
  private record Answer(int code, String text) {}

  /** Asks a program; {@code null} if there is none, or no answer in time. */
  private static @Nullable Answer ask(String... command) throws InterruptedException {
    try {
      Path out = Files.createTempFile("lookaside", ".out");
      try {
        Process process =
            new ProcessBuilder(command)
                .redirectErrorStream(true)
                .redirectOutput(out.toFile())
                .start();
        process.getOutputStream().close();
        if (!process.waitFor(PATIENCE_SECONDS, TimeUnit.SECONDS)) {
          process.destroyForcibly();
          return null;
        }
        return new Answer(process.exitValue(), Files.readString(out, StandardCharsets.UTF_8));
      } finally {
        Files.deleteIfExists(out);
      }
    } catch (IOException e) {
      return null; // it is not installed
    }
  }
}
