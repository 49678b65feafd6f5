import COpenSSL

/// SHA-256 (FIPS 180-4) by OpenSSL, and HMAC (RFC 2104) with it.
package enum SHA256 {
  package static func digest(_ bytes: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    _ = COpenSSL.SHA256(bytes, bytes.count, &out)
    return out
  }

  package static func authenticationCode(of bytes: [UInt8], key: [UInt8]) -> [UInt8] {
    var out = [UInt8](repeating: 0, count: Int(SHA256_DIGEST_LENGTH))
    var count = UInt32(out.count)
    _ = HMAC(EVP_sha256(), key, Int32(key.count), bytes, bytes.count, &out, &count)
    return out
  }
}
