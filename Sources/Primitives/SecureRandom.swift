import CLinux

/// Random bytes from the kernel (getrandom), for whatever must not be guessed.
package enum SecureRandom {
  /// Fills `bytes`. Cannot fail once the kernel's pool is initialised, which is waited for.
  package static func fill(_ bytes: UnsafeMutableRawBufferPointer) {
    var filled = 0
    while filled < bytes.count {
      let count = clinux_random(bytes.baseAddress! + filled, bytes.count - filled)
      if count > 0 {
        filled += count
      } else {
        precondition(clinux_errno() == EINTR, "getrandom failed: errno \(clinux_errno())")
      }
    }
  }

  package static func bytes(_ count: Int) -> [UInt8] {
    [UInt8](unsafeUninitializedCapacity: count) { out, initialized in
      fill(UnsafeMutableRawBufferPointer(out))
      initialized = count
    }
  }

  /// `bytes` random bytes as base64url: 15 make 20 characters, 32 make 43.
  package static func token(bytes count: Int = 15) -> String {
    withUnsafeTemporaryAllocation(byteCount: count, alignment: 8) { bytes in
      fill(bytes)
      return Base64.url.encode(UnsafeRawBufferPointer(bytes))
    }
  }
}
