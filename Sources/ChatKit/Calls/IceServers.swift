import COpenSSL
package import JSON
package import Primitives

/// Where clients find out how they can be reached (STUN), and who relays for them where they cannot (TURN), with credentials
/// that are good for a while. As the draft "A REST API For Access To TURN Services" has it: the username is
/// `expiry:userId`, the password the base64 of HMAC-SHA1(secret, username); the TURN server knows the secret and checks
/// both by itself.
package struct IceServers: Sendable {
  private let stun: [String]
  private let turn: [String]
  private let secret: [UInt8]
  package let lifetime: Duration

  /// - Parameter secret: shared with the TURN servers; without it there are none.
  package init(stun: [String], turn: [String], secret: String?, lifetime: Duration) {
    self.stun = stun
    self.turn = secret == nil ? [] : turn
    self.secret = Array((secret ?? "").utf8)
    self.lifetime = lifetime
  }

  package struct Credentials: Sendable, Equatable {
    package let username: String
    package let credential: String
  }

  package func credentials(for user: UUID, at time: Timestamp) -> Credentials {
    let username = "\((time + lifetime).seconds):\(user)"
    return Credentials(username: username, credential: Base64.standard.encode(Self.hmac(secret, Array(username.utf8))))
  }

  /// HMAC-SHA1 (RFC 2104).
  static func hmac(_ key: [UInt8], _ message: [UInt8]) -> [UInt8] {
    var code = [UInt8](repeating: 0, count: 20)
    var length: UInt32 = 0
    _ = key.withUnsafeBytes { key in
      HMAC(EVP_sha1(), key.baseAddress, Int32(key.count), message, message.count, &code, &length)
    }
    return code
  }

  /// `{"iceServers": [{"urls", "username"?, "credential"?}], "ttl"}`, as `RTCPeerConnection` takes it.
  package func write(to json: inout JSONWriter, for user: UUID, at time: Timestamp = .now()) {
    json.beginObject()
    json.key("iceServers")
    json.beginArray()
    if !stun.isEmpty { write(stun, nil, to: &json) }
    if !turn.isEmpty { write(turn, credentials(for: user, at: time), to: &json) }
    json.endArray()
    json.field("ttl", Int64(lifetime.components.seconds))
    json.endObject()
  }

  private func write(_ uris: [String], _ credentials: Credentials?, to json: inout JSONWriter) {
    json.beginObject()
    json.key("urls")
    json.beginArray()
    for uri in uris { json.value(uri) }
    json.endArray()
    if let credentials {
      json.field("username", credentials.username)
      json.field("credential", credentials.credential)
    }
    json.endObject()
  }
}
