package io.lookaside.query;

import static org.junit.jupiter.api.Assertions.assertEquals;
import static org.junit.jupiter.api.Assertions.assertInstanceOf;
import static org.junit.jupiter.api.Assertions.assertThrows;
import static org.junit.jupiter.api.Assertions.assertTrue;

import io.lookaside.experiments.compare.ResultSet;
import io.lookaside.experiments.query.RunTable;
import io.lookaside.experiments.query.SqlEngine;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class DuckDbEngineTest {
  @TempDir Path folder;

  private final SqlEngine engine = ServiceLoader.load(SqlEngine.class).findFirst().orElseThrow();

  /** Three points of two machines; the third has no rate, and a number where others have words. */
  private RunTable table() throws Exception {
    Path file =
        Files.writeString(
            folder.resolve("r.json"),
            """
            {"schema": "lookaside.sweep/1", "points": [
             {"trace": "a", "axes": {"stlb.entries": 768, "frames": "x"}, "result":
              {"schema": "lookaside.run/1", "provenance": {"seed": 1, "machine": {"name": "m", "l1d": {"parts": [{"ways": 4}]}}},
               "tlbs": {"stlb": {"misses": 10}}, "rates": {"r": 0.5}, "ok": true}},
             {"trace": "a", "axes": {"stlb.entries": 1536, "frames": "y"}, "result":
              {"schema": "lookaside.run/1", "provenance": {"seed": 1, "machine": {"name": "m", "l1d": {"parts": [{"ways": 8}]}}},
               "tlbs": {"stlb": {"misses": 4}}, "rates": {"r": 1}, "ok": false}},
             {"trace": "b'c", "axes": {"stlb.entries": 768, "frames": 5}, "result":
              {"schema": "lookaside.run/1", "provenance": {"seed": 2, "machine": {"name": "n"}},
               "tlbs": {"stlb": {"misses": 9000000000}}, "rates": {"r": null}}}]}
            """);
    return RunTable.of(List.of(ResultSet.read(file.toString())));
  }

  @Test
  void aRowForEachRunAndAColumnForEachValue() throws Exception {
    assertInstanceOf(DuckDbEngine.class, engine);
    assertEquals(
        List.of(
            List.of("trace", "stlb_entries", "misses"),
            List.of("a", "768", "10"),
            List.of("a", "1536", "4"),
            List.of("b'c", "768", "9000000000")),
        engine.rows(table(), "select trace, stlb_entries, tlbs_stlb_misses as misses from runs"));
    assertEquals(
        List.of(
            List.of("column_name", "column_type"),
            List.of("frames", "VARCHAR"),
            List.of("machine_l1d_parts_0_ways", "BIGINT"),
            List.of("ok", "BOOLEAN"),
            List.of("provenance_seed", "BIGINT"),
            List.of("rates_r", "DOUBLE"),
            List.of("stlb_entries", "BIGINT")),
        engine.rows(
            table(),
            "select column_name, column_type from (describe runs) where column_name in ('frames',"
                + " 'machine_l1d_parts_0_ways', 'ok', 'provenance_seed', 'rates_r', 'stlb_entries')"
                + " order by 1"));
  }

  @Test
  void sqlAggregates() throws Exception {
    assertEquals(
        List.of(
            List.of("stlb_entries", "s", "r"),
            List.of("768", "9000000010", "0.5"),
            List.of("1536", "4", "1.0")),
        engine.rows(
            table(),
            "select stlb_entries, sum(tlbs_stlb_misses)::bigint as s, avg(rates_r) as r from runs"
                + " group by stlb_entries order by stlb_entries"));
  }

  @Test
  void csvAndJsonHoldTheAnswer() throws Exception {
    Path csv = folder.resolve("o'ut.csv");
    engine.write(table(), "select trace, ok from runs;", SqlEngine.Format.CSV, csv);
    assertEquals("trace,ok\na,true\na,false\nb'c,\n", Files.readString(csv));
    Path json = folder.resolve("out.json");
    engine.write(
        table(), "select stlb_entries as n from runs limit 1", SqlEngine.Format.JSON, json);
    assertEquals("[{\"n\":768}]", Files.readString(json).replaceAll("\\s", ""));
  }

  @Test
  void parquetIsReadBack() throws Exception {
    Path file = folder.resolve("out.parquet");
    engine.write(table(), "from runs", SqlEngine.Format.PARQUET, file);
    byte[] bytes = Files.readAllBytes(file);
    byte[] magic = "PAR1".getBytes(StandardCharsets.US_ASCII); // Parquet's first and last bytes
    assertTrue(Arrays.equals(magic, Arrays.copyOf(bytes, 4)));
    assertTrue(Arrays.equals(magic, Arrays.copyOfRange(bytes, bytes.length - 4, bytes.length)));
    assertEquals(engine.rows(table(), "from runs"), engine.rows(table(), "from '" + file + "'"));
  }

  @Test
  void aWrongStatementIsSaidInTheEnginesWords() throws Exception {
    RunTable table = table();
    SqlEngine.SqlException e =
        assertThrows(
            SqlEngine.SqlException.class, () -> engine.rows(table, "select stlb_entrys from runs"));
    assertTrue(String.valueOf(e.getMessage()).contains("stlb_entries"), e::getMessage);
    assertThrows(SqlEngine.SqlException.class, () -> engine.rows(table, "selec"));
    assertThrows(
        SqlEngine.SqlException.class,
        () -> engine.write(table, "drop table runs", SqlEngine.Format.CSV, folder.resolve("x")));
  }
}
