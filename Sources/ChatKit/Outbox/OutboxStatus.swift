package import Postgres
package import Primitives

/// What waits in the outbox.
package struct OutboxStatus: Sendable, Equatable {
  package struct Kind: Sendable, Equatable {
    /// `message.created`.
    package var type: String
    package var events: Int
    package var rooms: Int
    package var oldest: Timestamp
  }

  /// The kinds that wait, the oldest first.
  package var kinds: [Kind]
  /// The process that is publishing what others have left, while it does.
  package var relay: String?
  /// The store's clock.
  package var now: Timestamp

  package var events: Int { kinds.reduce(0) { $0 + $1.events } }
  package var oldest: Timestamp? { kinds.map(\.oldest).min() }
  /// How long the oldest has waited.
  package var age: Duration? { oldest.map { max(.zero, now - $0) } }

  package static func read(_ client: some PostgresClient) async throws -> OutboxStatus {
    let rows = try await client.query(
      """
      SELECT type, count(*), count(DISTINCT conversation_id), min(created_at) FROM outbox GROUP BY type ORDER BY 4
      """)
    let kinds = try rows.decode((String, Int64, Int64, Timestamp).self).map {
      Kind(type: $0, events: Int($1), rooms: Int($2), oldest: $3)
    }
    // An advisory lock of one number is shown in halves.
    let lock = OutboxRelay.lock
    let holder = try await client.query(
      """
      SELECT now(), (SELECT format('%s, pid %s of PostgreSQL', a.application_name, a.pid)
        FROM pg_locks l JOIN pg_stat_activity a USING (pid)
        WHERE l.locktype = 'advisory' AND l.classid = $1::bigint::oid AND l.objid = $2::bigint::oid AND l.objsubid = 1 AND l.granted
          AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        LIMIT 1)
      """, lock >> 32, lock & 0xffff_ffff)
    let (now, relay) = try holder[0].decode((Timestamp, String?).self)
    return OutboxStatus(kinds: kinds, relay: relay, now: now)
  }
}
