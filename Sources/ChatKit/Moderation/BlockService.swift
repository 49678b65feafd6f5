package import Postgres
package import Primitives

/// Blocking users, and saying whom one blocks. One a loop. What a block means is in UserBlocks.swift.
package final class BlockService: Sendable {
  package struct Limits: Sendable {
    /// Users that one may block.
    package var blocks: Int64 = 10_000
    package var page = 100

    package init() {}
  }

  /// Somebody who is blocked.
  package struct Block: Sendable {
    package var userId: UUID
    package var username: String
    package var displayName: String
    package var blockedAt: Timestamp
  }

  private let pool: PostgresPool
  package let limits: Limits

  package init(pool: PostgresPool, limits: Limits = Limits()) {
    self.pool = pool
    self.limits = limits
  }

  /// That it is so already is no error.
  /// Throws `ChatError` notFound (no such user in the workspace), conflict (oneself) or limitReached.
  package func block(_ user: UUID, by claims: AccessClaims) async throws {
    guard user != claims.user else { throw ChatError(.conflict, "Nobody blocks themselves.") }
    try await pool.transaction { [limits] transaction in
      try await Self.require(user, of: claims.workspace, transaction)
      try await UserBlocks.lock(claims.user, user, transaction)
      let rows = try await transaction.query(
        "SELECT count(*) FROM (SELECT FROM user_blocks WHERE user_id = $1 LIMIT $2) b", claims.user, limits.blocks)
      guard try rows[0].decode(Int64.self) < limits.blocks else {
        throw ChatError(.limitReached, "One can block \(limits.blocks) users.")
      }
      _ = try await transaction.query(
        "INSERT INTO user_blocks (user_id, blocked_id) VALUES ($1, $2) ON CONFLICT DO NOTHING", claims.user, user)
      try await Self.mark(claims, user, transaction)
    }
  }

  /// That it is so already is no error. What the other blocks stays blocked. Throws `ChatError` notFound.
  package func unblock(_ user: UUID, by claims: AccessClaims) async throws {
    try await pool.transaction { transaction in
      try await Self.require(user, of: claims.workspace, transaction)
      try await UserBlocks.lock(claims.user, user, transaction)
      let gone = try await transaction.query(
        "DELETE FROM user_blocks WHERE user_id = $1 AND blocked_id = $2", claims.user, user)
      if gone.affected > 0 { try await Self.mark(claims, user, transaction) }
    }
  }

  private static func require(
    _ user: UUID, of workspace: UUID, _ transaction: PostgresTransaction
  ) async throws {
    let known = try await transaction.query("SELECT FROM users WHERE id = $1 AND workspace_id = $2", user, workspace)
    guard known.count == 1 else { throw ChatError(.notFound, "There is no such user.") }
  }

  /// Brings the pair's direct conversation, if there is one, to what the blocks say.
  private static func mark(_ claims: AccessClaims, _ user: UUID, _ transaction: PostgresTransaction) async throws {
    let isBlocked = try await UserBlocks.exists(between: claims.user, and: user, transaction)
    _ = try await transaction.query(
      """
      UPDATE conversations SET blocked = $4
      WHERE workspace_id = $1 AND direct_low = $2 AND direct_high = $3 AND type = 'direct' AND blocked <> $4
      """, claims.workspace, min(claims.user, user), max(claims.user, user), isBlocked)
  }

  /// Whom a user blocks, in the order of the identifiers, after `after`.
  package func blocks(by user: UUID, after: UUID?, limit: Int) async throws -> [Block] {
    let rows = try await pool.query(
      """
      SELECT u.id, u.username, u.display_name, b.created_at
      FROM user_blocks b JOIN users u ON u.id = b.blocked_id
      WHERE b.user_id = $1 AND ($2::uuid IS NULL OR b.blocked_id > $2) ORDER BY b.blocked_id LIMIT $3
      """, user, after, Int64(min(max(1, limit), limits.page)))
    return try (0..<rows.count).map { index in
      let (id, username, displayName, at) = try rows[index].decode((UUID, String, String, Timestamp).self)
      return Block(userId: id, username: username, displayName: displayName, blockedAt: at)
    }
  }
}
