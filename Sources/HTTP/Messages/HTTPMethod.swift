/// A request method (RFC 9110, 9). Case-sensitive; any token is one.
package struct HTTPMethod: Hashable, Sendable, CustomStringConvertible {
  package let rawValue: String

  @inlinable
  package init(_ rawValue: String) { self.rawValue = rawValue }

  @inlinable package static var get: HTTPMethod { HTTPMethod("GET") }
  @inlinable package static var head: HTTPMethod { HTTPMethod("HEAD") }
  @inlinable package static var post: HTTPMethod { HTTPMethod("POST") }
  @inlinable package static var put: HTTPMethod { HTTPMethod("PUT") }
  @inlinable package static var patch: HTTPMethod { HTTPMethod("PATCH") }
  @inlinable package static var delete: HTTPMethod { HTTPMethod("DELETE") }
  @inlinable package static var options: HTTPMethod { HTTPMethod("OPTIONS") }
  @inlinable package static var connect: HTTPMethod { HTTPMethod("CONNECT") }
  @inlinable package static var trace: HTTPMethod { HTTPMethod("TRACE") }

  /// Whether sending the request twice has the effect of sending it once (RFC 9110, 9.2.2).
  package var isIdempotent: Bool {
    switch rawValue {
    case "GET", "HEAD", "PUT", "DELETE", "OPTIONS", "TRACE": true
    default: false
    }
  }

  package var description: String { rawValue }

  /// The method that `bytes`, a token, spell.
  @inline(__always)
  init(token bytes: UnsafePointer<UInt8>, count: Int) {
    // The usual ones without a String's way through UTF-8 validation.
    switch (count, bytes[0]) {
    case (3, UInt8(ascii: "G")) where bytes[1] == UInt8(ascii: "E") && bytes[2] == UInt8(ascii: "T"): self = .get
    case (4, UInt8(ascii: "P"))
    where bytes[1] == UInt8(ascii: "O") && bytes[2] == UInt8(ascii: "S") && bytes[3] == UInt8(ascii: "T"):
      self = .post
    default: self.init(String(decoding: UnsafeBufferPointer(start: bytes, count: count), as: UTF8.self))
    }
  }
}
