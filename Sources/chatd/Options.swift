import ChatKit
import Networking

/// What the command line and the environment say. Kind Server and its file come with the configuration; these are the
/// settings that exist today.
struct Options: Sendable {
  enum Role: String, Sendable, CaseIterable {
    case api, gateway, all

    var servesAPI: Bool { self != .gateway }
    var servesSockets: Bool { self != .api }
  }

  var role = Role.all
  /// The folder of the private PostgreSQL and Redis; nil when they are somebody else's.
  var embedded: String?
  var postgres: String?
  var redis: String?
  /// The folder of the secrets; within the embedded folder by default.
  var secrets: String?
  var host = "0.0.0.0"
  var port: UInt16 = 8080
  var loops: Int?
  var maxConnections = 50_000
  var logLevel = Log.Level.info

  /// Wrong usage: what, and what to do.
  struct UsageError: Error, CustomStringConvertible {
    let description: String
  }

  static let help = """
    chatd: a real-time chat server. HTTP API and Socket.IO gateway on PostgreSQL and Redis.

    Usage: chatd ROLE [OPTION…]

    Roles:
      all       everything in one process
      api       the HTTP API
      gateway   the Socket.IO gateway

    Options:
      --embedded DIR        run a private PostgreSQL and Redis in DIR (with role all); needs no other service
      --postgres URL        PostgreSQL, as libpq has it: postgresql://user@host/db      [CHATD_POSTGRES]
      --redis URL           redis://host:6379/0 or unix:///run/redis.sock               [CHATD_REDIS]
      --secrets DIR         folder of the secrets; made with new ones when it is empty  [CHATD_SECRETS]
      --listen HOST:PORT    where to listen                        (default 0.0.0.0:8080) [CHATD_LISTEN]
      --loops N             event loops                                 (default: cores) [CHATD_LOOPS]
      --max-connections N   connections at once                         (default: 50000) [CHATD_MAX_CONNECTIONS]
      --log-level LEVEL     debug, info, notice, warning or error        (default: info) [CHATD_LOG_LEVEL]
      --help, --version

    Examples:
      chatd all --embedded .chatd
      chatd api --postgres postgresql:///chat --redis unix:///run/redis.sock --secrets /etc/chatd --listen :8081

    Exit codes: 0 stopped as asked · 64 wrong usage · 69 a backend is away · 73 a folder or port cannot be had
    """

  /// Parses arguments over environment over defaults. Throws `UsageError`.
  static func parse(_ arguments: [String], environment: (String) -> String?) throws -> Options {
    var options = Options()
    for option in known {
      if let variable = option.variable, let value = environment(variable), !value.isEmpty {
        try option.apply(&options, value, variable)
      }
    }
    guard let first = arguments.first else { throw UsageError(description: "no role given") }
    guard let role = Role(rawValue: first) else {
      let hint = nearest(first, Role.allCases.map(\.rawValue)).map { "; did you mean \($0)?" } ?? ""
      throw UsageError(description: "unknown role '\(first)'\(hint)")
    }
    options.role = role
    var rest = arguments.dropFirst()
    while let argument = rest.popFirst() {
      let parts = argument.split(separator: "=", maxSplits: 1).map(String.init)
      guard let option = known.first(where: { $0.name == parts[0] }) else {
        let hint = nearest(parts[0], known.map(\.name)).map { "; did you mean \($0)?" } ?? ""
        throw UsageError(description: "unknown option '\(argument)'\(hint)")
      }
      guard let value = parts.count == 2 ? parts[1] : rest.popFirst() else {
        throw UsageError(description: "\(option.name) needs a value")
      }
      try option.apply(&options, value, option.name)
    }
    try options.check()
    return options
  }

  private func check() throws {
    if embedded != nil {
      guard role == .all else { throw UsageError(description: "--embedded goes with the role all") }
      guard postgres == nil, redis == nil else {
        throw UsageError(
          description: "--embedded brings its own PostgreSQL and Redis: leave --postgres and --redis out")
      }
      return
    }
    guard postgres != nil else {
      throw UsageError(description: "no PostgreSQL: give --postgres URL, or --embedded DIR for a private one")
    }
    guard redis != nil else {
      throw UsageError(description: "no Redis: give --redis URL, or --embedded DIR for a private one")
    }
    guard secrets != nil else { throw UsageError(description: "no secrets: give --secrets DIR") }
  }

  private struct Option: Sendable {
    let name: String
    let variable: String?
    let apply: @Sendable (inout Options, String, String) throws -> Void
  }

  private static let known: [Option] = [
    Option(name: "--embedded", variable: nil) { options, value, _ in options.embedded = value },
    Option(name: "--postgres", variable: "CHATD_POSTGRES") { options, value, _ in options.postgres = value },
    Option(name: "--redis", variable: "CHATD_REDIS") { options, value, _ in options.redis = value },
    Option(name: "--secrets", variable: "CHATD_SECRETS") { options, value, _ in options.secrets = value },
    Option(name: "--listen", variable: "CHATD_LISTEN") { options, value, name in
      let colon = value.lastIndex(of: ":")
      guard let colon, let port = UInt16(value[value.index(after: colon)...]) else {
        throw UsageError(description: "\(name): '\(value)' is not HOST:PORT, for example 127.0.0.1:8080")
      }
      options.port = port
      var host = String(value[..<colon])
      if host.hasPrefix("["), host.hasSuffix("]") { host = String(host.dropFirst().dropLast()) }
      options.host = host.isEmpty ? "0.0.0.0" : host
    },
    Option(name: "--loops", variable: "CHATD_LOOPS") { options, value, name in
      options.loops = try number(value, name, 1...256)
    },
    Option(name: "--max-connections", variable: "CHATD_MAX_CONNECTIONS") { options, value, name in
      options.maxConnections = try number(value, name, 1...10_000_000)
    },
    Option(name: "--log-level", variable: "CHATD_LOG_LEVEL") { options, value, name in
      let levels: [Log.Level] = [.debug, .info, .notice, .warning, .error]
      guard let level = levels.first(where: { $0.name == value }) else {
        throw UsageError(description: "\(name): '\(value)' is none of debug, info, notice, warning, error")
      }
      options.logLevel = level
    },
  ]

  private static func number(_ text: String, _ name: String, _ range: ClosedRange<Int>) throws -> Int {
    guard let number = Int(text), range.contains(number) else {
      throw UsageError(
        description: "\(name): '\(text)' is not a number from \(range.lowerBound) to \(range.upperBound)")
    }
    return number
  }

  /// The candidate that differs least, when that is little (Levenshtein distance of at most a third).
  static func nearest(_ text: String, _ candidates: [String]) -> String? {
    func distance(_ a: [Character], _ b: [Character]) -> Int {
      var row = Array(0...b.count)
      for (i, x) in a.enumerated() {
        var previous = row[0]
        row[0] = i + 1
        for (j, y) in b.enumerated() {
          let current = row[j + 1]
          row[j + 1] = min(current + 1, row[j] + 1, previous + (x == y ? 0 : 1))
          previous = current
        }
      }
      return row[b.count]
    }
    return
      candidates
      .map { ($0, distance(Array(text), Array($0))) }
      .filter { $0.1 <= max(1, $0.0.count / 3) }
      .min { $0.1 < $1.1 }?.0
  }
}
