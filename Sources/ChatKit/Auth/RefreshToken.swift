import Primitives

/// What a client shows to get a new access token: 32 random bytes as base64url, of which only the hash is stored. They are
/// random enough that a plain hash cannot be guessed back.
package enum RefreshToken {
  /// A new one: 43 characters.
  package static func make() -> String { SecureRandom.token(bytes: 32) }

  /// SHA-256, for storage and look-up.
  package static func hash(_ token: String) -> [UInt8] { SHA256.digest(Array(token.utf8)) }

  /// The token that follows `token`: the same each time, so that an answer that was lost can be given again without storing
  /// what could be stolen.
  package static func successor(of token: String, key: [UInt8]) -> String {
    Base64.url.encode(SHA256.authenticationCode(of: Array(token.utf8), key: key))
  }
}
