import Commands

/// What is logged.
package struct LogOptions: Sendable {
  package let level: LogLevel

  init(_ settings: inout SettingReader) {
    settings.section("log", "Log", "What goes to standard error, a line each.")
    level = settings.value(
      "log.level", .choice("LEVEL"), default: .info, isCommon: true, isReloadable: true,
      "What the log leaves out: all below this.")
  }
}
