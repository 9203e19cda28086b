package io.lookaside.experiments.query;

import java.io.IOException;
import java.nio.file.Path;
import java.util.List;

/**
 * What answers questions in SQL. The command line finds it as a service, since the one there is, in
 * the module {@code query}, is larger than all the rest and is not carried by default.
 */
public interface SqlEngine {
  /** A statement that makes no sense to the engine; the message is for the user. */
  final class SqlException extends Exception {
    private static final long serialVersionUID = 1;

    /** An exception with what the engine says. */
    public SqlException(String message) {
      super(message);
    }
  }

  /** The form of a file. */
  enum Format {
    CSV,
    /** An array of objects. */
    JSON,
    PARQUET
  }

  /**
   * Answers with text.
   *
   * @param runs the table {@code runs}
   * @return rows, the first of which names the columns; empty text for NULL
   * @throws SqlException if the statement is wrong, or gives no rows
   */
  List<List<String>> rows(RunTable runs, String sql) throws SqlException, IOException;

  /**
   * Answers with a file, which is replaced if it is there.
   *
   * @throws SqlException as above
   * @throws IOException if the file cannot be written
   */
  void write(RunTable runs, String sql, Format format, Path file) throws SqlException, IOException;
}
