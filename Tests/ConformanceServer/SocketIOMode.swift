import HTTP
import JSON
import Networking
import SocketIO

/// The namespaces `/` and `/custom` greet with the event `auth`, the handshake's auth. On `/`, `message` is answered
/// with `message-back` and the same arguments, and `message-with-ack` is acknowledged with them. Path `/socket.io/`.
func serveSocketIO(_ options: ConformanceOptions, _ loop: EventLoop) throws -> SocketAddress {
  var configuration = SocketIOConfiguration()
  configuration.engine = options.engineIO
  configuration.connectTimeout = options.connectTimeout
  let server = SocketIOServer(configuration: configuration, loop: loop)
  for name in ["/", "/custom"] { setUp(server.namespace(name)) }
  return try serve("/socket.io/", options, loop, pendingBody: { server.announce($0, $1) }) { server.handle($0, $1) }
}

private func setUp(_ namespace: Namespace) {
  namespace.onConnect = { (socket, auth) async throws(ConnectRefusal) in
    socket.emit("auth") { json in
      if let auth { json.value(auth) } else { json.raw("{}") }
    }
  }
  guard namespace.name == "/" else { return }
  namespace.onEvent = { socket, event, arguments, ack in
    switch event {
    case "message":
      socket.emit("message-back", attachments: arguments.attachments) { arguments.write(to: &$0) }
    case "message-with-ack":
      ack?.send(attachments: arguments.attachments) { arguments.write(to: &$0) }
    // For tests of the server's side of acknowledgements: asks the client and tells it what it has answered.
    case "ask-me":
      socket.emit(
        "question", timeout: .seconds(5), attachments: arguments.attachments, { arguments.write(to: &$0) },
        acknowledged: { result in
          switch result {
          case .success(let answer):
            socket.emit("answered", attachments: answer.attachments) { answer.write(to: &$0) }
          case .failure(let failure): socket.emit("unanswered") { $0.value(failure.description) }
          }
        })
    case "leave-me": socket.disconnect()
    case "close-me": socket.disconnect(close: true)
    default: break
    }
  }
}
