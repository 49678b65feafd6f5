// Blocks: users who want nothing of each other. It does not matter which of the two blocks: they begin no direct
// conversation, send nothing in the one they have, see nothing of each other's presence, and are not alerted of each
// other's mentions. In groups they read each other, as everybody does.
//
// Invariant. `conversations.blocked` of a direct conversation is whether one of its two blocks the other: whoever begins a
// direct conversation or changes a block holds the pair's advisory lock, and a change of a block holds the conversation's row
// too, as sending does. So a message is committed before a block, or refused by it.

package import Postgres
package import Primitives

/// Who blocks whom.
package enum UserBlocks {
  /// A condition of SQL: neither of the two users, named by expressions, blocks the other.
  package static func none(between one: String, and other: String) -> String {
    """
    NOT EXISTS (SELECT FROM user_blocks WHERE user_id = \(one) AND blocked_id = \(other)) \
    AND NOT EXISTS (SELECT FROM user_blocks WHERE user_id = \(other) AND blocked_id = \(one))
    """
  }

  /// Of each of `users` who has any: those who block them, and those whom they block.
  package static func hidden(
    from users: some Collection<UUID>, _ client: any PostgresClient
  ) async throws -> [UUID: Set<UUID>] {
    guard !users.isEmpty else { return [:] }
    let rows = try await client.query(
      """
      SELECT user_id, blocked_id FROM user_blocks WHERE user_id = ANY ($1)
      UNION ALL SELECT blocked_id, user_id FROM user_blocks WHERE blocked_id = ANY ($1)
      """, Array(users))
    var hidden: [UUID: Set<UUID>] = [:]
    for row in 0..<rows.count {
      let (user, other) = try rows[row].decode((UUID, UUID).self)
      hidden[user, default: []].insert(other)
    }
    return hidden
  }

  /// Until the end of the transaction nobody else changes the blocks between the two, or begins a direct conversation of
  /// theirs. The next statement sees what the former holder did.
  static func lock(_ one: UUID, _ other: UUID, _ transaction: PostgresTransaction) async throws {
    _ = try await transaction.query(
      "SELECT pg_advisory_xact_lock(hashtextextended($1, 0))", "\(min(one, other)) \(max(one, other))")
  }

  static func exists(between one: UUID, and other: UUID, _ client: any PostgresClient) async throws -> Bool {
    let rows = try await client.query(
      """
      SELECT FROM user_blocks
      WHERE (user_id = $1 AND blocked_id = $2) OR (user_id = $2 AND blocked_id = $1) LIMIT 1
      """, one, other)
    return rows.count > 0
  }
}
