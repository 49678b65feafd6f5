import CPostgres
import Glibc

/// The result of one statement, decoded when it is read. It owns libpq's memory and gives it back once.
package final class PostgresRows: @unchecked Sendable {
  // Never written to after it was received, so any thread may read it.
  private let result: OpaquePointer
  package let count: Int
  package let columnCount: Int

  /// Takes ownership of `result`.
  init(taking result: OpaquePointer) {
    self.result = result
    count = Int(PQntuples(result))
    columnCount = Int(PQnfields(result))
  }

  deinit { PQclear(result) }

  package var isEmpty: Bool { count == 0 }

  /// Rows inserted, updated, deleted or selected.
  package var affected: Int {
    guard let text = PQcmdTuples(result) else { return 0 }
    return Int(strtoll(text, nil, 10))
  }

  /// The command that ran, as the server names it: `INSERT 0 1`, `COMMIT`, `ROLLBACK`.
  package var commandTag: String { PQcmdStatus(result).map { String(cString: $0) } ?? "" }

  package func columnName(_ column: Int) -> String? { PQfname(result, Int32(column)).map { String(cString: $0) } }

  func cell(_ row: Int, _ column: Int) throws(PostgresError) -> PostgresCell {
    guard row >= 0, row < count, column >= 0, column < columnCount else {
      throw PostgresError(
        .decoding, "no column \(column) of row \(row): the result has \(columnCount) columns and \(count) rows")
    }
    let row32 = Int32(truncatingIfNeeded: row)
    let column32 = Int32(truncatingIfNeeded: column)
    let type = PQftype(result, column32)
    guard PQgetisnull(result, row32, column32) == 0 else {
      return PostgresCell(bytes: nil, type: type, row: row, column: column)
    }
    let bytes = UnsafeRawBufferPointer(
      start: PQgetvalue(result, row32, column32), count: Int(PQgetlength(result, row32, column32)))
    return PostgresCell(bytes: bytes, type: type, row: row, column: column)
  }

  // MARK: Reading

  package subscript(row: Int) -> PostgresRow { PostgresRow(rows: self, index: row) }

  /// The first row, nil when there is none.
  package var first: PostgresRow? { count > 0 ? self[0] : nil }

  package func get<Value: PostgresDecodable>(
    _ row: Int, _ column: Int, as type: Value.Type = Value.self
  ) throws(PostgresError) -> Value {
    try Value(postgres: cell(row, column))
  }

  /// Every row as a tuple: `try rows.decode((UUID, Int64, String?).self)`.
  package func decode<each Value: PostgresDecodable>(
    _ type: (repeat each Value).Type = (repeat each Value).self
  ) throws(PostgresError) -> [(repeat each Value)] {
    var decoded: [(repeat each Value)] = []
    decoded.reserveCapacity(count)
    for row in 0..<count { decoded.append(try self[row].decode((repeat each Value).self)) }
    return decoded
  }

  /// Every value of the first column.
  package func column<Value: PostgresDecodable>(
    _ index: Int = 0, as type: Value.Type = Value.self
  ) throws(PostgresError) -> [Value] {
    var decoded: [Value] = []
    decoded.reserveCapacity(count)
    for row in 0..<count { decoded.append(try Value(postgres: cell(row, index))) }
    return decoded
  }
}

extension PostgresRows: RandomAccessCollection {
  package var startIndex: Int { 0 }
  package var endIndex: Int { count }
}

/// One row of a result.
package struct PostgresRow: Sendable {
  let rows: PostgresRows
  package let index: Int

  package var columnCount: Int { rows.columnCount }

  package func get<Value: PostgresDecodable>(
    _ column: Int, as type: Value.Type = Value.self
  ) throws(PostgresError) -> Value {
    try Value(postgres: rows.cell(index, column))
  }

  package func isNull(_ column: Int) throws(PostgresError) -> Bool { try rows.cell(index, column).bytes == nil }

  /// The leading columns as a tuple: `let (id, seq, body) = try row.decode((UUID, Int64, String?).self)`.
  package func decode<each Value: PostgresDecodable>(
    _ type: (repeat each Value).Type = (repeat each Value).self
  ) throws(PostgresError) -> (repeat each Value) {
    var column = 0
    func next<Next: PostgresDecodable>(_: Next.Type) throws(PostgresError) -> Next {
      defer { column += 1 }
      return try Next(postgres: rows.cell(index, column))
    }
    return (repeat try next((each Value).self))
  }
}
