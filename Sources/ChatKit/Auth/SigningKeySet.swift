package import JSON
import Primitives

/// The keys of an installation's access tokens (RFC 7519): one signs, all verify, so that a key is replaced by adding the
/// new one everywhere, then making it the active one, then removing the old one once its tokens have expired. Any thread.
package final class SigningKeySet: Sendable {
  package let active: SigningKey
  private let keys: [SigningKey]
  private let policy: TokenPolicy

  /// Throws `TokenError` (unusableKey) when the active key cannot sign, or two keys have one name.
  package init(
    active: SigningKey, others: [SigningKey] = [], policy: TokenPolicy = TokenPolicy()
  ) throws(TokenError) {
    guard active.canSign else { throw TokenError(.unusableKey, "the private half of \(active.id) is missing") }
    keys = [active] + others
    guard Set(keys.map(\.id)).count == keys.count else {
      throw TokenError(.unusableKey, "two keys have the same name")
    }
    self.active = active
    self.policy = policy
  }

  /// Of all keys, the active one first.
  package var names: [String] { keys.map(\.id) }

  // MARK: Signing

  /// An access token with these claims.
  package func sign(_ claims: AccessClaims) throws(TokenError) -> String {
    var json = JSONWriter(reserving: 384)
    json.beginObject()
    if let issuer = policy.issuer { json.field("iss", issuer) }
    if let audience = policy.audience { json.field("aud", audience) }
    claims.write(to: &json)
    json.endObject()
    return try sign(payload: json.bytes)
  }

  /// A token with this payload, whatever it is.
  package func sign(payload: [UInt8]) throws(TokenError) -> String {
    var token = active.encodedHeader
    token.append(UInt8(ascii: "."))
    token.append(contentsOf: Base64.url.encode(payload).utf8)
    let outcome = token.withUnsafeBytes { bytes in
      Result { () throws(TokenError) in try active.sign(bytes) }
    }
    let signature = try outcome.get()
    token.append(UInt8(ascii: "."))
    token.append(contentsOf: Base64.url.encode(signature).utf8)
    return String(decoding: token, as: UTF8.self)
  }

  // MARK: Verifying

  /// The claims of a token that one of the keys has signed and that is valid at `time`, in seconds since 1970.
  package func verify(_ token: String, at time: Int64) throws(TokenError) -> AccessClaims {
    var token = token
    let outcome = token.withUTF8 { bytes in
      Result { () throws(TokenError) in try verify(utf8: UnsafeRawBufferPointer(bytes), at: time) }
    }
    return try outcome.get()
  }

  /// The claims of a token in bytes; see `verify`.
  package func verify(utf8 token: UnsafeRawBufferPointer, at time: Int64) throws(TokenError) -> AccessClaims {
    let payload = try authenticate(token)
    try policy.check(payload, at: time)
    return try AccessClaims(payload)
  }

  /// The payload of a token whose signature is right. Nothing of the payload is looked at before that.
  package func authenticate(_ token: UnsafeRawBufferPointer) throws(TokenError) -> JSONValue {
    guard token.count <= policy.maximumLength else { throw TokenError(.malformed, "it is too long") }
    let token = try JSONWebToken(token)
    let isRight = try withDecoded(token.signature) { signature throws(TokenError) in
      // A token of ours has the header that we would write.
      if let key = keys.first(where: { $0.encodedHeader.elementsEqual(token.header) }) {
        return key.verify(signature, of: token.signed)
      }
      return try candidates(token).contains { $0.verify(signature, of: token.signed) }
    }
    guard isRight else { throw TokenError(.wrongSignature, "its signature is wrong") }
    return try token.parsePayload()
  }

  /// The key that a header names, if it is for the algorithm that the header names; without a name, all of that algorithm.
  private func candidates(_ token: JSONWebToken) throws(TokenError) -> [SigningKey] {
    let (algorithm, name) = try token.parseHeader()
    let named = keys.filter { name == nil || $0.id == name }
    guard !named.isEmpty else { throw TokenError(.unknownKey, "its key is not known here") }
    let pinned = named.filter { $0.algorithm.rawValue == algorithm }
    guard !pinned.isEmpty else { throw TokenError(.wrongAlgorithm, "its algorithm is not that of its key") }
    return pinned
  }

  private func withDecoded(
    _ signature: UnsafeRawBufferPointer, _ body: (UnsafeRawBufferPointer) throws(TokenError) -> Bool
  ) throws(TokenError) -> Bool {
    let outcome = withUnsafeTemporaryAllocation(
      of: UInt8.self, capacity: Base64.url.maximumDecodedCount(signature.count)
    ) { bytes -> Result<Bool, TokenError> in
      guard let count = Base64.url.decode(signature, into: bytes.baseAddress!) else {
        return .failure(TokenError(.malformed, "its signature is not base64url"))
      }
      let decoded = UnsafeRawBufferPointer(start: bytes.baseAddress, count: count)
      return Result { () throws(TokenError) in try body(decoded) }
    }
    return try outcome.get()
  }

  // MARK: Publishing

  /// The public halves as a JSON Web Key Set (RFC 7517, 5); secrets are left out.
  package var publicKeys: [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.key("keys")
    json.beginArray()
    for key in keys { key.writePublicKey(to: &json) }
    json.endArray()
    json.endObject()
    return json.bytes
  }
}
