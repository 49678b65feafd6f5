/// Why bytes are not the MessagePack that was expected, and where. Trying again does not help.
package struct MessagePackError: Error, Equatable, Sendable, CustomStringConvertible {
  package enum Reason: String, Sendable {
    case truncated = "ends within a value"
    case unexpectedType = "another type than expected"
    case reserved = "the byte 0xc1, which begins no value"
    case outOfRange = "number out of range"
    case tooDeep = "nested too deeply"
    case trailingBytes = "something follows the value"
    case invalidKey = "a map's key that cannot be JSON's"
    case tooManyAttachments = "too many binary values"
    case invalidAttachment = "a placeholder without its attachment"
  }

  package var reason: Reason
  /// In bytes from the beginning; 0 where the source is JSON.
  package var offset: Int

  init(_ reason: Reason, at offset: Int) {
    self.reason = reason
    self.offset = offset
  }

  package var description: String { "invalid MessagePack at byte \(offset): \(reason.rawValue)" }
}
