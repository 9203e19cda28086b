package io.lookaside.simulator.curve;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;

class DeepStackTest {
  private static final int NOT_INSIDE = -1;

  private final DeepStack stack = new DeepStack();

  /** By page. */
  private final int[] places = new int[4_000_000];

  private int moves;

  DeepStackTest() {
    Arrays.fill(places, NOT_INSIDE);
  }

  private void push(int page) {
    if (stack.free() == 0) {
      moves++;
      for (int i = 0; i < places.length; i++) {
        places[i] = places[i] == NOT_INSIDE ? NOT_INSIDE : stack.below(places[i]);
      }
      stack.moveTogether();
    }
    places[page] = stack.push();
  }

  private int remove(int page) {
    int above = stack.remove(places[page], stack.next());
    places[page] = NOT_INSIDE;
    return above;
  }

  @Test
  void depthsEqualThoseOfAList() {
    // Pushes so many that the pages move together several times.
    Random random = new Random(3);
    List<Integer> list = new ArrayList<>();
    for (int i = 0; i < 200_000; i++) {
      int page = random.nextInt(random.nextInt(8) == 0 ? 2_000 : 200);
      int at = list.lastIndexOf(page);
      assertEquals(at < 0, places[page] == NOT_INSIDE);
      if (at >= 0) {
        assertEquals(list.size() - 1 - at, remove(page));
        list.remove(at);
      }
      // Some stay outside for a while.
      if (random.nextInt(4) != 0) {
        list.add(page);
        push(page);
      }
    }
    assertTrue(moves >= 3, "moved together " + moves);
  }

  @Test
  void aCycleThroughManyPagesFindsEachUnderAllOthers() {
    // Bitmaps with one, two and three orders of nodes, and with more than one of the highest.
    for (int pages : new int[] {100, 9_000, 40_000, 600_000}) {
      DeepStackTest cycle = new DeepStackTest();
      for (int i = 0; i < pages; i++) {
        cycle.push(i);
      }
      for (int i = 0; i < Math.max(2 * pages, 150_000); i++) {
        assertEquals(pages - 1, cycle.remove(i % pages));
        cycle.push(i % pages);
      }
    }
  }

  @Test
  void pagesTakenOutOfAnyPartOfALargeBitmapAreCountedNoMore() {
    // Every page is taken out once, in an order that jumps about; a Fenwick tree knows who is
    // above.
    int pages = 2_200_000;
    for (int i = 0; i < pages; i++) {
      push(i);
    }
    int[] tree = new int[pages + 1];
    for (int i = 1; i <= pages; i++) {
      tree[i] = i & -i;
    }
    long page = 0;
    for (int i = 0; i < pages; i++) {
      page = (page + 1_234_567) % pages; // without a common factor, so it leaves none out
      int notAbove = 0;
      for (int at = (int) page + 1; at > 0; at -= at & -at) {
        notAbove += tree[at];
      }
      assertEquals(pages - i - notAbove, remove((int) page));
      for (int at = (int) page + 1; at <= pages; at += at & -at) {
        tree[at]--;
      }
    }
  }
}
