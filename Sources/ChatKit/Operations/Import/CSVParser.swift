/// Comma-separated values (RFC 4180) as they come: quoted fields, doubled quotes, line ends within quotes, CRLF or LF. A machine
/// without I/O.
package struct CSVParser: Sendable {
  package struct Record: Equatable, Sendable {
    /// On which it begins, from 1.
    package var line: Int
    package var fields: [String]
  }

  package struct Failure: Error, Equatable, CustomStringConvertible {
    package var line: Int
    package var reason: String
    package var description: String { "line \(line): \(reason)" }
  }

  private enum State: Sendable {
    case fieldStart, plain, quoted
    /// After a quote within a quoted field: its end, or the first of two.
    case quote
  }

  /// Bytes of one field, and fields of a record.
  private static let longest = 64 << 10
  private static let most = 256

  private var state = State.fieldStart
  private var field: [UInt8] = []
  private var fields: [String] = []
  private var line = 1
  private var start = 1
  private var isFirst = true

  package init() {}

  /// Takes the next bytes; the records that they complete. Empty lines are none.
  package mutating func feed(_ bytes: some Sequence<UInt8>) throws(Failure) -> [Record] {
    var records: [Record] = []
    for byte in bytes {
      try take(byte, &records)
      if byte == 0x0a { line += 1 }
    }
    return records
  }

  /// The end of the input; the last record, where no line end follows it.
  package mutating func finish() throws(Failure) -> Record? {
    if state == .quoted { throw Failure(line: start, reason: "a quote that is not closed") }
    guard state != .fieldStart || !fields.isEmpty else { return nil }
    return try endRecord()
  }

  private mutating func take(_ byte: UInt8, _ records: inout [Record]) throws(Failure) {
    switch (state, byte) {
    case (.quoted, 0x22): state = .quote
    case (.quoted, _): try append(byte)
    case (.quote, 0x22):
      try append(byte)
      state = .quoted
    case (.fieldStart, 0x22) where field.isEmpty: state = .quoted
    case (_, 0x2c): try endField()
    case (_, 0x0a):
      // A blank line has nothing in it, not even an empty field.
      if state == .fieldStart, fields.isEmpty {
        start = line + 1
      } else {
        records.append(try endRecord())
        start = line + 1
      }
    case (_, 0x0d): break
    case (.quote, _): throw Failure(line: line, reason: "a quote in the middle of a field: double it")
    default:
      try append(byte)
      state = .plain
    }
  }

  private mutating func append(_ byte: UInt8) throws(Failure) {
    guard field.count < Self.longest else { throw Failure(line: start, reason: "a field is longer than 64 KiB") }
    field.append(byte)
  }

  private mutating func endField() throws(Failure) {
    // What some spreadsheets write before everything.
    if isFirst, field.starts(with: [0xef, 0xbb, 0xbf]) { field.removeFirst(3) }
    isFirst = false
    guard let text = String(validating: field, as: UTF8.self) else {
      throw Failure(line: line, reason: "a field is not UTF-8")
    }
    guard fields.count < Self.most else { throw Failure(line: line, reason: "more than \(Self.most) fields") }
    fields.append(text)
    field.removeAll(keepingCapacity: true)
    state = .fieldStart
  }

  private mutating func endRecord() throws(Failure) -> Record {
    try endField()
    defer { fields = [] }
    return Record(line: start, fields: fields)
  }
}
