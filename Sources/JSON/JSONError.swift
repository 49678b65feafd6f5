/// Why bytes are not a JSON document that we take, and where. Trying again does not help.
package struct JSONError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: String, Sendable {
    case unexpectedByte = "unexpected character"
    case unexpectedEnd = "unexpected end"
    case trailingBytes = "something follows the value"
    case invalidLiteral = "neither true, false nor null"
    case invalidNumber = "not a number"
    case invalidUTF8 = "not UTF-8"
    case invalidEscape = "not an escape"
    case loneSurrogate = "half of a surrogate pair"
    case controlCharacter = "control character in a string"
    case tooDeep = "nested too deeply"
    case tooLarge = "too large"
  }

  package var reason: Reason
  /// In bytes from the beginning.
  package var offset: Int
  /// From 1.
  package var line: Int
  /// In bytes from the beginning of the line, from 1.
  package var column: Int

  init(_ reason: Reason, at offset: Int, in source: UnsafeRawBufferPointer) {
    self.reason = reason
    self.offset = offset
    line = 1
    var lineStart = 0
    for index in 0..<min(offset, source.count) where source[index] == UInt8(ascii: "\n") {
      line += 1
      lineStart = index + 1
    }
    column = offset - lineStart + 1
  }

  package var description: String { "invalid JSON at line \(line), column \(column): \(reason.rawValue)" }
}
