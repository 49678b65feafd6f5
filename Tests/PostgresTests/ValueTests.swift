import Postgres
import Primitives
import TestSupport
import Testing

@Suite struct ValueTests {
  enum Colour: String, PostgresEncodable, PostgresDecodable {
    case red, green
  }

  private func echo<Value: PostgresArrayElement & Equatable>(
    _ values: [Value], _ connection: PostgresConnection
  ) async throws {
    for value in values {
      let rows = try await connection.query("SELECT $1", value)
      #expect(try rows.get(0, 0, as: Value.self) == value)
    }
    let all = try await connection.query("SELECT $1", values)
    #expect(try all.get(0, 0, as: [Value].self) == values)
    let optionals: [Value?] = [nil] + values + [nil]
    let some = try await connection.query("SELECT $1", optionals)
    #expect(try some.get(0, 0, as: [Value?].self) == optionals)
    let none = try await connection.query("SELECT $1", [Value]())
    #expect(try none.get(0, 0, as: [Value].self).isEmpty)
    let null = try await connection.query("SELECT $1", Value?.none)
    #expect(try null.get(0, 0, as: Value?.self) == nil)
  }

  @Test("values and arrays of them survive the way there and back, at their edges too")
  func roundTrip() async throws {
    try await withConnection { (connection) async throws in
      try await echo([true, false], connection)
      try await echo([Int16.min, -1, 0, .max], connection)
      try await echo([Int32.min, -1, 0, .max], connection)
      try await echo([Int64.min, -1, 0, .max], connection)
      try await echo([Int.min, 0, .max], connection)
      try await echo(
        [0, -0.0, 1.5, .infinity, -.infinity, .leastNonzeroMagnitude, .greatestFiniteMagnitude], connection)
      try await echo(["", "a", "'; --", "naïve 🙂 \u{1}\n", String(repeating: "ß", count: 10_000)], connection)
      try await echo([[], [0], [0xff, 0, 0x5c], Array(0...255)], connection)
      try await echo([UUID(high: 0, low: 0), UUID(high: .max, low: .max), .v7()], connection)
      let times = [
        Timestamp(microseconds: 0), Timestamp(microseconds: -1), Timestamp(microseconds: 946_684_800_000_001),
        Timestamp(microseconds: -210_866_803_200_000_000), Timestamp(microseconds: .max), Timestamp(microseconds: .min),
      ]
      try await echo(times, connection)
    }
  }

  @Test("a timestamp means the same moment on both sides, and the infinities are infinite")
  func timestamps() async throws {
    try await withConnection { (connection) async throws in
      let moment = try #require(Timestamp(rfc3339: "2026-11-21T11:40:00.123456Z"))
      let rows = try await connection.query(
        """
        SELECT $1 = '2026-11-21T12:40:00.123456+01:00'::timestamptz, $2 = 'infinity', $3 = '-infinity',
          '1969-12-31T23:59:59.999999Z'::timestamptz
        """, moment, Timestamp(microseconds: .max), Timestamp(microseconds: .min))
      let (equal, infinite, minus, before) = try rows[0].decode((Bool, Bool, Bool, Timestamp).self)
      #expect(equal && infinite && minus && before.microseconds == -1)
    }
  }

  @Test("not a number stays not a number")
  func notANumber() async throws {
    try await withConnection { (connection) async throws in
      #expect(try await connection.query("SELECT $1", Double.nan).get(0, 0, as: Double.self).isNaN)
    }
  }

  @Test("narrow integers widen, wide ones are refused where they do not fit")
  func widths() async throws {
    try await withConnection { (connection) async throws in
      let rows = try await connection.query("SELECT 7::int2, 7::int4, 7::int8, 70000::int4, 1.5::float4")
      #expect(try rows.get(0, 0, as: Int64.self) == 7)
      #expect(try rows.get(0, 1, as: Int.self) == 7)
      #expect(try rows.get(0, 2, as: Int16.self) == 7)
      #expect(try rows.get(0, 4, as: Double.self) == 1.5)
      #expect(throws: PostgresError.self) { try rows.get(0, 3, as: Int16.self) }
    }
  }

