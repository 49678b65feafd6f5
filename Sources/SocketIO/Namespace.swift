package import JSON

/// One namespace of one loop's server, with the handlers that its sockets share. On the loop only.
package final class Namespace: @unchecked Sendable {
  package let name: String
  package unowned let server: SocketIOServer
  /// The name as packets bear it.
  let prefix: [UInt8]

  /// Decides whether a socket may connect, and prepares it; `auth` is the CONNECT's payload, with `pid` and `offset`
  /// when the client wants its state recovered (see `Socket.recover`). Returning connects, throwing refuses.
  ///
  /// The socket may leave while this awaits: `Socket.isGone` tells, and the task is cancelled. Where this returns,
  /// `onDisconnect` is called in any case, so that what was set up here is taken down there; where it throws, never.
  package var onConnect: (@Sendable (Socket, JSONValue?) async throws(ConnectRefusal) -> Void)?
  /// The socket is connected, the answer is on its way.
  package var onConnected: ((Socket) -> Void)?
  /// An event, unless the socket has a handler of its own.
  package var onEvent: ((Socket, String, Arguments, Ack?) -> Void)?
  /// The socket is gone: once for each that `onConnect` let in.
  package var onDisconnect: ((Socket, DisconnectReason) -> Void)?
  /// Sockets that are connected.
  package internal(set) var socketCount = 0

  init(_ name: String, server: SocketIOServer) {
    self.name = name
    self.server = server
    prefix = SocketIOPacketEncoder.prefix(of: name)
  }
}
