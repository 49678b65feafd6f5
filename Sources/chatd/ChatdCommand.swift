import ChatKit
import Commands
import Networking
import Redis

/// chatd's command line. Help, manual, completions and parsing follow from it; `Options` is what it says.
enum ChatdCommand {
  static let embedded = Option(
    "embedded", .directory,
    help: "Run a private PostgreSQL and Redis in this folder; no other service is needed then.")
  static let postgres = Option(
    "postgres", .string("URL", example: "postgresql:///chat"),
    help: "PostgreSQL, as libpq has it: postgresql://user@host/db.", group: backends, environment: "CHATD_POSTGRES")
  static let redis = Option(
    "redis", .redis, help: "Redis: redis://host:6379/0 or unix:///run/redis.sock.", group: backends,
    environment: "CHATD_REDIS")
  static let secrets = Option(
    "secrets", .directory, help: "The folder of the secrets; made with new ones when it is empty.", group: backends,
    environment: "CHATD_SECRETS")
  static let listen = Option(
    "listen", .listener, default: SocketAddress(.v4(0), port: 8080), help: "Where to listen.",
    environment: "CHATD_LISTEN")
  static let loops = Option(
    "loops", .int(1...256), defaultText: "cores", help: "Event loops, each with a thread of its own.",
    environment: "CHATD_LOOPS")
  static let maxConnections = Option(
    "max-connections", .int(1...10_000_000), default: 50_000, help: "Connections at once.",
    environment: "CHATD_MAX_CONNECTIONS")
  static let logLevel = Option(
    "log-level", .logLevel, default: .info, help: "What the log leaves out: all below this.",
    environment: "CHATD_LOG_LEVEL")

  private static let backends = "Backends"

  static let program = Program(
    Command(
      "chatd", summary: "A real-time chat server",
      discussion: """
        HTTP API and Socket.IO gateway on PostgreSQL and Redis, each a role that can run alone or as often as it is
        needed.
        """,
      examples: [
        Example("chatd all --embedded .chatd", "Everything at once, with nothing else installed or running"),
        Example(
          "chatd api --postgres postgresql:///chat --redis unix:///run/redis.sock --secrets /etc/chatd",
          "The HTTP API alone, with services that somebody else runs"),
      ], options: [postgres, redis, secrets, listen, loops, maxConnections, logLevel],
      subcommands: [
        role(.all, "Everything in one process", options: [embedded]),
        role(.api, "The HTTP API"),
        role(.gateway, "The Socket.IO gateway"),
      ], subcommandName: "ROLE",
      exitCodes: exitCodes),
    version: Version.current, manualSection: 8)

  private static func role(_ role: Options.Role, _ summary: String, options: [any ParameterKey] = []) -> Command {
    var rules = [Rule.custom(needsBackends(role))]
    if role == .all {
      let reason = "--embedded brings its own PostgreSQL and Redis"
      rules =
        [.atMostOne(of: [embedded, postgres], because: reason), .atMostOne(of: [embedded, redis], because: reason)]
        + rules
    }
    return Command(
      role.rawValue, summary: summary, group: "Roles", options: options, rules: rules, exitCodes: exitCodes)
  }

  private static func needsBackends(_ role: Options.Role) -> @Sendable (Invocation) throws -> Void {
    { invocation in
      let isAll = role == .all
      guard !isAll || invocation[embedded] == nil else { return }
      let instead = isAll ? ", or --embedded DIR for a private one" : " or set CHATD_"
      func need(_ key: some ParameterKey, _ message: String, _ variable: String) throws {
        if !invocation.isGiven(key) {
          throw UsageError(.missingOption, message + instead + (isAll ? "" : variable))
        }
      }
      try need(postgres, "no PostgreSQL: give --postgres URL", "POSTGRES")
      try need(redis, "no Redis: give --redis URL", "REDIS")
      guard !invocation.isGiven(secrets) else { return }
      throw UsageError(.missingOption, "no secrets: give --secrets DIR or set CHATD_SECRETS")
    }
  }

  private static let exitCodes: [ExitCode.Meaning] = [
    .init(.done, "stopped as asked"), .init(.usage), .init(.unavailable, "a backend is away"), .init(.internalError),
    .init(.cannotCreate), .init(.busy, "another process holds the folder or the database, try again"),
    .init(.interrupted, "stopped at once by a second signal"),
  ]
}

extension ValueType where Value == RedisConfiguration {
  fileprivate static var redis: ValueType {
    ValueType(
      metavariable: "URL",
      expectation: "a Redis address, for example redis://127.0.0.1:6379/0 or unix:///run/redis.sock",
      parse: { RedisConfiguration(url: $0) })
  }
}

extension ValueType where Value == SocketAddress {
  /// An IP address and a port: names are for those who connect.
  fileprivate static var listener: ValueType {
    ValueType(
      .address, metavariable: "HOST:PORT",
      expectation: "HOST:PORT with an IP address, for example 127.0.0.1:8080 or :8080",
      parse: { text in
        guard let place = HostPort(text, defaultHost: "0.0.0.0") else { return nil }
        return SocketAddress(literal: place.host == "localhost" ? "127.0.0.1" : place.host, port: place.port)
      })
  }
}

extension ValueType where Value == Log.Level {
  fileprivate static var logLevel: ValueType {
    let names = Log.Level.allCases.map(\.name)
    return ValueType(
      .choice(names.map { Choice($0) }), metavariable: "LEVEL",
      expectation: "one of \(names.joined(separator: ", "))",
      parse: { name in Log.Level.allCases.first { $0.name == name } }, render: { $0.name })
  }
}