  @Test("JSON goes in and out as text")
  func json() async throws {
    try await withConnection { (connection) async throws in
      let rows = try await connection.query(
        "SELECT $1, $1 ->> 'a', '[1]'::json, $2", PostgresJSON(#"{"a": "b"}"#), [PostgresJSON("1"), PostgresJSON("2")])
      #expect(try rows.get(0, 0, as: String.self) == #"{"a": "b"}"#)
      #expect(try rows.get(0, 0, as: [UInt8].self) == Array(#"{"a": "b"}"#.utf8))
      #expect(try rows.get(0, 0, as: PostgresJSON.self).text == #"{"a": "b"}"#)
      #expect(try rows.get(0, 1, as: String.self) == "b")
      #expect(try rows.get(0, 2, as: String.self) == "[1]")
      #expect(try rows.get(0, 3, as: [PostgresJSON].self).map(\.text) == ["1", "2"])
    }
  }

  @Test("enums of both languages meet")
  func enums() async throws {
    try await withConnection { (connection) async throws in
      try await connection.script("CREATE TYPE colour AS ENUM ('red', 'green', 'blue')")
      let rows = try await connection.query("SELECT $1::colour, 'blue'::colour", Colour.green)
      #expect(try rows.get(0, 0, as: Colour.self) == .green)
      #expect(throws: PostgresError.self) { try rows.get(0, 1, as: Colour.self) }
      #expect(try rows.get(0, 1, as: String.self) == "blue")
    }
  }

  @Test("a wrong type, a NULL and a missing column are errors that say where")
  func mismatches() async throws {
    try await withConnection { (connection) async throws in
      let rows = try await connection.query("SELECT 1::int8, NULL::text, ARRAY[[1,2],[3,4]]::int8[]")
      let wrong = #expect(throws: PostgresError.self) { try rows.get(0, 0, as: UUID.self) }
      #expect(wrong?.code == .decoding && wrong?.message.contains("column 0 of row 0") == true)
      let null = #expect(throws: PostgresError.self) { try rows.get(0, 1, as: String.self) }
      #expect(null?.message.contains("NULL") == true)
      #expect(throws: PostgresError.self) { try rows.get(0, 2, as: [Int64].self) }
      #expect(throws: PostgresError.self) { try rows.get(0, 3, as: Int.self) }
      #expect(throws: PostgresError.self) { try rows.get(1, 0, as: Int.self) }
      #expect(throws: PostgresError.self) { try rows[0].decode((Int, String?, [Int]?, Int).self) }
    }
  }

  @Test("columns, counts, names and tags")
  func results() async throws {
    try await withConnection { (connection) async throws in
      try await connection.script("CREATE TABLE t (id int8, name text)")
      let inserted = try await connection.execute(
        "INSERT INTO t SELECT * FROM unnest($1::int8[], $2::text[])", [Int64(1), 2, 3], ["a", nil, "c"])
      #expect(inserted == 3)
      let rows = try await connection.query("SELECT id, name FROM t ORDER BY id")
      #expect(rows.columnName(1) == "name" && rows.columnCount == 2 && rows.commandTag == "SELECT 3")
      #expect(try rows.column(0, as: Int64.self) == [1, 2, 3])
      #expect(try rows.map { try $0.get(1, as: String?.self) } == ["a", nil, "c"])
      #expect(try rows[1].isNull(1))
      #expect(try await connection.execute("DELETE FROM t WHERE id > $1", Int64(1)) == 2)
      #expect(try await connection.query("SELECT 1 WHERE false").first == nil)
    }
  }

  @Test("values and results of many megabytes pass")
  func huge() async throws {
    try await withConnection { (connection) async throws in
      let bytes = [UInt8](repeating: 0xa5, count: 20 << 20)
      let rows = try await connection.query("SELECT $1, length($1)", bytes)
      #expect(try rows.get(0, 1, as: Int.self) == bytes.count)
      #expect(try rows.get(0, 0, as: [UInt8].self) == bytes)
      let many = try await connection.query("SELECT n, repeat('x', 100) FROM generate_series(1, 100000) n")
      #expect(many.count == 100_000)
      #expect(try many.get(99_999, 0, as: Int.self) == 100_000)
    }
  }

  @Test("as many parameters as the protocol can count, and no more")
  func manyParameters() async throws {
    try await withConnection { (connection) async throws in
      var parameters = PostgresParameters()
      for number in 0..<PostgresParameters.limit { parameters.append(Int16(truncatingIfNeeded: number)) }
      let list = (1...PostgresParameters.limit).map { "$\($0)" }.joined(separator: ",")
      let rows = try await connection.run(
        PostgresStatement(unchecked: "SELECT array_length(ARRAY[\(list)], 1)"), parameters)
      #expect(try rows.get(0, 0, as: Int.self) == PostgresParameters.limit)
      parameters.append(true)
      let error = await failure { [parameters] in try await connection.run("SELECT 1", parameters) }
      #expect(error?.code == .configuration)
    }
  }
}
