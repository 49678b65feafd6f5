import Postgres
import Primitives

/// What administrators and operators did, kept for good: a row in the transaction that does it.
enum AuditLog {
  enum Action: String {
    case workspaceCreated = "workspace.created"
    case workspaceChanged = "workspace.changed"
    case wordsChanged = "words.changed"
    case userCreated = "user.created"
    case userDisabled = "user.disabled"
    case userEnabled = "user.enabled"
    case userPasswordSet = "user.password_set"
    case userRoleSet = "user.role_set"
    case userKicked = "user.kicked"
    case sessionsRevoked = "sessions.revoked"
    case userExported = "user.exported"
    case userErased = "user.erased"
    case roomCreated = "room.created"
    case roomChanged = "room.changed"
    case roomArchived = "room.archived"
    case roomUnarchived = "room.unarchived"
    case roomRestricted = "room.restricted"
    case memberAdded = "member.added"
    case memberRemoved = "member.removed"
    case memberRoleSet = "member.role_set"
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
