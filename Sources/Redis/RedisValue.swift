/// A reply of the server (RESP2).
package enum RedisValue: Equatable, Sendable {
  case null
  case integer(Int64)
  /// A bulk string: any bytes.
  case string([UInt8])
  /// A short answer such as `OK`.
  case status(String)
  case array([RedisValue])
  case error(RedisError)

  package var isNull: Bool { self == .null }

  /// The bytes of a string or status.
  package var bytes: [UInt8]? {
    switch self {
    case .string(let bytes): bytes
    case .status(let text): Array(text.utf8)
    case .null, .integer, .array, .error: nil
    }
  }

  /// The text of a string or status; bytes that are not UTF-8 are replaced.
  package var string: String? {
    switch self {
    case .string(let bytes): String(decoding: bytes, as: UTF8.self)
    case .status(let text): text
    case .null, .integer, .array, .error: nil
    }
  }

  /// An integer, or a string that is one.
  package var integer: Int64? {
    switch self {
    case .integer(let value): value
    case .string, .status: string.flatMap { Int64($0) }
    case .null, .array, .error: nil
    }
  }

  package var array: [RedisValue]? {
    if case .array(let values) = self { values } else { nil }
  }

  package var error: RedisError? {
    if case .error(let error) = self { error } else { nil }
  }

  /// The value, or the error that it is.
  package func get() throws(RedisError) -> RedisValue {
    if case .error(let error) = self { throw error }
    return self
  }
}

extension RedisError {
  static func unexpected(_ command: String) -> RedisError {
    RedisError(.unexpectedReply, .unknown, "the reply to \(command) is not what it should be")
  }
}
