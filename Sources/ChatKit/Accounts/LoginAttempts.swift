import Postgres
import Primitives

/// Locks a name after wrong passwords: after 5 in a row for a minute, after 5 more for 5, then 15, then 60 minutes each
/// time. The right password, or a day without a wrong one, and it begins anew.
///
/// Names are locked whether or not they exist, and while one is locked no password is looked at: the answer tells neither
/// who exists nor whether the password was right. The store keeps the count, so that it holds over processes. Of tries that
/// are under way when the lock falls none gets in either, for a session is opened only while there is no lock.
///
/// It locks out the one who owns the name as well; sessions that are open go on.
struct LoginAttempts {
  static let tries = 5
  private static let minutes: [Int32] = [1, 5, 15, 60]

  let pool: PostgresPool

  /// Throws `ChatError` tooManyAttempts while the name is locked.
  func check(_ name: String, in workspace: UUID) async throws {
    if let error = try await Self.lock(on: name, in: workspace, pool) { throw error }
  }

  private static func lock(
    on name: String, in workspace: UUID, _ client: any PostgresClient
  ) async throws -> ChatError? {
    let rows = try await client.query(
      """
      SELECT locked_until FROM login_failures
      WHERE workspace_id = $1 AND name_hash = sha256(convert_to(lower($2), 'UTF8')) AND locked_until > now()
      """, workspace, name)
    guard rows.count == 1 else { return nil }
    let rest = try rows[0].decode(Timestamp.self) - Timestamp.now()
    return ChatError(
      .tooManyAttempts, "There were too many wrong passwords for this name; try again later.",
      retryAfter: max(1, Int(rest.components.seconds) + 1))
  }

  /// Counts a wrong password. While the name is locked it does not count: what was under way cannot lengthen the lock.
  func failed(_ name: String, in workspace: UUID) async throws {
    _ = try await pool.query(Self.count, workspace, name, Int32(Self.tries), Self.minutes)
  }

  private static let count = PostgresStatement(
    unchecked: """
      INSERT INTO login_failures AS f (workspace_id, name_hash, failures, failed_at)
      VALUES ($1, sha256(convert_to(lower($2), 'UTF8')), 1, now())
      ON CONFLICT (workspace_id, name_hash) DO UPDATE SET failures = \(next), failed_at = now(),
        locked_until = CASE WHEN \(next) % $3 = 0 THEN
          now() + ($4::int[])[least(\(next) / $3, cardinality($4::int[]))] * interval '1 minute' END
      WHERE f.locked_until IS NULL OR f.locked_until <= now()
      """)
  private static let next = "CASE WHEN f.failed_at < now() - interval '1 day' THEN 1 ELSE f.failures + 1 END"

  /// The password was right: begins anew, or returns what to answer if the name has been locked meanwhile.
  static func succeeded(
    _ name: String, in workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> ChatError? {
    if let error = try await lock(on: name, in: workspace, transaction) { return error }
    _ = try await transaction.query(
      "DELETE FROM login_failures WHERE workspace_id = $1 AND name_hash = sha256(convert_to(lower($2), 'UTF8'))",
      workspace, name)
    return nil
  }
}
