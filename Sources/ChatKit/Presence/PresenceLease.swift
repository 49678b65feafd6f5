package import Primitives
package import Redis

/// A device that is there: a user, and what tells the device from the user's others.
package struct PresenceLease: Hashable, Sendable, RedisArgument {
  package enum Device: Hashable, Sendable {
    /// A socket, by a number that no other has.
    case connection(UInt64)
    /// A client that renews by itself, under the name that it gave.
    case named(String)
  }

  package var user: UUID
  package var device: Device

  package init(user: UUID, device: Device) {
    self.user = user
    self.device = device
  }

  /// Reads what `encode` writes; nil for something else.
  package init?(_ text: String) {
    let parts = text.split(separator: "/", maxSplits: 2, omittingEmptySubsequences: false)
    guard parts.count == 3, let user = UUID(parts[0]) else { return nil }
    switch parts[1] {
    case "c":
      guard parts[2].utf8.count == 16, let number = UInt64(parts[2], radix: 16) else { return nil }
      self.init(user: user, device: .connection(number))
    case "d": self.init(user: user, device: .named(String(parts[2])))
    default: return nil
    }
  }

  /// As Redis has it.
  package var text: String {
    switch device {
    case .connection(let number):
      let digits = String(number, radix: 16)
      return "\(user)/c/\(String(repeating: "0", count: 16 - digits.utf8.count))\(digits)"
    case .named(let name): return "\(user)/d/\(name)"
    }
  }

  /// The user's 36 characters first: the scripts tell the user by them.
  package func encode(into encoder: CommandEncoder) {
    switch device {
    case .connection(let number):
      withUnsafeTemporaryAllocation(of: UInt8.self, capacity: 55) { text in
        guard let base = text.baseAddress else { return }
        user.write(into: base)
        base[36] = UInt8(ascii: "/")
        base[37] = UInt8(ascii: "c")
        base[38] = UInt8(ascii: "/")
        for digit in 0..<16 {
          let nibble = UInt8(truncatingIfNeeded: number >> UInt64(60 - 4 * digit)) & 15
          base[39 + digit] = nibble < 10 ? 0x30 + nibble : 0x57 + nibble
        }
        encoder.bulk(UnsafeRawBufferPointer(start: base, count: 55))
      }
    case .named: encoder.bulk(text)
    }
  }
}
