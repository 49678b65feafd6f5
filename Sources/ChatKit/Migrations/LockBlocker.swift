import Networking
package import Postgres
package import Primitives

/// A session that has, or is first in line for, a lock that another one waits for.
package struct LockBlocker: Sendable, Equatable {
  /// PostgreSQL's process, for `pg_terminate_backend`.
  package let pid: Int32
  /// What it calls itself, its role and where it came from; nil where the asking role may not see it.
  package let application: String?
  package let user: String?
  package let host: String?
  /// `active`, `idle in transaction`, …
  package let state: String?
  /// What it runs, or has run last; its beginning.
  package let query: String?
  /// For how long it has been in that state.
  package let age: Duration?
  /// Since when its transaction has been open.
  package let transactionSince: Timestamp?
  /// Tables that it has locked and the other one wants.
  package let tables: [String]
  /// Whether it waits for a lock itself.
  package let isWaiting: Bool

  /// Those that a session waits for, directly or because they wait themselves; who waits for nobody first. Empty where it
  /// does not wait.
  package static func of(_ pid: Int32, _ client: some PostgresClient) async throws(PostgresError) -> [LockBlocker] {
    let rows = try await client.query(
      """
      WITH RECURSIVE waits (pid) AS (
        SELECT unnest(pg_blocking_pids($1)) UNION SELECT unnest(pg_blocking_pids(w.pid)) FROM waits w
      )
      SELECT a.pid, a.application_name, a.usename::text, coalesce(a.client_hostname, host(a.client_addr)), a.state,
        left(regexp_replace(a.query, '[[:space:]]+', ' ', 'g'), 120),
        (extract(epoch FROM clock_timestamp() - a.state_change) * 1000)::bigint, a.xact_start,
        ARRAY (SELECT DISTINCT l.relation::regclass::text FROM pg_locks l WHERE l.pid = a.pid AND l.granted
          AND l.relation IN (SELECT m.relation FROM pg_locks m WHERE m.pid = $1 AND NOT m.granted)),
        cardinality(pg_blocking_pids(a.pid)) > 0
      FROM pg_stat_activity a WHERE a.pid IN (SELECT pid FROM waits) AND a.pid <> $1 ORDER BY 10, 1
      """, pid)
    var found: [LockBlocker] = []
    for row in rows {
      let age = try row.get(6, as: Int64?.self)
      found.append(
        LockBlocker(
          pid: try row.get(0), application: try row.get(1), user: try row.get(2), host: try row.get(3),
          state: try row.get(4), query: try row.get(5), age: age.map { .milliseconds(max(0, $0)) },
          transactionSince: try row.get(7), tables: try row.get(8), isWaiting: try row.get(9)))
    }
    return found
  }

  /// The line that ends it.
  package var remedy: String { "SELECT pg_terminate_backend(\(pid))" }
}

extension LockBlocker: CustomStringConvertible {
  /// `psql of user ann over a local socket, PostgreSQL process 3321, idle in transaction for 42s, has locked users; last: SELECT …`
  package var description: String {
    var text = application.flatMap { $0.isEmpty ? nil : $0 } ?? "a session"
    if let user { text += " of user \(user)" }
    text += (host.map { " from \($0)" } ?? " over a local socket") + ", PostgreSQL process \(pid)"
    if let state { text += ", \(state)" + (age.map { " for \($0.rounded.text)" } ?? "") }
    if !tables.isEmpty { text += ", has locked \(tables.joined(separator: ", "))" }
    if isWaiting { text += ", and waits itself" }
    if let query, !query.isEmpty { text += "; \(state == "active" ? "runs" : "last"): \(query)" }
    return text
  }
}

extension Duration {
  /// To a second, or below one to a millisecond.
  fileprivate var rounded: Duration {
    self < .seconds(1) ? .milliseconds(milliseconds) : .seconds(components.seconds)
  }
}
