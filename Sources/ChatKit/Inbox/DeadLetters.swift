import JSON
package import Postgres
package import Primitives

/// The letters that could not be delivered: what chatctl lists, shows, replays and drops.
///
/// The truth is the table `dead_letters`, which outlives every restart and the loss of Redis; the topic `chat.events.dead`
/// is a copy for those who watch topics. A key with a letter in the table is parked: events of that key are put behind it,
/// so that order holds. It stays parked until all of its letters are replayed or dropped.
///
/// Who removes a key's letters holds the key's advisory lock, and so does who adds behind them. A replay is asked for here
/// and carried out by the inbox worker, which has the effects: `DeadLetterReplay`.
package struct DeadLetters: Sendable {
  private let pool: PostgresPool

  package init(pool: PostgresPool) { self.pool = pool }

  /// A key that is parked.
  package struct ParkedKey: Sendable {
    /// The place of its first letter.
    package var first: Int64
    package var consumer: String
    package var key: UUID
    package var letters: Int
    /// When its first letter was parked.
    package var since: Timestamp
    /// Of the first.
    package var type: String
    package var effect: String?
    package var error: String?
    package var isReplaying: Bool
  }

  private static let columns = """
    id, consumer, key, event_id, type, seq, effect, error, attempts, parked_at, replay_requested_at IS NOT NULL,
    dropped_at IS NOT NULL
    """

  // MARK: Looking

  /// Letters in their order after `after`, of one consumer, key or all.
  package func list(
    consumer: String? = nil, key: UUID? = nil, after: Int64 = 0, limit: Int = 100
  ) async throws -> [DeadLetter] {
    let rows = try await pool.query(
      PostgresStatement(
        unchecked: """
          SELECT \(Self.columns) FROM dead_letters
          WHERE id > $1 AND ($2::text IS NULL OR consumer = $2) AND ($3::uuid IS NULL OR key = $3)
          ORDER BY id LIMIT $4
          """), after, consumer, key, Int64(max(1, limit)))
    return try (0..<rows.count).map { try Self.letter(rows[$0]) }
  }

  /// The keys that are parked, longest first; those whose first letter is behind `after`.
  package func keys(
    consumer: String? = nil, key: UUID? = nil, after: Int64 = 0, limit: Int = 100
  ) async throws -> [ParkedKey] {
    let rows = try await pool.query(
      """
      SELECT d.id, d.consumer, d.key, k.letters, d.parked_at, d.type, d.effect, d.error, k.replaying
      FROM (SELECT min(id) AS id, count(*) AS letters, bool_or(replay_requested_at IS NOT NULL) AS replaying
        FROM dead_letters WHERE ($1::text IS NULL OR consumer = $1) AND ($3::uuid IS NULL OR key = $3)
        GROUP BY consumer, key) AS k
      JOIN dead_letters d ON d.id = k.id WHERE d.id > $4 ORDER BY d.id LIMIT $2
      """, consumer, Int64(max(1, limit)), key, after)
    return try (0..<rows.count).map { index in
      let (first, consumer, key, letters, since, type, effect, error, replaying) = try rows[index].decode(
        (Int64, String, UUID, Int64, Timestamp, String, String?, String?, Bool).self)
      return ParkedKey(
        first: first, consumer: consumer, key: key, letters: Int(letters), since: since, type: type, effect: effect,
        error: error,
        isReplaying: replaying)
    }
  }

  /// One letter, with its payload; nil when there is none (any more).
  package func show(_ event: UUID, consumer: String = "inbox") async throws -> DeadLetter? {
    let rows = try await pool.query(
      PostgresStatement(
        unchecked: "SELECT \(Self.columns), payload FROM dead_letters WHERE consumer = $1 AND event_id = $2"),
      consumer, event)
    guard let row = rows.first else { return nil }
    var letter = try Self.letter(row)
    letter.payload = try row.get(12, as: [UInt8].self)
    return letter
  }

  // MARK: Deciding

  /// Asks for a key's letters, or all, to be done again in their order; answers how many. The worker carries it out; one
  /// that fails once more stays, with those behind it.
  @discardableResult
  package func replay(key: UUID? = nil, consumer: String = "inbox") async throws -> Int {
    try await pool.execute(
      """
      UPDATE dead_letters SET replay_requested_at = now()
      WHERE consumer = $1 AND ($2::uuid IS NULL OR key = $2) AND dropped_at IS NULL
      """, consumer, key)
  }

  /// The same of a key's first letters only; answers the place of the last of them, and how many they are. Nil for none.
  package func replay(first count: Int, of key: UUID, consumer: String = "inbox") async throws -> (
    last: Int64, count: Int
  )? {
    let rows = try await pool.query(
      """
      UPDATE dead_letters SET replay_requested_at = now() WHERE id IN (
        SELECT id FROM dead_letters WHERE consumer = $1 AND key = $2 AND dropped_at IS NULL ORDER BY id LIMIT $3)
      RETURNING id
      """, consumer, key, Int64(max(1, count)))
    return try rows.column(0, as: Int64.self).max().map { ($0, rows.count) }
  }

  /// Gives up one event; what is parked behind it stays so until it is replayed or dropped. False when there is none.
  @discardableResult
  package func drop(event: UUID, consumer: String = "inbox") async throws -> Bool {
    let rows = try await pool.query(
      "SELECT key FROM dead_letters WHERE consumer = $1 AND event_id = $2", consumer, event)
    guard let row = rows.first else { return false }
    return try await drop(try row.decode(UUID.self), event: event, consumer) > 0
  }

  /// Gives up all letters of a key; answers how many there were.
  @discardableResult
  package func drop(key: UUID, consumer: String = "inbox") async throws -> Int {
    try await drop(key, event: nil, consumer)
  }

  private func drop(_ key: UUID, event: UUID?, _ consumer: String) async throws -> Int {
    try await pool.transaction { transaction in
      try await Self.lock([key], consumer: consumer, in: transaction)
      let dropped = try await transaction.execute(
        """
        UPDATE dead_letters SET dropped_at = now()
        WHERE consumer = $1 AND key = $2 AND ($3::uuid IS NULL OR event_id = $3) AND dropped_at IS NULL
        """, consumer, key, event)
      try await Self.settle(key, consumer: consumer, in: transaction)
      return dropped
    }
  }

  // MARK: Within a transaction

  /// Until its end nobody else adds letters of these keys or removes any.
  static func lock(_ keys: [UUID], consumer: String = InboxBatch.consumer, in transaction: PostgresTransaction)
    async throws
  {
    _ = try await transaction.query(
      """
      SELECT pg_advisory_xact_lock(hashtextextended($1 || key::text, 0))
      FROM (SELECT key FROM unnest($2::uuid[]) AS k (key) ORDER BY key) AS sorted
      """, consumer, keys)
  }

  /// Removes the letters at a key's head that were given up, as if they had been done: their events, should the bus bring
  /// them again, are known, and the log goes on behind them. The key is locked.
  static func settle(
    _ key: UUID, consumer: String = InboxBatch.consumer, in transaction: PostgresTransaction
  ) async throws {
    let rows = try await transaction.query(
      """
      DELETE FROM dead_letters WHERE consumer = $1 AND key = $2 AND id < coalesce((SELECT min(id) FROM dead_letters
        WHERE consumer = $1 AND key = $2 AND dropped_at IS NULL), 9223372036854775807)
      RETURNING event_id, seq
      """, consumer, key)
    guard rows.count > 0 else { return }
    var seq: Int64 = 0
    for row in rows { seq = max(seq, try row.get(1, as: Int64?.self) ?? 0) }
    _ = try await transaction.query(
      """
      INSERT INTO processed_events (consumer, event_id) SELECT $1, id FROM unnest($2::uuid[]) AS e (id) ORDER BY id
      ON CONFLICT DO NOTHING
      """, consumer, try rows.column(0, as: UUID.self))
    guard seq > 0, consumer == InboxBatch.consumer else { return }
    _ = try await InboxBatch.lockPositions([key], transaction)
    try await InboxBatch.move([key: seq], transaction)
  }

  /// What is to be parked.
  struct Parcel: Sendable {
    var event: UUID
    var key: UUID
    var type: String
    var seq: Int64?
    var payload: [UInt8]
    /// Nil of a successor.
    var failure: InboxFailure?
    var attempts: Int

    init(
      event: UUID, key: UUID, type: String, seq: Int64?, payload: [UInt8], failure: InboxFailure?, attempts: Int
    ) {
      self.event = event
      self.key = key
      self.type = type
      self.seq = seq
      self.payload = payload
      self.failure = failure
      self.attempts = attempts
    }

    init(_ item: InboxBatch.Item, failure: InboxFailure?, attempts: Int) {
      self.init(
        event: item.event.id, key: item.event.conversationId, type: item.event.kind.rawValue, seq: item.event.seq,
        payload: item.payload, failure: failure, attempts: attempts)
    }
  }

  /// Parks events that are not parked yet and were not done before; answers how many that were. Their keys are locked.
  static func park(
    _ parcels: [Parcel], consumer: String = InboxBatch.consumer, in transaction: PostgresTransaction
  ) async throws -> Int {
    guard !parcels.isEmpty else { return 0 }
    return try await transaction.execute(
      """
      INSERT INTO dead_letters (consumer, key, event_id, type, seq, payload, effect, error, attempts)
      SELECT $1, key, event_id, type, seq, payload, effect, error, attempts
      FROM unnest($2::uuid[], $3::uuid[], $4::text[], $5::bigint[], $6::bytea[], $7::text[], $8::text[], $9::bigint[])
        WITH ORDINALITY AS l (key, event_id, type, seq, payload, effect, error, attempts, n)
      WHERE NOT EXISTS (SELECT FROM processed_events p WHERE p.consumer = $1 AND p.event_id = l.event_id)
      ORDER BY n ON CONFLICT DO NOTHING
      """, consumer, parcels.map(\.key), parcels.map(\.event), parcels.map(\.type), parcels.map(\.seq),
      parcels.map(\.payload), parcels.map { $0.failure?.effect }, parcels.map { $0.failure.map { $0.reason.clean } },
      parcels.map(\.attempts))
  }

  static func letter(_ row: PostgresRow) throws -> DeadLetter {
    DeadLetter(
      id: try row.get(0), consumer: try row.get(1), key: try row.get(2), eventId: try row.get(3),
      type: try row.get(4), seq: try row.get(5), effect: try row.get(6), error: try row.get(7),
      attempts: try row.get(8), parkedAt: try row.get(9), isReplaying: try row.get(10), isDropped: try row.get(11))
  }
}

extension String {
  /// As a column of PostgreSQL takes it: without zero bytes, and not longer than is of use.
  var clean: String {
    String(decoding: utf8.lazy.filter { $0 != 0 }.prefix(2000), as: UTF8.self)
  }
}
