import Postgres
import Primitives

extension RoomKind {
  /// Stands where events name who did it: an operator, who is none of the users.
  private static let actor = UUID(high: 0, low: 0)

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let workspace = try await backends.workspace(of: desired.id)
    let bound = try await ManifestOwners(backends.postgres).objects(name)[desired.id]
    let removed = try await backends.postgres.transaction { transaction -> (room: UUID, epoch: Int64)? in
      let room =
        change.action == .create
        ? try await create(desired, workspace, transaction) : try await find(desired, bound, workspace, transaction)
      if change.action == .update { try await settle(desired.spec, room, transaction) }
      let moves = try await moves(of: change, desired, workspace, transaction)
      let epoch = try await move(moves, in: room, transaction)
      try await requireAdmin(of: room, desired.id, transaction)
      try await ManifestOwners(transaction).bind(desired.id, to: room)
      return epoch.map { (room, $0) }
    }
    // Whoever was removed is delivered nothing more, from the moment that the gateways hear of it.
    if let removed { await (try await backends.rooms()).notice(removed.epoch, in: removed.room) }
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    guard let room = try await ManifestOwners(backends.postgres).objects(name)[id] else { return }
    try await backends.postgres.transaction { transaction in
      try await settle(.fields([("archived", .boolean(true))]), room, transaction)
    }
  }

  private static func create(
    _ desired: Manifest, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> UUID {
    let spec = desired.spec
    let isEncrypted = spec["encrypted"]?.boolean ?? false
    if isEncrypted {
      let keys = try await transaction.query("SELECT FROM message_keys WHERE state = 'active'")
      guard !keys.isEmpty else {
        throw ManifestError(.refused, "\(desired.id): no key is active; a KeyPolicy in the manifests makes one")
      }
    }
    let id = spec["id"]?.string.flatMap { UUID($0) } ?? UUID.v7()
    let slow = spec["slowMode"]?.string.flatMap { Duration(text: $0) } ?? .zero
    let founder = spec["members"]?.elements?.first { $0["role"] == .string("admin") }?["user"]?.string
    _ = try await transaction.query(
      """
      INSERT INTO conversations
        (id, workspace_id, type, title, created_by, encrypted, archived_at, read_only, slow_seconds)
      VALUES ($1, $2, $3, $4, coalesce((SELECT id FROM users WHERE workspace_id = $2 AND lower(username) = lower($5)), $6),
        $7, CASE WHEN $8 THEN now() END, $9, $10)
      """, id, workspace, spec["type"]?.string ?? "channel", spec["title"]?.string ?? desired.id.name, founder, actor,
      isEncrypted, spec["archived"]?.boolean ?? false, spec["readOnly"]?.boolean ?? false,
      Int32(slow.components.seconds))
    return id
  }

  /// Locks it: messages that are sent meanwhile come before the change, or after it.
  private static func find(
    _ desired: Manifest, _ bound: UUID?, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> UUID {
    let rows = try await transaction.query(
      """
      SELECT id FROM conversations WHERE workspace_id = $1 AND type <> 'direct'
        AND (id = $2 OR $2::uuid IS NULL AND lower(title) = lower($3)) FOR NO KEY UPDATE
      """, workspace, desired.spec["id"]?.string.flatMap { UUID($0) } ?? bound,
      desired.spec["title"]?.string ?? desired.id.name)
    guard rows.count == 1 else { throw ManifestError(.noSuch, "\(desired.id) is not there any more") }
    return try rows[0].get(0)
  }

  /// Title, archive, and who may send how often.
  private static func settle(_ spec: ManifestValue, _ room: UUID, _ transaction: PostgresTransaction) async throws {
    let slow = spec["slowMode"]?.string.flatMap { Duration(text: $0) }.map { Int32($0.components.seconds) }
    let rows = try await transaction.query(
      """
      UPDATE conversations SET title = coalesce($2, title), read_only = coalesce($4, read_only),
        slow_seconds = coalesce($5, slow_seconds),
        archived_at = CASE WHEN $3::boolean IS NULL THEN archived_at WHEN $3 THEN coalesce(archived_at, now()) END
      WHERE id = $1 AND (title IS DISTINCT FROM coalesce($2, title) OR read_only <> coalesce($4, read_only)
        OR slow_seconds <> coalesce($5, slow_seconds) OR (archived_at IS NOT NULL) <> coalesce($3, archived_at IS NOT NULL))
      RETURNING title, archived_at, read_only, slow_seconds
      """, room, spec["title"]?.string, spec["archived"]?.boolean, spec["readOnly"]?.boolean, slow)
    guard let row = rows.first else { return }
    let (title, archivedAt, isReadOnly, pause) = try row.decode((String?, Timestamp?, Bool, Int32).self)
    let content = ConversationChange.Content.shared(
      title: title, archivedAt: archivedAt, isReadOnly: isReadOnly, slowMode: pause)
    try await lay([ConversationChange(conversation: room, actor: actor, content: content).event], transaction)
  }

  // MARK: Members

  /// Who is to have which role; nil for who is to go.
  private static func moves(
    of change: ManifestChange, _ desired: Manifest, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> [(user: UUID, role: String?)] {
    var wanted: [(name: String, role: String?)] = []
    for difference in change.differences {
      if difference.field == "members" {
        for member in difference.to?.elements ?? [] {
          wanted.append(((member["user"]?.string ?? "").lowercased(), member["role"]?.string ?? "member"))
        }
      } else if difference.field.hasPrefix("members.") {
        wanted.append((difference.field.dropFirst(8).lowercased(), difference.to?.string))
      }
    }
    guard !wanted.isEmpty else { return [] }
    let rows = try await transaction.query(
      "SELECT lower(username), id FROM users WHERE workspace_id = $1 AND lower(username) = ANY ($2)", workspace,
      wanted.map(\.name))
    var users: [String: UUID] = [:]
    for row in rows { users[try row.get(0)] = try row.get(1, as: UUID.self) }
    return try wanted.map { name, role in
      guard let user = users[name] else {
        throw ManifestError(
          .noSuch, "\(desired.id): there is no user '\(name)' in workspace '\(desired.id.workspace ?? "main")'")
      }
      return (user, role)
    }
  }

  /// Lets members in and out and sets their roles. Answers the epoch after a removal.
  private static func move(
    _ moves: [(user: UUID, role: String?)], in room: UUID, _ transaction: PostgresTransaction
  ) async throws -> Int64? {
    guard !moves.isEmpty else { return nil }
    let stay = moves.filter { $0.role != nil }
    let go = moves.filter { $0.role == nil }.map(\.user)
    let joined = try await transaction.query(
      """
      INSERT INTO participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_seq)
      SELECT c.id, m.user_id, m.role, c.last_seq, c.last_seq, c.last_seq
      FROM conversations c CROSS JOIN unnest($2::uuid[], $3::text[]) AS m (user_id, role) WHERE c.id = $1
      ON CONFLICT DO NOTHING RETURNING user_id
      """, room, stay.map(\.user), stay.map { $0.role ?? "member" })
    var events = try events(of: joined, in: room, .joined)
    for role in [ParticipantRole.admin, .member] {
      let changed = try await transaction.query(
        """
        UPDATE participants SET role = $3 WHERE conversation_id = $1 AND user_id = ANY ($2) AND role <> $3
        RETURNING user_id
        """, room, stay.filter { $0.role == role.rawValue }.map(\.user), role.rawValue)
      events += try self.events(of: changed, in: room, .updated, role: role)
    }
    var epoch: Int64?
    if !go.isEmpty {
      let gone = try await transaction.query(
        "DELETE FROM participants WHERE conversation_id = $1 AND user_id = ANY ($2) RETURNING user_id", room, go)
      let raised = try await transaction.query(
        "UPDATE conversations SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", room)
      epoch = try raised.get(0, 0, as: Int64.self)
      for var event in try self.events(of: gone, in: room, .left) {
        event.epoch = epoch
        events.append(event)
      }
    }
    try await lay(events, transaction)
    return epoch
  }

  private static func events(
    of users: PostgresRows, in room: UUID, _ change: ParticipantChange.Change, role: ParticipantRole? = nil
  ) throws -> [Event] {
    try users.column(0, as: UUID.self).map {
      ParticipantChange(conversation: room, user: $0, actor: actor, change: change, role: role).event
    }
  }

  private static func requireAdmin(
    of room: UUID, _ id: ManifestID, _ transaction: PostgresTransaction
  ) async throws {
    let rows = try await transaction.query(
      "SELECT count(*) FILTER (WHERE role = 'admin'), count(*) FROM participants WHERE conversation_id = $1", room)
    let (admins, all) = try rows[0].decode((Int64, Int64).self)
    guard admins > 0 || all == 0 else {
      throw ManifestError(.refused, "\(id) would be left without an admin: give a member role: admin")
    }
  }

  /// Into the outbox: the relay of a living process publishes them.
  private static func lay(_ events: [Event], _ transaction: PostgresTransaction) async throws {
    for event in events {
      _ = try await transaction.query(
        "INSERT INTO outbox (id, type, conversation_id, payload, created_at) VALUES ($1, $2, $3, $4, $5)", event.id,
        event.kind.rawValue, event.conversationId, String(decoding: event.data, as: UTF8.self), event.at)
    }
  }
}
