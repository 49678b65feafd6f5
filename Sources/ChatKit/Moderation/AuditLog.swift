import Postgres
import Primitives

/// What administrators did, kept for good: a row in the transaction that does it.
enum AuditLog {
  enum Action: String {
    case workspaceCreated = "workspace.created"
    case workspaceChanged = "workspace.changed"
    case wordsChanged = "words.changed"
    case userDisabled = "user.disabled"
    case userEnabled = "user.enabled"
    case reportResolved = "report.resolved"
  }

  /// - Parameters:
  ///   - subject: the workspace, user, or message.
  ///   - details: a JSON object.
  static func record(
    _ action: Action, of subject: UUID, in workspace: UUID, by actor: UUID, details: [UInt8] = Array("{}".utf8),
    _ client: any PostgresClient
  ) async throws {
    _ = try await client.query(
      """
      INSERT INTO audit_log (id, workspace_id, actor_id, action, subject_id, details) VALUES ($1, $2, $3, $4, $5, $6)
      """, UUID.v7(), workspace, actor, action.rawValue, subject, String(decoding: details, as: UTF8.self))
  }
}
