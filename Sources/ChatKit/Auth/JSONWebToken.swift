import Glibc
import JSON
import Primitives

/// A signed token in its compact form, taken apart but not believed: `header.payload.signature`, each in base64url
/// (RFC 7515, 7.1).
struct JSONWebToken {
  let header: UnsafeRawBufferPointer
  let payload: UnsafeRawBufferPointer
  let signature: UnsafeRawBufferPointer
  /// What is signed: header and payload with the dot between them.
  let signed: UnsafeRawBufferPointer

  /// A view on `token`. Throws malformed unless there are exactly three parts.
  init(_ token: UnsafeRawBufferPointer) throws(TokenError) {
    func dot(from start: Int) -> Int? {
      guard start < token.count, let base = token.baseAddress,
        let found = memchr(base + start, 0x2e, token.count - start)
      else { return nil }
      return UnsafeRawPointer(found) - base
    }
    guard let first = dot(from: 0), let second = dot(from: first + 1), dot(from: second + 1) == nil else {
      throw TokenError(.malformed, "it does not have three parts")
    }
    header = UnsafeRawBufferPointer(rebasing: token[..<first])
    payload = UnsafeRawBufferPointer(rebasing: token[(first + 1)..<second])
    signature = UnsafeRawBufferPointer(rebasing: token[(second + 1)...])
    signed = UnsafeRawBufferPointer(rebasing: token[..<second])
  }

  /// What a header says about the key. Anything critical that we do not understand, which is all there is, refuses the
  /// token (RFC 7515, 4.1.11).
  func parseHeader() throws(TokenError) -> (algorithm: String, key: String?) {
    let header = try JSONWebToken.object(header)
    guard let algorithm = header["alg"]?.string else { throw TokenError(.malformed, "its header names no algorithm") }
    guard header["crit"] == nil else { throw TokenError(.malformed, "its header asks for what is not known") }
    if let type = header["typ"]?.string, type.lowercased() != "jwt" {
      throw TokenError(.malformed, "it is a token of another type")
    }
    guard let key = header["kid"] else { return (algorithm, nil) }
    guard let name = key.string else { throw TokenError(.malformed, "its header's kid is no string") }
    return (algorithm, name)
  }

  /// The decoded payload, an object.
  func parsePayload() throws(TokenError) -> JSONValue { try JSONWebToken.object(payload) }

  private static func object(_ text: UnsafeRawBufferPointer) throws(TokenError) -> JSONValue {
    let root = withUnsafeTemporaryAllocation(
      of: UInt8.self, capacity: Base64.url.maximumDecodedCount(text.count)
    ) { bytes -> JSONValue? in
      guard let count = Base64.url.decode(text, into: bytes.baseAddress!) else { return nil }
      let json = UnsafeRawBufferPointer(start: bytes.baseAddress, count: count)
      return try? JSONDocument(parsing: json, limits: JSONLimits(maximumDepth: 8)).root
    }
    guard let root, root.kind == .object else { throw TokenError(.malformed, "it is not base64url of a JSON object") }
    return root
  }
}
