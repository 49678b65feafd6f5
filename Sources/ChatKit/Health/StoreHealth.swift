package import Postgres
import Primitives

/// PostgreSQL, as those who depend on it look at it.
package struct StoreHealth: Sendable {
  private let pool: PostgresPool
  private static let reach = "see that PostgreSQL runs and that postgres.url is right"

  package init(_ pool: PostgresPool) { self.pool = pool }

  /// Whether it answers, takes writes, and has connections left.
  package func server() async -> [HealthFinding] {
    do {
      let before = Timestamp.now()
      let rows = try await pool.query(
        """
        SELECT current_setting('server_version'), pg_is_in_recovery(), current_setting('max_connections')::bigint,
          (SELECT count(*) FROM pg_stat_activity WHERE backend_type = 'client backend'), clock_timestamp(),
          current_setting('fsync'), current_setting('synchronous_commit'),
          (SELECT coalesce(max(extract(epoch FROM now() - xact_start)), 0)::bigint FROM pg_stat_activity
            WHERE datname = current_database() AND backend_type = 'client backend' AND pid <> pg_backend_pid())
        """)
      let after = Timestamp.now()
      let (version, isReplica, most, used, time, fsync, commit, oldest) = try rows[0].decode(
        (String, Bool, Int64, Int64, Timestamp, String, String, Int64).self)
      return [
        Self.answers(version, isReplica, seconds: LagReport.seconds(after - before)),
        Self.connections(Int(used), of: Int(most)), Self.durability(fsync, commit),
        Self.transactions(Int(oldest)), ClockSkew.finding("clock.postgres", "PostgreSQL", time, before, after),
      ]
    } catch {
      return [.away("postgres", "PostgreSQL", error, fix: Self.reach)]
    }
  }

  private static func answers(_ version: String, _ isReplica: Bool, seconds: Double) -> HealthFinding {
    let metrics = [HealthFinding.Metric("query", seconds, unit: "s")]
    guard !isReplica else {
      return HealthFinding(
        "postgres", .critical, "PostgreSQL \(version) is a replica, and takes no writes",
        fix: "name the primary in postgres.url: target_session_attrs=read-write finds it", metrics: metrics)
    }
    return HealthFinding("postgres", .ok, "PostgreSQL \(version) answers", metrics: metrics)
  }

  private static func connections(_ used: Int, of most: Int) -> HealthFinding {
    HealthFinding(
      "connections", "\(used) of \(most) connections are in use",
      fix: "lower postgres.poolSize, or raise max_connections of PostgreSQL",
      metrics: [.init("used", Double(used), warning: Double(most) * 0.8, critical: Double(most) * 0.95)])
  }

  private static func durability(_ fsync: String, _ commit: String) -> HealthFinding {
    if fsync != "on" {
      return HealthFinding(
        "durability", .critical, "fsync is \(fsync): a crash of the machine may destroy the database",
        fix: "ALTER SYSTEM SET fsync = on, and reload")
    }
    if commit == "off" {
      return HealthFinding(
        "durability", .warning,
        "synchronous_commit is off: messages that were answered with 201 may be lost in a crash",
        fix: "ALTER SYSTEM SET synchronous_commit = on, and reload")
    }
    return HealthFinding("durability", .ok, "fsync is on, synchronous_commit is \(commit)")
  }

  private static func transactions(_ oldest: Int) -> HealthFinding {
    HealthFinding(
      "transactions", "the oldest transaction is \(oldest) s old",
      fix: "find it in pg_stat_activity (xact_start): it keeps VACUUM from cleaning up; pg_terminate_backend ends it",
      metrics: [.init("oldest", Double(oldest), unit: "s", warning: 300, critical: 3600)])
  }

  // MARK: Schema and replicas

  package func migrations() async -> HealthFinding {
    do {
      try await Migrator.checkIsCurrent(pool)
      return HealthFinding("migrations", .ok, "the schema is current")
    } catch let error as MigrationError {
      return HealthFinding("migrations", .critical, "\(error)", fix: "chatctl migrate status; chatctl migrate up")
    } catch let error as PostgresError where error.sqlState == "42P01" {
      return HealthFinding("migrations", .critical, "the database is empty", fix: "chatctl migrate up")
    } catch {
      return .away("migrations", "PostgreSQL", error, fix: Self.reach)
    }
  }

  /// How far replicas are behind; nothing to say where there are none.
  package func replicas() async -> HealthFinding {
    do {
      let rows = try await pool.query(
        """
        SELECT coalesce(nullif(application_name, ''), client_addr::text, 'replica'), coalesce(state, '?'),
          coalesce(extract(epoch FROM replay_lag), 0)::float8,
          CASE WHEN pg_is_in_recovery() THEN 0 ELSE coalesce(pg_wal_lsn_diff(pg_current_wal_lsn(), replay_lsn), 0) END::bigint
        FROM pg_stat_replication ORDER BY 3 DESC
        """)
      let found = try rows.decode((String, String, Double, Int64).self)
      guard let slowest = found.first else { return HealthFinding("replicas", .ok, "there are no replicas") }
      let bytes = found.map(\.3).max() ?? 0
      return HealthFinding(
        "replicas", "\(found.count) replicas, \(slowest.0) (\(slowest.1)) is \(slowest.2) s behind",
        fix: "look at the network and disk of \(slowest.0); history reads go to the primary meanwhile",
        metrics: [
          .init("lag", slowest.2, unit: "s", warning: 10, critical: 120),
          .init("behind", Double(bytes), unit: "B", warning: 268_435_456, critical: 4_294_967_296),
        ])
    } catch {
      return .away("replicas", "PostgreSQL", error, fix: Self.reach)
    }
  }
}

/// How far a clock is from ours: leases, ages and order of times are told by them.
enum ClockSkew {
  /// - Parameters:
  ///   - time: what the other clock showed some time between `before` and `after` of ours.
  static func finding(
    _ name: String, _ what: String, _ time: Timestamp, _ before: Timestamp, _ after: Timestamp
  ) -> HealthFinding {
    // What lies within the round trip is no skew.
    let skew = time < before ? before - time : time > after ? time - after : .zero
    return HealthFinding(
      name, "the clock of \(what) is within \(LagReport.span(skew)) of this machine's",
      fix: "keep time with chrony or systemd-timesyncd on both: timedatectl status",
      metrics: [.init("skew", LagReport.seconds(skew), unit: "s", warning: 0.5, critical: 5)])
  }
}
