import ChatKit
import Commands
import Networking
import Primitives

/// `chatctl key`: the keys that messages are sealed with.
enum KeyCommands {
  static let group = Command(
    "key", summary: "Rotate the keys of encrypted messages",
    discussion: """
      A rotation on a running system: add a key, wait until every node has it, promote it, reencrypt what the old one has \
      sealed, verify, disable the old one, and destroy it days later. Nothing is restarted. docs/chatctl/key.md goes through it.
      """,
    examples: [
      Example("chatctl key list --embedded .chatd", "Which there are"),
      Example("chatctl key add --wait 30s --embedded .chatd", "A new one, on every node"),
      Example("chatctl key promote 2 --wait 30s --embedded .chatd", "It seals from now on"),
      Example("chatctl key reencrypt --rate 500 --embedded .chatd", "What the old one has sealed, with the new one"),
    ],
    group: "Operating",
    subcommands: [list, add, promote, reencrypt, verify, disable, enable, destroy, restore])

  static let version = Argument("key", .int(1...Int(Int32.max)), help: "The key's version.")

  static let refusals: [ExitCode.Meaning] = [
    .init(.done), .init(.no, "it is refused in this state of the key"), .init(.usage), .init(.unavailable),
    .init(.busy, "not yet: a node is behind, or the waiting period is not over"),
  ]

  // MARK: What they share

  static func ring(_ session: Session) throws -> KeyRing {
    KeyRing(
      try session.connections.postgres(), master: try session.connections.masterKey(), isRehearsal: session.isDryRun)
  }

  /// Says what was done, or would be.
  static func say(_ session: Session, _ done: String, _ would: String) {
    session.talk(session.isDryRun ? "would \(would)" : done)
  }

  /// Waits until every live node has loaded a key. Throws `CommandFailure` busy when one has not in time.
  static func wait(for version: Int32, _ limit: Duration, _ ring: KeyRing, _ session: Session) async throws {
    let deadline = session.loop.now &+ limit.nanoseconds
    while true {
      let behind = try await ring.nodes(without: version)
      if behind.isEmpty { return }
      guard session.loop.now < deadline else {
        let names = behind.prefix(3).map { "\($0.role) on \($0.host) (\($0.pid))" }.joined(separator: ", ")
        throw CommandFailure(
          .busy, "\(behind.count) of the live nodes have not loaded key \(version): \(names)",
          hint: "Is their master key the same? Their logs say so.")
      }
      try await session.sleep(for: .milliseconds(200))
    }
  }
}
