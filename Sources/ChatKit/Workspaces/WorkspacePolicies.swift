package import Networking
package import Postgres
package import Primitives

/// What a loop knows of workspaces' policies: read when they are needed, and again when they have become old. So a change is
/// in force everywhere within `lifetime`. One a loop; on that loop only.
///
/// A store that is away or slow changes nothing, and holds nobody up for longer than `patience`: what was known goes on, and
/// of what was not the rules that there are without any.
package final class WorkspacePolicies: @unchecked Sendable {
  package struct Settings: Sendable {
    /// What is older is read again, and goes on being used meanwhile.
    package var freshness = Duration.seconds(2)
    /// What is older is waited for.
    package var lifetime = Duration.seconds(5)
    /// How long it is waited for.
    package var patience = Duration.milliseconds(500)

    package init() {}
  }

  private final class Known: @unchecked Sendable {
    var policy = WorkspacePolicy()
    var source = ""
    /// When it was read, or given up (monotonic, ns); 0 for never.
    var at: UInt64 = 0
    var isReading = false
    var waiting: [UnsafeContinuation<Void, Never>] = []

    func finish() {
      let waiting = waiting
      self.waiting = []
      for continuation in waiting { continuation.resume() }
    }
  }

  private static let capacity = 10_000

  private let pool: PostgresPool
  private let loop: EventLoop
  private let settings: Settings
  private var known: [UUID: Known] = [:]
  /// The one that was asked for last, found without looking for it.
  private var last: (workspace: UUID, known: Known)?

  package init(pool: PostgresPool, loop: EventLoop, settings: Settings = Settings()) {
    self.pool = pool
    self.loop = loop
    self.settings = settings
  }

  /// A workspace's policy; nil where it has to be waited for (`policy(of:)`).
  package func known(_ workspace: UUID) -> WorkspacePolicy? {
    guard let entry = entry(workspace), entry.at > 0 else { return nil }
    let age = loop.now &- entry.at
    if age > settings.freshness.nanoseconds { read(workspace, entry) }
    return age > settings.lifetime.nanoseconds ? nil : entry.policy
  }

  package func policy(of workspace: UUID) async -> WorkspacePolicy {
    if let policy = known(workspace) { return policy }
    let entry = entry(workspace) ?? add(workspace)
    read(workspace, entry)
    guard entry.isReading else { return entry.policy }
    let timer = loop.timer { [loop] in
      // Those who come next do not wait for it either.
      entry.at = loop.now
      entry.finish()
    }
    timer.arm(after: settings.patience)
    await withUnsafeContinuation { entry.waiting.append($0) }
    timer.cancel()
    return entry.policy
  }

  private func entry(_ workspace: UUID) -> Known? {
    if let last, last.workspace == workspace { return last.known }
    guard let entry = known[workspace] else { return nil }
    last = (workspace, entry)
    return entry
  }

  private func add(_ workspace: UUID) -> Known {
    if known.count >= Self.capacity { known.removeAll(keepingCapacity: true) }
    let entry = Known()
    known[workspace] = entry
    return entry
  }

  /// One at a time of each.
  private func read(_ workspace: UUID, _ entry: Known) {
    guard !entry.isReading else { return }
    entry.isReading = true
    loop.start { [self] in
      do {
        try await readNow(workspace, entry)
      } catch {
        // As it was; it is asked for again after a while, and not with each message.
      }
      entry.at = loop.now
      entry.isReading = false
      entry.finish()
    }
  }

  private func readNow(_ workspace: UUID, _ entry: Known) async throws {
    let rows = try await pool.query(
      "SELECT send_count, send_window, filter = 'on', filter_words FROM workspaces WHERE id = $1", workspace)
    guard let row = rows.first else { return }
    let (count, window, isFiltered, words) = try row.decode((Int32?, Int32?, Bool, String).self)
    if let count, let window {
      entry.policy.sends = Rate(Int(count), per: .seconds(Int64(window)))
    } else {
      entry.policy.sends = nil
    }
    entry.policy.isFiltered = isFiltered
    guard words != entry.source else { return }
    entry.source = words
    entry.policy.words = (try? WordList(parsing: words, limits: .workspace)) ?? .empty
  }
}
