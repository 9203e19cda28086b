package io.lookaside.cli;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertFalse;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.PrintStream;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.nio.charset.StandardCharsets;
import tools.jackson.databind.JsonNode;
import tools.jackson.databind.json.JsonMapper;

/** Runs commands in process. */
final class Cli {
  private Cli() {}

  /** What a command left behind. */
  record Outcome(int code, String out, String err) {
    /** The result on standard output of a command that succeeded. */
    JsonNode json() {
      assertEquals(0, code, err);
      return JsonMapper.shared().readTree(out);
    }

    /** A failure with an exit code and a first message that contains all the words. */
    void failed(int expected, String... words) {
      assertEquals(expected, code, err);
      assertEquals("", out);
      assertTrue(err.startsWith("lookaside: "), err);
      assertFalse(err.contains("Exception"), err);
      assertFalse(err.contains("at io.lookaside"), err);
      for (String word : words) {
        assertTrue(err.contains(word), () -> "'" + word + "' in: " + err);
      }
    }
  }

  /** Streams that take and give nothing. */
  static Console console() {
    PrintStream nowhere =
        new PrintStream(OutputStream.nullOutputStream(), false, StandardCharsets.UTF_8);
    return new Console(InputStream.nullInputStream(), nowhere, nowhere, false);
  }

  static Outcome run(String... args) {
    return runWithInput(new byte[0], args);
  }

  /** Runs with a standard output that takes nothing; returns the exit code. */
  static int runOnFullOutput(String... args) {
    PrintStream full =
        new PrintStream(
            new OutputStream() {
              @Override
              public void write(int b) throws IOException {
                throw new IOException("No space left on device");
              }
            },
            false,
            StandardCharsets.UTF_8);
    PrintStream err = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
    return Main.execute(new Console(InputStream.nullInputStream(), full, err, false), args);
  }

  static Outcome runWithInput(byte[] input, String... args) {
    return runWithInput(new ByteArrayInputStream(input), args);
  }

  static Outcome runWithInput(InputStream input, String... args) {
    ByteArrayOutputStream out = new ByteArrayOutputStream();
    ByteArrayOutputStream err = new ByteArrayOutputStream();
    Console console =
        new Console(
            input,
            new PrintStream(out, true, StandardCharsets.UTF_8),
            new PrintStream(err, true, StandardCharsets.UTF_8),
            false);
    int code = Main.execute(console, args);
    return new Outcome(
        code, out.toString(StandardCharsets.UTF_8), err.toString(StandardCharsets.UTF_8));
  }

  static byte[] words(long... words) {
    ByteBuffer bytes = ByteBuffer.allocate(8 * words.length).order(ByteOrder.LITTLE_ENDIAN);
    for (long word : words) {
      bytes.putLong(word);
    }
    return bytes.array();
  }
}
