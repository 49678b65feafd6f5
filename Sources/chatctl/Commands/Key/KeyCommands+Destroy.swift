import ChatKit
import Commands

extension KeyCommands {
  private static let waiting = Option(
    "waiting", .duration, default: .seconds(86_400), help: "How long it must have been disabled.")
  private static let backup = Option<String?>(
    "backup", .file,
    help: "Write the key, wrapped by the master key as it is, to this file first: 'key restore' takes it.")
  private static let forGood = Flag("for-good", help: "Without a backup: nothing brings it back.")
  private static let file = Argument("file", .file.named("BACKUP"), help: "What 'key destroy --backup' has written.")

  static let destroy = Command.operation(
    "destroy", summary: "Destroy a disabled key",
    discussion: """
      Refused while a message needs it, and until it has been disabled for a day: until then 'key enable' is all that takes it \
      back. What old backups of the database have of its messages can then be read only with the key's own backup.
      """,
    examples: [
      Example("chatctl key destroy 1 --backup key-1.json --embedded .chatd", "It can be restored from the file"),
      Example("chatctl key destroy 1 --for-good --dry-run --embedded .chatd", "Whether it would be refused"),
    ],
    options: [waiting, backup, forGood], arguments: [version],
    rules: [.exactlyOne(of: [backup, forGood], because: "say whether it is to be restorable")], exitCodes: refusals,
    changes: true, asks: true
  ) { session in
    let ring = try ring(session)
    let version = Int32(session[version])
    if !session.isDryRun {
      // Refused before anybody is asked.
      try await KeyRing(try session.connections.postgres(), master: nil, isRehearsal: true)
        .destroy(version, waiting: session[waiting])
      try session.confirm(
        "Destroy key \(version)\(session[forGood] ? " for good" : "")", typing: session[forGood] ? "\(version)" : nil)
      if let path = session[backup] {
        try FileOutput.write(try await ring.backup(version).json, to: path)
        session.talk("wrote \(path); without the master key it is worth nothing, and with it everything")
      }
    }
    try await ring.destroy(version, waiting: session[waiting])
    say(session, "key \(version) is destroyed", "destroy key \(version)")
    return .done
  }

  static let restore = Command.operation(
    "restore", summary: "Bring a destroyed key back from its backup",
    discussion: "It is disabled then, and 'key enable' puts it into use.",
    examples: [
      Example("chatctl key restore key-1.json --embedded .chatd", "After 'key destroy 1 --backup key-1.json'")
    ],
    arguments: [file],
    exitCodes: refusals + [.init(.invalidInput, "the file is no backup of a key")], changes: true
  ) { session in
    let bytes = try FileBytes.read(session[file], limit: 64 << 10, what: "the backup")
    let backup: KeyBackup
    do {
      backup = try KeyBackup(json: bytes)
    } catch {
      throw CommandFailure(.invalidInput, "\(session[file]): \(error)")
    }
    try await ring(session).restore(backup)
    say(session, "key \(backup.version) is back, disabled", "restore key \(backup.version)")
    return .done
  }
}
