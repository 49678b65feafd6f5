import JSON
package import Networking
package import Postgres
import Primitives
package import Redis

/// Takes away what is kept of a person, in every store. What others have said stays, and so does that somebody was there: the
/// account's row remains under a name that says nothing, for messages and conversations name it.
///
/// Clients hear of it as of any change: deleted messages are entries of their conversations' logs, who leaves a room leaves it.
package struct PersonErasure: Sendable {
  /// In this order: first nobody can come in as the person any more, last the name goes.
  package enum Step: String, CaseIterable, Sendable {
    case access = "postgresql.access"
    case presence = "redis.presence"
    case recovery = "redis.recovery"
    case limits = "redis.limits"
    case messages = "postgresql.messages"
    case content = "attachments.content"
    case attachments = "postgresql.attachments"
    case reactions = "postgresql.reactions"
    case rooms = "postgresql.memberships"
    case traces = "postgresql.traces"
    case copies = "postgresql.copies"
    case profile = "postgresql.profile"
    case bus = "bus.events"
    case verification = "verification"
  }

  /// How far a step has come that may take long.
  package struct Progress: Sendable {
    package var step: Step
    /// Bytes of a large table; rooms; files.
    package var done: Int
    package var total: Int
  }

  let pool: PostgresPool
  let walk: TableWalk
  private let redis: RedisClient
  private let emitter: RoomEmitter
  private let content: (any ObjectStore)?
  private let settings: PresenceSettings
  private let keepsMessages: Bool
  private let actor: OperatorIdentity

  /// - Parameters:
  ///   - content: where files lie; nil leaves them.
  ///   - keepsMessages: what the person has said stays, under the name that says nothing.
  ///   - rate: bytes of large tables that are looked through in a second; nil for as fast as it goes.
  package init(
    pool: PostgresPool, redis: RedisClient, content: (any ObjectStore)?, presence settings: PresenceSettings,
    keepsMessages: Bool, rate: Int?, by actor: OperatorIdentity, on loop: EventLoop
  ) {
    self.pool = pool
    self.redis = redis
    emitter = RoomEmitter(redis: redis)
    self.content = content
    self.settings = settings
    self.keepsMessages = keepsMessages
    self.actor = actor
    walk = TableWalk(pool: pool, loop: loop, rate: rate)
  }

  /// Does a step of the record, and notes it. It counts on from what an interrupted run of it has noted, and goes on there.
  /// - Parameter progress: may throw to end it there.
  package func run(
    _ index: Int, of record: inout PersonRecord, progress: (Progress) throws -> Void
  ) async throws {
    guard let step = Step(rawValue: record.steps[index].name) else {
      throw PersonRecord.Failure(description: "this version knows no step \(record.steps[index].name)")
    }
    let user = record.user
    var count = 0
    var note: String?
    switch step {
    case .access: count = try await endAccess(user)
    case .presence: count = try await endPresence(user)
    case .recovery: count = try await forgetSessions(user)
    case .limits: count = try await forgetLimits(user)
    case .messages where keepsMessages: note = "kept: the operator wanted it so"
    case .messages, .reactions:
      try await takeBack(step, of: user, &record.steps[index], progress)
    case .content:
      (count, note) = try await removeContent(user, progress)
    case .attachments: count = try await deleteAttachments(user)
    case .rooms: note = try await leaveRooms(user, &record.steps[index], progress)
    case .traces: count = try await deleteTraces(user)
    case .copies: count = try await deleteCopies(user)
    case .profile: count = try await anonymise(user)
    case .bus: note = "events that were published are forgotten with the topic's retention"
    case .verification:
      let left = try await remaining(user)
      count = left.reduce(0) { $0 + $1.count }
      note =
        left.isEmpty ? "nothing is left" : "left: " + left.map { "\($0.name) \($0.count)" }.joined(separator: ", ")
    }
    record.steps[index].count += count
    record.steps[index].note = note
    record.steps[index].place = nil
    record.steps[index].finishedAt = .now()
  }

  // MARK: Nobody comes in

  private func endAccess(_ user: UUID) async throws -> Int {
    let count = try await pool.transaction { transaction in
      _ = try await transaction.query(
        """
        UPDATE users SET disabled_at = coalesce(disabled_at, now()), password_hash = $2, role = 'user' WHERE id = $1
        """, user, UserIntake.noPassword)
      _ = try await UserSessions.revoke(.all, of: user, in: transaction)
      return try await transaction.query("DELETE FROM refresh_tokens WHERE user_id = $1", user).affected
        + transaction.query("DELETE FROM push_devices WHERE user_id = $1", user).affected
    }
    await emitter.disconnect([AdapterChannel.userRoom(user)])
    return count
  }

  private func endPresence(_ user: UUID) async throws -> Int {
    let inspection = PresenceInspection(redis: redis)
    let leases = try await inspection.leases(of: user)
    try await inspection.end(leases, settings: settings)
    return leases.count
  }

  /// Of sockets that were cut, and may be continued: gateways write them down.
  private func forgetSessions(_ user: UUID) async throws -> Int {
    var count = 0
    for hash in try await keys(like: "chatd:recovery:*") where !hash.hasSuffix(":log") {
      var cursor = "0"
      repeat {
        let reply = try await redis.send("HSCAN", hash, cursor, "COUNT", 500)
        guard let parts = reply.array, parts.count == 2, let next = parts[0].string, let pairs = parts[1].array else {
          break
        }
        for index in stride(from: 0, to: pairs.count - 1, by: 2) {
          guard let field = pairs[index].bytes, let value = pairs[index + 1].bytes,
            RecoverableSession(value)?.user == user
          else { continue }
          _ = try await redis.send("HDEL", hash, field)
          count += 1
        }
        cursor = next
      } while cursor != "0"
    }
    return count
  }

  private func forgetLimits(_ user: UUID) async throws -> Int {
    let found = try await keys(like: "chatd:limit:*:u:\(user)")
    for key in found { _ = try await redis.send("DEL", key) }
    return found.count
  }

  private func keys(like pattern: String) async throws -> [String] {
    var found = Set<String>()
    var cursor = "0"
    repeat {
      let reply = try await redis.send("SCAN", cursor, "MATCH", pattern, "COUNT", 1000)
      guard let parts = reply.array, parts.count == 2, let next = parts[0].string else { break }
      for key in parts[1].array ?? [] { if let text = key.string { found.insert(text) } }
      cursor = next
    } while cursor != "0"
    return found.sorted()
  }

  // MARK: What the person has brought

  private func removeContent(_ user: UUID, _ progress: (Progress) throws -> Void) async throws -> (Int, String?) {
    let rows = try await pool.query("SELECT id FROM attachments WHERE uploader_id = $1 ORDER BY id", user)
    let ids = try rows.column(0, as: UUID.self)
    guard let content else {
      guard ids.isEmpty else {
        throw PersonRecord.Failure(
          description: "\(ids.count) files are to be removed, and no store of files is configured here: "
            + "give --attachments-folder, or chatd's own configuration")
      }
      return (0, nil)
    }
    for (index, id) in ids.enumerated() {
      try await content.remove(id)
      try progress(Progress(step: .content, done: index + 1, total: ids.count))
    }
    return (ids.count, nil)
  }

  private func deleteAttachments(_ user: UUID) async throws -> Int {
    try await pool.transaction { transaction in
      _ = try await transaction.query(
        "DELETE FROM attachment_uses WHERE attachment_id IN (SELECT id FROM attachments WHERE uploader_id = $1)", user)
      return try await transaction.query("DELETE FROM attachments WHERE uploader_id = $1", user).affected
    }
  }

  /// Groups and channels; a direct conversation is the other's too, and stays with whoever is left.
  private func leaveRooms(
    _ user: UUID, _ step: inout PersonRecord.Step, _ progress: (Progress) throws -> Void
  ) async throws -> String? {
    let rows = try await pool.query(
      """
      SELECT c.id, c.type = 'direct' FROM participants p JOIN conversations c ON c.id = p.conversation_id
      WHERE p.user_id = $1 ORDER BY c.id
      """, user)
    var direct = 0
    for row in 0..<rows.count {
      let (room, isDirect) = try rows[row].decode((UUID, Bool).self)
      guard !isDirect else {
        direct += 1
        continue
      }
      let epoch = try await pool.transaction { transaction -> Int64? in
        _ = try await transaction.query("SELECT FROM conversations WHERE id = $1 FOR NO KEY UPDATE", room)
        guard let removal = try await ParticipantMoves.remove(user, from: room, by: user, transaction) else {
          return nil
        }
        try await Outbox.lay(removal.events, transaction)
        return removal.epoch
      }
      if let epoch { await emitter.notice(epoch, in: room) }
      step.count += 1
      try progress(Progress(step: .rooms, done: row + 1, total: rows.count))
    }
    return direct > 0 ? "\(direct) direct conversations stay for the others in them" : nil
  }

  // MARK: What is known of the person besides

  private static let traces = [
    "DELETE FROM receipts WHERE user_id = $1", "DELETE FROM mentions WHERE user_id = $1",
    "DELETE FROM user_blocks WHERE user_id = $1 OR blocked_id = $1", "DELETE FROM slow_marks WHERE user_id = $1",
    "DELETE FROM call_participants WHERE user_id = $1", "DELETE FROM idempotency_keys WHERE user_id = $1",
    "DELETE FROM push_queue WHERE user_id = $1", "DELETE FROM presence WHERE user_id = $1",
    "UPDATE message_reports SET note = NULL WHERE reporter_id = $1 AND note IS NOT NULL",
    """
    DELETE FROM login_failures f USING users u WHERE u.id = $1 AND f.workspace_id = u.workspace_id
      AND f.name_hash = sha256(convert_to(lower(u.username), 'UTF8'))
    """,
  ]

  private func deleteTraces(_ user: UUID) async throws -> Int {
    var count = 0
    for sql in Self.traces {
      count += try await pool.transaction { transaction in
        _ = try await transaction.query("SET LOCAL statement_timeout = 0")
        return try await transaction.run(
          PostgresStatement(unchecked: sql), PostgresParameters(user), timeout: .seconds(86_400)
        ).affected
      }
    }
    return count
  }

  /// Events that were put aside, or could not be delivered: they bear what was said.
  private static let copies = [
    "DELETE FROM dead_letters WHERE position(convert_to($1::uuid::text, 'UTF8') IN payload) > 0",
    "DELETE FROM webhook_deliveries WHERE position($1::uuid::text IN body) > 0",
    "DELETE FROM push_queue WHERE position($1::uuid::text IN body) > 0",
  ]

  private func deleteCopies(_ user: UUID) async throws -> Int {
    var count = 0
    for sql in Self.copies { count += try await pool.query(PostgresStatement(unchecked: sql), user).affected }
    return count
  }

  private func anonymise(_ user: UUID) async throws -> Int {
    try await pool.transaction { [actor] transaction in
      let rows = try await transaction.query(
        """
        UPDATE users SET username = 'erased-' || right(replace(id::text, '-', ''), 12), display_name = 'Erased user',
          avatar_url = NULL, last_seen_at = NULL, version = version + 1
        WHERE id = $1 AND NOT starts_with(username, 'erased-') RETURNING workspace_id
        """, user)
      guard rows.count == 1 else { return 0 }
      try await actor.record(.userErased, of: user, in: try rows[0].get(0, as: UUID.self), transaction)
      return 1
    }
  }

  // MARK: Looking again

  private func remaining(_ user: UUID) async throws -> [(name: String, count: Int)] {
    var checks = [
      ("sessions", "SELECT count(*) FROM refresh_tokens WHERE user_id = $1"),
      ("devices", "SELECT count(*) FROM push_devices WHERE user_id = $1"),
      ("attachments", "SELECT count(*) FROM attachments WHERE uploader_id = $1"),
      ("reactions", "SELECT count(*) FROM reactions WHERE user_id = $1"),
      ("receipts", "SELECT count(*) FROM receipts WHERE user_id = $1"),
      ("mentions", "SELECT count(*) FROM mentions WHERE user_id = $1"),
      ("blocks", "SELECT count(*) FROM user_blocks WHERE user_id = $1 OR blocked_id = $1"),
      (
        "memberships",
        """
        SELECT count(*) FROM participants p JOIN conversations c ON c.id = p.conversation_id
        WHERE p.user_id = $1 AND c.type <> 'direct'
        """
      ),
      ("profile", "SELECT count(*) FROM users WHERE id = $1 AND NOT starts_with(username, 'erased-')"),
    ]
    if !keepsMessages {
      checks.append(("messages", "SELECT count(*) FROM messages WHERE sender_id = $1 AND deleted_at IS NULL"))
    }
    var left: [(name: String, count: Int)] = []
    for (name, sql) in checks {
      let count = try await pool.transaction(readOnly: true, attempts: 1) { transaction -> Int64 in
        _ = try await transaction.query("SET LOCAL statement_timeout = 0")
        let rows = try await transaction.run(
          PostgresStatement(unchecked: sql), PostgresParameters(user), timeout: .seconds(86_400))
        return try rows[0].get(0, as: Int64.self)
      }
      if count > 0 { left.append((name, Int(count))) }
    }
    let leases = try await PresenceInspection(redis: redis).leases(of: user).count
    if leases > 0 { left.append(("presence", leases)) }
    return left
  }
}
