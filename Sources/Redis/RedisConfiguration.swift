package import Networking

/// How a Redis server is reached and used.
package struct RedisConfiguration: Sendable {
  package enum Address: Hashable, Sendable {
    /// A name or literal address; names are looked up at each connect.
    case tcp(host: String, port: UInt16)
    /// A Unix socket's path.
    case unix(String)
  }

  package var address: Address
  /// For `rediss`; nil: no TLS. Shared by all connections made from this configuration and its copies.
  package var tls: TLSClientContext?
  package var username: String?
  package var password: String?
  package var database: Int
  /// Shown by CLIENT LIST.
  package var clientName: String?
  /// How many commands may be on their way or waiting for a connection; one more is `overloaded`.
  package var queueLimit = 65_536
  /// How many bytes may wait for the socket.
  package var outboundLimit = 64 << 20
  /// The largest reply that is accepted, in bytes; a larger one ends the connection.
  package var replyLimit = 64 << 20
  package var connectTimeout = Duration.seconds(5)
  /// From the call until the reply, the wait for a connection included.
  package var commandTimeout = Duration.seconds(5)
  /// A pause between attempts to connect doubles from the first to the second, each time 50 to 100 % of it.
  package var firstBackoff = Duration.milliseconds(50)
  package var longestBackoff = Duration.seconds(5)
  /// A subscriber asks for a sign of life this often, and takes silence for twice as long as the loss of the connection.
  package var keepAlive = Duration.seconds(15)

  package init(
    _ address: Address, username: String? = nil, password: String? = nil, database: Int = 0, clientName: String? = nil
  ) {
    self.address = address
    self.username = username
    self.password = password
    self.database = database
    self.clientName = clientName
  }

  /// Parses `redis://[[user][:password]@]host[:port][/database]`, `unix:///path[?db=N]`, `unix:/path` or a plain path;
  /// and `rediss://…[?cacert=FILE&cert=FILE&key=FILE&name=HOST]` for TLS: whom to believe (by default the system's
  /// authorities), what to show, and the name that the server's certificate must have (by default the host).
  /// - Returns: nil for anything else.
  package init?(url: String) {
    if url.hasPrefix("/") {
      self.init(.unix(url))
      return
    }
    let url = url.hasPrefix("unix:/") && !url.hasPrefix("unix://") ? "unix://" + url.dropFirst(5) : url
    guard let colon = url.firstRange(of: "://") else { return nil }
    let scheme = url[..<colon.lowerBound]
    var rest = url[colon.upperBound...]
    var username: String?
    var password: String?
    var database = 0
    var context: TLSClientContext?
    if scheme == "rediss" {
      let query = rest.firstIndex(of: "?") ?? rest.endIndex
      guard let tls = Self.tls(rest[query...].dropFirst()) else { return nil }
      context = TLSClientContext(tls)
      rest = rest[..<query]
    }
    if let at = rest.lastIndex(of: "@") {
      let parts = rest[..<at].split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false)
      guard let name = Self.percentDecoded(parts[0]) else { return nil }
      username = name.isEmpty ? nil : name
      if parts.count == 2 {
        guard let secret = Self.percentDecoded(parts[1]) else { return nil }
        password = secret
      }
      rest = rest[rest.index(after: at)...]
    }
    switch scheme {
    case "redis", "rediss":
      if let slash = rest.firstIndex(of: "/") {
        let text = rest[rest.index(after: slash)...]
        guard text.isEmpty || Int(text) != nil else { return nil }
        database = Int(text) ?? 0
        rest = rest[..<slash]
      }
      var port: UInt16 = 6379
      var host = rest
      if let separator = rest.lastIndex(of: ":"), !rest.hasSuffix("]") {
        guard let number = UInt16(rest[rest.index(after: separator)...]) else { return nil }
        port = number
        host = rest[..<separator]
      }
      if host.hasPrefix("["), host.hasSuffix("]") { host = host.dropFirst().dropLast() }
      self.init(.tcp(host: host.isEmpty ? "127.0.0.1" : String(host), port: port))
    case "unix", "redis+unix":
      if let query = rest.firstRange(of: "?db=") {
        guard let number = Int(rest[query.upperBound...]) else { return nil }
        database = number
        rest = rest[..<query.lowerBound]
      }
      guard rest.hasPrefix("/"), let path = Self.percentDecoded(rest) else { return nil }
      self.init(.unix(path))
    default:
      return nil
    }
    guard database >= 0 else { return nil }
    self.username = username
    self.password = password
    self.database = database
    tls = context
  }

  /// The files and the name in the query of a `rediss` URL.
  private static func tls(_ query: Substring) -> TLSClientConfiguration? {
    var tls = TLSClientConfiguration()
    var certificate: String?
    var key: String?
    for part in query.split(separator: "&") {
      let pair = part.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      guard pair.count == 2, let value = percentDecoded(pair[1]), !value.isEmpty else { return nil }
      switch pair[0] {
      case "cacert": tls.authorities = value
      case "cert": certificate = value
      case "key": key = value
      case "name": tls.serverName = value
      default: return nil
      }
    }
    if let certificate, let key {
      tls.files = TLSFiles(certificate: certificate, key: key)
    } else if certificate != nil || key != nil {
      return nil
    }
    return tls
  }

  private static func percentDecoded(_ text: Substring) -> String? {
    var bytes: [UInt8] = []
    var digits = text.utf8.makeIterator()
    while let byte = digits.next() {
      guard byte == UInt8(ascii: "%") else {
        bytes.append(byte)
        continue
      }
      guard let high = digits.next(), let low = digits.next(),
        let value = UInt8(String(decoding: [high, low], as: UTF8.self), radix: 16)
      else { return nil }
      bytes.append(value)
    }
    return String(validating: bytes, as: UTF8.self)
  }
}

extension RedisConfiguration.Address: CustomStringConvertible {
  package var description: String {
    switch self {
    case .tcp(let host, let port): host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
    case .unix(let path): "unix:\(path)"
    }
  }
}

extension Connection {
  /// Connects to the Redis server of a configuration; it remains to be started.
  static func connect(to configuration: RedisConfiguration, loop: EventLoop) async throws -> Connection {
    let timeout = configuration.connectTimeout
    switch configuration.address {
    case .unix(let path): return try await connect(to: SocketAddress(.unix(path)), loop: loop, timeout: timeout)
    case .tcp(let host, let port):
      // First, lest a file that is missing leaves a connection behind.
      try await configuration.tls?.prepare()
      let made = try await connect(host: host, port: port, loop: loop, timeout: timeout)
      if let tls = configuration.tls { try made.secure(tls, host: host, timeout: timeout) }
      return made
    }
  }
}
