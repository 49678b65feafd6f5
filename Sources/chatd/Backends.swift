import ChatKit
import Commands

/// Whose PostgreSQL and Redis a process uses: private ones in the embedded folder, or those that were named.
///
/// Who says so with more weight decides: `--embedded` on the command line wins over a file that names a PostgreSQL. Said
/// with the same weight, the two exclude each other.
enum Backends {
  /// Whether the private ones are used. Throws `UsageError` where both are asked for, or neither.
  static func areEmbedded(_ invocation: Invocation, for role: Options.Role) throws(UsageError) -> Bool {
    let embedded = source("embedded", invocation)
    if embedded > .default, role != .all {
      throw UsageError(
        .conflict,
        "\(title("embedded", invocation)) is for 'chatd all'; '\(role.rawValue)' needs a PostgreSQL and a Redis")
    }
    let named = ["postgres.url", "redis.url"]
    for path in named where embedded > .default && source(path, invocation) == embedded {
      throw UsageError(
        .conflict,
        "\(title("embedded", invocation)) and \(title(path, invocation)) exclude each other: "
          + "--embedded brings its own PostgreSQL and Redis")
    }
    return embedded > .default && named.allSatisfy { source($0, invocation) < embedded }
  }

  /// Throws `UsageError` where something is missing.
  static func check(_ invocation: Invocation, for role: Options.Role) throws(UsageError) {
    let options = ServerOptions(invocation)
    if options.bus.kind == .kafka, options.kafka.brokers.isEmpty {
      throw UsageError(
        .missingOption,
        "the bus is Kafka, and none is named: give --kafka HOST:PORT, CHATD_KAFKA, or kafka.brokers in the configuration"
      )
    }
    guard try !areEmbedded(invocation, for: role) else { return }
    for (path, name) in [("postgres.url", "PostgreSQL"), ("redis.url", "Redis"), ("secrets", "secrets")]
    where source(path, invocation) == .default {
      guard let setting = ChatdCommand.setting(path) else { continue }
      let flag = "--\(setting.parameter.name) \(setting.parameter.schema.metavariable)"
      let instead = role == .all ? ", or --embedded DIR for a private one" : ""
      throw UsageError(
        .missingOption, "no \(name): give \(flag), \(setting.environment), or \(path) in the configuration\(instead)")
    }
  }

  /// How much weight a source has.
  private enum Weight: Int, Comparable {
    case `default`, file, environment, commandLine

    static func < (a: Weight, b: Weight) -> Bool { a.rawValue < b.rawValue }
  }

  private static func source(_ path: String, _ invocation: Invocation) -> Weight {
    guard let setting = ChatdCommand.setting(path) else { return .default }
    return switch invocation.source(of: setting.parameter) {
    case .commandLine: .commandLine
    case .environment: .environment
    case .context: .file
    case .default: .default
    }
  }

  /// As a message calls it: by its option, its variable, or its place.
  private static func title(_ path: String, _ invocation: Invocation) -> String {
    guard let setting = ChatdCommand.setting(path) else { return path }
    let source = SettingSource.text(of: setting, in: invocation)
    if case .context = invocation.source(of: setting.parameter) { return "\(path) (\(source))" }
    return source
  }
}
