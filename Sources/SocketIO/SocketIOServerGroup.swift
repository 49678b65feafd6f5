package import Networking

/// The Socket.IO servers of a process, one a loop, that find each other's sessions.
package struct SocketIOServerGroup: Sendable {
  /// In the order of the loops.
  package let servers: [SocketIOServer]

  /// Before any of the loops serves a request.
  package init(configuration: SocketIOConfiguration = SocketIOConfiguration(), loops: [EventLoop]) {
    servers = loops.map { SocketIOServer(configuration: configuration, loop: $0) }
    EngineIOServer.join(servers.map(\.engine))
  }

  /// The server of a loop of the group.
  package subscript(loop: EventLoop) -> SocketIOServer? { servers.first { $0.loop === loop } }

  /// Closes the servers, each on its loop, and waits for that.
  package func close() async throws {
    for server in servers { try await server.loop.submit { server.close() } }
  }
}
