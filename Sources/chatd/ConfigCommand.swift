import ChatKit
import Commands
import JSON
import Primitives
import YAML

/// `chatd config`: what is in force, and who says so.
enum ConfigCommand {
  enum Format: String, CaseIterable, Sendable {
    case table, yaml, json, markdown
  }

  static let output = Option(
    "output", .choice("FORMAT"), default: Format.table, short: "o",
    help: "How to print it; markdown is the reference page of all settings.")
  static let check = Flag("check", help: "Print nothing but what is wrong; 65 when something is.")
  static let explain = Flag("explain", help: "Print what the settings mean, and what values they can have.")
  static let changed = Flag("changed", help: "Only what somebody has set.")
  static let paths = Argument(
    repeated: "setting",
    ValueType<String>.string.completed { request in
      let names = ServerOptions.sections.map(\.path).filter { !$0.isEmpty } + ServerOptions.settings.map(\.path)
      return names.filter { $0.hasPrefix(request.prefix) }.map { Candidate($0) }
    }, help: "A setting or a section, for example http or log.level; all when there is none.")

  static let command = Command(
    "config", summary: "Show the configuration that is in force, or check it",
    discussion: """
      Shows each setting's value and where it comes from: an option, a variable, a line of the file, or the default. \
      Secrets are never shown; the files that they are in are.
      """,
    examples: [
      Example("chatd config --config chatd.yaml --changed", "What differs from the defaults"),
      Example("chatd config --check --config chatd.yaml", "Before a restart or a reload"),
      Example("chatd config --explain http", "What there is to set about HTTP"),
      Example("chatd config -o yaml > chatd.yaml", "A file with all that is in force, to begin with"),
    ], group: "Configuration", options: [output, check, explain, changed], arguments: [paths],
    rules: [
      .atMostOne(of: [check, explain]), ChatdCommand.soundness,
      .custom { invocation in
        for path in invocation[paths] where select([path]).isEmpty {
          throw UsageError(.invalidValue, "there is no setting '\(path)'" + suggestion(for: path))
        }
      },
    ],
    exitCodes: [
      .init(.done), .init(.usage), .init(.invalidInput, "the file is invalid; all that is wrong is said"),
      .init(.notPermitted, "the file may not be read"),
    ]
  ) { invocation in
    let settings = select(invocation[paths]).filter {
      !invocation[changed] || invocation.source(of: $0.parameter) != .default
    }
    let output = invocation.output
    if invocation[check] {
      let path = ServerFile.path(named: invocation[ChatdCommand.config])
      output.talk(path.map { "\($0) is valid" } ?? "there is no file; options and variables are valid")
      return .done
    }
    let terminal = Terminal.of(descriptor: output.data.descriptor, environment: Program.environment)
    switch invocation[Self.output] {
    case .markdown: try output.data.write(ConfigurationReference.markdown)
    case .json: try output.data.write(json(settings, invocation))
    case .yaml: try output.data.write(yaml(settings, invocation))
    case .table where invocation[explain]: try output.data.write(ConfigurationReference.text(settings, terminal))
    case .table:
      var table = TextTable(["SETTING", "VALUE", "FROM"])
      for setting in settings { table.add([setting.path, shown(setting, invocation), origin(setting, invocation)]) }
      let isTerminal = output.data.isTerminal
      try output.data.write(table.text(width: isTerminal ? terminal.width : nil, isStyled: terminal.isStyled))
    }
    return .done
  }

  /// The settings of these paths and of the sections among them, in the order of declaration.
  private static func select(_ paths: [String]) -> [Setting] {
    guard !paths.isEmpty else { return ServerOptions.settings }
    return ServerOptions.settings.filter { setting in
      paths.contains { $0 == setting.path || setting.path.hasPrefix("\($0).") }
    }
  }

  private static func suggestion(for path: String) -> String {
    let names = ServerOptions.settings.map(\.path) + ServerOptions.sections.map(\.path)
    return NearestMatch.of(path, in: names).map { "; did you mean '\($0)'?" } ?? ""
  }

  // MARK: Values

