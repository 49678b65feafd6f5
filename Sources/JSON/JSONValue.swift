import Glibc
package import Primitives

/// A value within a document: a view on its tape that keeps the document alive. Every accessor answers nil for a value of
/// another kind.
package struct JSONValue: Sendable {
  let tape: JSONTape
  let index: Int

  init(tape: JSONTape, index: Int) {
    self.tape = tape
    self.index = index
  }

  private var entry: JSONTape.Entry { tape.entries[index] }

  package var kind: JSONKind { entry.kind }
  package var isNull: Bool { kind == .null }

  package var bool: Bool? {
    let entry = entry
    return entry.kind == .bool ? entry.isFlagged : nil
  }

  // MARK: Source

  /// Calls `body` with the value's exact bytes in the source, without the white space around it.
  package func withRawBytes<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    let entry = entry
    defer { extendLifetime(tape) }
    return try body(
      UnsafeRawBufferPointer(start: tape.source + Int(entry.start), count: Int(entry.end - entry.start)))
  }

  /// The value's exact bytes in the source, without the white space around it.
  package var rawBytes: [UInt8] { withRawBytes { [UInt8]($0) } }

  // MARK: Strings

  /// Allocates for more than 15 bytes. Well-formed Unicode; may contain U+0000, which PostgreSQL refuses.
  package var string: String? {
    let entry = entry
    guard entry.kind == .string else { return nil }
    defer { extendLifetime(tape) }
    return JSONValue.text(tape.contents(entry), isEscaped: entry.isFlagged)
  }

  static func text(_ contents: UnsafeBufferPointer<UInt8>, isEscaped: Bool) -> String {
    guard isEscaped else { return String(decoding: contents, as: UTF8.self) }
    return String(unsafeUninitializedCapacity: contents.count) { JSONEscapes.decode(contents, into: $0.baseAddress!) }
  }

  /// Calls `body` with a string's UTF-8, which is not copied unless it has escapes; nil for another kind.
  package func withUTF8<Result, Failure: Error>(
    _ body: (UnsafeRawBufferPointer) throws(Failure) -> Result
  ) throws(Failure) -> Result? {
    let entry = entry
    guard entry.kind == .string else { return nil }
    defer { extendLifetime(tape) }
    let contents = tape.contents(entry)
    guard entry.isFlagged else { return try body(UnsafeRawBufferPointer(contents)) }
    let decoded = UnsafeMutablePointer<UInt8>.allocate(capacity: contents.count)
    defer { decoded.deallocate() }
    return try body(UnsafeRawBufferPointer(start: decoded, count: JSONEscapes.decode(contents, into: decoded)))
  }

  /// True for a string that equals `text`. Allocates nothing unless the string has escapes.
  package func isString(_ text: StaticString) -> Bool {
    withUTF8 { $0.count == text.utf8CodeUnitCount && memcmp($0.baseAddress!, text.utf8Start, $0.count) == 0 } ?? false
  }

  /// A string that is a UUID in its canonical form.
  package var uuid: UUID? { withUTF8 { UUID(utf8: $0) } ?? nil }

  /// A string that is a date-time of RFC 3339.
  package var timestamp: Timestamp? { withUTF8 { Timestamp(rfc3339: $0) } ?? nil }

  // MARK: Numbers

  /// A whole number that fits, however it is written: `1e3` too.
  package var int64: Int64? {
    let entry = entry
    guard entry.kind == .number else { return nil }
    defer { extendLifetime(tape) }
    let number = JSONNumber(tape.source + Int(entry.start), tape.source + Int(entry.end), isInteger: entry.isFlagged)
    return number.int64
  }

  /// A whole number that fits.
  package var int: Int? { int64.map { Int($0) } }

  /// A number, rounded to the nearest; nil when it is beyond what a Double can hold.
  package var double: Double? {
    let entry = entry
    guard entry.kind == .number else { return nil }
    defer { extendLifetime(tape) }
    let number = JSONNumber(tape.source + Int(entry.start), tape.source + Int(entry.end), isInteger: entry.isFlagged)
    return number.double
  }

  // MARK: Containers

  /// How many elements or members; 0 for another kind.
  package var count: Int { entry.count }

  /// The value of the last member with this key.
  package subscript(key: StaticString) -> JSONValue? {
    guard entry.kind == .object else { return nil }
    let text = UnsafeBufferPointer(start: key.utf8Start, count: key.utf8CodeUnitCount)
    return tape.value(of: text, in: index).map { JSONValue(tape: tape, index: $0) }
  }

  /// The value of the last member with this key.
  @_disfavoredOverload
  package subscript(key: some StringProtocol) -> JSONValue? {
    guard entry.kind == .object else { return nil }
    var key = String(key)
    return key.withUTF8 { text in
      // An empty string may have no address.
      guard text.baseAddress != nil else { return self[""] }
      return tape.value(of: text, in: index).map { JSONValue(tape: tape, index: $0) }
    }
  }

  /// The element at a position, which is walked to.
  package subscript(position: Int) -> JSONValue? {
    guard let array, position >= 0 else { return nil }
    return array.dropFirst(position).first { _ in true }
  }

  /// The elements of an array.
  package var array: JSONElements? {
    kind == .array ? JSONElements(tape: tape, position: index + 1, end: Int(entry.next), count: entry.count) : nil
  }

  /// The members of an object in their order, repeated keys included.
  package var object: JSONMembers? {
    kind == .object ? JSONMembers(tape: tape, position: index + 1, end: Int(entry.next), count: entry.count) : nil
  }
}

/// The elements of an array.
package struct JSONElements: Sequence, IteratorProtocol, Sendable {
  private let tape: JSONTape
  private var position: Int
  private let end: Int
  package let count: Int

  init(tape: JSONTape, position: Int, end: Int, count: Int) {
    self.tape = tape
    self.position = position
    self.end = end
    self.count = count
  }

  package var underestimatedCount: Int { count }

  package mutating func next() -> JSONValue? {
    guard position < end else { return nil }
    defer { position = Int(tape.entries[position].next) }
    return JSONValue(tape: tape, index: position)
  }
}

/// The members of an object.
package struct JSONMembers: Sequence, IteratorProtocol, Sendable {
  private let tape: JSONTape
  private var position: Int
  private let end: Int
  package let count: Int

  init(tape: JSONTape, position: Int, end: Int, count: Int) {
    self.tape = tape
    self.position = position
    self.end = end
    self.count = count
  }

  package var underestimatedCount: Int { count }

  package mutating func next() -> JSONMember? {
    guard position < end else { return nil }
    let value = position + 1
    defer { position = Int(tape.entries[value].next) }
    return JSONMember(keyValue: JSONValue(tape: tape, index: position), value: JSONValue(tape: tape, index: value))
  }
}

/// A key and its value.
package struct JSONMember: Sendable {
  /// The key as the string value that it is in the source.
  package let keyValue: JSONValue
  package let value: JSONValue

  package var key: String { keyValue.string ?? "" }
}
