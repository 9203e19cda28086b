package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertNotEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import javax.xml.parsers.DocumentBuilderFactory;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** A report in a real browser. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ReportBrowserTest {
  /** Codes of keys in WebDriver's protocol. */
  private static final String TAB = "\ue004";

  private static final String ENTER = "\ue007";

  /** A trace with a name that would do harm in a page that took it for markup. */
  private static final String HOSTILE = "<script>window.harmed=1<img src=x onerror=alert(1)>'\"&";

  /** For each chart: its figure's number, and how many of its marks one can see. */
  private static final String MARKS =
      """
      return [...document.querySelectorAll('figure')].map((figure) =>
        [...figure.querySelectorAll('svg g.role-mark path, svg g.role-mark line')].filter((mark) => {
          const box = mark.getBoundingClientRect();
          return box.width + box.height > 1;
        }).length)
      """;

  /** Texts that stand out of the picture, box or page that they belong to. */
  private static final String OUTSIDE =
      """
      const outside = [];
      for (const svg of document.querySelectorAll('figure svg')) {
        const box = svg.getBoundingClientRect();
        for (const text of svg.querySelectorAll('text')) {
          const r = text.getBoundingClientRect();
          if (text.textContent !== '' && r.width > 0 && (r.left < box.left - 1 || r.right > box.right + 1
              || r.top < box.top - 1 || r.bottom > box.bottom + 1)) {
            outside.push(text.textContent);
          }
        }
      }
      for (const box of document.querySelectorAll('header, nav, p, h1, h2, h3, dl, dt, dd, figure, .chart, td, button')) {
        if (box.scrollWidth > box.clientWidth + 1 && box.clientWidth > 0) {
          outside.push(box.tagName + ' ' + box.textContent.slice(0, 40));
        }
      }
      if (document.documentElement.scrollWidth > window.innerWidth) {
        outside.push('the page is ' + document.documentElement.scrollWidth + ' wide');
      }
      return outside;
      """;

  @TempDir private static Path folder;

  private Browser browser;
  private Path page;
  private JsonNode run;

  @BeforeAll
  void start() throws Exception {
    Path trace = folder.resolve(HOSTILE);
    Files.copy(Path.of(Samples.path("sort.lackey.xz")), trace);
    String result =
        made("run.json", "run", trace, "--top", "pc", "8", "--top", "region", "5", "--heatmap");
    run = JsonMapper.shared().readTree(Path.of(result).toFile());
    String curve = made("curve.json", "curve", trace, "--max-entries", "1000", "--no-cache");
    String timeline = folder.resolve("timeline.json").toString();
    String timed =
        made("timed.json", "run", trace, "--timing", "--max-refs", "100K", "--timeline", timeline);
    String advice = made("advice.json", "advise", trace, "--max-refs", "50K", "--no-timing");
    Path plan = folder.resolve("sweep.yaml");
    Files.writeString(
        plan,
        """
        traces: [{name: "<script>window.harmed=1</script>", file: FILE}]
        options: {max-refs: 20K}
        axes: {stlb.entries: [96, 1536], thp: [never, always]}
        """
            .replace(
                "FILE",
                Path.of(Samples.path("date.lackey.xz")).toAbsolutePath().normalize().toString()));
    String sweep = folder.resolve("sweep").toString();
    assertEquals(0, Cli.run("sweep", "run", plan.toString(), "-o", sweep, "-q").code());
    page = folder.resolve("report.html");
    Cli.Outcome made =
        Cli.run("report", result, curve, timed, timeline, advice, sweep, "-o", page.toString());
    assertEquals(0, made.code(), made.err());
    browser = Browser.start();
  }

  /** The file of a result that a command writes of a trace. */
  private static String made(String name, String command, Path trace, String... options) {
    String file = folder.resolve(name).toString();
    List<String> words = new ArrayList<>(List.of(command, trace.toString(), "--json", file, "-q"));
    words.addAll(List.of(options));
    Cli.Outcome outcome = Cli.run(words.toArray(String[]::new));
    assertEquals(0, outcome.code(), outcome.err());
    return file;
  }

  @AfterAll
  void stop() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  @BeforeEach
  void open() throws Exception {
    browser.complaints();
    browser.size(1280, 900);
    browser.prefer("light");
    browser.openReport(page);
  }

  private static List<String> texts(JsonNode array) {
    List<String> texts = new ArrayList<>();
    array.forEach(n -> texts.add(n.asString()));
    return texts;
  }

  @ParameterizedTest
  @ValueSource(ints = {1280, 400})
  void drawsEveryChartInItsBoxWithoutRequestOrComplaint(int width) throws Exception {
    for (String scheme : List.of("light", "dark")) {
      browser.size(width, 900);
      browser.prefer(scheme);
      browser.openReport(page);
      JsonNode marks = browser.js(MARKS);
      assertTrue(marks.size() >= 16, () -> "charts: " + marks);
      marks.forEach(n -> assertTrue(n.asInt() > 0, () -> "a chart is blank: " + marks));
      assertEquals(List.of(), texts(browser.js(OUTSIDE)));
      assertEquals(List.of(), browser.complaints());
      assertEquals(List.of(), browser.requests());
    }
  }

  @Test
  void nothingElseRunsOrLoads() throws Exception {
    assertEquals(
        "undefined", browser.js("return typeof window.harmed").asString(), "the trace's name ran");
    assertTrue(browser.js("return document.body.textContent").asString().contains(HOSTILE));
    String policy =
        browser
            .js("return document.querySelector('meta[http-equiv=Content-Security-Policy]').content")
            .asString();
    assertTrue(policy.startsWith("default-src 'none'; script-src 'sha256-"), policy);
    assertFalse(policy.contains("unsafe"), policy);
    // What the policy is for: each of these does something in a page without it.
    browser.js(
        """
        const script = document.createElement('script');
        script.textContent = 'window.harmed = 1';
        document.body.append(script);
        document.body.insertAdjacentHTML('beforeend', '<img src="http://127.0.0.1:9/x.png">'
            + '<p id="styled" style="color: red">x</p><button onclick="window.harmed = 1" id="b">x</button>');
        document.getElementById('b').click();
        // Later, since what a driver runs at once may use eval.
        window.setTimeout(() => {
          try { eval('window.harmed = 1'); } catch (e) { window.refused = e.name; }
        }, 0);
        """);
    browser.waitFor("return window.refused !== undefined || window.harmed !== undefined");
    assertEquals("undefined", browser.js("return typeof window.harmed").asString());
    assertEquals("EvalError", browser.js("return window.refused").asString());
    assertEquals("", browser.js("return document.getElementById('styled').style.color").asString());
    // And the log would have told.
    assertTrue(browser.complaints().size() >= 4);
  }

  @Test
  void keysReachEverything() throws Exception {
    browser.press(TAB);
    assertEquals(
        "Skip to the content", browser.js("return document.activeElement.textContent").asString());
    browser.press(TAB);
    assertEquals("theme", browser.js("return document.activeElement.id").asString());
    String before = browser.js("return getComputedStyle(document.body).backgroundColor").asString();
    browser.press(ENTER);
    browser.waitFor(
        "return document.querySelector('svg.marks').style.backgroundColor === 'rgb(20, 23, 26)'");
    String after = browser.js("return getComputedStyle(document.body).backgroundColor").asString();
    assertEquals("rgb(255, 255, 255)", before);
    assertNotEquals(before, after);
    assertEquals(
        "true",
        browser.js("return document.activeElement.getAttribute('aria-pressed')").asString());
    // A fold opens with a key, and what it holds can be reached.
    browser.js("document.querySelector('figure summary').focus()");
    browser.press(ENTER);
    assertTrue(browser.js("return document.querySelector('figure details').open").asBoolean());
    browser.press(TAB);
    assertEquals(
        "region", browser.js("return document.activeElement.getAttribute('role')").asString());
  }

  @Test
  void whoDoesNotSeeHearsTheSame() throws Exception {
    assertEquals(
        List.of(),
        texts(
            browser.js(
                """
                const missing = [];
                if (document.documentElement.lang !== 'en') missing.push('lang');
                for (const figure of document.querySelectorAll('figure')) {
                  if (!figure.querySelector('figcaption h3').textContent) missing.push(figure.id + ' caption');
                  if (figure.querySelectorAll('details tbody tr').length === 0) missing.push(figure.id + ' table');
                  if (figure.querySelector('.chart').getAttribute('aria-label')
                      !== figure.querySelector('figcaption p').textContent) missing.push(figure.id + ' label');
                }
                const levels = [...document.querySelectorAll('h1, h2, h3')].map((h) => Number(h.tagName[1]));
                levels.forEach((l, i) => { if (i > 0 && l > levels[i - 1] + 1) missing.push('heading ' + i); });
                for (const button of document.querySelectorAll('button')) {
                  if (!button.getAttribute('aria-label')) missing.push('a button');
                }
                const ids = [...document.querySelectorAll('[id]')].map((e) => e.id);
                if (new Set(ids).size !== ids.length) missing.push('ids twice');
                return missing;
                """)));
  }

  @Test
  void savesEachChartAsSvg() throws Exception {
    browser.command(
        "Browser.setDownloadBehavior",
        Map.of("behavior", "allow", "downloadPath", folder.toString()));
    String id = browser.js("return document.querySelector('figure').id").asString();
    browser.js("document.querySelector('figure button.svg').click()");
    Path svg = folder.resolve(id + ".svg");
    for (int i = 0; i < 500 && !Files.exists(svg); i++) {
      Thread.sleep(20);
    }
    String text = Files.readString(svg);
    assertTrue(text.contains("misses per thousand instructions"), text);
    var root =
        DocumentBuilderFactory.newInstance()
            .newDocumentBuilder()
            .parse(new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8)))
            .getDocumentElement();
    assertEquals("svg", root.getTagName());
    assertTrue(root.getElementsByTagName("path").getLength() > 3);
  }

  @Test
  void tablesHoldTheRunsFigures() throws Exception {
    long instructions = run.path("trace").path("instructions").asLong();
    double misses = 1000.0 * run.path("tlbs").path("stlb").path("misses").asLong() / instructions;
    JsonNode cells =
        browser.js(
            "return [...document.querySelector('figure tbody tr').children].map((c) => c.textContent)");
    assertEquals(misses, Double.parseDouble(cells.get(3).asString()), misses / 500);
    JsonNode regions =
        browser.js(
            """
            const figure = [...document.querySelectorAll('figure')].find(
              (f) => f.querySelector('h3').textContent.startsWith('Regions'));
            return [...figure.querySelectorAll('tbody tr')].map((r) => r.children[4].textContent)
            """);
    List<String> expected = new ArrayList<>();
    run.path("top")
        .path("region")
        .path("entries")
        .forEach(e -> expected.add(String.format(Locale.ROOT, "%,d", e.path("cycles").asLong())));
    assertEquals(expected, texts(regions));
  }
}
