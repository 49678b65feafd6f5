/// How a `CurlClient` behaves.
package struct CurlConfiguration: Sendable {
  /// Whom it may connect to, judged by the address that is connected to and not by the name.
  package enum Addresses: Sendable {
    /// What `SocketAddress.isPublic` says.
    case publicOnly
    /// Everybody, this machine and its neighbours included.
    case any
  }

  package var addresses = Addresses.publicOnly
  /// A file of the authorities to believe; nil: those of the system.
  package var authorities: String?
  /// Connections at a time; more requests than that wait for one.
  package var maxConnections = 64
  package var maxConnectionsPerHost = 8
  /// Idle connections that are kept.
  package var maxIdle = 16
  /// Requests under way and waiting; one more is `overloaded`.
  package var maxRequests = 4096
  package var userAgent = "chatd"

  package init() {}
}
