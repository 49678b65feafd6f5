/// What a Socket.IO server promises and allows. Immutable once a server has it.
package struct SocketIOConfiguration: Sendable {
  package var engine = EngineIOConfiguration()
  /// How long a client may take to join its first namespace, the application's answer included.
  package var connectTimeout: Duration = .seconds(45)
  /// Namespaces that one session may be in.
  package var maximumNamespaces = 16
  /// Packets that may arrive for a namespace before the application has answered its CONNECT.
  package var earlyPackets = 32
  /// Packets that the application may emit to a socket before it has answered its CONNECT.
  package var heldPackets = 4096

  package init() {}
}
