package io.lookaside.simulator.heap;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.io.BufferedReader;
import java.io.IOException;
import java.io.StringReader;
import org.junit.jupiter.api.Test;

class ValgrindAllocationsTest {
  /** What valgrind 3.19 printed for small programs in C and C++, with a child's line added. */
  private static final String LOG =
      """
      ==15967== Memcheck, a memory error detector
      --15967-- malloc(10) = 0x4A41040
      --15967-- realloc(0x4A41040,200) = 0x4A41090
      --15967-- calloc(3,7) = 0x4A411A0
      --15968-- malloc(999) = 0x4A41090
      --15967-- free(0x4A41090)
      --15967-- memalign(al 64, size 1000) = 0x4A41240
      --15967-- realloc(0x0,1600)malloc(1600) = 0x4A422F0
      --15967-- realloc(0x4A422F0,0)free(0x4A422F0)
      --15967--  = 0
      --15967-- free(0x0)
      --15967-- _Znwm(101) = 0x4D6ECE0
      --15967-- _ZdlPvm(0x4D6ECE0)
      ==15967== HEAP SUMMARY:
      """;

  @Test
  void addressesBecomeAllocations() throws IOException {
    StringBuilder calls = new StringBuilder();
    long count =
        new ValgrindAllocations().convert(new BufferedReader(new StringReader(LOG)), calls);
    assertEquals(
        """
        m 0 10
        r 0 200
        c 1 3 7
        f 0
        m 2 1000
        m 3 1600
        f 3
        m 4 101
        f 4
        """,
        calls.toString());
    assertEquals(9, count);
  }
}
