import COpenSSL

/// The owner of an EVP_MD_CTX. A finished one is only ever copied from, which OpenSSL allows from many threads.
struct DigestContext: ~Copyable, @unchecked Sendable {
  let pointer: OpaquePointer

  init?() {
    guard let pointer = EVP_MD_CTX_new() else { return nil }
    self.pointer = pointer
  }

  deinit { EVP_MD_CTX_free(pointer) }

  /// SHA-256 after `bytes`.
  static func sha256(_ bytes: [UInt8]) -> DigestContext? {
    guard let context = DigestContext(), EVP_DigestInit_ex(context.pointer, EVP_sha256(), nil) == 1,
      bytes.withUnsafeBytes({ context.update($0) })
    else { return nil }
    return context
  }

  /// Continues from where another one stands.
  func resume(_ other: borrowing DigestContext) -> Bool { EVP_MD_CTX_copy_ex(pointer, other.pointer) == 1 }

  func update(_ bytes: UnsafeRawBufferPointer) -> Bool {
    EVP_DigestUpdate(pointer, bytes.baseAddress, bytes.count) == 1
  }

  func finish(_ out: UnsafeMutablePointer<UInt8>) -> Bool {
    var count: UInt32 = 0
    return EVP_DigestFinal_ex(pointer, out, &count) == 1
  }
}
