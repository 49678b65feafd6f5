import Primitives

/// The key that wraps the keys of messages. It comes from a file or a systemd credential, and is never in the database.
package struct MasterKey: Sendable {
  package static let length = AESGCM.keyLength

  private let bytes: [UInt8]
  /// The first eight bytes of its SHA-256: tells one from another, and says nothing of it.
  package let fingerprint: [UInt8]

  /// 32 bytes: themselves, as 64 hexadecimal digits, or in base 64; a line end behind them is ignored.
  /// - Parameter source: as the error calls it: the file.
  package init(file contents: [UInt8], source: String) throws(KeyError) {
    guard let bytes = Self.decode(contents) else {
      throw KeyError(
        .unusableMasterKey,
        "\(source) is no master key: it needs 32 bytes, as they are, as 64 hexadecimal digits or in base 64")
    }
    self.bytes = bytes
    fingerprint = Array(SHA256.digest(bytes).prefix(8))
  }

  /// A new one.
  package static func random() -> MasterKey { MasterKey(SecureRandom.bytes(length)) }

  private init(_ bytes: [UInt8]) {
    self.bytes = bytes
    fingerprint = Array(SHA256.digest(bytes).prefix(8))
  }

  private static func decode(_ contents: [UInt8]) -> [UInt8]? {
    if contents.count == length { return contents }
    var contents = contents[...]
    while let last = contents.last, last == 0x0a || last == 0x0d { contents.removeLast() }
    if contents.count == length { return Array(contents) }
    let text = String(decoding: contents, as: UTF8.self)
    for decoded in [Hex.decode(text), Base64.standard.decode(text), Base64.url.decode(text)] {
      if let decoded, decoded.count == length { return decoded }
    }
    return nil
  }

  /// A key of a message, as the database may have it: vector, ciphertext and tag in one, bound to the version.
  package func wrap(_ key: [UInt8], version: Int32) throws -> [UInt8] {
    let iv = SecureRandom.bytes(AESGCM.ivLength)
    let sealed = try AESGCM.seal(key, key: bytes, iv: iv, associated: Self.associated(version))
    return iv + sealed.ciphertext + sealed.tag
  }

  /// Nil when it is not what `wrap` of this key has made for this version.
  package func unwrap(_ wrapped: [UInt8], version: Int32) -> [UInt8]? {
    guard wrapped.count == AESGCM.ivLength + AESGCM.keyLength + AESGCM.tagLength else { return nil }
    let sealed = AESGCM.Sealed(
      ciphertext: Array(wrapped[AESGCM.ivLength..<wrapped.count - AESGCM.tagLength]),
      tag: Array(wrapped.suffix(AESGCM.tagLength)))
    return AESGCM.open(
      sealed, key: bytes, iv: Array(wrapped.prefix(AESGCM.ivLength)), associated: Self.associated(version))
  }

  private static func associated(_ version: Int32) -> [UInt8] { withUnsafeBytes(of: version.bigEndian) { Array($0) } }

  /// A key of its own for each purpose.
  func derivedKey(for purpose: String) -> [UInt8] {
    KeyDerivation.key(from: bytes, purpose: Array("chatd \(purpose)".utf8))
  }
}
