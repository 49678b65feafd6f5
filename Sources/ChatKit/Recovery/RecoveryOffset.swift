// Recovery: what a gateway must know to let a client continue where it was cut (Socket.IO's connection state recovery).
// Values and machines without I/O; the gateway's `Recovery` performs. docs/RECOVERY.md has the flow and the proof.

/// A place in what one hub has delivered: `<hub>.<ordinal>`, the string at the end of an event.
///
/// A client says it when it comes back: it has had everything of its rooms that this hub delivered up to the ordinal,
/// and nothing after it.
package struct RecoveryOffset: Equatable, Sendable {
  /// The hub's name, six alphanumerics.
  package var hub: String
  package var ordinal: UInt64

  package init(hub: String, ordinal: UInt64) {
    self.hub = hub
    self.ordinal = ordinal
  }

  /// Reads what a client says; nil for what no hub has ever sent.
  package init?(_ text: String) {
    let bytes = Array(text.utf8)
    guard bytes.count > 7, bytes.count <= 20, bytes[6] == UInt8(ascii: "."),
      bytes[..<6].allSatisfy({ (0x30...0x39).contains($0) || (0x61...0x7a).contains($0) }),
      let ordinal = UInt64(String(decoding: bytes[7...], as: UTF8.self), radix: 36)
    else { return nil }
    hub = String(decoding: bytes[..<6], as: UTF8.self)
    self.ordinal = ordinal
  }

  package var text: String { "\(hub).\(String(ordinal, radix: 36))" }
}
