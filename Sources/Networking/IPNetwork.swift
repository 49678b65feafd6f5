import Glibc

/// A block of IP addresses: `10.0.0.0/8`, `2001:db8::/32`, or one address.
package struct IPNetwork: Hashable, Sendable, CustomStringConvertible {
  /// An IPv6 address as a number; IPv4 ones are those that are mapped into IPv6 (RFC 4291, 2.5.5.2).
  private let high: UInt64
  private let low: UInt64
  /// Of the 128.
  private let bits: Int
  package let description: String

  /// Nil for what is none, and where bits after the prefix are set: that is a slip, and which network was meant is unclear.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", omittingEmptySubsequences: false)
    guard (1...2).contains(parts.count), let address = SocketAddress(literal: String(parts[0]), port: 0),
      let (high, low) = Self.number(address)
    else { return nil }
    let width = if case .v4 = address.kind { 32 } else { 128 }
    var prefix = width
    if parts.count == 2 {
      guard parts[1].utf8.allSatisfy({ (0x30...0x39).contains($0) }), let number = Int(parts[1]), number <= width
      else { return nil }
      prefix = number
    }
    bits = 128 - width + prefix
    self.high = high
    self.low = low
    description = text
    let mask = Self.mask(bits)
    guard high & ~mask.high == 0, low & ~mask.low == 0 else { return nil }
  }

  package func contains(_ address: SocketAddress) -> Bool {
    guard let (high, low) = Self.number(address) else { return false }
    let mask = Self.mask(bits)
    return high & mask.high == self.high && low & mask.low == self.low
  }

  /// The address as a number of 128 bits, an IPv4 one as it is mapped into IPv6; nil for a Unix socket.
  package static func number(_ address: SocketAddress) -> (high: UInt64, low: UInt64)? {
    switch address.kind {
    case .v4(let address): (0, 0xffff_0000_0000 | UInt64(UInt32(bigEndian: address)))
    case .v6(let high, let low): (high, low)
    case .unix: nil
    }
  }

  private static func mask(_ bits: Int) -> (high: UInt64, low: UInt64) {
    // A shift by the whole width is zero here, unlike in C.
    (bits >= 64 ? .max : ~(UInt64.max >> bits), bits >= 128 ? .max : bits <= 64 ? 0 : ~(UInt64.max >> (bits - 64)))
  }
}
