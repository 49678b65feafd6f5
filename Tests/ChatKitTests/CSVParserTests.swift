import Testing

@testable import ChatKit

@Suite("Comma-separated values")
struct CSVParserTests {
  private func records(_ text: String, by step: Int = 1000) throws -> [CSVParser.Record] {
    var parser = CSVParser()
    var found: [CSVParser.Record] = []
    let bytes = Array(text.utf8)
    for start in stride(from: 0, to: bytes.count, by: step) {
      found += try parser.feed(bytes[start..<min(start + step, bytes.count)])
    }
    if let last = try parser.finish() { found.append(last) }
    return found
  }

  @Test("fields, quotes, commas and line ends within them, however the bytes come", arguments: [1, 2, 3, 1000])
  func fields(step: Int) throws {
    let text = "\u{feff}a,b\r\n1,\"two, \"\"and\"\"\nmore\"\n\n,\nlast,x"
    #expect(
      try records(text, by: step) == [
        .init(line: 1, fields: ["a", "b"]), .init(line: 2, fields: ["1", "two, \"and\"\nmore"]),
        .init(line: 5, fields: ["", ""]), .init(line: 6, fields: ["last", "x"]),
      ])
  }

  @Test("what cannot be understood is told with its line")
  func failures() {
    #expect(throws: CSVParser.Failure(line: 2, reason: "a quote that is not closed")) { try records("a\n\"b\nc") }
    #expect(throws: CSVParser.Failure.self) { try records("\"a\"b\n") }
    #expect(throws: CSVParser.Failure.self) { try records(String(repeating: "x", count: 70_000)) }
    #expect(throws: CSVParser.Failure.self) { try records(String(repeating: ",", count: 300)) }
  }

  @Test("nothing has no records")
  func nothing() throws { #expect(try records("").isEmpty && records("\n\r\n").isEmpty) }
}
