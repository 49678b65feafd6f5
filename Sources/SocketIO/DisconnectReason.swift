/// Why a socket, or the session below it, has ended.
package enum DisconnectReason: Equatable, Sendable, CustomStringConvertible {
  /// The client left the namespace (`41`).
  case clientLeft
  /// `Socket.disconnect()`.
  case serverDisconnected
  /// The server closed the transport: `disconnect(close: true)` of another socket of the session, no CONNECT in time.
  case serverClosed
  /// The server is going down; clients come back by themselves.
  case shuttingDown
  /// The client closed the transport, or it broke.
  case transportClosed
  /// The client used the transport wrongly: two polls at once, a poll cancelled, a body of the wrong kind.
  case transportError
  case pingTimeout
  /// The client did not take what was sent to it.
  case slowReceiver
  /// The client broke the protocol.
  case protocolError(SocketIOProtocolError?)

  /// True when the client may come back and find its state: it did not leave on purpose, nor was it made to.
  package var isRecoverable: Bool {
    switch self {
    case .clientLeft, .serverDisconnected, .protocolError: false
    case .serverClosed, .shuttingDown, .transportClosed, .transportError, .pingTimeout, .slowReceiver: true
    }
  }

  /// The code of a WebSocket's close frame (RFC 6455, 7.4.1).
  var closeCode: UInt16 {
    switch self {
    case .shuttingDown: 1001
    case .protocolError, .transportError: 1002
    case .slowReceiver: 1008
    default: 1000
    }
  }

  /// Every `name` that there is.
  package static let names =
    [clientLeft, serverDisconnected, serverClosed, shuttingDown, transportClosed, transportError, pingTimeout]
    .map(\.name) + [slowReceiver.name, protocolError(nil).name]

  /// One word, for metrics: of a protocol error without what it was.
  package var name: String {
    switch self {
    case .clientLeft: "client_left"
    case .serverDisconnected: "server_disconnected"
    case .serverClosed: "server_closed"
    case .shuttingDown: "shutting_down"
    case .transportClosed: "transport_closed"
    case .transportError: "transport_error"
    case .pingTimeout: "ping_timeout"
    case .slowReceiver: "slow_receiver"
    case .protocolError: "protocol_error"
    }
  }

  package var description: String {
    switch self {
    case .clientLeft: "client namespace disconnect"
    case .serverDisconnected: "server namespace disconnect"
    case .serverClosed: "forced server close"
    case .shuttingDown: "server shutting down"
    case .transportClosed: "transport close"
    case .transportError: "transport error"
    case .pingTimeout: "ping timeout"
    case .slowReceiver: "slow receiver"
    case .protocolError(let error): error.map { "parse error: \($0)" } ?? "parse error"
    }
  }
}
