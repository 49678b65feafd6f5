import Commands
import Primitives
import Testing

@testable import chatctl

@Suite("Records")
struct RecordWriterTests {
  private static let schema = RecordSchema(
    "user",
    [
      .init("name", "The name"), .init("messages", .integer, "How many"), .init("lastSeen", .time, wide: true, "When"),
      .init("devices", .list, wide: true, "Which"),
    ])

  private static let rows: [[RecordValue]] = [
    [.string("ann"), .integer(12), .time(Timestamp(seconds: 1_700_000_000)), .init(["phone", "desk"])],
    [.string("b\u{1b}[31mob\nx"), .integer(3), .null, .list([])],
  ]

  private func text(
    _ format: RecordFormat, fields: [String] = [], isList: Bool = true, rows: [[RecordValue]] = rows
  ) throws -> (data: String, talk: String) {
    let output = Output.capturing()
    let writer = try RecordWriter(
      Self.schema, format: format, fields: fields, isList: isList, output: output, terminal: .plain)
    for row in rows { try writer.add(row) }
    try writer.finish()
    return (output.data.captured, output.talked)
  }

  @Test("a table has columns of one width, leaves out what is wide, and lets no control character through")
  func table() throws {
    #expect(try text(.table).data == "NAME        MESSAGES\nann         12\nb\u{fffd}[31mob x  3\n")
  }

  @Test("wide shows every field, with a dash where there is nothing")
  func wide() throws {
    #expect(
      try text(.wide).data == """
        NAME        MESSAGES  LAST SEEN             DEVICES
        ann         12        2023-11-14T22:13:20Z  phone,desk
        b\u{fffd}[31mob x  3         -                     -

        """)
  }

  @Test("JSON is an array, or the one object; ndjson an object a line; what is no text stays what it is")
  func json() throws {
    let ann =
      #"{"name":"ann","messages":12,"lastSeen":"2023-11-14T22:13:20.000Z","devices":["phone","desk"]}"#
    let bob = #"{"name":"b\u001b[31mob\nx","messages":3,"lastSeen":null,"devices":[]}"#
    #expect(try text(.json).data == "[\n  \(ann),\n  \(bob)\n]\n")
    #expect(try text(.ndjson).data == "\(ann)\n\(bob)\n")
    #expect(try text(.json, isList: false, rows: [Self.rows[0]]).data == "\(ann)\n")
    #expect(try text(.json, rows: []).data == "[]\n")
  }

  @Test("names are of a kind, for scripts")
  func names() throws { #expect(try text(.name).data == "user/ann\nuser/b\u{fffd}[31mob x\n") }

  @Test("fields are chosen and ordered; one that there is not is told with the nearest")
  func fields() throws {
    #expect(
      try text(.ndjson, fields: ["messages,name"], rows: [Self.rows[0]]).data == "{\"messages\":12,\"name\":\"ann\"}\n")
    let error = #expect(throws: UsageError.self) { try text(.table, fields: ["lastSen"]) }
    #expect(error?.message == "--fields: there is no field 'lastSen'; did you mean 'lastSeen'?")
  }

  @Test("an empty table says so to people, and prints nothing for programs")
  func empty() throws {
    let (data, talk) = try text(.table, rows: [])
    #expect(data.isEmpty)
    #expect(talk == "there is no user\n")
  }

  @Test("a long list is written as it comes, in columns laid out by its beginning")
  func long() throws {
    let rows = (0..<1000).map { [RecordValue.string("u\($0)"), .integer($0), .null, .null] }
    let lines = try text(.table, rows: rows).data.split(separator: "\n")
    #expect(lines.count == 1001)
    #expect(lines[1000] == "u999  999")
  }

  @Test("YAML is a sequence of mappings")
  func yaml() throws {
    #expect(
      try text(.yaml, fields: ["name", "messages"], rows: [Self.rows[0]]).data.contains("name: ann"))
  }

  @Test("spans, sizes and large numbers read at a glance")
  func cells() {
    #expect(CellText.span(.seconds(276_000)) == "3d4h")
    #expect(CellText.span(.seconds(130)) == "2m10s")
    #expect(CellText.span(.milliseconds(1250)) == "1.2s")
    #expect(CellText.span(.milliseconds(350)) == "350ms")
    #expect(CellText.span(.seconds(3600)) == "1h")
    #expect(CellText.size(3_355_443) == "3.2 MiB")
    #expect(CellText.size(1023) == "1023 B")
    #expect(CellText.grouped(-1_234_567) == "-1,234,567")
  }
}
