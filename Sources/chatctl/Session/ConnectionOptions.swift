import ChatKit
import Commands
import Glibc

/// How every command is told what to talk to: by options, by variables, by a context, or by chatd's own configuration.
///
/// All of chatd's settings are understood under chatd's names, for what a command needs to know of them is what chatd
/// goes by: the topic, the leases, the keys. Help shows those that say where something is. A value comes from the command
/// line, else from its variable, else from the context, else from chatd's file, else it is the default.
enum ConnectionOptions {
  static let group = "Connections"

  static let context = Option<String?>(
    "context", .string("NAME"), defaultText: "the current one", help: "The context of chatctl's configuration.",
    group: group, environment: "CHATCTL_CONTEXT")

  static let contexts = Option<String?>(
    "contexts", .file.named("FILE"), defaultText: "~/.config/chatctl/config.yaml", help: "The file of the contexts.",
    group: group, environment: "CHATCTL_CONFIG")

  static let config = Option<String?>(
    "config", .file.named("FILE"), defaultText: "\(ServerFile.defaultPath), if it is there", short: "c",
    help: "chatd's configuration, a file of kind Server; 'none' reads none.", group: group,
    environment: "CHATD_CONFIG")

  /// Those that say where something is, in every command's help.
  private static let common: Set<String> = ["embedded", "postgres.url", "redis.url", "kafka.brokers", "url"]
  /// In manual pages too.
  private static let known = common.union([
    "secrets", "postgres.passwordFile", "redis.passwordFile", "bus.kind", "bus.topic", "adminURL", "tokenFile",
  ])

  /// What a context may say.
  static let settings = ToolSettings.settings + ServerOptions.settings

  /// For the program's own command, whose subcommands all know them.
  static let keys: [any ParameterKey] =
    [context, contexts, config]
    + settings.map { PlacedSetting($0, isHidden: !known.contains($0.path), isRare: !common.contains($0.path)) }

  /// The settings of the context, and of chatd's file where the context says nothing. Throws `ConfigurationError`.
  static let values: @Sendable (Invocation) throws -> [String: ContextValue] = { invocation in
    var values: [String: ContextValue] = [:]
    if let path = ServerFile.path(named: invocation[config]) { values = try ServerFile(reading: path).context() }
    let file = try ContextFile.of(invocation)
    guard let name = try file.selected(invocation[context]) else { return values }
    return values.merging(try file.values(of: name)) { $1 }
  }
}

/// A setting of chatd among chatctl's options.
private struct PlacedSetting: ParameterKey {
  let parameter: Parameter

  init(_ setting: Setting, isHidden: Bool, isRare: Bool) {
    let text = setting.defaultText
    parameter = setting.parameter.placed(
      in: ConnectionOptions.group,
      help: setting.path == "embedded" ? "The folder that 'chatd all --embedded' runs in, for all at once." : nil,
      defaultText: text == "none" ? nil : text, isHidden: isHidden, isRare: isRare)
  }

  func value(of texts: [String]?) -> [String]? { texts ?? [] }
}
