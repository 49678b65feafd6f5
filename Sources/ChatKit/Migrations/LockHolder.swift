package import Postgres
package import Primitives

/// The session that has an advisory lock of this database, as PostgreSQL shows it.
package struct LockHolder: Sendable, Equatable {
  /// PostgreSQL's process of the session, for `pg_terminate_backend`.
  package let pid: Int32
  /// Where it came from; nil for a Unix socket, and where the asking role may not see it.
  package let host: String?
  /// `chatctl migrate (4711@db1)`; nil where the asking role may not see it.
  package let application: String?
  package let user: String?
  /// When the session began: migrators open one for their work.
  package let since: Timestamp?

  /// Nil when nobody has it any more.
  /// - Parameter key: as `pg_advisory_lock(bigint)` takes it.
  package static func of(_ key: Int64, _ client: some PostgresClient) async throws(PostgresError) -> LockHolder? {
    let rows = try await client.query(
      """
      SELECT a.pid, coalesce(a.client_hostname, host(a.client_addr)), a.application_name, a.usename::text, a.backend_start
      FROM pg_locks l JOIN pg_stat_activity a ON a.pid = l.pid
      WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1
        AND l.database = (SELECT oid FROM pg_database WHERE datname = current_database())
        AND l.classid::bigint = ($1::bigint >> 32) & 4294967295 AND l.objid::bigint = $1::bigint & 4294967295
      LIMIT 1
      """, key)
    guard let row = rows.first else { return nil }
    let (pid, host, application, user, since) = try row.decode(
      (Int32, String?, String?, String?, Timestamp?).self)
    return LockHolder(pid: pid, host: host, application: application, user: user, since: since)
  }
}

extension LockHolder: CustomStringConvertible {
  /// `chatctl migrate (4711@db1) of user chat from 10.0.0.7 since 2026-11-21T20:50:11Z, PostgreSQL process 3321`
  package var description: String {
    var text = application.flatMap { $0.isEmpty ? nil : $0 } ?? "a session"
    if let user { text += " of user \(user)" }
    text += host.map { " from \($0)" } ?? " over a local socket"
    if let since { text += " since \(since)" }
    return text + ", PostgreSQL process \(pid)"
  }
}
