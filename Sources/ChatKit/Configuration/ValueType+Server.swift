package import Commands
package import Networking
import Redis

extension ValueType where Value == SocketAddress {
  /// An IP address and a port: names are for those who connect.
  static var listener: ValueType {
    ValueType(
      .address, metavariable: "HOST:PORT",
      expectation: "HOST:PORT with an IP address, for example 127.0.0.1:8080 or :8080",
      parse: { text in
        guard let place = HostPort(text, defaultHost: "0.0.0.0") else { return nil }
        return SocketAddress(literal: place.host == "localhost" ? "127.0.0.1" : place.host, port: place.port)
      })
  }

  /// An address that is for this machine alone unless another one is named, or a Unix socket.
  package static var adminListener: ValueType<SocketAddress> {
    ValueType(
      .address, metavariable: "HOST:PORT",
      expectation: "HOST:PORT with an IP address, :PORT on the loopback interface, or the path of a Unix socket",
      parse: { text in
        let path = text.hasPrefix("unix:/") ? String(text.dropFirst(5)) : text
        if path.hasPrefix("/") { return SocketAddress(literal: path, port: 0) }
        guard let place = HostPort(text, defaultHost: "127.0.0.1") else { return nil }
        return SocketAddress(literal: place.host == "localhost" ? "127.0.0.1" : place.host, port: place.port)
      })
  }
}

extension ValueType where Value == RedisConfiguration {
  /// The address of a Redis, without a password.
  static var redis: ValueType {
    ValueType(
      metavariable: "URL",
      expectation: "a Redis address, for example redis://127.0.0.1:6379/0 or unix:///run/redis.sock",
      complaint: { text in
        RedisConfiguration(url: text)?.password == nil
          ? nil
          : "the address has a password in it; leave it out and put the password into a file: "
            + "--redis-password-file (redis.passwordFile)"
      },
      parse: { text in RedisConfiguration(url: text).flatMap { $0.password == nil ? $0 : nil } })
  }
}

extension ValueType where Value == String {
  /// The address of a PostgreSQL as libpq reads it, without a password.
  package static var postgres: ValueType {
    ValueType(
      metavariable: "URL", expectation: "a PostgreSQL address, for example postgresql:///chat",
      complaint: { text in
        hasPassword(text)
          ? "the address has a password in it; leave it out and put the password into a file: "
            + "--postgres-password-file (postgres.passwordFile)"
          : nil
      },
      parse: { $0.isEmpty || hasPassword($0) ? nil : $0 })
  }

  /// Whether a connection string has a password: between `:` and `@`, as a parameter, or as a keyword.
  private static func hasPassword(_ text: String) -> Bool {
    guard let scheme = text.firstRange(of: "://") else {
      return words(text).contains { $0.hasPrefix("password") || $0.hasPrefix("sslpassword") }
    }
    let rest = text[scheme.upperBound...]
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    if let at = authority.lastIndex(of: "@"), authority[..<at].contains(":") { return true }
    // A password may have an unescaped slash, which libpq takes for the path; then the at sign comes later.
    guard let query = rest.firstIndex(of: "?") else { return false }
    return rest[query...].split(whereSeparator: { "?&".contains($0) }).contains { part in
      ["password", "sslpassword"].contains(part.prefix { $0 != "=" }.lowercased())
    }
  }

  private static func words(_ text: String) -> [String] {
    text.split(whereSeparator: \.isWhitespace).map { $0.lowercased() }
  }

  /// An origin as browsers send it, or `*` for any.
  static var origin: ValueType {
    ValueType(
      metavariable: "ORIGIN", expectation: "an origin such as https://chat.example, or '*' for any",
      complaint: { text in
        guard text.hasSuffix("/"), isOrigin(text.dropLast()) else { return nil }
        return "'\(text)' ends in a slash; an origin has none: \(text.dropLast())"
      },
      parse: { $0 == "*" || isOrigin($0[...]) ? $0 : nil })
  }

  private static func isOrigin(_ text: Substring) -> Bool {
    guard let scheme = text.firstRange(of: "://"), scheme.lowerBound > text.startIndex else { return false }
    let rest = text[scheme.upperBound...]
    return !rest.isEmpty && !rest.utf8.contains { "/?#@, ".utf8.contains($0) || $0 <= 0x20 }
  }
}

extension ValueType where Value == IPNetwork {
  /// A block of addresses.
  static var network: ValueType {
    ValueType(
      metavariable: "NETWORK", expectation: "a network such as 10.0.0.0/8 or 2001:db8::/32, or one address",
      parse: { IPNetwork($0) })
  }
}

extension ValueType where Value == TLSFiles {
  /// A certificate and its key: two paths, with a colon between them.
  static var tlsFiles: ValueType {
    ValueType(
      metavariable: "CERTIFICATE:KEY", expectation: "CERTIFICATE:KEY, two files in PEM",
      parse: { text in
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard parts.count == 2, parts.allSatisfy({ !$0.isEmpty }) else { return nil }
        return TLSFiles(certificate: String(parts[0]), key: String(parts[1]))
      })
  }
}
