import ChatKit
import Commands
import Networking

/// The command tree.
enum Root {
  static func program(_ loop: EventLoop) -> Program {
    Program(
      Command(
        "chatctl", summary: "Run a chat system",
        discussion: "Operates what chatd serves, over the same backends.",
        subcommands: [MigrateCommands.group(loop)]),
      version: Version.current)
  }
}
