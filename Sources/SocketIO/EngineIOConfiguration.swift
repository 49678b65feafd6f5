package import HTTP
import Networking

/// What an Engine.IO server promises its clients and allows them. Immutable once a server has it.
package struct EngineIOConfiguration: Sendable {
  /// From the open, or the last pong, to the next ping.
  package var pingInterval: Duration = .seconds(25)
  /// How long a pong may take.
  package var pingTimeout: Duration = .seconds(20)
  /// How long a client may take to upgrade after its WebSocket is there.
  package var upgradeTimeout: Duration = .seconds(10)
  /// How long the `1` of a server that closes waits for a client that is not polling.
  package var closeTimeout: Duration = .seconds(30)
  /// The longest polling body and WebSocket message, in bytes. The HTTP server must allow bodies of at least this.
  package var maxPayload = 1_000_000
  /// Bytes that may wait for a client before it is closed as a slow receiver, on each transport.
  package var outboundLimit = 4 << 20
  /// Packets that may wait for a poll.
  package var bufferedPackets = 4096
  /// Sessions of one loop; more are refused with 503.
  package var maximumSessions = 250_000
  /// permessage-deflate on WebSockets, for clients that offer it; nil for none.
  package var compression: WebSocketCompression?
  package var allowsPolling = true
  package var allowsWebSocket = true
  /// Nil: no CORS headers, and OPTIONS is a bad handshake.
  package var cors: CORSPolicy?
  /// The name of the cookie by which a proxy finds this process again (`io`, usually); nil for none.
  package var affinityCookie: String?
  /// Request headers that `Handshake` keeps for the session's life, by name. The fewer, the smaller an idle socket.
  package var retainedHeaders: [String] = []
  /// What the application remembers of the request that opened a session, in a byte: `Handshake.tag`.
  package var tag: (@Sendable (HTTPRequest) -> UInt8)?
  /// Whether `Handshake` keeps the query.
  package var retainsQuery = false
  /// Asked before a session opens: a message refuses it with code 4 and that message.
  package var refuse: (@Sendable (HTTPRequest) -> String?)?

  package init() {}

  var limits: EngineIOMachine.Limits {
    EngineIOMachine.Limits(
      pingInterval: pingInterval.nanoseconds, pingTimeout: pingTimeout.nanoseconds,
      closeTimeout: closeTimeout.nanoseconds, bufferedPackets: bufferedPackets, bufferedBytes: outboundLimit)
  }
}
