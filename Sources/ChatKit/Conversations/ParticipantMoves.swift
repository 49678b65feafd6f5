import Postgres
import Primitives

/// How the participants of a conversation change, whoever may change them. All of it within a transaction that holds the
/// conversation's row; what is answered are the events of the change, which are not in the outbox yet.
enum ParticipantMoves {
  /// Adds those who are not in it, with its history read.
  static func add(
    _ users: [UUID], to conversation: UUID, at lastSeq: Int64, as role: ParticipantRole = .member, by actor: UUID,
    _ transaction: PostgresTransaction
  ) async throws -> [Event] {
    guard !users.isEmpty else { return [] }
    let rows = try await transaction.query(
      """
      INSERT INTO participants (conversation_id, user_id, role, read_seq, delivered_seq, joined_seq)
      SELECT $1, unnest($2::uuid[]), $4, $3, $3, $3 ON CONFLICT DO NOTHING RETURNING user_id
      """, conversation, users, lastSeq, role.rawValue)
    return try rows.column(0, as: UUID.self).map {
      ParticipantChange(conversation: conversation, user: $0, actor: actor, change: .joined).event
    }
  }

  /// Removes a user; nil where the user is not in it. A conversation is never without an admin while somebody is in it:
  /// the one who has been in it longest follows. The epoch rises, and messages bear it.
  static func remove(
    _ user: UUID, from conversation: UUID, by actor: UUID, _ transaction: PostgresTransaction
  ) async throws -> (events: [Event], epoch: Int64)? {
    let gone = try await transaction.query(
      "DELETE FROM participants WHERE conversation_id = $1 AND user_id = $2 RETURNING user_id", conversation, user)
    guard gone.count == 1 else { return nil }
    let successors = try await transaction.query(
      """
      UPDATE participants SET role = 'admin' WHERE conversation_id = $1 AND user_id = (
        SELECT user_id FROM participants WHERE conversation_id = $1 ORDER BY joined_at, user_id LIMIT 1)
      AND NOT EXISTS (SELECT FROM participants WHERE conversation_id = $1 AND role = 'admin') RETURNING user_id
      """, conversation)
    let epochs = try await transaction.query(
      "UPDATE conversations SET epoch = epoch + 1 WHERE id = $1 RETURNING epoch", conversation)
    let epoch = try epochs[0].decode(Int64.self)
    var left = ParticipantChange(conversation: conversation, user: user, actor: actor, change: .left).event
    left.epoch = epoch
    let promoted = try successors.column(0, as: UUID.self).map {
      ParticipantChange(conversation: conversation, user: $0, actor: actor, change: .updated, role: .admin).event
    }
    return ([left] + promoted, epoch)
  }

  /// Promotes or demotes; nil where the user is not in it. Throws `ChatError` conflict (the last admin).
  static func set(
    _ role: ParticipantRole, of user: UUID, in conversation: UUID, by actor: UUID, _ transaction: PostgresTransaction
  ) async throws -> [Event]? {
    let rows = try await transaction.query(
      "SELECT role FROM participants WHERE conversation_id = $1 AND user_id = $2", conversation, user)
    guard rows.count == 1 else { return nil }
    guard try rows[0].get(0, as: String.self) != role.rawValue else { return [] }
    let changed = try await transaction.query(
      """
      UPDATE participants SET role = $3 WHERE conversation_id = $1 AND user_id = $2 AND ($3 = 'admin' OR EXISTS (
        SELECT FROM participants WHERE conversation_id = $1 AND role = 'admin' AND user_id <> $2))
      """, conversation, user, role.rawValue)
    guard changed.affected == 1 else {
      throw ChatError(.conflict, "This is the only admin; make somebody else an admin first.", field: "role")
    }
    return [
      ParticipantChange(conversation: conversation, user: user, actor: actor, change: .updated, role: role).event
    ]
  }
}
