package import Commands

/// What the settings mean, for people: the page docs/CONFIGURATION.md, and `chatd config --explain`.
package enum ConfigurationReference {
  /// The page, as `chatd config -o markdown` prints it. A test compares it with the file.
  package static var markdown: String {
    var text = introduction
    for section in ServerOptions.sections {
      let settings = ServerOptions.settings.filter { $0.section == section.path }
      guard !settings.isEmpty else { continue }
      text += "\n## \(section.title)\n\n\(section.text)\n"
      for setting in settings {
        text += "\n### `\(setting.path)`\n\n\(setting.parameter.help)\n\n"
        text += "- \(type(of: setting)); default: \(quoted(setting))\n"
        text += "- `\(option(of: setting))` · `\(setting.environment)` · \(when(setting))\n"
      }
    }
    return text
  }

  /// Some settings, a paragraph each.
  package static func text(_ settings: [Setting], _ terminal: Terminal) -> String {
    settings.map { setting in
      let name = terminal.isStyled ? "\u{1b}[1m\(setting.path)\u{1b}[0m" : setting.path
      var lines = [name]
      lines += TextLayout(width: terminal.width).paragraphs(setting.parameter.help, indentation: 4)
      lines += TextLayout(width: terminal.width).paragraphs(
        "\(type(of: setting)); default: \(setting.defaultText)", indentation: 4)
      lines.append("    \(option(of: setting)), \(setting.environment); \(when(setting))")
      return lines.joined(separator: "\n") + "\n"
    }.joined(separator: "\n")
  }

  private static func type(of setting: Setting) -> String {
    if setting.parameter.shape == .flag(isInvertible: true) { return "True or false" }
    let expectation = setting.parameter.schema.expectation
    let sentence = expectation.prefix(1).uppercased() + expectation.dropFirst()
    return setting.parameter.isRepeated ? "A list; each is \(expectation)" : sentence
  }

  private static func quoted(_ setting: Setting) -> String {
    setting.parameter.defaultText != nil && setting.defaultTexts == nil || setting.defaultText == "none"
      ? setting.defaultText : "`\(setting.defaultText)`"
  }

  private static func option(of setting: Setting) -> String {
    let parameter = setting.parameter
    return parameter.takesValue
      ? "--\(parameter.name) \(parameter.schema.metavariable)" : "--[no-]\(parameter.name)"
  }

  private static func when(_ setting: Setting) -> String { setting.isReloadable ? "reload" : "restart" }

  private static let introduction = """
    # Configuration

    All settings of chatd. This page is made from their declarations (`make docs`); a test fails when it is stale.
    `chatd config` shows what is in force and who says so, `chatd config --explain http` this text,
    `chatd config --check` what is wrong.

    A setting is said in one of four places; the first of them that says something counts:

    1. an option of the command line: `--http-idle-timeout 30s`,
    2. a variable of the environment: `CHATD_HTTP_IDLE_TIMEOUT=30s` (an empty one says nothing; lists are separated by
       commas),
    3. the file: `http: {idleTimeout: 30s}` below `spec`,
    4. the default.

    **The file** is the one that `--config` or `CHATD_CONFIG` names, else `/etc/chatd/chatd.yaml` where that is there;
    `--config none` reads none. It is YAML 1.2, one document of kind Server; `manifests/chatd.yaml` is one to begin with.
    Unknown keys, keys that appear twice and values of another type are errors, all of which are told at once, with file,
    line and column. `no` is a string and not false; a duration has a unit (`30s`), a size may have one (`16KiB`).

    **Secrets** are never values: not of the file, not of an option, not of a variable, and no address has a password in it.
    A setting whose name ends in `File` names the file that holds one. Where none is named, it is read from the credential
    of that name in `$CREDENTIALS_DIRECTORY`, which systemd's `LoadCredential=` makes:
    `LoadCredential=postgres-password:/etc/chatd/postgres-password`.

    **Reload.** On SIGHUP the file is read again. What is marked *reload* below is applied; of the rest, what has changed is
    named in the log and waits for a restart. A file with a mistake changes nothing, and the log says why.

    """
}
