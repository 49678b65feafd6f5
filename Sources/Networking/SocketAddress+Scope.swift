import CLinux
import Glibc

extension SocketAddress {
  /// A `sockaddr` as a library has it; nil for what is neither IP nor Unix.
  package init?(sockaddr address: UnsafeRawPointer, length: Int) {
    var storage = sockaddr_storage()
    guard length <= MemoryLayout<sockaddr_storage>.size else { return nil }
    memcpy(&storage, address, length)
    self.init(storage)
  }

  /// Whether anybody on the Internet could be meant: no loopback, private, link-local, multicast, documentation or other
  /// special address (RFC 6890 and IANA's registries), neither by itself nor within an IPv6 one.
  package var isPublic: Bool {
    switch kind {
    case .v4(let address): Self.isPublic(v4: UInt32(bigEndian: address))
    case .v6(let high, let low): Self.isPublic(high, low)
    case .unix: false
    }
  }

  private static func isPublic(v4 address: UInt32) -> Bool {
    // Network and length of its prefix.
    let special: [(UInt32, UInt32)] = [
      (0x0000_0000, 8), (0x0a00_0000, 8), (0x6440_0000, 10), (0x7f00_0000, 8), (0xa9fe_0000, 16), (0xac10_0000, 12),
      (0xc000_0000, 24), (0xc000_0200, 24), (0xc058_6300, 24), (0xc0a8_0000, 16), (0xc612_0000, 15),
      (0xc633_6400, 24), (0xcb00_7100, 24), (0xe000_0000, 4), (0xf000_0000, 4),
    ]
    return !special.contains { network, length in address >> (32 - length) == network >> (32 - length) }
  }

  private static func isPublic(_ high: UInt64, _ low: UInt64) -> Bool {
    // IPv4 in IPv6: mapped, and by NAT64 (RFC 6052).
    if high == 0, low >> 32 == 0xffff { return isPublic(v4: UInt32(truncatingIfNeeded: low)) }
    if high == 0x0064_ff9b_0000_0000, low >> 32 == 0 { return isPublic(v4: UInt32(truncatingIfNeeded: low)) }
    // What is global at all is in 2000::/3.
    guard high >> 61 == 1 else { return false }
    if high >> 48 == 0x2002 { return isPublic(v4: UInt32(truncatingIfNeeded: high >> 16)) }
    // 2001::/23 (Teredo and other protocols), 2001:db8::/32 and 3fff::/20 (documentation).
    return high >> 41 != 0x2001_0000 >> 9 && high >> 32 != 0x2001_0db8 && high >> 44 != 0x3fff0
  }
}
