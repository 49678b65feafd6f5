// Stands in until Auth lands; then this file goes and its callers are adapted.
import CArgon2
import COpenSSL
import JSON
import Networking
package import Primitives

package struct AccessClaims: Sendable {
  package var user: UUID
  package var session: UUID
  package var workspace: UUID
  package var username: String
  package var role: String
  package var issuedAt: Int64
  package var expiresAt: Int64

  package init(
    user: UUID, session: UUID, workspace: UUID, username: String, role: String, issuedAt: Int64, expiresAt: Int64
  ) {
    self.user = user
    self.session = session
    self.workspace = workspace
    self.username = username
    self.role = role
    self.issuedAt = issuedAt
    self.expiresAt = expiresAt
  }
}

package struct TokenError: Error, CustomStringConvertible {
  package var description: String
}

package struct SigningKey: Sendable {
  let id: String
  let secret: [UInt8]
  package static func hs256(id: String, secret: [UInt8]) throws -> SigningKey { SigningKey(id: id, secret: secret) }
  package static func rs256(id: String, pem: [UInt8]) throws -> SigningKey { throw TokenError(description: "not yet") }
}

package struct SigningKeySet: Sendable {
  let active: SigningKey
  package init(active: SigningKey) throws { self.active = active }

  package func sign(_ claims: AccessClaims) throws -> String {
    var header = JSONWriter()
    header.beginObject()
    header.field("alg", "HS256")
    header.field("typ", "JWT")
    header.field("kid", active.id)
    header.endObject()
    var body = JSONWriter()
    body.beginObject()
    body.field("sub", claims.user)
    body.field("sid", claims.session)
    body.field("ws", claims.workspace)
    body.field("name", claims.username)
    body.field("role", claims.role)
    body.field("iat", claims.issuedAt)
    body.field("exp", claims.expiresAt)
    body.endObject()
    let signed = Base64.url.encode(header.bytes) + "." + Base64.url.encode(body.bytes)
    return signed + "." + Base64.url.encode(SHA256.authenticationCode(of: Array(signed.utf8), key: active.secret))
  }

  package func verify(_ token: String, at time: Int64) throws -> AccessClaims {
    guard let dot = token.utf8.lastIndex(of: UInt8(ascii: ".")) else { throw TokenError(description: "malformed") }
    let signed = token[..<dot]
    let code = SHA256.authenticationCode(of: Array(signed.utf8), key: active.secret)
    guard Base64.url.encode(code) == token[token.utf8.index(after: dot)...] else {
      throw TokenError(description: "wrong signature")
    }
    let parts = signed.split(separator: ".")
    guard parts.count == 2, let body = Base64.url.decode(parts[1]), let document = try? JSONDocument(parsing: body),
      let user = document.root["sub"]?.uuid, let session = document.root["sid"]?.uuid,
      let workspace = document.root["ws"]?.uuid, let name = document.root["name"]?.string,
      let role = document.root["role"]?.string, let expires = document.root["exp"]?.int64
    else { throw TokenError(description: "malformed") }
    guard expires > time else { throw TokenError(description: "expired") }
    return AccessClaims(
      user: user, session: session, workspace: workspace, username: name, role: role, issuedAt: 0, expiresAt: expires)
  }
}

package final class PasswordHasher: Sendable {
  private let threads = WorkerThreads(name: "passwords", threads: 1, queueLimit: 256)
  package init() {}
  package func hash(_ password: String) async throws -> String {
    try await threads.run {
      let salt = SecureRandom.bytes(16)
      var out = [CChar](repeating: 0, count: 256)
      _ = argon2id_hash_encoded(2, 19456, 1, password, password.utf8.count, salt, 16, 32, &out, 256)
      return String(decoding: out.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
    }
  }
  package func verify(_ password: String, _ hash: String) async throws -> Bool {
    try await threads.run { argon2id_verify(hash, password, password.utf8.count) == 0 }
  }
  package func needsRehash(_ hash: String) -> Bool { false }
}

package enum RefreshToken {
  package static func make() -> String { SecureRandom.token(bytes: 32) }
  package static func hash(_ token: String) -> [UInt8] { SHA256.digest(Array(token.utf8)) }
  package static func successor(of token: String, key: [UInt8]) -> String {
    Base64.url.encode(SHA256.authenticationCode(of: Array(token.utf8), key: key))
  }
}
