package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.mmu.AccessKind;
import io.lookaside.mmu.AccessMode;
import io.lookaside.mmu.ControlRegisters;
import io.lookaside.mmu.CpuFeatures;
import io.lookaside.mmu.PageWalker;
import io.lookaside.mmu.PagingContext;
import io.lookaside.mmu.PagingFormat;
import io.lookaside.mmu.PagingMode;
import io.lookaside.mmu.WalkObserver;
import io.lookaside.mmu.format.Cr0;
import io.lookaside.mmu.format.Cr3;
import io.lookaside.mmu.format.Cr4;
import io.lookaside.mmu.format.Pdpte;
import io.lookaside.mmu.format.Translation;
import io.lookaside.pagewalker.HardwarePageWalker;
import io.lookaside.pagewalker.WalkerConfig;
import io.lookaside.simulator.image.ImageMemory;
import io.lookaside.simulator.image.ImagePaging;
import io.lookaside.simulator.image.MemoryImage;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;
import tools.jackson.databind.JsonNode;

/** The walk explorer in a real browser, against the walker of the machine. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
class ExploreBrowserTest {
  private static final int QUESTIONS = 3000;

  @TempDir private static Path folder;

  private Browser browser;

  @BeforeAll
  void start() throws Exception {
    browser = Browser.start();
  }

  @AfterAll
  void stop() throws Exception {
    if (browser != null) {
      browser.close();
    }
  }

  private static Path page(String image, String... more) {
    Path page = folder.resolve(image + ".html");
    List<String> words =
        new ArrayList<>(
            List.of(
                "image",
                "explore",
                Samples.image(image + ".elf.xz").toString(),
                "-o",
                page.toString()));
    words.addAll(List.of(more));
    Cli.Outcome made = Cli.run(words.toArray(String[]::new));
    assertEquals(0, made.code(), made.err());
    return page;
  }

  /** What the walker does, in the words of the page. */
  private static final class Walker implements WalkObserver {
    private final ImageMemory memory;
    private final ImagePaging paging;
    private final HardwarePageWalker walker;
    private final long[] pdptes = new long[Pdpte.COUNT];
    private final boolean pdptesMissing;
    private long last;
    private int entries;

    Walker(ImageMemory memory, ImagePaging paging) {
      this.memory = memory;
      this.paging = paging;
      this.walker = new HardwarePageWalker(WalkerConfig.READ_ONLY, memory, 0, this);
      long table = Cr3.pdpteAddress(paging.registers().cr3());
      for (int i = 0; i < pdptes.length; i++) {
        pdptes[i] = memory.read(table + 8L * i);
      }
      pdptesMissing = paging.mode() == PagingMode.PAE && !memory.holds(table);
    }

    @Override
    public void onStart(long address, int level, long pointer) {
      entries = 0;
    }

    @Override
    public void onEntry(int level, long address, long entry) {
      last = address;
      entries++;
    }

    @Override
    public void onEnd(long outcome) {}

    String walk(
        long va, String access, boolean user, boolean wp, boolean smep, boolean smap, boolean ac) {
      if (!paging.mode().isLinear(va)) {
        return "noncanonical";
      }
      ControlRegisters r = paging.registers();
      long cr0 = wp ? r.cr0() | Cr0.WRITE_PROTECT : r.cr0() & ~Cr0.WRITE_PROTECT;
      long cr4 = (r.cr4() & ~(Cr4.SMEP | Cr4.SMAP)) | (smep ? Cr4.SMEP : 0) | (smap ? Cr4.SMAP : 0);
      ControlRegisters changed = new ControlRegisters(cr0, r.cr3(), cr4, r.efer());
      PagingContext context =
          PagingContext.of(
              changed,
              PagingFormat.of(changed, CpuFeatures.ALL),
              pdptes,
              user ? AccessMode.USER : AccessMode.SUPERVISOR,
              ac);
      last = -1;
      entries = 0;
      AccessKind kind =
          switch (access) {
            case "load" -> AccessKind.LOAD;
            case "store" -> AccessKind.STORE;
            default -> AccessKind.FETCH;
          };
      long t = walker.walk(va, kind.ordinal(), context, PageWalker.Cause.MISS);
      if (pdptesMissing || (last >= 0 && !memory.holds(last))) {
        return "missing";
      }
      return (Translation.isValid(t)
              ? "mapped 0x" + Long.toHexString(Translation.physicalAddress(t, va))
              : "fault " + Translation.errorCode(t))
          + " after "
          + entries;
    }
  }

  private static String words(JsonNode answer) {
    return switch (answer.path("kind").asString()) {
      case "mapped" ->
          "mapped " + answer.path("pa").asString() + " after " + answer.path("entries").size();
      case "fault" ->
          "fault " + answer.path("code").asInt() + " after " + answer.path("entries").size();
      default -> answer.path("kind").asString();
    };
  }

  @ParameterizedTest
  @ValueSource(strings = {"la48", "la57", "pae", "bits32"})
  void agreesWithTheWalker(String name) throws Exception {
    browser.open(page(name));
    try (MemoryImage image = MemoryImage.open(Samples.image(name + ".elf.xz").toString(), null)) {
      ImageMemory memory = new ImageMemory(image);
      ImagePaging paging = ImagePaging.of(memory, image.cpus().get(0), null, null, true);
      Walker walker = new Walker(memory, paging);
      // Addresses around the ends of what is mapped, some of each table's, and some from nowhere.
      List<Long> edges = new ArrayList<>();
      for (String line : Cli.run("image", "map", image.name()).out().lines().skip(1).toList()) {
        edges.add(Long.parseUnsignedLong(line.split("\t", -1)[0].substring(2), 16));
      }
      Random random = new Random(42);
      List<Object> questions = new ArrayList<>();
      List<String> expected = new ArrayList<>();
      Map<String, Integer> kinds = new HashMap<>();
      for (int i = 0; i < QUESTIONS; i++) {
        long va =
            switch (random.nextInt(8)) {
              case 0 -> random.nextLong() >>> (paging.mode().isLongMode() ? 16 : 32);
              case 1 -> random.nextLong();
              case 2, 3 ->
                  edges.get(random.nextInt(edges.size())) + random.nextInt(1 << 23) - (1 << 22);
              default -> edges.get(random.nextInt(edges.size())) + random.nextInt(5000) - 500;
            };
        String access = List.of("load", "store", "fetch").get(random.nextInt(3));
        boolean[] b = new boolean[5];
        for (int j = 0; j < b.length; j++) {
          b[j] = random.nextBoolean();
        }
        String hex = "0x" + Long.toHexString(va);
        questions.add(
            Map.of(
                "va", hex, "access", access, "user", b[0], "wp", b[1], "smep", b[2], "smap", b[3],
                "ac", b[4]));
        String words = walker.walk(va, access, b[0], b[1], b[2], b[3], b[4]);
        kinds.merge(words.replaceAll("0x.*", ""), 1, Integer::sum);
        expected.add(questions.get(i) + ": " + words);
      }
      // The questions reach hits and faults of several kinds.
      assertTrue(kinds.getOrDefault("mapped ", 0) > QUESTIONS / 10, kinds::toString);
      assertTrue(new TreeSet<>(kinds.keySet()).size() >= 8, kinds::toString);
      JsonNode answers = browser.js("return arguments[0].map((q) => lookaside.walk(q))", questions);
      List<String> got = new ArrayList<>();
      for (int i = 0; i < answers.size(); i++) {
        got.add(questions.get(i) + ": " + words(answers.get(i)));
      }
      for (int i = 0; i < expected.size(); i++) {
        assertEquals(expected.get(i), got.get(i));
      }
    }
  }

  @ParameterizedTest
  @ValueSource(ints = {1280, 400})
  void showsAWalkForWhatOneTypes(int width) throws Exception {
    Path page = page("la48");
    browser.requests();
    browser.complaints();
    browser.size(width, 900);
    browser.open(page);
    List<String> lines =
        Cli.run("image", "map", Samples.image("la48.elf.xz").toString()).out().lines().toList();
    String[] row = lines.get(lines.size() / 2).split("\t", -1);
    browser.js(
        "const a = document.getElementById('address'); a.value = arguments[0]; a.focus();"
            + " document.getElementById('mode').value = 'supervisor';",
        row[0]);
    browser.press("\ue007"); // Enter
    String result = browser.js("return document.getElementById('result').textContent").asString();
    assertTrue(result.contains(row[0] + " is at physical " + row[1]), result);
    assertTrue(browser.js("return document.querySelectorAll('#steps > li').length").asInt() >= 2);
    // A link of the table of what is mapped, and a table that is folded open.
    browser.js("document.querySelector('#map button').click()");
    assertEquals(
        browser.js("return document.querySelector('#map button').textContent").asString(),
        browser.js("return document.getElementById('address').value").asString());
    browser.js("document.querySelector('#steps details').open = true");
    browser.waitFor("return document.querySelector('#steps details table') !== null");
    browser.js(
        "document.getElementById('address').value = 'nonsense'; "
            + "document.querySelector('button[type=submit]').click()");
    assertTrue(
        browser
            .js("return document.getElementById('complaint').textContent")
            .asString()
            .contains("hexadecimal"));
    assertEquals(
        0,
        browser
            .js(
                """
                return [...document.querySelectorAll('header, form, section, p, h1, h2, h3, li, button, label')]
                  .filter((e) => e.clientWidth > 0 && e.scrollWidth > e.clientWidth + 1).length
                  + (document.documentElement.scrollWidth > window.innerWidth ? 1000 : 0)
                """)
            .asInt());
    assertTrue(
        browser
            .js("return document.querySelector('meta[http-equiv]').content")
            .asString()
            .startsWith("default-src 'none'"));
    assertEquals(List.of(), browser.complaints());
    assertEquals(List.of(), browser.requests());
  }

  @Test
  void aRangeHoldsOnlyItsTables() throws Exception {
    String file = Samples.image("la48.elf.xz").toString();
    List<String> lines = Cli.run("image", "map", file).out().lines().toList();
    String first = lines.get(1).split("\t", -1)[0];
    String last = lines.get(lines.size() - 1).split("\t", -1)[0];
    Path whole = page("la48");
    long wholeBytes = Files.size(whole);
    Path part = page("la48", "--range", first + "-" + first);
    assertTrue(Files.size(part) < wholeBytes / 2, Files.size(part) + " of " + wholeBytes);
    browser.open(part);
    String walk = "return lookaside.walk({va: arguments[0], access: 'load', user: false}).kind";
    assertEquals("mapped", browser.js(walk, first).asString());
    assertEquals("missing", browser.js(walk, last).asString());
  }

  @Test
  void whatCannotBeIsRefused() {
    String file = Samples.image("la48.elf.xz").toString();
    Cli.run("image", "explore", file, "-o", file).failed(2, "overwrite");
    Cli.run("image", "explore", file, "-o", "-", "--range", "x").failed(2, "--range");
    Cli.run("image", "explore", "nowhere.elf", "-o", "-").failed(66, "nowhere.elf");
  }
}
