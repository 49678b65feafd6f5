package import Primitives

/// Paths of this API that are good without a token, for a while: `?expires=SECONDS&signature=…`. The signature is
/// HMAC-SHA-256 over the method, the attachment and the time, with a key that all nodes share.
package struct SignedPath: Sendable {
  private let key: [UInt8]

  /// - Parameter secret: the key is derived from it, for nothing else.
  package init(secret: [UInt8]) {
    key = SHA256.authenticationCode(of: Array("chatd attachments".utf8), key: secret)
  }

  package func path(_ method: String, _ attachment: UUID, until: Timestamp) -> String {
    let expires = until.seconds
    let signature = Base64.url.encode(code(method, attachment, expires))
    return "/api/attachments/\(attachment)/data?expires=\(expires)&signature=\(signature)"
  }

  /// Throws `ChatError` forbidden.
  package func check(
    _ method: String, _ attachment: UUID, expires: String?, signature: String?, now: Timestamp = .now()
  ) throws {
    guard let expires = expires.flatMap({ Int64($0) }), let given = signature.flatMap({ Base64.url.decode($0) }),
      Self.areEqual(given, code(method, attachment, expires))
    else { throw ChatError(.forbidden, "The URL is not one that was given out for this.") }
    guard now.seconds < expires else { throw ChatError(.forbidden, "The URL has expired.") }
  }

  private func code(_ method: String, _ attachment: UUID, _ expires: Int64) -> [UInt8] {
    SHA256.authenticationCode(of: Array("\(method)\n\(attachment)\n\(expires)".utf8), key: key)
  }

  /// Takes as long wherever they differ.
  private static func areEqual(_ a: [UInt8], _ b: [UInt8]) -> Bool {
    guard a.count == b.count else { return false }
    var difference: UInt8 = 0
    for index in a.indices { difference |= a[index] ^ b[index] }
    return difference == 0
  }
}
