/// A JSON text (RFC 8259) that has been validated as a whole. Of members with the same key the last one counts.
package struct JSONDocument: Sendable {
  private let tape: JSONTape

  /// Copies and parses. Throws `JSONError` for anything that is not exactly one value, or beyond the limits.
  package init(parsing source: UnsafeRawBufferPointer, limits: JSONLimits = .default) throws(JSONError) {
    guard source.count <= limits.maximumBytes else {
      throw JSONError(.tooLarge, at: limits.maximumBytes, in: UnsafeRawBufferPointer(start: nil, count: 0))
    }
    tape = try JSONParser(source, maximumDepth: limits.maximumDepth).parse()
  }

  package init(parsing source: [UInt8], limits: JSONLimits = .default) throws(JSONError) {
    let outcome = source.withUnsafeBytes { bytes in
      Result { () throws(JSONError) in try JSONDocument(parsing: bytes, limits: limits) }
    }
    self = try outcome.get()
  }

  package init(parsing source: some StringProtocol, limits: JSONLimits = .default) throws(JSONError) {
    try self.init(parsing: [UInt8](source.utf8), limits: limits)
  }

  package var root: JSONValue { JSONValue(tape: tape, index: 0) }
}
