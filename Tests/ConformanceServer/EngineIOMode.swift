import HTTP
import Networking
import SocketIO

/// Sends every message back, over whatever transport the session has. Path `/engine.io/`.
func serveEngineIO(_ options: ConformanceOptions, _ loop: EventLoop) throws -> SocketAddress {
  let server = EngineIOServer(configuration: options.engineIO, loop: loop, handler: EngineIOEcho())
  return try serve("/engine.io/", options, loop, pendingBody: { server.announce($0, $1) }) { server.handle($0, $1) }
}

/// Serves one path and nothing else.
func serve(
  _ path: String, _ options: ConformanceOptions, _ loop: EventLoop,
  pendingBody: @escaping HTTPServer.Handler, _ handler: @escaping HTTPServer.Handler
) throws -> SocketAddress {
  var configuration = try options.server
  // The session's own limit is the one to be hit.
  configuration.limits.bodyBytes = 2 * options.engineIO.maxPayload
  let server = try HTTPServer(configuration: configuration, loop: loop) { request, exchange in
    guard request.path == path else { return exchange.respond(HTTPResponse(status: .notFound)) }
    handler(request, exchange)
  }
  server.onPendingBody = { if $0.path == path { pendingBody($0, $1) } }
  return keep(server)
}

extension ConformanceOptions {
  var engineIO: EngineIOConfiguration {
    var configuration = EngineIOConfiguration()
    configuration.cors = CORSPolicy(.any)
    configuration.pingInterval = pingInterval
    configuration.pingTimeout = pingTimeout
    if let maxPayload { configuration.maxPayload = maxPayload }
    configuration.compression = compression
    return configuration
  }
}

private final class EngineIOEcho: EngineIOHandler {
  func opened(_ session: EngineIOSession) {}

  func received(text: UnsafeRawBufferPointer, from session: EngineIOSession) {
    session.send(packet: [EngineIOPacketType.message.rawValue] + text)
  }

  func received(binary: UnsafeRawBufferPointer, from session: EngineIOSession) {
    session.send(binary: [UInt8](binary))
  }

  func closed(_ session: EngineIOSession, _ reason: DisconnectReason) {}
}
