package io.lookaside.traces;

import static org.junit.jupiter.api.Assertions.assertArrayEquals;
import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertTrue;

import java.io.ByteArrayInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.ByteOrder;
import java.util.List;
import org.junit.jupiter.api.Test;

/** Records of 64 bytes: instruction pointer at 0, registers at 10, stores at 16, loads at 32. */
class ChampSimWriterTest {
  private static final int LOAD = ReferenceBatch.descriptor(0, 1);
  private static final int STORE = ReferenceBatch.descriptor(1, 1);
  private static final int FETCH = ReferenceBatch.descriptor(2, 1);

  private final ByteArrayOutputStream bytes = new ByteArrayOutputStream();
  private List<String> losses = List.of();

  private ByteBuffer written(ReferenceBatch batch) throws IOException {
    try (TraceWriter writer = TraceWriter.open(TraceFormat.CHAMPSIM, bytes, true)) {
      writer.write(batch, 0, batch.count());
      writer.finish();
      losses = writer.losses();
    }
    return ByteBuffer.wrap(bytes.toByteArray()).order(ByteOrder.LITTLE_ENDIAN);
  }

  @Test
  void instructionIsOneRecord() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    batch.add(0x400000, FETCH);
    batch.add(0x1000, LOAD);
    batch.add(0x2000, LOAD);
    batch.add(0x3000, STORE);
    batch.add(0x400007, FETCH);
    ByteBuffer records = written(batch);
    assertEquals(128, records.capacity());
    assertEquals(0x400000, records.getLong(0));
    assertEquals(0x3000, records.getLong(16));
    assertEquals(0x1000, records.getLong(32));
    assertEquals(0x2000, records.getLong(40));
    assertEquals(0, records.getLong(48));
    assertEquals(0x400007, records.getLong(64));
    assertEquals(List.of(), losses);
  }

  @Test
  void whatDoesNotFitBeginsAnotherRecordAndIsSaid() throws IOException {
    ReferenceBatch batch = new ReferenceBatch();
    batch.add(0x400000, FETCH);
    for (int i = 1; i <= 5; i++) {
      batch.add(0x1000L * i, LOAD);
    }
    ByteBuffer records = written(batch);
    assertEquals(128, records.capacity());
    assertEquals(0x4000, records.getLong(56));
    assertEquals(0x400000, records.getLong(64));
    assertEquals(0x5000, records.getLong(64 + 32));
    assertTrue(losses.size() == 1, losses::toString);
  }

  @Test
  void registersComeBackAsTheyWere() throws IOException {
    ByteBuffer record = ByteBuffer.allocate(64).order(ByteOrder.LITTLE_ENDIAN);
    record.putLong(0, 0x400000).putLong(32, 0x1000);
    for (int i = 0; i < 6; i++) {
      record.put(10 + i, (byte) (250 - i));
    }
    ReferenceBatch batch = new ReferenceBatch();
    try (TraceCursor reader =
        new ChampSimReader(
            new ByteArrayInputStream(record.array()), "t", ChampSimReader.Layout.CHAMPSIM)) {
      assertEquals(2, reader.read(batch));
    }
    assertTrue(batch.hasRegisters());
    assertEquals(0xf5f6_f7f8_f9faL, batch.registers[0]);
    assertArrayEquals(record.array(), written(batch).array());
  }
}
