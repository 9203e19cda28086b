package io.lookaside.query;

import io.lookaside.experiments.query.RunTable;
import io.lookaside.experiments.query.SqlEngine;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.Connection;
import java.sql.DriverManager;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.sql.Statement;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.Collectors;

/** DuckDB in memory: a fresh database for each question, which reads no network. */
public final class DuckDbEngine implements SqlEngine {
  /** For the service loader. */
  public DuckDbEngine() {}

  @Override
  public List<List<String>> rows(RunTable runs, String sql) throws SqlException {
    try (Connection database = open(runs);
        Statement statement = database.createStatement()) {
      if (!statement.execute(sql)) {
        throw new SqlException("the statement gives no rows; begin with select, from or describe");
      }
      try (ResultSet answer = statement.getResultSet()) {
        return rows(answer);
      }
    } catch (SQLException e) {
      throw failure(e);
    }
  }

  private static List<List<String>> rows(ResultSet answer) throws SQLException {
    int columns = answer.getMetaData().getColumnCount();
    List<List<String>> rows = new ArrayList<>();
    List<String> names = new ArrayList<>();
    for (int c = 1; c <= columns; c++) {
      names.add(answer.getMetaData().getColumnLabel(c));
    }
    rows.add(names);
    while (answer.next()) {
      List<String> row = new ArrayList<>();
      for (int c = 1; c <= columns; c++) {
        Object value = answer.getObject(c);
        row.add(value == null ? "" : value.toString());
      }
      rows.add(row);
    }
    return rows;
  }

  @Override
  public void write(RunTable runs, String sql, Format format, Path file)
      throws SqlException, IOException {
    String how =
        switch (format) {
          case CSV -> "format csv, header true";
          case JSON -> "format json, array true";
          case PARQUET -> "format parquet, compression zstd";
        };
    String statementText = sql.strip();
    while (statementText.endsWith(";")) {
      statementText = statementText.substring(0, statementText.length() - 1).strip();
    }
    try (Connection database = open(runs);
        Statement statement = database.createStatement()) {
      // A statement that is none by itself could still be one inside COPY's brackets.
      try (PreparedStatement alone = database.prepareStatement(statementText)) {
        if (alone.getMetaData().getColumnCount() == 0) {
          throw new SqlException(
              "the statement gives no rows; begin with select, from or describe");
        }
      }
      statement.execute("create view answer as " + statementText);
      statement.execute("copy answer to '" + quoted(file) + "' (" + how + ")");
    } catch (SQLException e) {
      throw failure(e);
    }
    if (!Files.exists(file)) {
      throw new IOException(file + ": was not written");
    }
  }

  private static String quoted(Path file) {
    return file.toString().replace("'", "''");
  }

  private static SqlException failure(SQLException e) {
    String message = String.valueOf(e.getMessage()).replaceFirst("^[A-Za-z. ]*Error: ", "");
    return new SqlException("the statement failed: " + message.strip());
  }

  private static Connection open(RunTable runs) throws SQLException {
    Connection database = DriverManager.getConnection("jdbc:duckdb:");
    try {
      fill(database, runs);
      return database;
    } catch (SQLException e) {
      database.close();
      throw e;
    }
  }

  private static void fill(Connection database, RunTable runs) throws SQLException {
    List<RunTable.Column> columns = runs.columns();
    String definition =
        columns.stream()
            .map(c -> '"' + c.name() + "\" " + c.type())
            .collect(Collectors.joining(", "));
    try (Statement statement = database.createStatement()) {
      // What it has built in is enough; nothing is fetched from elsewhere.
      statement.execute("set autoinstall_known_extensions = false");
      statement.execute("create table runs (" + definition + ")");
    }
    String marks = columns.stream().map(c -> "?").collect(Collectors.joining(", "));
    try (PreparedStatement insert =
        database.prepareStatement("insert into runs values (" + marks + ")")) {
      for (int row = 0; row < runs.size(); row++) {
        for (int c = 0; c < columns.size(); c++) {
          insert.setObject(c + 1, runs.value(row, columns.get(c)));
        }
        insert.execute();
      }
    }
  }
}
