import COpenSSL
import Primitives

/// An RSA key of 2048 bits or more, for signatures by RSASSA-PKCS1-v1_5 with SHA-256 (RS256; RFC 7518, 3.3). Any thread.
final class RSAKey: Sendable {
  /// The owner of an EVP_PKEY, which many threads may use at once.
  private struct Handle: ~Copyable, @unchecked Sendable {
    let pointer: OpaquePointer
    deinit { EVP_PKEY_free(pointer) }
  }

  private let handle: Handle
  let isPrivate: Bool
  let signatureLength: Int

  /// Reads the first key in PEM: PKCS #8, PKCS #1 or SubjectPublicKeyInfo. Encrypted ones are refused.
  init(pem: [UInt8]) throws(TokenError) {
    // Without a callback of ours, OpenSSL would ask the terminal.
    let noPassword: @convention(c) (UnsafeMutablePointer<CChar>?, Int32, Int32, UnsafeMutableRawPointer?) -> Int32 = {
      _, _, _, _ in -1
    }
    func read(_ body: (OpaquePointer) -> OpaquePointer?) -> OpaquePointer? {
      pem.withUnsafeBytes { bytes in
        guard let source = BIO_new_mem_buf(bytes.baseAddress, Int32(clamping: bytes.count)) else { return nil }
        defer {
          BIO_free(source)
          ERR_clear_error()
        }
        return body(source)
      }
    }
    let isPrivate: Bool
    let pointer: OpaquePointer
    if let key = read({ PEM_read_bio_PrivateKey($0, nil, noPassword, nil) }) {
      pointer = key
      isPrivate = true
    } else if let key = read({ PEM_read_bio_PUBKEY($0, nil, noPassword, nil) }) {
      pointer = key
      isPrivate = false
    } else {
      throw TokenError(.unusableKey, "it is not a key in PEM, or it is encrypted")
    }
    handle = Handle(pointer: pointer)
    self.isPrivate = isPrivate
    signatureLength = Int(EVP_PKEY_get_size(pointer))
    guard EVP_PKEY_get_base_id(pointer) == EVP_PKEY_RSA else { throw TokenError(.unusableKey, "it is not an RSA key") }
    guard EVP_PKEY_get_bits(pointer) >= 2048 else {
      throw TokenError(.unusableKey, "it has \(EVP_PKEY_get_bits(pointer)) bits; RS256 needs 2048 or more")
    }
  }

  /// Costs 0.5 to 2 ms for 2048 bits.
  func sign(_ bytes: UnsafeRawBufferPointer) throws(TokenError) -> [UInt8] {
    var isSigned = false
    let signature = [UInt8](unsafeUninitializedCapacity: signatureLength) { out, count in
      guard let context = DigestContext() else { return }
      var length = signatureLength
      isSigned =
        EVP_DigestSignInit(context.pointer, nil, EVP_sha256(), nil, handle.pointer) == 1
        && EVP_DigestSign(context.pointer, out.baseAddress, &length, bytes.baseAddress, bytes.count) == 1
      count = isSigned ? length : 0
    }
    guard isSigned else {
      ERR_clear_error()
      throw TokenError(.unusableKey, "it cannot sign")
    }
    return signature
  }

  /// Costs 20 to 50 µs for 2048 bits.
  func verify(_ signature: UnsafeRawBufferPointer, of bytes: UnsafeRawBufferPointer) -> Bool {
    guard signature.count == signatureLength, let context = DigestContext() else { return false }
    let isRight =
      EVP_DigestVerifyInit(context.pointer, nil, EVP_sha256(), nil, handle.pointer) == 1
      && EVP_DigestVerify(context.pointer, signature.baseAddress, signature.count, bytes.baseAddress, bytes.count) == 1
    if !isRight { ERR_clear_error() }
    return isRight
  }

  /// Modulus and exponent as a JSON Web Key has them (RFC 7518, 6.3.1): big-endian, base64url.
  var publicParameters: (modulus: String, exponent: String)? {
    guard let modulus = parameter("n"), let exponent = parameter("e") else { return nil }
    return (Base64.url.encode(modulus), Base64.url.encode(exponent))
  }

  private func parameter(_ name: String) -> [UInt8]? {
    var number: OpaquePointer?
    guard EVP_PKEY_get_bn_param(handle.pointer, name, &number) == 1, let number else { return nil }
    defer { BN_free(number) }
    return [UInt8](unsafeUninitializedCapacity: (Int(BN_num_bits(number)) + 7) / 8) { out, count in
      count = Int(BN_bn2bin(number, out.baseAddress))
    }
  }
}
