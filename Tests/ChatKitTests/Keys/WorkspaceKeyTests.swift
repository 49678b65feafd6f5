import Networking
import Postgres
import Primitives
import TestSupport
import Testing

@testable import ChatKit

@Suite("Keys of a workspace")
struct WorkspaceKeyTests {
  /// A user of another workspace, which is made with the settings.
  private func foreigner(_ it: Encrypted, _ settings: String = "encryption = NULL") async throws -> User {
    let workspace = UUID.v7()
    let id = UUID.v7()
    let name = "u\(id.description.suffix(8))"
    _ = try await it.domain.pool.query("INSERT INTO workspaces (id, name) VALUES ($1, $2)", workspace, name)
    _ = try await it.domain.pool.run(
      PostgresStatement(unchecked: "UPDATE workspaces SET \(settings) WHERE id = '\(workspace)'"), PostgresParameters())
    _ = try await it.domain.pool.query(
      "INSERT INTO users (id, workspace_id, username, display_name, password_hash) VALUES ($1, $2, $3, $3, 'x')", id,
      workspace, name)
    return User(id: id, workspaceId: workspace, username: name, displayName: name, role: .user, createdAt: .now())
  }

  @Test(
    "what is said in a workspace is sealed with its own key, and nothing else is; rotation, census and re-encryption keep to it"
  )
  func own() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let eve = try await foreigner(it)
      let here = try await it.room(ann)
      let there = try await it.room(eve)
      let first = try await it.send("before", to: there, by: eve)
      #expect(first.sealed?.keyVersion == 1)
      #expect(await keyErrorCode { _ = try await it.ring.add(for: .v7()) } == .noSuchWorkspace)
      #expect(try await it.ring.add(for: eve.workspaceId) == 2)
      try await it.ring.promote(2)
      try await it.refresh()
      #expect(it.vault.keys.active == 1 && it.vault.keys.active(for: eve.workspaceId) == 2)
      #expect(try await it.send("hers", to: there, by: eve).sealed?.keyVersion == 2)
      #expect(try await it.send("mine", to: here, by: ann).sealed?.keyVersion == 1)
      let drafts = [here, there].map {
        MessageDraft(conversationId: $0, senderId: $0 == here ? ann.id : eve.id, body: "b")
      }
      for draft in drafts { _ = try await it.service.send(draft) }
      #expect(
        try await it.domain.count(
          "SELECT count(*) FROM messages WHERE key_version = 2 AND conversation_id = '\(there)'")
          == 2)
      // An edit is sealed with the key that is active then.
      let edited = try await it.editor.edit(first.id, body: "after", version: nil, by: eve.id)
      #expect(edited.sealed?.keyVersion == 2)
      #expect(try await it.bodies(of: there, for: eve) == ["after", "hers", "b"])

      // A general key takes nothing over from her; nor she from it.
      #expect(try await it.ring.add() == 3)
      try await it.ring.promote(3)
      try await it.refresh()
      #expect(it.vault.keys.active == 3 && it.vault.keys.active(for: eve.workspaceId) == 2)
      let only = try await it.ring.reencrypt(of: eve.workspaceId, pause: .zero, on: it.domain.loop)
      #expect(only.moved == 0)
      let all = try await it.ring.reencrypt(pause: .zero, on: it.domain.loop)
      #expect(all.moved == 2)
      let census = try await it.ring.list()
      #expect(census.map(\.messages) == [0, 3, 2])
      #expect(census.map(\.key.workspaceId) == [nil, eve.workspaceId, nil])
      #expect(try await it.ring.verify().failures.isEmpty)

      // Her own is exchanged for another one of hers, and taken away in the end.
      #expect(try await it.ring.add(for: eve.workspaceId) == 4)
      try await it.ring.promote(4)
      #expect(await keyErrorCode { try await it.ring.disable(4) } == .wrongState)
      #expect(try await it.ring.list().filter { $0.key.state == .active }.map(\.key.version) == [3, 4])
      #expect(await keyErrorCode { try await it.ring.withdraw(3) } == .wrongState)
      try await it.ring.withdraw(4)
      try await it.ring.withdraw(4)
      try await it.refresh()
      #expect(try await it.send("general", to: there, by: eve).sealed?.keyVersion == 3)
      #expect(try await it.ring.reencrypt(pause: .zero, on: it.domain.loop).moved == 3)
      for version: Int32 in [2, 4] {
        try await it.ring.disable(version)
        try await it.ring.destroy(version, waiting: .zero)
      }
      try await it.refresh()
      #expect(try await it.bodies(of: there, for: eve) == ["after", "hers", "b", "general"])
    }
  }

  @Test("a workspace whose key cannot be used has no other in its place")
  func damaged() async throws {
    try await Encrypted.with { it in
      let eve = try await foreigner(it)
      let there = try await it.room(eve)
      _ = try await it.ring.add(for: eve.workspaceId)
      try await it.ring.promote(2)
      _ = try await it.domain.pool.query("UPDATE message_keys SET wrapped = '\\x00' WHERE version = 2")
      try await it.refresh()
      #expect(it.vault.keys.versions == [1] && !it.vault.keys.canSeal(for: eve.workspaceId))
      await #expect { _ = try await it.send("x", to: there, by: eve) } throws: {
        ($0 as? ChatError)?.code == .keyUnavailable
      }
      #expect(try await it.domain.count("SELECT count(*) FROM messages") == 0)
    }
  }

  @Test("a workspace decides which of its conversations are encrypted, whatever the server does")
  func policy() async throws {
    try await Encrypted.with { it in
      let ann = try await it.domain.user("ann")
      let all = try await foreigner(it, "encryption = 'all'")
      let off = try await foreigner(it, "encryption = 'off'")
      func isEncrypted(_ user: User, _ wanted: Bool) async throws -> Bool {
        try await it.conversations.create(.group, title: "t", members: [], encrypted: wanted, by: user).conversation
          .isEncrypted
      }
      // The server's: those that ask for it.
      #expect(try await isEncrypted(ann, true))
      #expect(try await !isEncrypted(ann, false))
      #expect(try await isEncrypted(all, false))
      #expect(try await !isEncrypted(off, false))
      await #expect { _ = try await isEncrypted(off, true) } throws: { ($0 as? ChatError)?.field == "encrypted" }
    }
  }
}
