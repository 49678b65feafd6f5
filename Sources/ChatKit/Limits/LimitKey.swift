package import Networking
package import Primitives

/// Whose doings of which kind are counted together.
package struct LimitKey: Hashable, Sendable {
  package enum Subject: UInt8, Sendable {
    case user, address, workspace
  }

  /// What is done, as the key in Redis has it: `send`.
  let name: StaticName
  let subject: Subject
  private let high: UInt64
  private let low: UInt64

  /// A name that is compared by its place: there are few, all known at the start.
  package struct StaticName: Hashable, Sendable {
    package let text: String
    let number: UInt8

    package init(_ text: String, _ number: UInt8) {
      self.text = text
      self.number = number
    }

    package static func == (a: StaticName, b: StaticName) -> Bool { a.number == b.number }
    package func hash(into hasher: inout Hasher) { hasher.combine(number) }
  }

  package init(_ name: StaticName, user: UUID) {
    self.name = name
    subject = .user
    high = user.high
    low = user.low
  }

  /// All users of a workspace together.
  package init(_ name: StaticName, workspace: UUID) {
    self.name = name
    subject = .workspace
    high = workspace.high
    low = workspace.low
  }

  /// Nil for a Unix socket. Of an IPv6 address the network counts: one client has all of a /64.
  package init?(_ name: StaticName, address: SocketAddress) {
    guard let number = IPNetwork.number(address) else { return nil }
    self.name = name
    subject = .address
    high = number.high
    low = number.high == 0 ? number.low : 0
  }

  /// The key in Redis.
  var text: String {
    switch subject {
    case .user: "chatd:limit:\(name.text):u:\(UUID(high: high, low: low))"
    case .workspace: "chatd:limit:\(name.text):w:\(UUID(high: high, low: low))"
    case .address where high == 0:
      "chatd:limit:\(name.text):a:\(SocketAddress(.v4(UInt32(truncatingIfNeeded: low).bigEndian)).host)"
    case .address: "chatd:limit:\(name.text):a:\(SocketAddress(.v6(high, 0)).host)/64"
    }
  }
}
