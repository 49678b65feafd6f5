package import Postgres

/// What waits in the database, and which processes are there to do it.
package struct QueueHealth: Sendable {
  private let pool: PostgresPool
  private static let reach = "see that PostgreSQL runs, and chatctl migrate status"

  package init(_ pool: PostgresPool) { self.pool = pool }

  package func outbox() async -> HealthFinding {
    do {
      let status = try await OutboxStatus.read(pool)
      let age = status.age.map(LagReport.seconds) ?? 0
      return HealthFinding(
        "outbox", status.events == 0 ? "nothing waits" : "\(status.events) events wait, the oldest for \(Int(age)) s",
        fix:
          "see that the bus is there (chatctl check bus) and that a chatd with the role api runs; chatctl outbox replay",
        metrics: [
          .init("events", Double(status.events)), .init("age", age, unit: "s", warning: 10, critical: 60),
        ])
    } catch {
      return .away("outbox", "PostgreSQL", error, fix: Self.reach)
    }
  }

  package func deadLetters() async -> HealthFinding {
    do {
      let rows = try await pool.query("SELECT count(*), count(DISTINCT key) FROM dead_letters WHERE dropped_at IS NULL")
      let (letters, rooms) = try rows[0].decode((Int64, Int64).self)
      return HealthFinding(
        "dead", letters == 0 ? "no event is parked" : "\(letters) events of \(rooms) rooms are parked",
        fix: "chatctl dead list; when the reason is gone, chatctl dead replay --all",
        metrics: [.init("letters", Double(letters), warning: 1, critical: 1000)])
    } catch {
      return .away("dead", "PostgreSQL", error, fix: Self.reach)
    }
  }

  /// The processes that say that they live.
  package func nodes() async -> HealthFinding {
    do {
      let nodes = try await Node.all(pool)
      let alive = nodes.filter(\.isAlive)
      let metrics = [HealthFinding.Metric("alive", Double(alive.count))]
      guard !alive.isEmpty else {
        return HealthFinding(
          "nodes", .critical, "no chatd is alive", fix: "start one: systemctl start chatd@…", metrics: metrics)
      }
      let roles = Dictionary(grouping: alive, by: \.role).sorted { $0.key < $1.key }.map {
        "\($0.value.count) \($0.key)"
      }
      let versions = Set(alive.map(\.version)).sorted()
      let dead = nodes.count - alive.count
      let text = "\(alive.count) alive: \(roles.joined(separator: ", "))"
      if dead > 0 {
        return HealthFinding(
          "nodes", .warning, "\(text); \(dead) died within the last day",
          fix: "look at their logs: chatctl node list shows host and pid", metrics: metrics)
      }
      if versions.count > 1 {
        return HealthFinding(
          "nodes", .warning, "\(text); versions \(versions.joined(separator: ", "))",
          fix: "finish the deployment", metrics: metrics)
      }
      return HealthFinding("nodes", .ok, text, metrics: metrics)
    } catch {
      return .away("nodes", "PostgreSQL", error, fix: Self.reach)
    }
  }
}
