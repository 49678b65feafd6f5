import Postgres
import Primitives

/// How many messages the members of conversations have not read, counted on from what was counted before: somebody who
/// reads nothing for a week costs each message one more, not all of them again.
///
/// What is remembered is a member's read cursor, a place of the log, and the count up to there. It holds for as long as
/// the cursor stays and nothing is deleted (`forget`). On its loop only.
final class UnreadCounts: @unchecked Sendable {
  struct Member {
    let conversation: UUID
    let user: UUID
    /// The member's cursor.
    let readSeq: Int64
    /// The end of the conversation's log.
    let lastSeq: Int64
  }

  private struct Tally {
    var readSeq: Int64
    var upTo: Int64
    var count: Int64
  }

  /// 999 is 999 or more.
  static let most: Int64 = 999
  /// How far back is looked, as `GET /api/conversations` does: who has filled a conversation with own messages costs no more.
  static let reach: Int64 = 4096
  /// Conversations of one generation; two are kept.
  private let capacity: Int
  private let pool: PostgresPool
  private var recent: [UUID: [UUID: Tally]] = [:]
  private var older: [UUID: [UUID: Tally]] = [:]
  /// Conversations that were forgotten while the store counts.
  private var stale = Set<UUID>()
  /// How often a member was counted from the cursor on.
  private(set) var fresh = 0

  init(pool: PostgresPool, capacity: Int = 2048) {
    self.pool = pool
    self.capacity = capacity
  }

  /// A message of it is not what it was when it was counted.
  func forget(_ conversation: UUID) {
    recent[conversation] = nil
    older[conversation] = nil
    stale.insert(conversation)
  }

  /// The members' counts, in their order: messages behind the cursor that others have sent and nobody has deleted. Called
  /// again when it has returned.
  func count(_ members: ArraySlice<Member>) async throws -> [Int64] {
    stale.removeAll()
    var tallies = members.map(begin)
    var due: [Int] = []
    for (index, member) in members.enumerated()
    where tallies[index].count < Self.most && tallies[index].upTo < member.lastSeq { due.append(index) }
    if !due.isEmpty {
      let asked = due.map { members[members.startIndex + $0] }
      let rows = try await pool.query(
        """
        SELECT (SELECT count(*) FROM (
          SELECT FROM messages m WHERE m.conversation_id = i.conversation AND m.seq > i.after AND m.seq <= i.last
            AND m.sender_id <> i.reader AND m.deleted_at IS NULL LIMIT $5) AS found)
        FROM unnest($1::uuid[], $2::uuid[], $3::bigint[], $4::bigint[]) WITH ORDINALITY
          AS i (conversation, reader, after, last, place)
        ORDER BY i.place
        """, asked.map(\.conversation), asked.map(\.user), due.map { tallies[$0].upTo }, asked.map(\.lastSeq),
        Self.most)
      for (row, index) in due.enumerated() {
        tallies[index].count += try rows[row].decode(Int64.self)
        tallies[index].upTo = asked[row].lastSeq
      }
    }
    for (member, tally) in zip(members, tallies) where !stale.contains(member.conversation) {
      remember(tally, of: member)
    }
    return tallies.map { min($0.count, Self.most) }
  }

  /// What is known of a member, or the beginning.
  private func begin(_ member: Member) -> Tally {
    if let known = (recent[member.conversation] ?? older[member.conversation])?[member.user],
      known.readSeq == member.readSeq, known.upTo <= member.lastSeq
    {
      return known
    }
    fresh += 1
    return Tally(readSeq: member.readSeq, upTo: max(member.readSeq, member.lastSeq - Self.reach), count: 0)
  }

  private func remember(_ tally: Tally, of member: Member) {
    if recent[member.conversation] == nil {
      if recent.count >= capacity {
        older = recent
        recent = [:]
      }
      recent[member.conversation] = older.removeValue(forKey: member.conversation) ?? [:]
    }
    recent[member.conversation]?[member.user] = tally
  }
}
