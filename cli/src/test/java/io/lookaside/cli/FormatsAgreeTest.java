package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Random;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.node.JsonNodeFactory;
import tools.jackson.databind.node.ObjectNode;

/** One logical trace gives identical counts in every format and compression that can carry it. */
class FormatsAgreeTest {
  private static final int REFERENCES = 6000;

  private static final List<String> COMPRESSIONS =
      List.of("", ".gz", ".xz", ".zst", ".bz2", ".lz4", ".sz", ".zip");

  @TempDir Path folder;

  /** Kinds I, L and S and addresses that are multiples of 4. */
  private final StringBuilder kinds = new StringBuilder();

  private final long[] addresses = new long[REFERENCES];

  @BeforeEach
  void makeATrace() {
    Random random = new Random(11);
    for (int i = 0; i < REFERENCES; i++) {
      boolean fetch = i % 2 == 0;
      kinds.append(fetch ? 'I' : random.nextInt(3) == 0 ? 'S' : 'L');
      addresses[i] =
          fetch
              ? 0x40_0000L + 4L * random.nextInt(40_000)
              : 0x7f00_0000_0000L + 4L * random.nextInt(4_000_000);
    }
  }

  private byte[] lackey(int size) {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < REFERENCES; i++) {
      char kind = kinds.charAt(i);
      text.append(kind == 'I' ? "I  " : " " + kind + " ");
      text.append(String.format(Locale.ROOT, "%08x,%d\n", addresses[i], size));
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private byte[] csv(int size) {
    StringBuilder text = new StringBuilder("va,kind,size\n");
    for (int i = 0; i < REFERENCES; i++) {
      text.append(String.format(Locale.ROOT, "0x%x,%c,%d\n", addresses[i], kinds.charAt(i), size));
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private byte[] din() {
    StringBuilder text = new StringBuilder();
    for (int i = 0; i < REFERENCES; i++) {
      text.append("LSI".indexOf(kinds.charAt(i)));
      text.append(String.format(Locale.ROOT, " %x\n", addresses[i]));
    }
    return text.toString().getBytes(StandardCharsets.US_ASCII);
  }

  private byte[] flat64() {
    ByteArrayOutputStream bytes = new ByteArrayOutputStream();
    for (int i = 0; i < REFERENCES; i++) {
      bytes.writeBytes(Cli.words(addresses[i] | "LSI".indexOf(kinds.charAt(i))));
    }
    return bytes.toByteArray();
  }

  private byte[] pin() {
    StringBuilder text = new StringBuilder();
    long ip = 0;
    for (int i = 0; i < REFERENCES; i++) {
      if (kinds.charAt(i) == 'I') {
        ip = addresses[i];
      } else {
        text.append(
            String.format(
                Locale.ROOT,
                "0x%x: %c 0x%x\n",
                ip,
                kinds.charAt(i) == 'L' ? 'R' : 'W',
                addresses[i]));
      }
    }
    return text.append("#eof\n").toString().getBytes(StandardCharsets.US_ASCII);
  }

  private String file(String name, byte[] bytes) throws IOException {
    return Files.write(folder.resolve(name), bytes).toString();
  }

  /** What a run counts: the result without what says where the trace came from. */
  private static JsonNode counts(String trace) {
    JsonNode result = Cli.run("run", trace, "-q", "--json", "-").json();
    ObjectNode counts = JsonNodeFactory.instance.objectNode();
    for (String key :
        List.of(
            "trace",
            "tlbs",
            "pagingStructureCaches",
            "walker",
            "faults",
            "cycles",
            "physicalAddressSum")) {
      counts.set(key, result.get(key));
    }
    counts.set("traceHash", result.at("/provenance/traceHash"));
    ((ObjectNode) counts.get("trace")).remove(List.of("format", "instructions", "ignoredLines"));
    return counts;
  }

  private static void assertSame(JsonNode expected, String trace) {
    assertEquals(expected.toPrettyString(), counts(trace).toPrettyString(), trace);
  }

  @Test
  void formatsWrittenByHandCountTheSame() throws IOException {
    JsonNode ofFour = counts(file("four.lackey", lackey(4)));
    assertEquals(REFERENCES, ofFour.at("/trace/references").asLong());
    assertTrue(ofFour.at("/walker/walks").asLong() > 1000, "the trace misses");
    assertSame(ofFour, file("four.csv", csv(4)));
    assertSame(ofFour, file("four.flat64", flat64()));
    JsonNode ofOne = counts(file("one.lackey", lackey(1)));
    assertSame(ofOne, file("one.csv", csv(1)));
    assertSame(ofOne, file("one.din", din()));
  }

  @Test
  void convertedTracesCountTheSameInEveryFormatAndCompression() throws IOException {
    String source = file("source.lackey", lackey(4));
    JsonNode expected = counts(source);
    for (String format : List.of("lackey", "csv", "flat64", "lkt")) {
      for (String compression : COMPRESSIONS) {
        String target = folder.resolve("t." + format + compression).toString();
        Cli.Outcome outcome = Cli.run("trace", "convert", source, "-o", target);
        assertEquals(0, outcome.code(), outcome.err());
        assertEquals("", outcome.err(), "nothing is lost");
        assertSame(expected, target);
      }
    }
  }

  @Test
  void conversionsOneAfterTheOtherEndWhereTheyBegan() throws IOException {
    String first = file("first.lackey", lackey(8));
    List<String> names = new ArrayList<>(List.of("a.lkt", "b.csv.gz", "c.lkt.xz", "d.lackey"));
    String last = first;
    for (String name : names) {
      String next = folder.resolve(name).toString();
      assertEquals(0, Cli.run("trace", "convert", last, next).code());
      last = next;
    }
    assertEquals(Files.readString(Path.of(first)), Files.readString(Path.of(last)));
  }

  @Test
  void pinAndItsConversionsCountTheSame() throws IOException {
    String source = file("pinatrace.out", pin());
    JsonNode expected = counts(source);
    for (String name : List.of("p.lkt", "p.csv.zst")) {
      String target = folder.resolve(name).toString();
      assertEquals("", Cli.run("trace", "convert", source, target).err());
      assertSame(expected, target);
      String head = Cli.run("trace", "head", target, "-n", "1").out();
      assertTrue(head.contains(String.format(Locale.ROOT, "0x%016x", addresses[0])), head);
    }
  }

  @Test
  void skippingAndStoppingCountTheSameInBlocksAndLines() throws IOException {
    String source = file("source.lackey", lackey(4));
    String compact = folder.resolve("t.lkt").toString();
    assertEquals(0, Cli.run("trace", "convert", source, compact).code());
    for (String skip : List.of("1", "1000", "5999")) {
      String[] results = new String[2];
      for (int k = 0; k < 2; k++) {
        ObjectNode result =
            (ObjectNode)
                Cli.run(
                        "run",
                        k == 0 ? source : compact,
                        "--skip",
                        skip,
                        "--max-refs",
                        "700",
                        "-q",
                        "--json",
                        "-")
                    .json();
        results[k] = result.get("tlbs").toString();
      }
      assertEquals(results[0], results[1], "skip " + skip);
    }
  }

  /** Blocks of lkt hold up to 1,048,576 references; whole ones are passed over unread. */
  @Test
  void skippingWholeBlocksCountsAsReadingThemAndDroppingThem() {
    String compact = folder.resolve("long.lkt").toString();
    String words = folder.resolve("long.flat64").toString();
    for (String file : List.of(compact, words)) {
      String options = "trace generate zipf --count 2300K --size 4 -q -o";
      List<String> args = new ArrayList<>(List.of(options.split(" ", -1)));
      args.add(file);
      assertEquals(0, Cli.run(args.toArray(new String[0])).code());
    }
    for (String skip : List.of("1048576", "1100K", "2200K")) {
      List<JsonNode> results = new ArrayList<>();
      for (String file : List.of(words, compact)) {
        results.add(
            Cli.run("run", file, "--skip", skip, "--warmup", "10K", "--max-refs", "60K", "--json=-")
                .json());
      }
      for (String part : List.of("tlbs", "walker", "pagingStructureCaches", "faults", "cycles")) {
        assertEquals(results.get(0).get(part), results.get(1).get(part), part + ", skip " + skip);
      }
      assertEquals(60_000, results.get(1).at("/trace/references").asLong());
    }
  }

  @Test
  void modifyIsTwoReferencesInEveryFormat() throws IOException {
    JsonNode lackey = counts(file("m.lackey", " M 1000,8\n".getBytes(StandardCharsets.US_ASCII)));
    assertEquals(2, lackey.at("/trace/references").asLong());
    assertEquals(1, lackey.at("/trace/loads").asLong());
    assertEquals(1, lackey.at("/trace/stores").asLong());
    assertSame(
        lackey, file("m.csv", "kind,va,size\nM,0x1000,8\n".getBytes(StandardCharsets.US_ASCII)));
    String compact = folder.resolve("m.lkt").toString();
    assertEquals(0, Cli.run("trace", "convert", folder + "/m.lackey", compact).code());
    assertSame(lackey, compact);
  }
}
