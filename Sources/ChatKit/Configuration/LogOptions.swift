import Commands
package import Logging

/// What is logged.
package struct LogOptions: Sendable {
  package let level: Log.Level
  package let format: LogStyle.Choice
  package let requests: Bool

  init(_ settings: inout SettingReader) {
    settings.section("log", "Log", "What goes to standard error, a line each.")
    level = settings.value(
      "log.level", .choice("LEVEL"), default: .info, isCommon: true, isReloadable: true,
      "What the log leaves out: all below this.")
    format = settings.value(
      "log.format", .choice("FORMAT"), default: .auto, isCommon: true,
      "For eyes on a terminal and logfmt elsewhere, with the journal's priorities where it listens (auto), or always "
        + "one: logfmt, json.")
    requests = settings.flag(
      "log.requests", default: false, "Whether each HTTP request has a line at level info; else it has one at debug.")
  }
}
