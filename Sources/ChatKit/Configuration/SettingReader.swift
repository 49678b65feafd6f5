package import Commands

/// Goes over the declarations of `ServerOptions`: collects them, or reads their values. See Configuration.swift.
package struct SettingReader {
  package private(set) var settings: [Setting] = []
  package private(set) var sections: [SettingSection] = []
  /// What was said for a parameter; nil when nobody said anything.
  private let texts: (Parameter) -> [String]?

  package init(_ texts: @escaping (Parameter) -> [String]?) { self.texts = texts }

  /// Begins a section; the settings that follow have its path.
  package mutating func section(_ path: String, _ title: String, _ text: String) {
    sections.append(SettingSection(path: path, title: title, text: text))
  }

  /// A setting with a default.
  /// - Parameters:
  ///   - flag: the option's name without dashes, where it is not what follows from the path. The variable follows it.
  ///   - isCommon: whether --help shows it.
  ///   - isReloadable: whether SIGHUP applies a change.
  ///   - help: one or two sentences.
  package mutating func value<Value>(
    _ path: String, _ type: ValueType<Value>, default value: Value, flag: String? = nil, isCommon: Bool = false,
    isReloadable: Bool = false, _ help: String
  ) -> Value {
    let flag = flag ?? Setting.flag(of: path)
    let option = Option(
      flag, type, default: value, help: help, group: group(of: path, isCommon),
      environment: Setting.environment(of: flag))
    declare(path, option.parameter, [type.render(value)], isCommon, isReloadable)
    return texts(option.parameter).flatMap { option.value(of: $0) } ?? value
  }

  /// A setting that may be absent.
  /// - Parameter defaultText: what that means, in a few words.
  package mutating func optional<Value>(
    _ path: String, _ type: ValueType<Value>, defaultText: String? = nil, flag: String? = nil, isCommon: Bool = false,
    isReloadable: Bool = false, _ help: String
  ) -> Value? {
    let flag = flag ?? Setting.flag(of: path)
    let option = Option<Value?>(
      flag, type, defaultText: defaultText, help: help, group: group(of: path, isCommon),
      environment: Setting.environment(of: flag))
    declare(path, option.parameter, nil, isCommon, isReloadable)
    return texts(option.parameter).flatMap { option.value(of: $0) ?? nil }
  }

  /// Yes or no: `true` and `false` in the file, `--name` and `--no-name` on the command line.
  package mutating func flag(
    _ path: String, default value: Bool, flag name: String? = nil, isCommon: Bool = false, isReloadable: Bool = false,
    _ help: String
  ) -> Bool {
    let name = name ?? Setting.flag(of: path)
    let flag = Flag(
      name, default: value, isInvertible: true, help: help, group: group(of: path, isCommon),
      environment: Setting.environment(of: name))
    declare(path, flag.parameter, ["\(value)"], isCommon, isReloadable)
    return texts(flag.parameter).flatMap { flag.value(of: $0) } ?? value
  }

  /// A list: a sequence in the file, a repeated option, separated by commas in the environment.
  package mutating func list<Value>(
    _ path: String, _ type: ValueType<Value>, default values: [Value] = [], atMost most: Int = 1000,
    flag: String? = nil, isCommon: Bool = false, isReloadable: Bool = false, _ help: String
  ) -> [Value] {
    let flag = flag ?? Setting.flag(of: path)
    let option = Option(
      repeated: flag, type, times: 0...most, help: help, group: group(of: path, isCommon),
      environment: Setting.environment(of: flag))
    declare(path, option.parameter, values.map(type.render), isCommon, isReloadable)
    return texts(option.parameter).flatMap { option.value(of: $0) } ?? values
  }

  /// A secret, which is never a setting's value: declares `PATHFile`, and the credential of that name in kebab case.
  /// `postgres.password` is read from the file that `postgres.passwordFile` names, else from
  /// `$CREDENTIALS_DIRECTORY/postgres-password` where there is one.
  package mutating func secret(_ path: String, isReloadable: Bool = false, _ help: String) -> Secret {
    let credential = Setting.flag(of: path)
    let option = Option<String?>(
      Setting.flag(of: path + "File"), .file, defaultText: "the credential \(credential), if there is one", help: help,
      group: group(of: path, false), environment: Setting.environment(of: Setting.flag(of: path + "File")))
    declare(path + "File", option.parameter, nil, false, isReloadable, credential: credential)
    return Secret(
      name: path, file: texts(option.parameter).flatMap { option.value(of: $0) ?? nil }, credential: credential)
  }

  private mutating func declare(
    _ path: String, _ parameter: Parameter, _ defaultTexts: [String]?, _ isCommon: Bool, _ isReloadable: Bool,
    credential: String? = nil
  ) {
    var parameter = parameter
    parameter.isRare = !isCommon
    settings.append(
      Setting(
        path: path, parameter: parameter, defaultTexts: defaultTexts, isReloadable: isReloadable,
        credential: credential))
  }

  /// The heading of a setting's section in a manual page; the few that --help shows stand together there.
  private func group(of path: String, _ isCommon: Bool) -> String? {
    guard !isCommon else { return nil }
    let section = path.split(separator: ".").dropLast().joined(separator: ".")
    guard !section.isEmpty else { return nil }
    return sections.last { $0.path == section }?.title
  }
}
