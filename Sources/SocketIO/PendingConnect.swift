import JSON

/// What a socket needs only while the application decides on its CONNECT.
final class PendingConnect {
  let auth: JSONValue?
  /// The secret that goes into the answer for connection state recovery.
  var privateID: String?
  /// Packets from the client that came early.
  var received: [SocketIOPacket] = []
  /// What the application has emitted already; it follows the answer.
  var emitted: [PreparedPacket] = []
  /// Why the socket is gone while the application still decides.
  var ended: DisconnectReason?
  var task: Task<Void, Never>?

  init(auth: JSONValue?) { self.auth = auth }
}
