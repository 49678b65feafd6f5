/// HKDF with SHA-256 (RFC 5869): keys for several uses from one secret, none of which says anything of the others.
enum KeyDerivation {
  /// - Parameters:
  ///   - salt: may be empty.
  ///   - purpose: what the key is for; another purpose gives another key.
  ///   - count: at most 255 · 32 bytes.
  static func key(from secret: [UInt8], salt: [UInt8] = [], purpose: [UInt8], count: Int = 32) -> [UInt8] {
    precondition(count <= 255 * 32, "HKDF ends there")
    let salt = salt.isEmpty ? [UInt8](repeating: 0, count: 32) : salt
    let extracted = SHA256.authenticationCode(of: secret, key: salt)
    var key: [UInt8] = []
    var block: [UInt8] = []
    var number: UInt8 = 1
    while key.count < count {
      block = SHA256.authenticationCode(of: block + purpose + [number], key: extracted)
      key += block
      number &+= 1
    }
    return Array(key.prefix(count))
  }
}
