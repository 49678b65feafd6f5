// Configuration: what chatd can be told, declared once.
//
// To add a setting, add a property to the struct of its section (`HTTPOptions`, `PostgresOptions` …) and declare it in
// that struct's `init`:
//
//     package let idleTimeout: Duration
//     …
//     idleTimeout = settings.value(
//       "http.idleTimeout", .duration(.seconds(1) ... .seconds(3600)), default: .seconds(60),
//       "How long a connection may be silent between requests.")
//
// Then `make completions docs`. Code reads `options.http.idleTimeout`. From that line follow
//
//     in the file          spec.http.idleTimeout           (ServerFile)
//     on the command line  --http-idle-timeout             (ChatdCommand; `flag:` gives another name)
//     in the environment   CHATD_HTTP_IDLE_TIMEOUT         (from the flag's name)
//     docs/CONFIGURATION.md, `chatd config`, `chatd man`, the shells' completions
//
// `isCommon` puts it into --help, `isReloadable` promises that SIGHUP applies it. A new section is a new struct, declared
// in `ServerOptions`, with a call of `settings.section` first.
//
// Pattern. `ServerOptions.init` is run by a `SettingReader` in one of two ways: to collect the declarations
// (`ServerOptions.settings`), and to read the values. So a declaration cannot lack its value or the other way round.
// Values come as texts from Commands' resolution: command line over environment over file (`ServerFile`, as
// `ContextValue`) over default. What is invalid is refused before anything is read, so reading cannot fail.
//
// Concurrency. All are values. Reading files blocks; that happens at the start and at a reload, on the main loop.
//
// Invariants.
// - A secret is never the value of a setting: `settings.secret` declares where its file is. Addresses with a password
//   in them are refused without being quoted.
// - A file is read as a whole or not at all: one mistake, and nothing of it is used.
// - All problems of a file are told at once, each as `file:line:column: what; did you mean …?`.

package import Commands

/// One setting, without its Swift type.
package struct Setting: Sendable {
  /// Where it stands in the file below `spec`: `http.idleTimeout`.
  package let path: String
  /// Its option, with its type, help and environment variable.
  package let parameter: Parameter
  /// What goes when nobody says anything; nil where that is nothing.
  package let defaultTexts: [String]?
  /// Whether SIGHUP applies a change; else it takes a restart.
  package let isReloadable: Bool
  /// A secret's file: its credential, by the name that `$CREDENTIALS_DIRECTORY` has it under.
  package let credential: String?

  /// The path of its section; empty at the top.
  package var section: String { path.split(separator: ".").dropLast().joined(separator: ".") }
  /// The last word of its path.
  package var key: String { path.split(separator: ".").last.map(String.init) ?? path }
  package var environment: String { parameter.environment ?? "" }

  /// The default as help and reference have it.
  package var defaultText: String {
    if let text = parameter.defaultText { return text }
    if let texts = defaultTexts, !texts.isEmpty { return texts.joined(separator: ",") }
    return parameter.shape == .flag(isInvertible: true) ? "false" : "none"
  }

  /// `http.idleTimeout` as an option's name: `http-idle-timeout`.
  static func flag(of path: String) -> String {
    var flag = ""
    for scalar in path.unicodeScalars {
      switch scalar {
      case ".": flag += "-"
      case "A"..."Z": flag += "-" + String(scalar).lowercased()
      default: flag.unicodeScalars.append(scalar)
      }
    }
    return flag
  }

  static func environment(of flag: String) -> String {
    "CHATD_" + String(flag.map { $0 == "-" ? "_" : $0 }).uppercased()
  }
}

extension Setting: ParameterKey {
  /// The texts that are in force.
  package func value(of texts: [String]?) -> [String]? { texts ?? defaultTexts ?? [] }
}
