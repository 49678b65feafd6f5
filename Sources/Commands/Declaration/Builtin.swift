/// Commands that every program with subcommands has.
enum Builtin: Sendable {
  case help
  case version
  case completion
  case manual
}
