package import Networking
package import Postgres
package import Primitives

/// What a loop knows of workspaces' policies: read when they are needed, and again when they have become old. So a change is
/// in force everywhere within `lifetime`. One a loop; on that loop only.
///
/// A store that is away changes nothing: what was known goes on, and of what was not the rules that there are without any.
package final class WorkspacePolicies: @unchecked Sendable {
  /// What is older than this is read again, while it goes on being used until it is older than that.
  private static let freshness = Duration.seconds(2)
  package static let lifetime = Duration.seconds(5)
  private static let capacity = 10_000

  private final class Known: @unchecked Sendable {
    var policy = WorkspacePolicy()
    var source = ""
    /// When it was read (monotonic, ns).
    var at: UInt64
    var reading: Task<Void, Never>?
    var isReading = false

    init(at time: UInt64) { at = time }
  }

  private let pool: PostgresPool
  private let loop: EventLoop
  private var known: [UUID: Known] = [:]
  /// The one that was asked for last, found without looking for it.
  private var last: (workspace: UUID, known: Known)?

  package init(pool: PostgresPool, loop: EventLoop) {
    self.pool = pool
    self.loop = loop
  }

  /// A workspace's policy; nil where it has to be waited for (`policy(of:)`).
  package func known(_ workspace: UUID) -> WorkspacePolicy? {
    guard let entry = entry(workspace), entry.at > 0 else { return nil }
    let age = loop.now &- entry.at
    if age > Self.freshness.nanoseconds { read(workspace, entry) }
    return age > Self.lifetime.nanoseconds ? nil : entry.policy
  }

  package func policy(of workspace: UUID) async -> WorkspacePolicy {
    if let policy = known(workspace) { return policy }
    let entry = entry(workspace) ?? add(workspace)
    await read(workspace, entry).value
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
    let entry = Known(at: 0)
    known[workspace] = entry
    return entry
  }

  /// One at a time of each.
  @discardableResult
  private func read(_ workspace: UUID, _ entry: Known) -> Task<Void, Never> {
    if let reading = entry.reading { return reading }
    entry.isReading = true
    let task = loop.start { [self] in
      do {
        try await readNow(workspace, entry)
      } catch {
        // As it was; it is asked for again after a while, and not with each message.
      }
      entry.at = loop.now
      entry.reading = nil
      entry.isReading = false
    }
    // It may be over already.
    if entry.isReading { entry.reading = task }
    return task
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
