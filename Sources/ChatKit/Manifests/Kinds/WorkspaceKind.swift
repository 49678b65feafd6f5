package import Commands
import Postgres
import Primitives

/// Tenants.
package enum WorkspaceKind: ManifestKind {
  package static let name = "Workspace"
  package static let summary = "A tenant: users and rooms that are apart from all others"
  package static let nameType = ValueType<String>.workspaceName

  package static func declare(_ spec: inout ManifestReader) {
    spec.value(
      "registration", .choice("REGISTRATION", [Choice("open"), Choice("closed")]), defaultText: "open, when it is made",
      "Whether people may register by themselves.")
    spec.object("limits", "How much there may be in it; what is not named is left as it is.") { limits in
      let count = ValueType<Int>.int(0...1_000_000_000)
      limits.value("users", count, "Users.")
      limits.value("conversations", count, "Conversations.")
      limits.value("participants", count, "Participants of one conversation.")
    }
  }

  package static func judged(_ difference: ManifestDifference) -> ManifestDifference {
    var difference = difference
    if difference.to == .string("closed") { difference.risk = .caution }
    if difference.field.hasPrefix("limits."), difference.to?.integer ?? .max < difference.from?.integer ?? .max {
      (difference.risk, difference.note) = (.caution, "nothing is removed, and nothing added beyond it")
    }
    return difference
  }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    let people = actual["users"]?.integer ?? 0
    let isMain = id.name == "main"
    return ManifestChange(
      id, .delete,
      [
        ManifestDifference(
          "", from: .string("\(people) users"), to: nil, people > 0 || isMain ? .impossible : .destructive,
          isMain ? "it is the first one, and stays" : people > 0 ? "there are \(people) users in it" : nil)
      ])
  }

  private static let columns =
    "w.name, w.registration, w.max_users, w.max_conversations, w.max_participants, "
    + "(SELECT count(*) FROM users u WHERE u.workspace_id = w.id)"

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    var states: [ManifestID: ManifestValue] = [:]
    let rows = try await backends.postgres.query(
      PostgresStatement(unchecked: "SELECT \(columns) FROM workspaces w WHERE w.name = ANY ($1)"),
      manifests.map(\.id.name))
    for row in rows {
      let people: Int64 = try row.get(5)
      states[ManifestID(name, try row.get(0))] = try state(row).setting("users", .integer(Int(people)))
    }
    return states
  }

  private static func state(_ row: PostgresRow) throws -> ManifestValue {
    let (_, registration, users, conversations, participants) = try row.decode(
      (String, String, Int64?, Int64?, Int64?).self)
    return .fields([
      ("registration", .string(registration)),
      (
        "limits",
        .fields([
          ("users", limit(users)), ("conversations", limit(conversations)), ("participants", limit(participants)),
        ])
      ),
    ])
  }

  private static func limit(_ number: Int64?) -> ManifestValue? { number.map { .integer(Int($0)) } }

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let limits = desired.spec["limits"]
    let users = limits?["users"]?.integer.map { Int64($0) }
    let conversations = limits?["conversations"]?.integer.map { Int64($0) }
    let participants = limits?["participants"]?.integer.map { Int64($0) }
    try await backends.postgres.execute(
      """
      INSERT INTO workspaces AS w (id, name, registration, max_users, max_conversations, max_participants)
      VALUES ($1, $2, coalesce($3, 'open'), $4, $5, $6)
      ON CONFLICT (name) DO UPDATE SET registration = coalesce($3, w.registration),
        max_users = coalesce($4, w.max_users), max_conversations = coalesce($5, w.max_conversations),
        max_participants = coalesce($6, w.max_participants)
      """, UUID.v7(), desired.id.name, desired.spec["registration"]?.string, users, conversations, participants)
  }

  /// One in which there is nothing.
  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    let removed = try await backends.postgres.execute(
      """
      DELETE FROM workspaces w WHERE w.name = $1 AND NOT EXISTS (SELECT FROM users u WHERE u.workspace_id = w.id)
        AND NOT EXISTS (SELECT FROM conversations c WHERE c.workspace_id = w.id)
      """, id.name)
    guard removed == 1 else { throw ManifestError(.refused, "\(id) is not empty") }
  }

  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {
    let rows = try await backends.postgres.query(
      PostgresStatement(
        unchecked: "SELECT \(columns) FROM workspaces w WHERE $1::text IS NULL OR w.name = $1 ORDER BY w.id"),
      scope.workspace)
    for row in rows { try write(Manifest(ManifestID(name, try row.get(0)), spec: state(row))) }
  }
}
