/// A packet that waits for a poll, or for the end of an upgrade.
enum Outbound {
  /// An encoded text packet, Engine.IO's type and all.
  case text([UInt8])
  case binary([UInt8])
  case prepared(PreparedPacket)
}
