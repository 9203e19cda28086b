package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.BufferedReader;
import java.io.File;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Base64;
import java.util.Comparator;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.jspecify.annotations.Nullable;
import org.junit.jupiter.api.Assumptions;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A headless Chromium that tests drive through chromedriver's protocol, W3C WebDriver. */
@SuppressWarnings("try") // who is interrupted while it closes is told so
final class Browser implements AutoCloseable {
  private static final Pattern PORT = Pattern.compile("on port (\\d+)");
  private static final Duration PATIENCE = Duration.ofMinutes(3);

  /** Between two looks at the page. */
  private static final long POLL_MILLIS = 20;

  private final Process driver;
  private final Path profile;
  private final HttpClient http = HttpClient.newHttpClient();
  private final URI base;
  private final String session;

  /** Whether a page was opened since requests were asked for. */
  private boolean opened;

  private Browser(Process driver, Path profile, int port, String chromium) throws Exception {
    this.driver = driver;
    this.profile = profile;
    base = URI.create("http://127.0.0.1:" + port);
    Object options =
        Map.of(
            "binary",
            chromium,
            "args",
            List.of(
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--force-color-profile=srgb",
                "--user-data-dir=" + profile));
    JsonNode answer =
        send(
            "POST",
            "/session",
            Map.of(
                "capabilities",
                Map.of(
                    "alwaysMatch",
                    Map.of(
                        "goog:chromeOptions",
                        options,
                        "goog:loggingPrefs",
                        Map.of("browser", "ALL", "performance", "ALL")))));
    session = "/session/" + answer.path("sessionId").asString();
  }

  /** A browser; where there is none, the test that asks is skipped and says why. */
  static Browser start() throws Exception {
    String chromium = find("chromium", "chromium-browser", "google-chrome");
    String chromedriver = find("chromedriver");
    Assumptions.assumeTrue(
        chromium != null && chromedriver != null,
        "no chromium or no chromedriver in PATH; .ci/install-chromium installs Debian's");
    Process driver =
        new ProcessBuilder(String.valueOf(chromedriver), "--port=0")
            .redirectErrorStream(true)
            .start();
    BufferedReader lines =
        new BufferedReader(new InputStreamReader(driver.getInputStream(), StandardCharsets.UTF_8));
    String line;
    while ((line = lines.readLine()) != null) {
      Matcher port = PORT.matcher(line);
      if (port.find() && line.contains("started successfully")) {
        Path profile = Files.createTempDirectory("lookaside-browser");
        try {
          return new Browser(
              driver, profile, Integer.parseInt(port.group(1)), String.valueOf(chromium));
        } catch (Exception e) {
          driver.destroy();
          throw e;
        }
      }
    }
    driver.destroy();
    throw new IOException("chromedriver does not start");
  }

  private static @Nullable String find(String... names) {
    for (String name : names) {
      for (String folder : System.getenv("PATH").split(File.pathSeparator, -1)) {
        Path file = Path.of(folder, name);
        if (Files.isExecutable(file)) {
          return file.toString();
        }
      }
    }
    return null;
  }

  private JsonNode send(String method, String path, @Nullable Object body) throws Exception {
    HttpRequest.Builder request = HttpRequest.newBuilder(base.resolve(path)).timeout(PATIENCE);
    if (body == null) {
      request.method(method, HttpRequest.BodyPublishers.noBody());
    } else {
      request
          .header("Content-Type", "application/json; charset=utf-8")
          .method(
              method,
              HttpRequest.BodyPublishers.ofString(JsonMapper.shared().writeValueAsString(body)));
    }
    HttpResponse<String> response =
        http.send(request.build(), HttpResponse.BodyHandlers.ofString());
    JsonNode value = JsonMapper.shared().readTree(response.body()).path("value");
    assertEquals(200, response.statusCode(), () -> path + ": " + value);
    return value;
  }

  /** Opens a page and waits until it has drawn its charts. */
  void open(Path page) throws Exception {
    opened = true;
    send("POST", session + "/url", Map.of("url", page.toUri().toString()));
  }

