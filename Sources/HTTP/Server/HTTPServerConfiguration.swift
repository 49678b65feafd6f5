package import Networking

/// How an `HTTPServer` listens and what it puts up with.
package struct HTTPServerConfiguration: Sendable {
  package var address = SocketAddress.loopback(port: 0)
  /// HTTPS; nil: HTTP in plain.
  package var tls: TLSServerContext?
  package var backlog: Int32 = 4096
  package var limits = HTTPLimits()
  /// Connections at a time, WebSockets included. One more gets 503 with `Retry-After` and is closed.
  package var maxConnections = 100_000
  /// Seconds that a refused client is told to wait.
  package var retryAfter = 5
  /// How long a connection may be silent between requests, or before the first.
  package var idleTimeout = Duration.seconds(60)
  /// From a head's first byte to its last. Then 408.
  package var headTimeout = Duration.seconds(10)
  /// From a head's end to its body's. Then 408.
  package var bodyTimeout = Duration.seconds(60)
  /// How long a client may take nothing of an answer.
  package var sendTimeout = Duration.seconds(30)
  /// Requests of one connection that may wait for their answers; beyond it the connection is not read.
  package var maxPipelined = 16
  /// gzip for answers; nil for none.
  package var compression: HTTPCompression?
  /// Who is believed about the client's address; nil: nobody, the client is who has connected.
  package var proxies: TrustedProxies?
  /// Fields of every answer that does not set them itself, those to what is no request included.
  package var commonFields = HTTPHeaders()
  /// What `close()` grants the answers in progress.
  package var closeTimeout = Duration.seconds(10)

  package init() {}

  package init(address: SocketAddress) { self.address = address }
}
