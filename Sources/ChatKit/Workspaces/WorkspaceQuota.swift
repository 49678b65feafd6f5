import Postgres
import Primitives

/// Whether a workspace has room for more. What has no limit is not counted; what has one is counted while its workspace's
/// row is locked, so that two who come at once do not both take the last place.
enum WorkspaceQuota {
  /// Throws `ChatError` limitReached when the workspace has as many users as it may have.
  static func requireUser(_ workspace: UUID, _ transaction: PostgresTransaction) async throws {
    let limit = try await limit("max_users", of: workspace, transaction)
    guard let limit else { return }
    let rows = try await transaction.query(
      "SELECT count(*) FROM (SELECT FROM users WHERE workspace_id = $1 LIMIT $2) u", workspace, limit)
    guard try rows[0].decode(Int64.self) < limit else {
      throw ChatError(.limitReached, "This workspace has as many users as it may have: \(limit).")
    }
  }

  /// For users who are there already, and not committed: throws `ChatError` limitReached when they are too many.
  static func requireRoom(for count: Int, in workspace: UUID, _ transaction: PostgresTransaction) async throws {
    guard let limit = try await limit("max_users", of: workspace, transaction) else { return }
    let rows = try await transaction.query("SELECT count(*) FROM users WHERE workspace_id = $1", workspace)
    let others = try rows[0].decode(Int64.self) - Int64(count)
    guard others + Int64(count) <= limit else {
      throw ChatError(
        .limitReached, "the workspace may have \(limit) users, and has \(others): there is no place for \(count) more")
    }
  }

  /// Throws `ChatError` limitReached when the workspace has as many conversations as it may have.
  static func requireConversation(_ workspace: UUID, _ transaction: PostgresTransaction) async throws {
    let limit = try await limit("max_conversations", of: workspace, transaction)
    guard let limit else { return }
    let rows = try await transaction.query(
      "SELECT count(*) FROM (SELECT FROM conversations WHERE workspace_id = $1 LIMIT $2) c", workspace, limit)
    guard try rows[0].decode(Int64.self) < limit else {
      throw ChatError(.limitReached, "This workspace has as many conversations as it may have: \(limit).")
    }
  }

  /// For a conversation that is new, or locked, and has all its participants already: throws `ChatError` limitReached when
  /// they are more than the workspace allows.
  static func requireParticipants(
    in conversation: UUID, of workspace: UUID, _ transaction: PostgresTransaction
  ) async throws {
    let rows = try await transaction.query(
      "SELECT max_participants FROM workspaces WHERE id = $1 AND max_participants IS NOT NULL", workspace)
    guard rows.count == 1 else { return }
    let limit = try rows[0].decode(Int64.self)
    let counted = try await transaction.query(
      "SELECT count(*) FROM (SELECT FROM participants WHERE conversation_id = $1 LIMIT $2 + 1) p", conversation, limit)
    guard try counted[0].decode(Int64.self) <= limit else {
      throw ChatError(
        .limitReached, "A conversation of this workspace has at most \(limit) participants.", field: "participants")
    }
  }

  private static func limit(
    _ column: String, of workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> Int64? {
    let rows = try await transaction.query(
      PostgresStatement(
        unchecked: "SELECT \(column) FROM workspaces WHERE id = $1 AND \(column) IS NOT NULL FOR NO KEY UPDATE"),
      workspace)
    return rows.count == 1 ? try rows[0].decode(Int64.self) : nil
  }
}
