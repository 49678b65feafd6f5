import CLinux
import COpenSSL
import Glibc
import Synchronization

/// What session tickets are sealed with (RFC 5077): a new key each hour, and the two before it still read, so that a key
/// which is stolen opens the sessions of three hours at most. Kept over a reload. Any thread.
final class TLSTicketKeys: Sendable {
  private struct Key {
    var name = [UInt8](repeating: 0, count: 16)
    var cipher = [UInt8](repeating: 0, count: 32)
    var mac = [UInt8](repeating: 0, count: 32)
    var made: UInt64

    init(made: UInt64) {
      self.made = made
      RAND_bytes(&name, 16)
      RAND_bytes(&cipher, 32)
      RAND_bytes(&mac, 32)
    }
  }

  private static let life: UInt64 = 3600 * 1_000_000_000
  /// The newest first.
  private let keys = Mutex<[Key]>([])

  /// Readies the contexts to seal or open a ticket, and asks for a new one when that is old or `renews`; what OpenSSL's callback returns: 0 (unknown key), 1, or 2 (good, but
  /// give a new one).
  func ready(
    _ name: UnsafeMutablePointer<UInt8>, _ iv: UnsafeMutablePointer<UInt8>, _ cipher: OpaquePointer?,
    _ mac: OpaquePointer?, isEncrypting: Bool, renews: Bool
  ) -> Int32 {
    keys.withLock { keys in
      let now = clinux_monotonic_ns()
      if keys.first.map({ now - $0.made > Self.life }) ?? true {
        keys.insert(Key(made: now), at: 0)
        if keys.count > 3 { keys.removeLast() }
      }
      if isEncrypting {
        keys[0].name.withUnsafeBytes { _ = memcpy(name, $0.baseAddress!, 16) }
        guard RAND_bytes(iv, 16) == 1 else { return -1 }
        return ready(&keys[0], cipher, mac, iv, 1) ? 1 : -1
      }
      let found = keys.firstIndex {
        now - $0.made < 3 * Self.life && $0.name.withUnsafeBytes { memcmp($0.baseAddress!, name, 16) == 0 }
      }
      guard let found else { return 0 }
      guard ready(&keys[found], cipher, mac, iv, 0) else { return -1 }
      return found == 0 && !renews ? 1 : 2
    }
  }

  private func ready(
    _ key: inout Key, _ cipher: OpaquePointer?, _ mac: OpaquePointer?, _ iv: UnsafePointer<UInt8>, _ direction: Int32
  ) -> Bool {
    copenssl_ready_ticket(cipher, mac, key.cipher, &key.mac, iv, direction) == 1
  }
}
