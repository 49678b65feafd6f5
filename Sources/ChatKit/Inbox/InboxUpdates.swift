import JSON
package import Networking
package import Postgres
import Primitives

/// Tells people what they are not looking at: `mention` to who was mentioned, and `inbox:update` to a conversation's
/// members whose sockets are not in its room, at most once a second a conversation.
///
/// Hints, not history: what they say is in the store. They go out after the commit, again when the bus brings an event
/// again, and not at all when Redis is away. On its loop only.
package final class InboxUpdates: @unchecked Sendable {
  package struct Settings: Sendable {
    /// The least time between two updates of a conversation.
    package var interval = Duration.seconds(1)
    /// In larger conversations only those who were mentioned are told.
    package var members = 1000
    /// In larger conversations nobody is told how much is unread: it is counted for each member.
    package var counted = 50
    /// Characters of a preview.
    package var preview = 120

    package init() {}
  }

  /// What is to be said of a conversation.
  private struct Pending {
    var seq: Int64
    var preview: InboxEvent.Subject
    var mentioned = Set<UUID>()
  }

  private struct Mention {
    let user: UUID
    let conversation: UUID
    let seq: Int64
  }

  private let pool: PostgresPool
  private let emitter: RoomEmitter
  private let loop: EventLoop
  private let settings: Settings
  private let unread: UnreadCounts
  private var pending: [UUID: Pending] = [:]
  /// When a conversation's members were last told, by the loop's clock; what is older than the interval is forgotten.
  private var told: [UUID: UInt64] = [:]
  private var task: Task<Void, Never>?
  private let bell: Doorbell
  private var isStopping = false
  package private(set) var sent = 0
  package private(set) var mentions = 0
  package var report: (any Error) -> Void = { _ in }

  package init(pool: PostgresPool, emitter: RoomEmitter, loop: EventLoop, settings: Settings = Settings()) {
    self.pool = pool
    self.emitter = emitter
    self.loop = loop
    self.settings = settings
    unread = UnreadCounts(pool: pool)
    bell = Doorbell(loop: loop)
  }

  /// Says what follows from events whose transaction is committed.
  package func committed(_ events: [InboxEvent]) async {
    for event in events where event.subject?.isDeleted == true { unread.forget(event.conversationId) }
    let posted = events.filter { $0.posted?.isDeleted == false }
    guard !posted.isEmpty, !isStopping else { return }
    var found: [Mention] = []
    do {
      found = try await mentions(posted)
      try await alert(found, posted)
    } catch {
      report(error)
    }
    for event in posted {
      guard let seq = event.seq, let message = event.posted else { continue }
      var entry = pending[event.conversationId] ?? Pending(seq: seq, preview: message)
      if seq >= entry.seq {
        entry.seq = seq
        entry.preview = message
      }
      pending[event.conversationId] = entry
    }
    for mention in found { pending[mention.conversation]?.mentioned.insert(mention.user) }
    if task == nil { task = loop.start { [self] in await run() } }
  }

  /// What waits for its second is said at once.
  package func stop() async {
    isStopping = true
    bell.ring()
    await task?.value
  }

  // MARK: Mentions

  private func mentions(_ posted: [InboxEvent]) async throws -> [Mention] {
    let marked = posted.filter { $0.posted?.body.utf8.contains(UInt8(ascii: "@")) ?? false }
    guard !marked.isEmpty else { return [] }
    let rows = try await pool.query(
      """
      SELECT m.user_id, m.conversation_id, m.seq
      FROM unnest($1::uuid[], $2::bigint[]) AS e (conversation_id, seq)
      JOIN mentions m ON m.conversation_id = e.conversation_id AND m.seq = e.seq
      """, marked.map(\.conversationId), marked.map { $0.seq ?? 0 })
    return try (0..<rows.count).map { index in
      let (user, conversation, seq) = try rows[index].decode((UUID, UUID, Int64).self)
      return Mention(user: user, conversation: conversation, seq: seq)
    }
  }

  private struct Place: Hashable {
    let conversation: UUID
    let seq: Int64
  }

  private func alert(_ found: [Mention], _ posted: [InboxEvent]) async throws {
    guard !found.isEmpty else { return }
    var messages: [Place: InboxEvent.Subject] = [:]
    for event in posted {
      if let seq = event.seq { messages[Place(conversation: event.conversationId, seq: seq)] = event.posted }
    }
    try await emitter.emit(
      found.compactMap { mention in
        guard let message = messages[Place(conversation: mention.conversation, seq: mention.seq)] else { return nil }
        return emitter.emission("mention", to: AdapterChannel.userRoom(mention.user)) { json in
          json.beginObject()
          json.field("conversationId", mention.conversation)
          json.field("seq", mention.seq)
          json.field("messageId", message.id)
          json.field("senderId", message.senderId)
          json.field("preview", String(message.body.prefix(settings.preview)))
          json.field("createdAt", message.createdAt)
          json.endObject()
        }
      })
    mentions += found.count
  }

  // MARK: Updates

  private func run() async {
    while !pending.isEmpty {
      let now = loop.now
      let interval = settings.interval.nanoseconds
      told = told.filter { now &- $0.value < interval }
      let due = pending.keys.filter { isStopping || told[$0] == nil }.prefix(64)
      var taken: [UUID: Pending] = [:]
      for conversation in due {
        taken[conversation] = pending.removeValue(forKey: conversation)
        told[conversation] = now
      }
      if taken.isEmpty {
        // Until the first is due, or the end: then all are.
        let first = told.values.min() ?? now
        await bell.wait(for: .nanoseconds(Int64(clamping: interval &- min(interval, now &- first)) + 1_000_000))
        continue
      }
      do {
        try await tell(taken)
      } catch {
        report(error)
      }
    }
    task = nil
  }

  private func tell(_ conversations: [UUID: Pending]) async throws {
    var members = try await members(of: Array(conversations.keys))
    let sizes = Dictionary(members.map { ($0.conversation, 1) }, uniquingKeysWith: +)
    func size(_ member: UnreadCounts.Member) -> Int { sizes[member.conversation] ?? 0 }
    members.removeAll { member in
      guard let entry = conversations[member.conversation] else { return true }
      // Who sent the last message has seen it.
      return entry.preview.senderId == member.user
        || size(member) > settings.members && !entry.mentioned.contains(member.user)
    }
    // Those that are counted come first.
    let end = members.partition { size($0) > settings.counted }
    let counts = try await unread.count(members[..<end])
    var emissions: [RoomEmitter.Emission] = []
    for (index, member) in members.enumerated() {
      guard let entry = conversations[member.conversation] else { continue }
      emissions.append(emission(entry, member, unread: index < counts.count ? counts[index] : nil))
    }
    try await emitter.emit(emissions)
    sent += emissions.count
  }

  /// Those in the room are left out by the gateways, who know them.
  private func emission(
    _ entry: Pending, _ member: UnreadCounts.Member, unread: Int64?
  ) -> RoomEmitter.Emission {
    emitter.emission(
      "inbox:update", to: AdapterChannel.userRoom(member.user), except: [member.conversation.description]
    ) { json in
      json.beginObject()
      json.field("conversationId", member.conversation)
      json.field("lastSeq", entry.seq)
      if let unread { json.field("unread", unread) }
      json.key("preview")
      json.beginObject()
      json.field("messageId", entry.preview.id)
      json.field("senderId", entry.preview.senderId)
      json.field("type", entry.preview.type.rawValue)
      json.field("body", String(entry.preview.body.prefix(settings.preview)))
      json.field("createdAt", entry.preview.createdAt)
      json.endObject()
      json.endObject()
    }
  }

  /// The members of each, one more than `settings.members` at most.
  private func members(of conversations: [UUID]) async throws -> [UnreadCounts.Member] {
    let rows = try await pool.query(
      """
      SELECT c.id, p.user_id, p.read_seq, c.last_seq FROM conversations c CROSS JOIN LATERAL (
        SELECT user_id, read_seq FROM participants WHERE conversation_id = c.id LIMIT $2) AS p
      WHERE c.id = ANY ($1)
      """, conversations, Int64(settings.members + 1))
    return try (0..<rows.count).map { index in
      let (conversation, user, read, last) = try rows[index].decode((UUID, UUID, Int64, Int64).self)
      return UnreadCounts.Member(conversation: conversation, user: user, readSeq: read, lastSeq: last)
    }
  }
}
