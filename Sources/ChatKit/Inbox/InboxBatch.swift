import Postgres
import Primitives

/// One transaction of the worker: a batch of events with all that follows from them.
///
/// An event's effects are done once for two reasons. Its id is recorded in `processed_events`; and an entry of a
/// conversation's log moves the conversation's position in `inbox_positions`, which only rises. The position says more: an
/// entry that is not the next one shows that the bus has lost some, or brings them later, and they are read from the store
/// (`InboxCatchUp`); what comes of them afterwards is behind the position. Its row is locked, so that a former member of
/// the group that still believes it has the partition cannot work on the same conversation.
struct InboxBatch: Sendable {
  static let consumer = "inbox"

  let effects: [any InboxEffect]

  struct Outcome: Sendable {
    /// Done now.
    var done: [InboxEvent] = []
    /// Done before: the bus brought them again.
    var repeated: [InboxEvent] = []
    /// Put behind a parked predecessor.
    var parked = 0
    /// Entries missing before one of these events: nothing was done.
    var gaps: [Gap] = []
  }

  /// The store has to be read up to `through`, first.
  struct Gap: Error {
    let conversation: UUID
    let through: Int64
  }

  /// An event with what the bus brought.
  struct Item: Sendable {
    let event: InboxEvent
    let payload: [UInt8]
  }

  struct GapsFound: Error { let gaps: [Gap] }

  /// Throws what an effect threw; nothing was done then.
  func run(_ items: [Item], pool: PostgresPool, isReplay: Bool = false) async throws -> Outcome {
    do {
      return try await pool.transaction { transaction in
        try await run(items, in: transaction, isReplay: isReplay)
      }
    } catch let found as GapsFound {
      return Outcome(gaps: found.gaps)
    }
  }

  /// - Parameter isReplay: the items are parked, and their turn has come.
  func run(_ items: [Item], in transaction: PostgresTransaction, isReplay: Bool) async throws -> Outcome {
    var outcome = Outcome()
    var items = Self.sorted(items)
    if !isReplay {
      let parked = try await Self.parkedKeys(items.map(\.event.conversationId), transaction)
      if !parked.isEmpty {
        let successors = items.filter { parked.contains($0.event.conversationId) }
        items.removeAll { parked.contains($0.event.conversationId) }
        outcome.parked = try await DeadLetters.park(
          successors.map { DeadLetters.Parcel($0, failure: nil, attempts: 0) }, in: transaction)
      }
    }
    guard !items.isEmpty else { return outcome }
    var positions = try await Self.lockPositions(
      Set(items.lazy.filter { $0.event.seq != nil }.map(\.event.conversationId)), transaction)
    var fresh = try await Self.record(items.map(\.event.id), transaction)
    var moved = Set<UUID>()
    var gaps: [Gap] = []
    for item in items {
      let event = item.event
      guard fresh.remove(event.id) != nil else {
        outcome.repeated.append(event)
        continue
      }
      if let seq = event.seq {
        let position = positions[event.conversationId] ?? 0
        guard seq > position else {
          outcome.repeated.append(event)
          continue
        }
        if seq > position + 1 { gaps.append(Gap(conversation: event.conversationId, through: seq - 1)) }
        positions[event.conversationId] = seq
        moved.insert(event.conversationId)
      }
      outcome.done.append(event)
    }
    if !gaps.isEmpty { throw GapsFound(gaps: gaps) }
    try await apply(outcome.done, in: transaction)
    try await Self.move(positions.filter { moved.contains($0.key) }, transaction)
    return outcome
  }

  func apply(_ events: [InboxEvent], in transaction: PostgresTransaction) async throws {
    guard !events.isEmpty else { return }
    for effect in effects {
      do {
        try await effect.apply(events, in: transaction)
      } catch {
        throw InboxFailure(blaming: error, in: effect.name) ?? error
      }
    }
  }

  /// Entries of one conversation in the order of their seq, in the places that they have together: two publishers may
  /// have overtaken each other.
  static func sorted(_ items: [Item]) -> [Item] {
    var places: [UUID: [Int]] = [:]
    var isSorted = true
    for (index, item) in items.enumerated() {
      guard let seq = item.event.seq else { continue }
      if let last = places[item.event.conversationId]?.last, let before = items[last].event.seq, before > seq {
        isSorted = false
      }
      places[item.event.conversationId, default: []].append(index)
    }
    if isSorted { return items }
    var result = items
    for indices in places.values where indices.count > 1 {
      let ordered = indices.sorted { (items[$0].event.seq ?? 0, $0) < (items[$1].event.seq ?? 0, $1) }
      for (place, source) in zip(indices, ordered) { result[place] = items[source] }
    }
    return result
  }

  // MARK: What the store remembers

  /// Those of the keys that are parked; they stay so until the transaction ends.
  private static func parkedKeys(_ keys: [UUID], _ transaction: PostgresTransaction) async throws -> Set<UUID> {
    let find: PostgresStatement = "SELECT DISTINCT key FROM dead_letters WHERE consumer = $1 AND key = ANY ($2)"
    let found = try await transaction.query(find, consumer, Array(Set(keys))).column(0, as: UUID.self)
    guard !found.isEmpty else { return [] }
    // A replay may be about to remove the last one: asked again once it cannot.
    try await DeadLetters.lock(found, in: transaction)
    return Set(try await transaction.query(find, consumer, found).column(0, as: UUID.self))
  }

  static func lockPositions(
    _ conversations: Set<UUID>, _ transaction: PostgresTransaction
  ) async throws -> [UUID: Int64] {
    guard !conversations.isEmpty else { return [:] }
    let find: PostgresStatement = """
      SELECT conversation_id, seq FROM inbox_positions WHERE conversation_id = ANY ($1)
      ORDER BY conversation_id FOR UPDATE
      """
    var positions: [UUID: Int64] = [:]
    func read(_ rows: PostgresRows) throws {
      for index in 0..<rows.count {
        let (id, seq) = try rows[index].decode((UUID, Int64).self)
        positions[id] = seq
      }
    }
    try read(try await transaction.query(find, Array(conversations)))
    let missing = conversations.filter { positions[$0] == nil }
    guard !missing.isEmpty else { return positions }
    _ = try await transaction.query(
      """
      INSERT INTO inbox_positions (conversation_id, seq) SELECT id, 0 FROM unnest($1::uuid[]) AS c (id) ORDER BY id
      ON CONFLICT DO NOTHING
      """, Array(missing))
    try read(try await transaction.query(find, Array(missing)))
    return positions
  }

  /// Records events as processed; answers those that were not.
  private static func record(_ ids: [UUID], _ transaction: PostgresTransaction) async throws -> Set<UUID> {
    let rows = try await transaction.query(
      """
      INSERT INTO processed_events (consumer, event_id) SELECT $1, id FROM unnest($2::uuid[]) AS e (id) ORDER BY id
      ON CONFLICT DO NOTHING RETURNING event_id
      """, consumer, ids)
    return Set(try rows.column(0, as: UUID.self))
  }

  static func move(_ positions: [UUID: Int64], _ transaction: PostgresTransaction) async throws {
    guard !positions.isEmpty else { return }
    let entries = positions.map { ($0.key, $0.value) }
    _ = try await transaction.query(
      """
      UPDATE inbox_positions p SET seq = n.seq FROM unnest($1::uuid[], $2::bigint[]) AS n (conversation_id, seq)
      WHERE p.conversation_id = n.conversation_id AND p.seq < n.seq
      """, entries.map(\.0), entries.map(\.1))
  }
}
