// Nodes: which processes there are.
//
// Pattern. Each process keeps one row of the table `nodes`: its role and version, where it runs, which versions of keys it
// has loaded, how many connections it holds. It renews the row's lease every few seconds, and deletes the row when it stops
// in good order. A row whose lease is over is a process that died, or cannot reach the store; it stays for a day, for those
// who look for the reason.
//
// The table is in PostgreSQL, for Redis may be emptied, and what asks for it (a key is promoted when every live node has
// it) must not err.

package import Networking
package import Postgres
package import Primitives

/// A process's row.
package struct Node: Equatable, Sendable {
  package var id: UUID
  package var role: String
  package var version: String
  package var host: String
  package var pid: Int32
  package var keyVersions: [Int32]
  package var connections: Int
  package var startedAt: Timestamp
  package var leaseUntil: Timestamp
  /// By the store's clock, when it was read.
  package var isAlive: Bool

  /// All, the oldest first.
  package static func all(_ client: some PostgresClient) async throws -> [Node] {
    let rows = try await client.query(
      """
      SELECT id, role, version, host, pid, key_versions, connections, started_at, lease_until, lease_until > now()
      FROM nodes ORDER BY id LIMIT 10000
      """)
    return try (0..<rows.count).map { row in
      let (id, role, version, host, pid, keys, connections, started, lease, isAlive) = try rows[row].decode(
        (UUID, String, String, String, Int32, [Int32], Int64, Timestamp, Timestamp, Bool).self)
      return Node(
        id: id, role: role, version: version, host: host, pid: pid, keyVersions: keys, connections: Int(connections),
        startedAt: started, leaseUntil: lease, isAlive: isAlive)
    }
  }
}

/// Keeps this process's row. One a process; on its loop only.
package final class NodeRegistration: @unchecked Sendable {
  package static let interval = Duration.seconds(5)
  package static let lease = Duration.seconds(15)

  package let id = UUID.v7()
  private let role: String
  private let host: String
  private let pid: Int32
  private let pool: PostgresPool
  private let loop: EventLoop
  private let startedAt = Timestamp.now()
  private let connections: @Sendable () async -> Int
  private let keyVersions: @Sendable () async -> [Int32]
  private let interval: Duration
  private var task: Task<Void, Never>?
  /// Told of failures, once an outage.
  package var report: (any Error) -> Void = { _ in }

  /// - Parameters:
  ///   - connections: how many the process holds now.
  ///   - keyVersions: those that every loop of the process can use.
  package init(
    role: String, host: String, pid: Int32, pool: PostgresPool, loop: EventLoop,
    interval: Duration = NodeRegistration.interval, connections: @escaping @Sendable () async -> Int,
    keyVersions: @escaping @Sendable () async -> [Int32]
  ) {
    self.role = role
    self.host = host
    self.pid = pid
    self.pool = pool
    self.loop = loop
    self.interval = interval
    self.connections = connections
    self.keyVersions = keyVersions
  }

  package func start() {
    task = loop.start { [self] in
      var isFailing = false
      while !Task.isCancelled {
        do {
          try await renew()
          isFailing = false
        } catch {
          if !isFailing { report(error) }
          isFailing = true
        }
        try? await loop.sleep(for: isFailing ? interval / 5 : interval)
      }
    }
  }

  /// Says what there is to say now, as when a key was loaded.
  package func renew() async throws {
    let connections = Int64(await connections())
    let keys = await keyVersions()
    _ = try await pool.query(
      """
      INSERT INTO nodes AS n (id, role, version, host, pid, key_versions, connections, started_at, lease_until)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 second')
      ON CONFLICT (id) DO UPDATE
        SET key_versions = excluded.key_versions, connections = excluded.connections, lease_until = excluded.lease_until
      """, id, role, Version.current, host, pid, keys, connections, startedAt,
      Double(Self.lease.components.seconds))
    _ = try await pool.query("DELETE FROM nodes WHERE lease_until < now() - interval '1 day'")
  }

  /// Stops, and takes the row away.
  package func stop() async {
    task?.cancel()
    await task?.value
    _ = try? await pool.query("DELETE FROM nodes WHERE id = $1", id)
  }
}
