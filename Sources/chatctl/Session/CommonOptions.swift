import Commands

/// Options that mean the same wherever they are found.
enum CommonOptions {
  /// Of every command that answers with records.
  static let output = Option(
    "output", .choice("FORMAT"), default: RecordFormat.table, short: "o",
    help: "How to print it: for people (table, wide), for programs (json, ndjson, yaml), or the names alone (name).",
    group: "Output")

  static let fields = Option(
    repeated: "fields", .string("NAME,…"), times: 0...1,
    help: "Only these fields, in this order, separated by commas.", group: "Output")

  /// Of every command that changes something.
  static let dryRun = Flag("dry-run", help: "Say what would be done, and do nothing.")

  /// Of every command that asks before it destroys something.
  static let yes = Flag("yes", short: "y", help: "Do not ask.")

  /// Of every command.
  static let noInput = Flag(
    "no-input", help: "Never ask: fail where an answer would be needed.", group: group, environment: "CHATCTL_NO_INPUT")

  static let timeout = Option<Duration?>(
    "timeout", .duration(.milliseconds(1) ... .seconds(604_800)), defaultText: "none",
    help: "Stop after this time, with exit code 75.", group: group, environment: "CHATCTL_TIMEOUT")

  static let group = "Options of every command"

  static let exitCodes: [ExitCode.Meaning] = [
    .init(.done), .init(.no), .init(.usage), .init(.unavailable), .init(.interrupted),
  ]
}
