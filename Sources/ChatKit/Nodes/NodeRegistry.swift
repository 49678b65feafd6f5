// Nodes: which processes there are.
//
// Pattern. Each process keeps one row of the table `nodes`: its role and version, where it runs, which versions of keys it
// has loaded, how many connections it holds. It renews the row's lease every few seconds, and deletes the row when it stops
// in good order. A row whose lease is over is a process that died, or cannot reach the store; it stays for a day, for those
// who look for the reason.
//
// The other way around, the row says what operators want of the process: `drain_rate`. The process reads it whenever it
// renews the lease, and says in `draining` that it has understood.
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
  /// Sockets of clients, over whatever transport.
  package var sockets: Int
  /// Sockets a second that it is to shed; nil where it is not to be drained.
  package var drainRate: Double?
  /// It opens no more sockets, and is not ready.
  package var isDraining: Bool
  package var startedAt: Timestamp
  package var leaseUntil: Timestamp
  /// By the store's clock, when it was read.
  package var isAlive: Bool

  package init(
    id: UUID, role: String, version: String, host: String, pid: Int32, keyVersions: [Int32] = [], connections: Int = 0,
    sockets: Int = 0, drainRate: Double? = nil, isDraining: Bool = false, startedAt: Timestamp, leaseUntil: Timestamp,
    isAlive: Bool
  ) {
    self.id = id
    self.role = role
    self.version = version
    self.host = host
    self.pid = pid
    self.keyVersions = keyVersions
    self.connections = connections
    self.sockets = sockets
    self.drainRate = drainRate
    self.isDraining = isDraining
    self.startedAt = startedAt
    self.leaseUntil = leaseUntil
    self.isAlive = isAlive
  }

  /// All, the oldest first.
  package static func all(_ client: some PostgresClient) async throws -> [Node] {
    let rows = try await client.query(
      """
      SELECT id, role, version, host, pid, key_versions, connections, started_at, lease_until, lease_until > now(),
        sockets, drain_rate, draining
      FROM nodes ORDER BY id LIMIT 10000
      """)
    return try (0..<rows.count).map { row in
      let (id, role, version, host, pid, keys, connections, started, lease, isAlive, sockets, rate, isDraining) =
        try rows[row].decode(
          (
            UUID, String, String, String, Int32, [Int32], Int64, Timestamp, Timestamp, Bool, Int64, Double?, Bool
          ).self)
      return Node(
        id: id, role: role, version: version, host: host, pid: pid, keyVersions: keys, connections: Int(connections),
        sockets: Int(sockets), drainRate: rate, isDraining: isDraining, startedAt: started, leaseUntil: lease,
        isAlive: isAlive)
    }
  }
}

extension Node {
  /// Says what is wanted of the process, which reads it when it renews its lease.
  /// - Parameter rate: sockets a second that it sheds; nil where it is to serve again.
  package func request(drain rate: Double?, _ client: some PostgresClient) async throws {
    _ = try await client.query("UPDATE nodes SET drain_rate = $2 WHERE id = $1", id, rate)
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
  private let connections: @Sendable () async -> (all: Int, sockets: Int)
  private let keyVersions: @Sendable () async -> [Int32]
  private let interval: Duration
  private var task: Task<Void, Never>?
  /// Told what the row wants of the process, whenever it is read: sockets a second that are to be shed, or nil.
  package var drain: (Double?) async -> Void = { _ in }
  private var drainRate: Double?
  /// Told of failures, once an outage.
  package var report: (any Error) -> Void = { _ in }

  /// - Parameters:
  ///   - connections: how many the process holds now, and how many of them are sockets.
  ///   - keyVersions: those that every loop of the process can use.
  package init(
    role: String, host: String, pid: Int32, pool: PostgresPool, loop: EventLoop,
    interval: Duration = NodeRegistration.interval,
    connections: @escaping @Sendable () async -> (all: Int, sockets: Int),
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
        // Who drains it wants to see how far it has come.
        try? await loop.sleep(for: isFailing || drainRate != nil ? interval / 5 : interval)
      }
    }
  }

  /// Says what there is to say now, as when a key was loaded.
  package func renew() async throws {
    let connections = await connections()
    let keys = await keyVersions()
    let rows = try await pool.query(
      """
      INSERT INTO nodes AS n (
        id, role, version, host, pid, key_versions, connections, started_at, lease_until, sockets, draining)
      VALUES ($1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 second', $10, $11)
      ON CONFLICT (id) DO UPDATE SET key_versions = excluded.key_versions, connections = excluded.connections,
        lease_until = excluded.lease_until, sockets = excluded.sockets, draining = excluded.draining
      RETURNING drain_rate
      """, id, role, Version.current, host, pid, keys, Int64(connections.all), startedAt,
      Double(Self.lease.components.seconds), Int64(connections.sockets), drainRate != nil)
    let wanted = try rows[0].decode(Double?.self)
    if wanted != drainRate {
      drainRate = wanted
      await drain(wanted)
      _ = try await pool.query("UPDATE nodes SET draining = $2 WHERE id = $1", id, wanted != nil)
    }
    _ = try await pool.query("DELETE FROM nodes WHERE lease_until < now() - interval '1 day'")
  }

  /// Stops, and takes the row away.
  package func stop() async {
    task?.cancel()
    await task?.value
    _ = try? await pool.query("DELETE FROM nodes WHERE id = $1", id)
  }
}
