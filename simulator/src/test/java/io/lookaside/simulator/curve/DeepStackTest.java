package io.lookaside.simulator.curve;

import static org.junit.jupiter.api.Assertions.assertEquals;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeepStackTest {
  @Test
  void depthsEqualThoseOfAList() {
    // Pushes so many that the bitmap is laid anew several times.
    Random random = new Random(3);
    DeepStack stack = new DeepStack();
    List<Long> list = new ArrayList<>();
    for (int i = 0; i < 200_000; i++) {
      long key = key(random.nextInt(random.nextInt(8) == 0 ? 2_000 : 200));
      int at = list.lastIndexOf(key);
      long expected = at < 0 ? DeepStack.NEVER : list.size() - 1 - at;
      assertEquals(expected, stack.remove(key));
      if (at >= 0) {
        list.remove(at);
      }
      list.add(key);
      stack.push(key);
    }
  }

  @Test
  void aCycleThroughManyPagesFindsEachUnderAllOthers() {
    // More pages than the first bitmap and the first table hold.
    int pages = 100_000;
    DeepStack stack = new DeepStack();
    for (int i = 0; i < pages; i++) {
      assertEquals(DeepStack.NEVER, stack.remove(key(i)));
      stack.push(key(i));
    }
    for (int round = 0; round < 3; round++) {
      for (int i = 0; i < pages; i++) {
        assertEquals(pages - 1, stack.remove(key(i)));
        stack.push(key(i));
      }
    }
  }

  @Test
  void aPageThatIsOutsideMayComeInAgain() {
    DeepStack stack = new DeepStack();
    stack.push(key(1));
    stack.push(key(2));
    assertEquals(1, stack.remove(key(1)));
    assertEquals(0, stack.remove(key(2)));
    stack.push(key(1));
    stack.push(key(3));
    assertEquals(1, stack.remove(key(1)));
  }

  private static long key(int page) {
    return StackDistances.key((page * 7L) << 12, 12, page % 3);
  }
}
