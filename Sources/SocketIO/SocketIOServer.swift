package import HTTP
package import Networking

/// Socket.IO on one loop. Give it the requests of its path; several loops make a `SocketIOServerGroup`. Set the
/// namespaces up before the first request.
package final class SocketIOServer: @unchecked Sendable {
  package let configuration: SocketIOConfiguration
  package let loop: EventLoop
  let connectTimeout: UInt64
  private var namespaces: [String: Namespace] = [:]
  package private(set) lazy var engine = EngineIOServer(configuration: configuration.engine, loop: loop) {
    [unowned self] opening in SocketIOConnection(opening, server: self)
  }

  package init(configuration: SocketIOConfiguration = SocketIOConfiguration(), loop: EventLoop) {
    self.configuration = configuration
    self.loop = loop
    connectTimeout = configuration.connectTimeout.nanoseconds
  }

  /// Answers a request for the server's path (`/socket.io/` by custom), whatever its method, upgrades too.
  package func handle(_ request: HTTPRequest, _ exchange: HTTPExchange) { engine.handle(request, exchange) }

  /// Hears of requests of the path whose body is still to come: give it an `HTTPServer`'s `onPendingBody`.
  package func announce(_ request: HTTPRequest, _ exchange: HTTPExchange) { engine.announce(request, exchange) }

  /// The namespace of that name, made when it is asked for the first time. Clients can join only what has been made.
  package func namespace(_ name: String) -> Namespace {
    if let existing = namespaces[name] { return existing }
    let made = Namespace(name, server: self)
    namespaces[name] = made
    return made
  }

  func existingNamespace(_ name: String) -> Namespace? { namespaces[name] }

  func nextSocketID() -> SessionID { engine.identifiers.socket() }

  /// Transports: sessions, whatever they are in.
  package var transportCount: Int { engine.sessionCount }
  /// Sockets that are connected, of all namespaces.
  package var socketCount: Int { namespaces.values.reduce(0) { $0 + $1.socketCount } }

  /// Every connected socket of this loop.
  package func forEachSocket(_ body: (Socket) -> Void) {
    for case let connection as SocketIOConnection in engine.allSessions {
      for socket in connection.sockets where socket.isConnected { body(socket) }
    }
  }

  /// While it is set no transport is opened (503), so that a client tries elsewhere; those that are open go on.
  package var isHeld: Bool {
    get { engine.isHeld }
    set { engine.isHeld = newValue }
  }

  /// Closes some transports, `count` at most, without a DISCONNECT, so that clients come back by themselves, and with what is
  /// on its way to them. Answers how many it were.
  package func shed(_ count: Int) -> Int { engine.shed(count) }

  /// Closes all transports, without a DISCONNECT, so that clients come back by themselves; opens no more.
  package func close() { engine.close() }
}
