import JSON
import Primitives

/// A key for tokens, with its name and the one algorithm that it is for: what a token's header says never chooses how it
/// is verified (RFC 8725, 3.1).
package struct SigningKey: Sendable {
  package enum Algorithm: String, Sendable {
    /// HMAC with SHA-256: whoever can verify can sign.
    case hs256 = "HS256"
    /// RSASSA-PKCS1-v1_5 with SHA-256: the public half verifies.
    case rs256 = "RS256"
  }

  /// One of the two. Not an enumeration, which would mark its second case in the reference's spare bits: a search for leaks
  /// would take the key for one.
  private struct Material: Sendable {
    var secret: MessageAuthenticator?
    var rsa: RSAKey?
  }

  /// `kid` (RFC 7515, 4.1.4).
  package let id: String
  package let algorithm: Algorithm
  /// The header of this key's tokens, encoded: tokens that begin with it need no parsing to find their key.
  let encodedHeader: [UInt8]
  private let material: Material

  private init(id: String, algorithm: Algorithm, material: Material) throws(TokenError) {
    guard !id.isEmpty, id.utf8.count <= 128 else {
      throw TokenError(.unusableKey, "a key's name has 1 to 128 bytes")
    }
    self.id = id
    self.algorithm = algorithm
    self.material = material
    var json = JSONWriter()
    json.beginObject()
    json.field("alg", algorithm.rawValue)
    json.field("typ", "JWT")
    json.field("kid", id)
    json.endObject()
    encodedHeader = Array(Base64.url.encode(json.bytes).utf8)
  }

  /// A shared secret of 32 bytes or more (RFC 7518, 3.2).
  package static func hs256(id: String, secret: [UInt8]) throws(TokenError) -> SigningKey {
    guard secret.count >= 32 else {
      throw TokenError(.unusableKey, "it has \(secret.count) bytes; HS256 needs 32 or more")
    }
    return try SigningKey(id: id, algorithm: .hs256, material: Material(secret: try MessageAuthenticator(key: secret)))
  }

  /// An RSA key in PEM; the public half alone verifies.
  package static func rs256(id: String, pem: [UInt8]) throws(TokenError) -> SigningKey {
    try SigningKey(id: id, algorithm: .rs256, material: Material(rsa: try RSAKey(pem: pem)))
  }

  package var canSign: Bool {
    material.rsa?.isPrivate ?? true
  }

  /// The public half as a JSON Web Key (RFC 7517); nil for a secret.
  func writePublicKey(to json: inout JSONWriter) {
    guard let key = material.rsa, let (modulus, exponent) = key.publicParameters else { return }
    json.beginObject()
    json.field("kty", "RSA")
    json.field("use", "sig")
    json.field("alg", algorithm.rawValue)
    json.field("kid", id)
    json.field("n", modulus)
    json.field("e", exponent)
    json.endObject()
  }

  /// The signature of `bytes`.
  package func sign(_ bytes: UnsafeRawBufferPointer) throws(TokenError) -> [UInt8] {
    if let key = material.rsa { return try key.sign(bytes) }
    var code = [UInt8](repeating: 0, count: MessageAuthenticator.codeLength)
    let isSigned = code.withUnsafeMutableBufferPointer { code in
      material.secret?.authenticate(bytes, into: code.baseAddress!) ?? false
    }
    guard isSigned else { throw TokenError(.unusableKey, "OpenSSL cannot hash") }
    return code
  }

  /// Whether `signature` is that of `bytes`; codes are compared in constant time.
  package func verify(_ signature: UnsafeRawBufferPointer, of bytes: UnsafeRawBufferPointer) -> Bool {
    if let key = material.rsa { return key.verify(signature, of: bytes) }
    guard let authenticator = material.secret else { return false }
    return withUnsafeTemporaryAllocation(of: UInt8.self, capacity: MessageAuthenticator.codeLength) { code in
      authenticator.authenticate(bytes, into: code.baseAddress!)
        && ConstantTime.equal(signature, UnsafeRawBufferPointer(code))
    }
  }
}
