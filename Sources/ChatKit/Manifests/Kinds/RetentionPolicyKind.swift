import Commands
import Postgres
package import Primitives

/// How long a workspace keeps what it has. Applying it removes what is older; from a timer it does so day by day. A message that is
/// removed leaves a tombstone, as any deleted one does, so that the order of its conversation and all clients stay right.
package enum RetentionPolicyKind: ManifestKind {
  package static let name = "RetentionPolicy"
  package static let summary =
    "How long a workspace keeps messages and their readers; each 'apply' removes what is older"
  package static let isScoped = true

  package static func declare(_ spec: inout ManifestReader) {
    let range = Duration.seconds(60) ... .seconds(86_400 * 36_500)
    spec.value(
      "messages", .duration(range), defaultText: "for ever", "Older ones are deleted: text, files and reactions.")
    spec.value(
      "receipts", .duration(range), defaultText: "for ever", "When somebody has read what: older records are removed.")
    spec.value(
      "parkedDeliveries", .duration(range), defaultText: "for ever",
      "Webhook deliveries that were given up before that.")
  }

  package static func check(_ spec: ManifestValue) -> [String] {
    spec.fields?.isEmpty == true ? ["spec: say what is kept how long: messages, receipts, parkedDeliveries"] : []
  }

  package static func remark(_ desired: Manifest, _ actual: ManifestValue?) -> String? {
    "what is older is removed when this is applied, and not by itself: a timer does it (chatctl-apply.timer)"
  }

  /// Time itself makes more of it older: how much there is has no say of whether the state has moved, but that there is any.
  package static func identity(_ state: ManifestValue) -> ManifestValue {
    .object((state.fields ?? []).map { .init($0.name, .boolean(($0.value.integer ?? 0) > 0)) })
  }

  private static let subjects = ["messages", "receipts", "parkedDeliveries"]

  /// Of the workspace $1, older than $2.
  private static func source(_ subject: String) -> String {
    switch subject {
    case "messages":
      """
      FROM conversations c JOIN messages m ON m.conversation_id = c.id
      WHERE c.workspace_id = $1 AND m.created_at < $2 AND m.deleted_at IS NULL
      """
    case "receipts":
      "FROM receipts r JOIN conversations c ON c.id = r.conversation_id WHERE c.workspace_id = $1 AND r.at < $2"
    default:
      """
      FROM webhook_deliveries d JOIN webhooks h ON h.id = d.webhook_id
      WHERE h.workspace_id = $1 AND d.state = 'parked' AND d.created_at < $2
      """
    }
  }

  private static func cutoff(_ spec: ManifestValue, _ subject: String) -> Timestamp? {
    spec[subject]?.string.flatMap { Duration(text: $0) }.map { Timestamp.now() - $0 }
  }

  /// How many there are beyond what is kept. Reads all that the workspace has.
  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    var states: [ManifestID: ManifestValue] = [:]
    let workspaces = try await backends.workspaces()
    for manifest in manifests {
      guard let workspace = workspaces[manifest.id.workspace ?? "main"] else { continue }
      var state = ManifestValue.empty
      for subject in subjects {
        guard let cutoff = cutoff(manifest.spec, subject) else { continue }
        let rows = try await backends.postgres.query(
          PostgresStatement(unchecked: "SELECT count(*) \(source(subject))"), workspace, cutoff)
        state = state.setting(subject, .integer(Int(try rows.get(0, 0, as: Int64.self))))
      }
      states[manifest.id] = state
    }
    return states
  }

  package static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange? {
    let differences = subjects.compactMap { subject -> ManifestDifference? in
      guard let kept = desired.spec[subject]?.string, let count = actual?[subject]?.integer, count > 0 else {
        return nil
      }
      return ManifestDifference(
        subject, from: .integer(count), to: .integer(0), .destructive, "older than \(kept): they are deleted for good")
    }
    return differences.isEmpty ? nil : ManifestChange(desired.id, .update, differences)
  }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(id, .delete, [ManifestDifference("", from: nil, to: nil, .safe, "nothing more is removed")])
  }

  // MARK: Changing

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let workspace = try await backends.workspace(of: desired.id)
    for subject in change.differences.map(\.field) {
      guard let cutoff = cutoff(desired.spec, subject) else { continue }
      // In small steps: a conversation is locked for one of its messages at a time.
      while try await remove(subject, workspace, cutoff, backends) > 0 {}
    }
  }

  private static func remove(
    _ subject: String, _ workspace: UUID, _ cutoff: Timestamp, _ backends: ManifestBackends
  ) async throws -> Int {
    switch subject {
    case "messages":
      let rows = try await backends.postgres.query(
        PostgresStatement(unchecked: "SELECT m.conversation_id, m.seq \(source(subject)) LIMIT 500"), workspace, cutoff)
      for row in rows {
        let (conversation, seq) = try row.decode((UUID, Int64).self)
        _ = try await backends.postgres.query(
          "SELECT status FROM remove_message($1, $2, $3, $4, now())", conversation, seq, UUID(high: 0, low: 0),
          UUID.v7())
      }
      return rows.count
    case "receipts":
      return try await backends.postgres.execute(
        """
        DELETE FROM receipts WHERE (conversation_id, user_id, to_seq) IN (
          SELECT r.conversation_id, r.user_id, r.to_seq FROM receipts r JOIN conversations c ON c.id = r.conversation_id
          WHERE c.workspace_id = $1 AND r.at < $2 LIMIT 5000)
        """, workspace, cutoff)
    default:
      return try await backends.postgres.execute(
        """
        DELETE FROM webhook_deliveries WHERE id IN (
          SELECT d.id FROM webhook_deliveries d JOIN webhooks h ON h.id = d.webhook_id
          WHERE h.workspace_id = $1 AND d.state = 'parked' AND d.created_at < $2 LIMIT 5000)
        """, workspace, cutoff)
    }
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {}

  /// What is kept how long is stored nowhere but in the manifest.
  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {}
}
