package import Postgres
package import Primitives

/// What was done, and by whom.
package struct AuditEntry: Sendable {
  package var id: UUID
  package var at: Timestamp
  package var workspace: String
  package var action: String
  package var subject: UUID
  /// The user's name, or the room's title.
  package var subjectName: String?
  package var actor: UUID
  /// A user's name, or the operator who ran a command.
  package var actorName: String?
  /// A JSON object.
  package var details: String
}

/// Reads the audit log.
package struct AuditTrail: Sendable {
  /// Which entries; nil asks for nothing.
  package struct Filter: Sendable {
    package var workspace: String?
    /// Done to it, or by it.
    package var concerning: UUID?
    package var action: String?
    package var since: Timestamp?

    package init() {}
  }

  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  private static let listing = PostgresStatement(
    unchecked: """
      SELECT a.id, a.created_at, w.name, a.action, a.subject_id, coalesce(s.username, c.title), a.actor_id,
        coalesce(u.username, a.details::jsonb ->> 'operator'), a.details
      FROM audit_log a JOIN workspaces w ON w.id = a.workspace_id
      LEFT JOIN users s ON s.id = a.subject_id LEFT JOIN conversations c ON c.id = a.subject_id
      LEFT JOIN users u ON u.id = a.actor_id
      WHERE ($1::uuid IS NULL OR a.id > $1) AND ($2::text IS NULL OR w.name = $2)
        AND ($3::uuid IS NULL OR a.subject_id = $3 OR a.actor_id = $3) AND ($4::text IS NULL OR a.action = $4)
        AND ($5::timestamptz IS NULL OR a.created_at >= $5)
      ORDER BY a.id LIMIT $6
      """)

  /// A page, the oldest first.
  package func page(_ filter: Filter, after id: UUID?, limit: Int) async throws -> [AuditEntry] {
    let rows = try await pool.query(
      Self.listing, id, filter.workspace, filter.concerning, filter.action, filter.since, Int64(limit))
    return try (0..<rows.count).map { index in
      let row = rows[index]
      return AuditEntry(
        id: try row.get(0, as: UUID.self), at: try row.get(1, as: Timestamp.self),
        workspace: try row.get(2, as: String.self), action: try row.get(3, as: String.self),
        subject: try row.get(4, as: UUID.self), subjectName: try row.get(5, as: String?.self),
        actor: try row.get(6, as: UUID.self), actorName: try row.get(7, as: String?.self),
        details: try row.get(8, as: String.self))
    }
  }
}
