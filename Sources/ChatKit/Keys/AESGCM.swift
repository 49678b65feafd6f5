import COpenSSL

/// AES-256 in Galois/counter mode (NIST SP 800-38D), by OpenSSL, with initialisation vectors of 96 bits and tags of 128.
/// One vector must never be used twice with one key. Any thread.
package enum AESGCM {
  package static let keyLength = 32
  package static let ivLength = 12
  package static let tagLength = 16

  package struct Sealed: Sendable, Equatable {
    package var ciphertext: [UInt8]
    package var tag: [UInt8]
  }

  /// A parameter of a wrong length, or OpenSSL is out of memory.
  package struct Failure: Error {}

  private final class Context {
    let pointer: OpaquePointer

    init() throws(Failure) {
      guard let pointer = EVP_CIPHER_CTX_new() else { throw Failure() }
      self.pointer = pointer
    }

    deinit { EVP_CIPHER_CTX_free(pointer) }
  }

  /// Fetched once: OpenSSL 3 would look it up at each use.
  nonisolated(unsafe) private static let cipher = EVP_CIPHER_fetch(nil, "AES-256-GCM", nil)

  /// Encrypts `plaintext`, and authenticates it together with `associated`.
  package static func seal(
    _ plaintext: [UInt8], key: [UInt8], iv: [UInt8], associated: [UInt8]
  ) throws(Failure) -> Sealed {
    guard key.count == keyLength, iv.count == ivLength else { throw Failure() }
    let context = try Context()
    var ciphertext = [UInt8](repeating: 0, count: plaintext.count)
    var tag = [UInt8](repeating: 0, count: tagLength)
    var count: Int32 = 0
    guard EVP_EncryptInit_ex2(context.pointer, cipher, key, iv, nil) == 1,
      associated.isEmpty
        || EVP_EncryptUpdate(context.pointer, nil, &count, associated, Int32(associated.count)) == 1,
      plaintext.isEmpty
        || EVP_EncryptUpdate(context.pointer, &ciphertext, &count, plaintext, Int32(plaintext.count)) == 1,
      // It writes nothing in this mode, and wants a place all the same.
      EVP_EncryptFinal_ex(context.pointer, &tag, &count) == 1,
      EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_GET_TAG, Int32(tagLength), &tag) == 1
    else { throw Failure() }
    return Sealed(ciphertext: ciphertext, tag: tag)
  }

  /// The plaintext; nil when the tag is not that of this ciphertext, vector, key and associated data.
  package static func open(
    _ sealed: Sealed, key: [UInt8], iv: [UInt8], associated: [UInt8]
  ) -> [UInt8]? {
    guard key.count == keyLength, iv.count == ivLength, sealed.tag.count == tagLength,
      let context = try? Context()
    else { return nil }
    var plaintext = [UInt8](repeating: 0, count: sealed.ciphertext.count)
    var tag = sealed.tag
    var end = [UInt8](repeating: 0, count: tagLength)
    var count: Int32 = 0
    guard EVP_DecryptInit_ex2(context.pointer, cipher, key, iv, nil) == 1,
      associated.isEmpty
        || EVP_DecryptUpdate(context.pointer, nil, &count, associated, Int32(associated.count)) == 1,
      sealed.ciphertext.isEmpty
        || EVP_DecryptUpdate(context.pointer, &plaintext, &count, sealed.ciphertext, Int32(sealed.ciphertext.count))
          == 1,
      EVP_CIPHER_CTX_ctrl(context.pointer, EVP_CTRL_AEAD_SET_TAG, Int32(tagLength), &tag) == 1,
      EVP_DecryptFinal_ex(context.pointer, &end, &count) == 1
    else { return nil }
    return plaintext
  }
}
