import Metrics
import Networking
import Postgres

/// Latencies and errors of the statements that a shard sends, by what they are: `select messages`, `insert users`.
final class QueryMetrics: PostgresObserver {
  private struct Cells {
    let duration: Histogram
    let name: String
  }

  private let owner: MetricOwner
  private let durations: MetricVector<Histogram>
  private let failures: MetricVector<Counter>
  private let waits: Histogram
  private let loop: EventLoop?
  private var known: [PostgresStatement: Cells] = [:]

  init(_ owner: MetricOwner) {
    self.owner = owner
    durations = owner.histogram(
      "chatd_postgres_query_duration_seconds", "From a statement's being queued on a connection to its answer.",
      .latency, labels: ["query"], limit: 100)
    failures = owner.counter(
      "chatd_postgres_query_errors_total", "Statements that failed, by the class of the SQLSTATE or by the reason.",
      labels: ["query", "error"])
    // There before the first failure, so that a rate sees it.
    for reason in ["acquireTimeout", "connectionLost"] { _ = failures.with("connect", reason) }
    waits = owner.histogram(
      "chatd_postgres_pool_wait_seconds", "How long requests waited that found no connection idle.", .latency
    ).with()
    loop = EventLoop.current
  }

  func answered(_ statement: PostgresStatement, enqueued: UInt64, error: PostgresError?) {
    let cells = cells(of: statement)
    cells.duration.observe(from: enqueued, to: loop?.now ?? enqueued)
    if let error { failures.with(cells.name, Self.reason(error)).add() }
  }

  func waited(since start: UInt64, error: PostgresError?) {
    waits.observe(from: start, to: loop?.now ?? start)
    if let error { failures.with("connect", Self.reason(error)).add() }
  }

  private static func reason(_ error: PostgresError) -> String {
    error.sqlState.map { "\($0)".prefix(2).uppercased() } ?? "\(error.code)"
  }

  private func cells(of statement: PostgresStatement) -> Cells {
    if let cells = known[statement] { return cells }
    let name = Self.name(of: statement.sql)
    let cells = Cells(duration: durations.with(name), name: name)
    // Statements that are put together at run time have no end of texts.
    if known.count < 1000 { known[statement] = cells }
    return cells
  }

  /// The verb and the first table or function: bounded by the code that there is, and known to who reads it.
  static func name(of sql: String) -> String {
    let words = sql.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map { $0.lowercased() }
    guard let verb = words.first else { return "none" }
    // A subselect has a table of its own.
    for (word, next) in zip(words, words.dropFirst()) where ["from", "into", "update"].contains(word) {
      if next != "select" { return "\(verb) \(next)" }
    }
    return String(verb.prefix(32))
  }
}