  /** Opens a report and waits until its charts are drawn. */
  void openReport(Path page) throws Exception {
    open(page);
    waitFor("return document.documentElement.dataset.charts !== undefined");
  }

  void waitFor(String condition) throws Exception {
    long tries = PATIENCE.toMillis() / POLL_MILLIS;
    while (!js(condition).asBoolean(false)) {
      assertTrue(tries-- > 0, () -> "in vain: " + condition);
      TimeUnit.MILLISECONDS.sleep(POLL_MILLIS);
    }
  }

  /** Runs the body of a function in the page. */
  JsonNode js(String body, Object... arguments) throws Exception {
    return send(
        "POST", session + "/execute/sync", Map.of("script", body, "args", List.of(arguments)));
  }

  /** Runs a function body in the page that calls {@code arguments[0]} with its result. */
  JsonNode jsAsync(String body) throws Exception {
    return send("POST", session + "/execute/async", Map.of("script", body, "args", List.of()));
  }

  /** A command of Chromium's own protocol. */
  JsonNode command(String name, Map<String, Object> parameters) throws Exception {
    return send("POST", session + "/goog/cdp/execute", Map.of("cmd", name, "params", parameters));
  }

  /** Sets the size of the page's window, in CSS pixels. */
  void size(int width, int height) throws Exception {
    command(
        "Emulation.setDeviceMetricsOverride",
        Map.of("width", width, "height", height, "deviceScaleFactor", 1, "mobile", false));
  }

  /** Says what colours the system prefers. */
  void prefer(String scheme) throws Exception {
    command(
        "Emulation.setEmulatedMedia",
        Map.of("features", List.of(Map.of("name", "prefers-color-scheme", "value", scheme))));
  }

  /** Presses a key on the element that has the focus; see the codes of WebDriver. */
  void press(String key) throws Exception {
    send(
        "POST",
        session + "/actions",
        Map.of(
            "actions",
            List.of(
                Map.of(
                    "type",
                    "key",
                    "id",
                    "keyboard",
                    "actions",
                    List.of(
                        Map.of("type", "keyDown", "value", key),
                        Map.of("type", "keyUp", "value", key))))));
  }

  /** A picture of the window, or of the whole page. */
  void screenshot(Path file, boolean whole) throws Exception {
    JsonNode picture =
        command("Page.captureScreenshot", Map.of("format", "png", "captureBeyondViewport", whole));
    Files.write(file, Base64.getDecoder().decode(picture.path("data").asString()));
  }

  /** What the page complained of since the last time. */
  List<String> complaints() throws Exception {
    List<String> complaints = new ArrayList<>();
    for (JsonNode entry : send("POST", session + "/se/log", Map.of("type", "browser"))) {
      complaints.add(entry.path("level").asString() + " " + entry.path("message").asString());
    }
    return complaints;
  }

  /** What the browser asked for since the last time, but for files. */
  List<String> requests() throws Exception {
    List<String> requests = new ArrayList<>();
    int events = 0;
    for (JsonNode entry : send("POST", session + "/se/log", Map.of("type", "performance"))) {
      JsonNode message =
          JsonMapper.shared().readTree(entry.path("message").asString()).path("message");
      if (message.path("method").asString("").equals("Network.requestWillBeSent")) {
        events++;
        String url = message.path("params").path("request").path("url").asString();
        // Those of Chromium's own first tab are no page's.
        if (!url.matches("(file|data|chrome|chrome-untrusted):.*")) {
          requests.add(url);
        }
      }
    }
    assertTrue(events > 0 || !opened, "the log tells not even of the page itself");
    opened = false;
    return requests;
  }

  @Override
  public void close() throws Exception {
    try {
      send("DELETE", session, null);
    } finally {
      driver.destroy();
      driver.waitFor(5, TimeUnit.SECONDS);
      try (Stream<Path> files = Files.walk(profile)) {
        files.sorted(Comparator.reverseOrder()).map(Path::toFile).forEach(File::delete);
      }
    }
  }
}
