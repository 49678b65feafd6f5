package import Postgres
package import Primitives

/// Who may see whose presence, and what it is. One a loop.
///
/// A user's presence is seen by those who share a conversation of at most `maxMembers` with them, and by themselves; but not
/// where one of the two blocks the other.
package final class PresenceService: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Users asked for at once.
    package var batch = 500

    package init() {}
  }

  /// The presence of a conversation's members.
  package enum Conversation: Sendable {
    /// - Parameter hidden: how many there are besides, who block the viewer or whom the viewer blocks.
    case members([PresenceStatus], hidden: Int)
    /// Of one with more members than are told one by one.
    case count(members: Int, online: Int)
  }

  package let limits: Limits
  private let pool: PostgresPool
  private let store: PresenceStore
  package let record: PresenceRecord
  /// Numbers of large conversations, which are costly to count: as they were up to `countLifetime` ago.
  private var counts: [UUID: (members: Int, online: Int, at: Timestamp)] = [:]
  private static let countLifetime = Duration.seconds(5)
  private static let countLimit = 1000

  package init(pool: PostgresPool, store: PresenceStore, limits: Limits = Limits()) {
    self.pool = pool
    self.store = store
    self.limits = limits
    record = PresenceRecord(pool: pool)
  }

  package var settings: PresenceSettings { store.settings }

  /// Renews, or takes, the lease of a device that says so itself. Throws `ChatError` invalidRequest, unavailable.
  package func heartbeat(_ user: UUID, device: String) async throws {
    guard (1...64).contains(device.utf8.count),
      device.utf8.allSatisfy({ $0 > 0x20 && $0 < 0x7f })
    else { throw ChatError.invalid("deviceId", "A device's name is 1 to 64 characters of ASCII, without spaces.") }
    do {
      try await store.renew([PresenceLease(user: user, device: .named(device))][...])
    } catch {
      throw ChatError(.unavailable, "Presence cannot be kept now.")
    }
  }

  /// What is known of users, in their order. Where Redis is away or was emptied lately, what was last said of them.
  package func statuses(of users: [UUID]) async throws -> [PresenceStatus] {
    guard !users.isEmpty else { return [] }
    let (versions, isSettled) = (try? await store.online(users)) ?? ([:], false)
    let others = users.filter { versions[$0] == nil }
    let said = others.isEmpty ? [:] : try await record.edges(of: others)
    return users.map { user in
      if let version = versions[user] {
        return PresenceStatus(user: user, isOnline: true, lastSeen: nil, version: version)
      }
      guard let edge = said[user] else { return PresenceStatus(user: user, isOnline: false, lastSeen: nil, version: 0) }
      // Gone, and nobody has said so yet: the edge is on its way.
      let isOnline = edge.isOnline && !isSettled
      return PresenceStatus(user: user, isOnline: isOnline, lastSeen: isOnline ? nil : edge.at, version: edge.version)
    }
  }

  /// Those of `users` whose presence `viewer` may see.
  package func visible(_ users: [UUID], to viewer: UUID) async throws -> Set<UUID> {
    let pairs = users.map { (viewer: viewer, user: $0) }
    return Set(try await visible(pairs).map(\.user))
  }

  private static let visibility = PostgresStatement(
    unchecked: """
        SELECT a.viewer, a.other FROM unnest($1::uuid[], $2::uuid[]) AS a (viewer, other)
        WHERE a.viewer = a.other OR \(UserBlocks.none(between: "a.viewer", and: "a.other")) AND EXISTS (
          SELECT FROM participants mine
          JOIN participants theirs ON theirs.conversation_id = mine.conversation_id AND theirs.user_id = a.other
          WHERE mine.user_id = a.viewer AND (
            SELECT count(*) FROM (
              SELECT FROM participants p WHERE p.conversation_id = mine.conversation_id LIMIT $3 + 1) AS few) <= $3)
      """)

  /// Those of the pairs whose first may see the second.
  package func visible(_ pairs: [(viewer: UUID, user: UUID)]) async throws -> [(viewer: UUID, user: UUID)] {
    guard !pairs.isEmpty else { return [] }
    let rows = try await pool.query(
      Self.visibility, pairs.map(\.viewer), pairs.map(\.user), Int64(settings.maxMembers))
    return try (0..<rows.count).map { row in
      let (viewer, user) = try rows[row].decode((UUID, UUID).self)
      return (viewer, user)
    }
  }

  /// Of each of `users` who has any: those who are told nothing of them, nor they of those.
  package func hidden(from users: some Collection<UUID>) async throws -> [UUID: Set<UUID>] {
    try await UserBlocks.hidden(from: users, pool)
  }

  /// The members of conversations, in one statement; nil for those with more than `maxMembers`.
  package func members(of conversations: [UUID]) async throws -> [UUID: [UUID]?] {
    let most = settings.maxMembers
    let rows = try await pool.query(
      """
      SELECT c.id, m.user_id FROM unnest($1::uuid[]) AS c (id) CROSS JOIN LATERAL (
        SELECT p.user_id FROM participants p WHERE p.conversation_id = c.id LIMIT $2) AS m
      """, conversations, Int64(most + 1))
    var found: [UUID: [UUID]] = [:]
    for row in 0..<rows.count {
      let (conversation, user) = try rows[row].decode((UUID, UUID).self)
      found[conversation, default: []].append(user)
    }
    var members: [UUID: [UUID]?] = [:]
    for conversation in conversations {
      let all = found[conversation] ?? []
      members[conversation] = .some(all.count > most ? nil : all)
    }
    return members
  }

  /// Throws `ChatError` notFound when `viewer` is no participant.
  package func conversation(_ id: UUID, for viewer: UUID) async throws -> Conversation {
    let rows = try await pool.query(
      "SELECT FROM participants WHERE conversation_id = $1 AND user_id = $2", id, viewer)
    guard rows.count == 1 else { throw ChatError.noSuchConversation }
    if let members = try await members(of: [id])[id] ?? nil {
      let hidden = try await UserBlocks.hidden(from: [viewer], pool)[viewer] ?? []
      let shown = members.filter { !hidden.contains($0) }
      return .members(try await statuses(of: shown.sorted()), hidden: members.count - shown.count)
    }
    let now = Timestamp.now()
    if let known = counts[id], known.at + Self.countLifetime > now {
      return .count(members: known.members, online: known.online)
    }
    let numbers = try await pool.query(
      """
      SELECT count(*), count(*) FILTER (WHERE s.is_online)
      FROM participants p LEFT JOIN presence s ON s.user_id = p.user_id AND s.is_online
      WHERE p.conversation_id = $1
      """, id)
    let (members, online) = try numbers[0].decode((Int64, Int64).self)
    if counts.count >= Self.countLimit { counts.removeAll() }
    counts[id] = (Int(members), Int(online), now)
    return .count(members: Int(members), online: Int(online))
  }
}
