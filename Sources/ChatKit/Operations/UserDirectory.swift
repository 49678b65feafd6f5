// Operations: what those who run a system do with its users, rooms and nodes, from outside of any process that serves them.
//
// Pattern. Directories read (`UserDirectory`, `RoomDirectory`), page by page in the order of the identifiers, so that a list
// of any length takes no memory. Administrations change (`UserAdministration`, `RoomAdministration`), with the same SQL
// and the same events as the API, but with nobody's token: whoever may open the database may do this. What they do is in
// the audit log under the operator's name (`OperatorLog`).
//
// Invariants.
// - What a serving process keeps of a user or a room hears of a change as it would of the API's: by an event in the outbox,
//   which the relay of a living process publishes, and by requests on the adapter's channel.
// - Every operation can be repeated: what is so already is no error.

package import Postgres
package import Primitives

/// A user as an operator sees one.
package struct UserRecord: Sendable {
  package var user: User
  package var workspace: String
  package var disabledAt: Timestamp?
  /// As last said on the bus.
  package var isOnline: Bool
}

/// Which users are listed; nil asks for nothing.
package struct UserFilter: Sendable {
  package var workspace: String?
  package var role: UserRole?
  package var isDisabled: Bool?
  package var isOnline: Bool?
  /// Of the name, in any case.
  package var prefix: String?
  package var createdAfter: Timestamp?
  package var createdBefore: Timestamp?
  /// Not seen since then, or never.
  package var unseenSince: Timestamp?

  package init(workspace: String? = nil) { self.workspace = workspace }
}

/// Looks up users.
package struct UserDirectory: Sendable {
  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  private static let columns = """
    \(AccountService.columns), w.name, u.disabled_at, coalesce(s.is_online, false)
    FROM users u JOIN workspaces w ON w.id = u.workspace_id LEFT JOIN presence s ON s.user_id = u.id
    """
  private static let listing = PostgresStatement(
    unchecked: """
      SELECT \(columns)
      WHERE ($1::uuid IS NULL OR u.id > $1) AND ($2::text IS NULL OR w.name = $2) AND ($3::text IS NULL OR u.role = $3)
        AND ($4::boolean IS NULL OR (u.disabled_at IS NOT NULL) = $4)
        AND ($5::boolean IS NULL OR coalesce(s.is_online, false) = $5)
        AND ($6::text IS NULL OR starts_with(lower(u.username), lower($6)))
        AND ($7::timestamptz IS NULL OR u.created_at >= $7) AND ($8::timestamptz IS NULL OR u.created_at < $8)
        AND ($9::timestamptz IS NULL OR u.last_seen_at IS NULL OR u.last_seen_at < $9)
      ORDER BY u.id LIMIT $10
      """)
  private static let byName = PostgresStatement(
    unchecked: "SELECT \(columns) WHERE w.name = $1 AND lower(u.username) = lower($2)")
  private static let byIdentifier = PostgresStatement(unchecked: "SELECT \(columns) WHERE u.id = $1")

  private static func record(_ rows: PostgresRows, _ index: Int) throws -> UserRecord {
    let first = AccountService.columnCount
    return UserRecord(
      user: try AccountService.user(rows, index), workspace: try rows[index].get(first, as: String.self),
      disabledAt: try rows[index].get(first + 1, as: Timestamp?.self),
      isOnline: try rows[index].get(first + 2, as: Bool.self))
  }

  /// A page in the order of the identifiers, which is that of their making.
  /// - Parameter id: the last one of the page before.
  package func page(_ filter: UserFilter, after id: UUID?, limit: Int) async throws -> [UserRecord] {
    let rows = try await pool.query(
      Self.listing, id, filter.workspace, filter.role?.rawValue, filter.isDisabled, filter.isOnline, filter.prefix,
      filter.createdAfter, filter.createdBefore, filter.unseenSince, Int64(limit))
    return try (0..<rows.count).map { try Self.record(rows, $0) }
  }

  /// Throws `ChatError` notFound.
  /// - Parameters:
  ///   - name: a name of that workspace, or an identifier of any.
  package func find(_ name: String, in workspace: String) async throws -> UserRecord {
    let rows =
      if let id = UUID(name) { try await pool.query(Self.byIdentifier, id) } else {
        try await pool.query(Self.byName, workspace, name)
      }
    guard rows.count == 1 else {
      throw ChatError(
        .notFound,
        UUID(name) == nil ? "there is no user '\(name)' in workspace '\(workspace)'" : "there is no user \(name)")
    }
    return try Self.record(rows, 0)
  }

  /// Names that begin with `prefix`, and what each shows.
  package func names(
    beginningWith prefix: String, in workspace: String, limit: Int
  ) async throws -> [(username: String, displayName: String)] {
    let rows = try await pool.query(
      """
      SELECT u.username, u.display_name FROM users u
      WHERE u.workspace_id = (SELECT id FROM workspaces WHERE name = $1) AND u.disabled_at IS NULL
        AND lower(u.username) COLLATE "C" >= lower($2) AND lower(u.username) COLLATE "C" < lower($2) || chr(1114111)
      ORDER BY lower(u.username) COLLATE "C" LIMIT $3
      """, workspace, prefix, Int64(limit))
    return try (0..<rows.count).map { row in
      let (name, shown) = try rows[row].decode((String, String).self)
      return (name, shown)
    }
  }

  /// The names of those who are there.
  package func names(of users: [UUID]) async throws -> [UUID: String] {
    guard !users.isEmpty else { return [:] }
    let rows = try await pool.query("SELECT id, username FROM users WHERE id = ANY ($1)", users)
    var names: [UUID: String] = [:]
    for row in 0..<rows.count {
      let (id, name) = try rows[row].decode((UUID, String).self)
      names[id] = name
    }
    return names
  }

  /// How many conversations a user takes part in, and how many sessions are open.
  package func counts(of user: UUID) async throws -> (conversations: Int64, sessions: Int64) {
    let rows = try await pool.query(
      """
      SELECT (SELECT count(*) FROM participants WHERE user_id = $1),
        (SELECT count(*) FROM refresh_tokens
          WHERE user_id = $1 AND used_at IS NULL AND revoked_at IS NULL AND expires_at > now())
      """, user)
    let (conversations, sessions) = try rows[0].decode((Int64, Int64).self)
    return (conversations, sessions)
  }
}
