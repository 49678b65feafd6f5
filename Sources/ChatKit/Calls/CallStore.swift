import JSON
import Postgres
import Primitives

/// Calls as the database has them.
enum CallStore {
  /// Members of a conversation with at most so many are all told of its calls; of others only those who take part.
  static let audienceLimit: Int64 = 200

  /// A call whose row is locked, and the time at which it was.
  struct Held {
    var call: Call
    var time: Timestamp
    /// As it is stored.
    let before: Call

    /// - Parameter isNew: none of its participants is stored yet.
    init(_ call: Call, _ time: Timestamp, isNew: Bool = false) {
      self.call = call
      self.time = time
      var before = call
      if isNew { before.participants = [] }
      self.before = before
    }
  }

  /// Locks a call; nil where there is none. It is read after that: whoever waited sees what the former holder did.
  static func lock(_ id: UUID, _ transaction: PostgresTransaction) async throws -> Held? {
    let rows = try await transaction.query("SELECT 1 FROM calls WHERE id = $1 FOR UPDATE", id)
    guard rows.count == 1, let call = try await read([id], transaction).first else { return nil }
    return Held(call, try await transaction.query("SELECT clock_timestamp()")[0].decode(Timestamp.self))
  }

  /// The calls of these identifiers, in their order.
  static func read(_ ids: [UUID], _ client: some PostgresClient) async throws -> [Call] {
    guard !ids.isEmpty else { return [] }
    let rows = try await client.query(
      """
      SELECT id, conversation_id, creator_id, media, state, outcome, version, created_at, answered_at, ended_at
      FROM calls WHERE id = ANY ($1)
      """, ids)
    var calls: [UUID: Call] = [:]
    for index in 0..<rows.count {
      let row = rows[index]
      let id = try row.get(0, as: UUID.self)
      calls[id] = Call(
        id: id, conversation: try row.get(1, as: UUID.self), creator: try row.get(2, as: UUID.self),
        media: Call.Media(rawValue: try row.get(3, as: String.self)) ?? .audio,
        state: Call.State(rawValue: try row.get(4, as: String.self)) ?? .ended,
        outcome: try row.get(5, as: String?.self).flatMap { Call.Outcome(rawValue: $0) },
        version: try row.get(6, as: Int64.self), createdAt: try row.get(7, as: Timestamp.self),
        answeredAt: try row.get(8, as: Timestamp?.self), endedAt: try row.get(9, as: Timestamp?.self))
    }
    let people = try await client.query(
      """
      SELECT call_id, user_id, state, ringing_since, ringing_until, joined_at, left_at
      FROM call_participants WHERE call_id = ANY ($1) ORDER BY call_id, user_id
      """, ids)
    for index in 0..<people.count {
      let row = people[index]
      let participant = Call.Participant(
        user: try row.get(1, as: UUID.self),
        state: Call.Participant.State(rawValue: try row.get(2, as: String.self)) ?? .left,
        ringingSince: try row.get(3, as: Timestamp?.self), ringingUntil: try row.get(4, as: Timestamp?.self),
        joinedAt: try row.get(5, as: Timestamp?.self), leftAt: try row.get(6, as: Timestamp?.self))
      calls[try row.get(0, as: UUID.self)]?.participants.append(participant)
    }
    return ids.compactMap { calls[$0] }
  }

  /// Those of `users` who are in another call, or rung by one.
  static func occupied(_ users: [UUID], besides call: UUID?, _ transaction: PostgresTransaction) async throws -> Set<
    UUID
  > {
    let rows = try await transaction.query(
      """
      SELECT user_id FROM call_participants
      WHERE user_id = ANY ($1) AND state IN ('ringing', 'joined') AND call_id IS DISTINCT FROM $2
      """, users, call)
    return Set(try rows.column(0, as: UUID.self))
  }

  static func insert(_ call: Call, _ transaction: PostgresTransaction) async throws {
    _ = try await transaction.query(
      """
      INSERT INTO calls (id, conversation_id, creator_id, media, state, version, created_at)
      VALUES ($1, $2, $3, $4, 'ringing', 0, $5)
      """, call.id, call.conversation, call.creator, call.media.rawValue, call.createdAt)
  }

  /// Stores what has changed since it was locked, with the event that tells of it; that is to be published after the
  /// commit. A user who is in another call meanwhile is a unique violation.
  static func save(_ held: Held, _ changes: [Call.Change], _ transaction: PostgresTransaction) async throws -> Event? {
    guard !changes.isEmpty else { return nil }
    let call = held.call
    _ = try await transaction.query(
      """
      UPDATE calls SET state = $2, outcome = $3, version = $4, answered_at = $5, ended_at = $6, deadline = $7
      WHERE id = $1
      """, call.id, call.state.rawValue, call.outcome?.rawValue, call.version, call.answeredAt, call.endedAt,
      call.deadline)
    let changed = call.participants.filter { held.before.participant($0.user) != $0 }
    _ = try await transaction.query(
      """
      INSERT INTO call_participants (call_id, user_id, state, ringing_since, ringing_until, joined_at, left_at)
      SELECT $1, i.* FROM unnest($2::uuid[], $3::text[], $4::timestamptz[], $5::timestamptz[], $6::timestamptz[],
        $7::timestamptz[]) AS i
      ON CONFLICT (call_id, user_id) DO UPDATE SET state = excluded.state, ringing_since = excluded.ringing_since,
        ringing_until = excluded.ringing_until, joined_at = excluded.joined_at, left_at = excluded.left_at,
        gone_since = NULL
      """, call.id, changed.map(\.user), changed.map(\.state.rawValue), changed.map(\.ringingSince),
      changed.map(\.ringingUntil), changed.map(\.joinedAt), changed.map(\.leftAt))
    let audience = try await transaction.query(
      """
      WITH few AS (SELECT user_id FROM participants WHERE conversation_id = $1 LIMIT $3 + 1)
      SELECT user_id FROM few WHERE (SELECT count(*) FROM few) <= $3
      UNION SELECT user_id FROM participants WHERE conversation_id = $1 AND user_id = ANY ($2)
      """, call.conversation, call.participants.map(\.user), audienceLimit
    ).column(0, as: UUID.self)
    let event = CallChange.event(call, changes, audience: audience, at: held.time)
    _ = try await transaction.query(
      "INSERT INTO outbox (id, type, conversation_id, payload, created_at) VALUES ($1, $2, $3, $4, $5)",
      event.id, event.kind.rawValue, event.conversationId, String(decoding: event.data, as: UTF8.self), event.at)
    return event
  }
}
