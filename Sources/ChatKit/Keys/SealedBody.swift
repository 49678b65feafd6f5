import JSON
import Primitives

/// A body as it is stored in an encrypted conversation: under which key, and the three parts of AES-256-GCM. It belongs to one
/// message of one conversation: in another's place it cannot be opened.
package struct SealedBody: Sendable, Equatable {
  package var keyVersion: Int32
  package var ciphertext: [UInt8]
  package var iv: [UInt8]
  package var tag: [UInt8]

  package init(keyVersion: Int32, ciphertext: [UInt8], iv: [UInt8], tag: [UInt8]) {
    self.keyVersion = keyVersion
    self.ciphertext = ciphertext
    self.iv = iv
    self.tag = tag
  }

  /// In an event, in the place of `body`.
  func writeFields(to json: inout JSONWriter) {
    json.field("keyVersion", Int64(keyVersion))
    json.field("ciphertext", Base64.standard.encode(ciphertext))
    json.field("iv", Base64.standard.encode(iv))
    json.field("authTag", Base64.standard.encode(tag))
  }

  static func isField(_ key: JSONValue) -> Bool {
    key.isString("keyVersion") || key.isString("ciphertext") || key.isString("iv") || key.isString("authTag")
  }

  /// Nil where an event's data has none. One of which only a part can be read is one that does not open.
  init?(_ json: JSONValue) {
    guard let version = json["keyVersion"]?.int64 else { return nil }
    func bytes(_ key: StaticString) -> [UInt8] {
      json["\(key)"]?.string.flatMap { Base64.standard.decode($0) } ?? []
    }
    self.init(
      keyVersion: Int32(clamping: version), ciphertext: bytes("ciphertext"), iv: bytes("iv"), tag: bytes("authTag"))
  }
}

/// Why a body cannot be shown. The raw value is what clients see, in place of it.
package enum Unreadable: String, Error, Sendable, CaseIterable {
  /// The key is not there: disabled, destroyed, not known to this node, or there is no master key.
  case keyUnavailable = "key_unavailable"
  /// The key is there, and the body is not what was sealed with it.
  case decryptionFailed = "decryption_failed"

  package var error: ChatError {
    switch self {
    case .keyUnavailable:
      ChatError(.keyUnavailable, "The key of this message is not available now.", retryAfter: 30)
    case .decryptionFailed:
      ChatError(.decryptionFailed, "The message cannot be decrypted: it is not what was stored.")
    }
  }
}