  private static func texts(_ setting: Setting, _ invocation: Invocation) -> [String]? {
    if let texts = invocation.texts(of: setting.parameter) { return texts }
    if let file = credential(setting, invocation) { return [file] }
    return setting.defaultTexts
  }

  /// The credential that a secret comes from when no file was named for it.
  private static func credential(_ setting: Setting, _ invocation: Invocation) -> String? {
    guard let name = setting.credential, invocation.source(of: setting.parameter) == .default else { return nil }
    return Secret(name: setting.path, file: nil, credential: name).source()
  }

  private static func shown(_ setting: Setting, _ invocation: Invocation) -> String {
    guard let texts = texts(setting, invocation), !texts.isEmpty else { return "-" }
    return texts.joined(separator: ", ")
  }

  private static func origin(_ setting: Setting, _ invocation: Invocation) -> String {
    guard let name = setting.credential, credential(setting, invocation) != nil else {
      return SettingSource.text(of: setting, in: invocation)
    }
    return "credential \(name)"
  }

  // MARK: JSON and YAML

  /// An array of `{setting, value, from, at?, reloadable}`; `from` is one of option, environment, file, credential,
  /// default.
  private static func json(_ settings: [Setting], _ invocation: Invocation) -> String {
    var json = JSONWriter(reserving: 16 << 10)
    json.beginArray()
    for setting in settings {
      json.beginObject()
      json.field("setting", setting.path)
      json.key("value")
      write(setting, texts(setting, invocation), to: &json)
      switch invocation.source(of: setting.parameter) {
      case .commandLine:
        json.field("from", "option")
        json.field("at", "--\(setting.parameter.name)")
      case .environment(let name):
        json.field("from", "environment")
        json.field("at", name)
      case .context(let place):
        json.field("from", "file")
        json.field("at", place)
      case .default: json.field("from", credential(setting, invocation) == nil ? "default" : "credential")
      }
      json.field("reloadable", setting.isReloadable)
      json.endObject()
    }
    json.endArray()
    return String(decoding: json.bytes, as: UTF8.self) + "\n"
  }

  private static func write(_ setting: Setting, _ texts: [String]?, to json: inout JSONWriter) {
    if setting.parameter.isRepeated { return json.value(texts ?? []) }
    guard let text = texts?.last else { return json.null() }
    switch setting.parameter.schema.kind {
    case .bool: json.value(ValueSchema.bool(from: text) ?? false)
    case .integer: if let number = Int(text) { json.value(number) } else { json.value(text) }
    case .number: if let number = Double(text) { json.value(number) } else { json.value(text) }
    default: json.value(text)
    }
  }

  /// A file of kind Server that says what is in force, with the origins as comments.
  private static func yaml(_ settings: [Setting], _ invocation: Invocation) -> String {
    var yaml = YAMLWriter()
    yaml.beginMapping()
    yaml.field("apiVersion", ServerFile.apiVersion)
    yaml.field("kind", ServerFile.kind)
    yaml.key("spec")
    yaml.beginMapping()
    var open: [Substring] = []
    for setting in settings {
      guard let texts = texts(setting, invocation) else { continue }
      let section = setting.section.split(separator: ".")
      while !section.starts(with: open) {
        yaml.end()
        open.removeLast()
      }
      for part in section.dropFirst(open.count) {
        yaml.key(String(part))
        yaml.beginMapping()
        open.append(part)
      }
      yaml.key(setting.key)
      write(setting, texts, to: &yaml)
      yaml.comment(origin(setting, invocation))
    }
    for _ in open { yaml.end() }
    yaml.end()
    yaml.end()
    return yaml.text
  }

  private static func write(_ setting: Setting, _ texts: [String], to yaml: inout YAMLWriter) {
    func scalar(_ text: String) {
      switch setting.parameter.schema.kind {
      case .bool: yaml.value(ValueSchema.bool(from: text) ?? false)
      case .integer: if let number = Int(text) { yaml.value(number) } else { yaml.value(text) }
      case .number: if let number = Double(text) { yaml.value(number) } else { yaml.value(text) }
      default: yaml.value(text)
      }
    }
    guard setting.parameter.isRepeated else { return scalar(texts.last ?? "") }
    yaml.beginSequence()
    for text in texts { scalar(text) }
    yaml.end()
  }
}
