import HTTP
import Networking

/// Echoes messages: text as text, binary as binary.
func serveWebSocket(_ options: ConformanceOptions, _ loop: EventLoop) throws -> SocketAddress {
  var limits = WebSocketOptions()
  limits.maxMessageSize = options.maxPayload ?? 16 << 20
  limits.outboundLimit = 4 * limits.maxMessageSize
  limits.compression = options.compression
  let server = try HTTPServer(
    configuration: try options.server, loop: loop
  ) { _, exchange in
    let echo = Echo()
    do throws(HTTPError) {
      echo.socket = try exchange.upgradeToWebSocket(limits, handler: echo)
    } catch {
      exchange.respond(error.response)
    }
  }
  return keep(server)
}

private final class Echo: WebSocketHandler {
  var socket: WebSocketConnection?

  func received(text: UnsafeRawBufferPointer) { socket?.send(text: text) }
  func received(binary: UnsafeRawBufferPointer) { socket?.send(binary: binary) }
  func closed(code: UInt16, reason: String) { socket = nil }
}
