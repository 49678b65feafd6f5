package import Networking
package import Postgres

/// Fills the search index from its queue, behind everything else's back: nobody waits for it, and a burst of messages is
/// indexed when it is over. One process at a time does it; what a process that dies had in hand is still in the queue.
package final class SearchIndexer: @unchecked Sendable {
  package struct Settings: Sendable {
    /// Between two rounds that found little.
    package var interval = Duration.milliseconds(500)
    package var batch: Int32 = 500

    package init() {}
  }

  private let pool: PostgresPool
  private let loop: EventLoop
  private let settings: Settings
  private var task: Task<Void, Never>?
  /// Told when a round fails, at most once in a row.
  package var report: (any Error) -> Void = { _ in }

  package init(pool: PostgresPool, loop: EventLoop, settings: Settings = Settings()) {
    self.pool = pool
    self.loop = loop
    self.settings = settings
  }

  package func start() {
    guard task == nil else { return }
    task = loop.start { [self] in
      var isFailing = false
      while !Task.isCancelled {
        do {
          let taken = try await round()
          isFailing = false
          if taken == settings.batch { continue }
        } catch {
          if !isFailing, !Task.isCancelled { report(error) }
          isFailing = true
        }
        try? await loop.sleep(for: settings.interval + .milliseconds(Int64.random(in: 0...100)))
      }
    }
  }

  package func stop() async {
    task?.cancel()
    await task?.value
    task = nil
  }

  /// One round: how many messages were taken from the queue.
  package func round() async throws -> Int32 {
    try await pool.query("SELECT index_messages($1)", settings.batch)[0].get(0)
  }
}
