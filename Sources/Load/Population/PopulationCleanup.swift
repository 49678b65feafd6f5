package import Postgres
package import Primitives

/// Takes the users and rooms of runs out of the store again, with all that hangs on them.
package struct PopulationCleanup: Sendable {
  private let pool: PostgresPool

  package init(_ pool: PostgresPool) { self.pool = pool }

  /// A run of which something is there.
  package struct Remains: Sendable {
    package let run: String
    package let users: Int
    package let rooms: Int
    package let since: Timestamp
  }

  /// The runs that have left users, the oldest first.
  package func runs() async throws -> [Remains] {
    let rows = try await pool.query(
      """
      SELECT u.run, count(*), min(u.created_at),
        (SELECT count(*) FROM conversations c WHERE c.title = 'load-' || u.run)
      FROM (SELECT substring(username FROM '^load-([0-9a-f]+)-[0-9]+$') AS run, created_at
        FROM users WHERE lower(username) LIKE 'load-%') u
      WHERE u.run IS NOT NULL GROUP BY u.run ORDER BY 3
      """)
    return try rows.map { row in
      Remains(
        run: try row.get(0), users: Int(try row.get(1, as: Int64.self)), rooms: Int(try row.get(3, as: Int64.self)),
        since: try row.get(2))
    }
  }

  /// Removes a run's rooms, some at a time, then its users.
  /// - Parameter progress: told of how many of either are gone; throws to stop between two steps.
  package func remove(_ run: String, progress: (Int) throws -> Void = { _ in }) async throws {
    let byRoom = try await tables(with: "conversation_id")
    while true {
      let rooms = try await pool.query(
        """
        SELECT c.id FROM conversations c WHERE c.title = $1
          AND c.created_by IN (SELECT id FROM users WHERE username LIKE $1 || '-%') LIMIT 20
        """, "load-\(run)")
      guard rooms.count > 0 else { break }
      let ids = try rooms.column(0, as: UUID.self)
      for table in byRoom { _ = try await pool.query(Self.delete(table, "conversation_id"), ids) }
      _ = try await pool.query("DELETE FROM conversations WHERE id = ANY ($1)", ids)
      try progress(ids.count)
    }
    let byUser = try await tables(with: "user_id")
    while true {
      let users = try await pool.query(
        "SELECT id FROM users WHERE username LIKE $1 || '-%' LIMIT 200", "load-\(run)")
      guard users.count > 0 else { return }
      let ids = try users.column(0, as: UUID.self)
      for table in byUser { _ = try await pool.query(Self.delete(table, "user_id"), ids) }
      _ = try await pool.query("DELETE FROM users WHERE id = ANY ($1)", ids)
      try progress(ids.count)
    }
  }

  /// - Parameter table: as the catalogue has it, quoted where it must be.
  private static func delete(_ table: String, _ column: String) -> PostgresStatement {
    PostgresStatement(unchecked: "DELETE FROM \(table) WHERE \(column) = ANY ($1)")
  }

  /// The schema's tables that have such a column, whatever later migrations bring; not the partitions, whose parents do it.
  private func tables(with column: String) async throws -> [String] {
    let rows = try await pool.query(
      """
      SELECT format('%I', c.relname) FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
      WHERE a.attname = $1 AND a.attnum > 0 AND NOT a.attisdropped AND c.relkind IN ('r', 'p')
        AND NOT c.relispartition AND c.relnamespace = 'public'::regnamespace
        AND a.atttypid = 'uuid'::regtype
      ORDER BY c.relname
      """, column)
    return try rows.column(0, as: String.self)
  }
}
