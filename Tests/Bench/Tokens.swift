import ChatKit
import Primitives

/// Access tokens as a login gives them, made with the daemon's own key.
struct Tokens {
  private let keys: SigningKeySet

  init(key: [UInt8]) throws {
    guard key.count >= 32 else { throw BenchFailure("the daemon has made no token key") }
    let identifier = Hex.encode(Array(SHA256.digest(key).prefix(4)))
    keys = try SigningKeySet(active: SigningKey.hs256(id: identifier, secret: key))
  }

  func mint(for user: UUID, named name: String) throws -> String {
    let now = Timestamp.now()
    return try keys.sign(
      AccessClaims(
        user: user, session: UUID.v7(), workspace: Self.workspace, username: name, role: "user",
        issuedAt: now.seconds, expiresAt: (now + .seconds(24 * 3600)).seconds))
  }

  private static let workspace = UUID(high: 0x0000_0000_0000_7000, low: 0x8000_0000_0000_0001)
}
