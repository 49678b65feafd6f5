import HTTP
import Networking

/// Answers every request with 200 and the request's body.
func serveHTTP(_ options: ConformanceOptions, _ loop: EventLoop) throws -> SocketAddress {
  var configuration = try options.server
  configuration.limits.bodyBytes = options.maxPayload ?? 16 << 20
  let server = try HTTPServer(configuration: configuration, loop: loop) { request, exchange in
    exchange.respond(HTTPResponse(body: .bytes(request.body)))
  }
  return keep(server)
}

/// The process lives by its server, and the server by this.
nonisolated(unsafe) private var servers: [HTTPServer] = []

func keep(_ server: HTTPServer) -> SocketAddress {
  servers.append(server)
  return server.address
}
