import Commands
package import Networking
package import Primitives

/// The listener of the API and the sockets, and what it puts up with.
package struct HTTPOptions: Sendable {
  package let listen: SocketAddress
  package let maxConnections: Int
  package let backlog: Int
  package let idleTimeout: Duration
  package let headTimeout: Duration
  package let bodyTimeout: Duration
  package let sendTimeout: Duration
  package let closeTimeout: Duration
  package let retryAfter: Duration
  package let maxHead: ByteCount
  package let maxTarget: ByteCount
  package let maxFields: Int
  package let maxBody: ByteCount
  package let maxPipelined: Int
  package let corsOrigins: [String]
  package let trustedProxies: [IPNetwork]
  package let forwardedField: ForwardedField
  package let compression: Bool
  package let compressionThreshold: ByteCount

  init(_ settings: inout SettingReader) {
    settings.section(
      "http", "HTTP", "The listener of the HTTP API and of Socket.IO, and what its clients may cost.")
    listen = settings.value(
      "http.listen", .listener, default: SocketAddress(.v4(0), port: 8080), flag: "listen", isCommon: true,
      "Where to listen.")
    maxConnections = settings.value(
      "http.maxConnections", .int(1...10_000_000), default: 50_000, flag: "max-connections", isCommon: true,
      "Connections at once, sockets included, of each loop. One more is answered 503 and closed.")
    backlog = settings.value(
      "http.backlog", .int(1...65_535), default: 4096,
      "Connections that the system may hold before they are accepted; net.core.somaxconn limits it too.")
    idleTimeout = settings.value(
      "http.idleTimeout", .duration(.seconds(1) ... .seconds(3600)), default: .seconds(60),
      "How long a connection may be silent between requests, or before the first.")
    headTimeout = settings.value(
      "http.headTimeout", .duration(.milliseconds(100) ... .seconds(600)), default: .seconds(10),
      "How long a request's head may take to arrive. Then 408.")
    bodyTimeout = settings.value(
      "http.bodyTimeout", .duration(.milliseconds(100) ... .seconds(3600)), default: .seconds(60),
      "How long a request's body may take to arrive. Then 408.")
    sendTimeout = settings.value(
      "http.sendTimeout", .duration(.milliseconds(100) ... .seconds(3600)), default: .seconds(30),
      "How long a client may take nothing of an answer before it is closed.")
    closeTimeout = settings.value(
      "http.closeTimeout", .duration(.zero ... .seconds(600)), default: .seconds(10),
      "What a stop grants the answers that are under way.")
    retryAfter = settings.value(
      "http.retryAfter", .duration(.seconds(1) ... .seconds(3600)), default: .seconds(5),
      "How long a client that was refused for want of room is told to wait (Retry-After).")
    maxHead = settings.value(
      "http.maxHead", .size(.kibibytes(1) ... .mebibytes(1)), default: .kibibytes(16),
      "The longest head of a request. Beyond: 431.")
    maxTarget = settings.value(
      "http.maxTarget", .size(ByteCount(bytes: 256) ... .kibibytes(64)), default: .kibibytes(8),
      "The longest target of a request, its query included. Beyond: 414.")
    maxFields = settings.value(
      "http.maxFields", .int(8...1000), default: 100, "Fields of a head. Beyond: 431.")
    maxBody = settings.value(
      "http.maxBody", .size(.kibibytes(1) ... .gibibytes(1)), default: .mebibytes(1),
      "The longest body of a request. Beyond: 413.")
    maxPipelined = settings.value(
      "http.maxPipelined", .int(1...1024), default: 16,
      "Requests of one connection that may wait for their answers; beyond it the connection is not read.")
    corsOrigins = settings.list(
      "http.corsOrigins", .origin,
      "Origins whose pages may use the API and the sockets from a browser; '*' for any, none when empty.")
    trustedProxies = settings.list(
      "http.trustedProxies", .network,
      "Addresses of proxies that are believed about whom a request comes from. Of others such fields are not read.")
    forwardedField = settings.value(
      "http.forwardedField", .choice("FIELD"), default: .xForwardedFor,
      "The field in which these proxies say it. It must be one that they write themselves.")
    compression = settings.flag(
      "http.compression", default: true, "Whether answers go out as gzip to clients that take it.")
    compressionThreshold = settings.value(
      "http.compressionThreshold", .size(ByteCount(bytes: 64) ... .mebibytes(64)), default: .kibibytes(1),
      "Answers shorter than this are not compressed.")
  }
}
