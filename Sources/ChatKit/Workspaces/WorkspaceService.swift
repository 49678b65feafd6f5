import JSON
import Postgres
package import Primitives

/// Making and changing workspaces, for the administrators of `main`. One a loop.
package final class WorkspaceService: Sendable {
  package struct PageLimits: Sendable {
    package var page = 100

    package init() {}
  }

  /// The first administrator of a new workspace.
  package struct Founder: Sendable {
    package var username: String
    package var password: String
    package var displayName: String?

    package init(username: String, password: String, displayName: String? = nil) {
      self.username = username
      self.password = password
      self.displayName = displayName
    }
  }

  let accounts: AccountService
  package let limits = PageLimits()

  package init(accounts: AccountService) { self.accounts = accounts }

  private static let columns = """
    id, name, registration, max_users, max_conversations, max_participants, created_at, send_count, send_window, \
    encryption, filter = 'on'
    """

  private static func workspace(_ row: PostgresRow) throws -> Workspace {
    var sends: Rate?
    if let count = try row.get(7, as: Int32?.self), let window = try row.get(8, as: Int32?.self) {
      sends = Rate(Int(count), per: .seconds(Int64(window)))
    }
    return Workspace(
      id: try row.get(0, as: UUID.self), name: try row.get(1, as: String.self),
      registration: Workspace.Registration(rawValue: try row.get(2, as: String.self)) ?? .closed,
      limits: Workspace.Limits(
        users: try row.get(3, as: Int64?.self), conversations: try row.get(4, as: Int64?.self),
        participants: try row.get(5, as: Int64?.self), sends: sends),
      encryption: try row.get(9, as: String?.self).flatMap { EncryptionOptions.Mode(rawValue: $0) },
      isFiltered: try row.get(10, as: Bool.self), createdAt: try row.get(6, as: Timestamp.self))
  }

  /// Throws `ChatError` forbidden (administrators of `main` only), invalidRequest or conflict (the name is taken).
  package func create(
    _ name: String, registration: Workspace.Registration, limits: Workspace.Limits, founder: Founder?,
    by claims: AccessClaims
  ) async throws -> Workspace {
    try await requireOperator(claims)
    try Self.check(name: name)
    try Self.check(limits)
    var account: (id: UUID, founder: Founder, hash: String)?
    if let founder {
      try AccountService.check(username: founder.username)
      try AccountService.check(password: founder.password)
      try AccountService.check(displayName: founder.displayName ?? founder.username)
      account = (UUID.v7(), founder, try await accounts.passwords.hash(founder.password))
    }
    let id = UUID.v7()
    let made = account
    return try await accounts.pool.transaction { transaction in
      let rows = try await transaction.query(
        Self.insertion, id, name, registration.rawValue, limits.users, limits.conversations, limits.participants,
        limits.sends.map { Int32($0.count) }, limits.sends.map { Int32($0.seconds) })
      guard rows.count == 1 else { throw Self.taken(name) }
      if let made {
        _ = try await transaction.query(
          """
          INSERT INTO users (id, workspace_id, username, display_name, role, password_hash)
          VALUES ($1, $2, $3, $4, 'admin', $5)
          """, made.id, id, made.founder.username, made.founder.displayName ?? made.founder.username, made.hash)
      }
      try await AuditLog.record(.workspaceCreated, of: id, in: claims.workspace, by: claims.user, transaction)
      return try Self.workspace(rows[0])
    }
  }

  private static let insertion = PostgresStatement(
    unchecked: """
      INSERT INTO workspaces (id, name, registration, max_users, max_conversations, max_participants, send_count, send_window)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT (name) DO NOTHING RETURNING \(columns)
      """)
  private static let listing = PostgresStatement(
    unchecked: "SELECT \(columns) FROM workspaces WHERE ($1::uuid IS NULL OR id > $1) ORDER BY id LIMIT $2")
  private static let update = PostgresStatement(
    unchecked: """
      UPDATE workspaces SET name = coalesce($2, name), registration = coalesce($3, registration),
        max_users = CASE WHEN $4 THEN $5 ELSE max_users END,
        max_conversations = CASE WHEN $6 THEN $7 ELSE max_conversations END,
        max_participants = CASE WHEN $8 THEN $9 ELSE max_participants END,
        send_count = CASE WHEN $10 THEN $11 ELSE send_count END,
        send_window = CASE WHEN $10 THEN $12 ELSE send_window END,
        encryption = CASE WHEN $13 THEN $14 ELSE encryption END,
        filter = coalesce($15, filter)
      WHERE id = $1 RETURNING \(columns)
      """)

  /// In the order of their identifiers, after `after`. Throws `ChatError` forbidden.
  package func workspaces(after: UUID?, limit: Int, for claims: AccessClaims) async throws -> [Workspace] {
    try await requireOperator(claims)
    let rows = try await accounts.pool.query(Self.listing, after, Int64(min(max(1, limit), limits.page)))
    return try (0..<rows.count).map { try Self.workspace(rows[$0]) }
  }

  /// A limit below what there is removes nothing: nothing is added to it.
  /// Throws `ChatError` forbidden, notFound, invalidRequest or conflict (the name is taken).
  package func change(_ id: UUID, _ change: WorkspaceChange, by claims: AccessClaims) async throws -> Workspace {
    try await requireOperator(claims)
    guard !change.isEmpty else {
      throw ChatError(.invalidRequest, "Say what is to change: name, registration, limits, encryption, filter.")
    }
    if let name = change.name { try Self.check(name: name) }
    try Self.check(
      Workspace.Limits(
        users: change.users ?? nil, conversations: change.conversations ?? nil, participants: change.participants ?? nil
      ))
    do {
      let sends: Rate? = change.sends ?? nil
      let count: Int32? = sends.map { Int32($0.count) }
      let window: Int32? = sends.map { Int32($0.seconds) }
      let encryption: String? = (change.encryption ?? nil)?.rawValue
      let filter: String? = change.isFiltered.map { $0 ? "on" : "off" }
      return try await accounts.pool.transaction { transaction in
        let rows = try await transaction.query(
          Self.update, id, change.name, change.registration?.rawValue, change.users != nil, change.users ?? nil,
          change.conversations != nil, change.conversations ?? nil, change.participants != nil,
          change.participants ?? nil, change.sends != nil, count, window, change.encryption != nil, encryption, filter)
        guard rows.count == 1 else { throw ChatError(.notFound, "There is no such workspace.") }
        let workspace = try Self.workspace(rows[0])
        var json = JSONWriter()
        workspace.write(to: &json)
        try await AuditLog.record(
          .workspaceChanged, of: id, in: claims.workspace, by: claims.user, details: json.bytes, transaction)
        return workspace
      }
    } catch let error as PostgresError where error.sqlState == .uniqueViolation {
      throw Self.taken(change.name ?? "")
    }
  }

  private func requireOperator(_ claims: AccessClaims) async throws {
    let user = try await accounts.administrator(claims)
    guard user.workspaceId == Workspace.main else {
      throw ChatError(.forbidden, "Only an administrator of the main workspace may do that.")
    }
  }

  private static func taken(_ name: String) -> ChatError {
    ChatError(.conflict, "The name \(name) is taken.", field: "name")
  }

  /// 1 to 63 of a–z, 0–9 and hyphens, beginning with none: it can be a label of a host's name.
  private static func check(name: String) throws {
    let isAllowed = name.utf8.allSatisfy { (0x61...0x7a).contains($0) || (0x30...0x39).contains($0) || $0 == 0x2d }
    guard isAllowed, (1...63).contains(name.utf8.count), name.utf8.first != 0x2d else {
      throw ChatError.invalid("name", "A workspace's name has 1 to 63 characters out of a-z, 0-9 and '-'.")
    }
  }

  private static func check(_ limits: Workspace.Limits) throws {
    for (name, limit) in [
      ("users", limits.users), ("conversations", limits.conversations), ("participants", limits.participants),
    ] {
      if let limit, limit < 0 { throw ChatError.invalid("limits.\(name)", "A limit is not negative.") }
    }
  }
}
