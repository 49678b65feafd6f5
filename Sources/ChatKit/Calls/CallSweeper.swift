package import Networking
import Postgres
import Primitives

/// What happens to calls by itself: rings end, and who is gone, no member any more, or blocked, leaves. One process at a
/// time does it, whichever; nothing of it is kept in memory, so it goes on when that one dies.
package final class CallSweeper: @unchecked Sendable {
  package struct Settings: Sendable {
    package var interval = Duration.milliseconds(500)
    /// How long a participant may be without a connection.
    package var grace = Duration.seconds(15)

    package init() {}
  }

  /// "callsweep" without its vowels, in ASCII: "cllswp".
  private static let lock: Int64 = 0x636c_6c73_7770
  private static let batch: Int64 = 50
  private static let usersOfAQuery: Int64 = 1000

  private let calls: CallService
  private let presence: PresenceStore
  private let loop: EventLoop
  private let settings: Settings
  private var task: Task<Void, Never>?
  /// Told when a round fails, once in a row.
  package var report: (any Error) -> Void = { _ in }

  package init(calls: CallService, presence: PresenceStore, loop: EventLoop, settings: Settings = Settings()) {
    self.calls = calls
    self.presence = presence
    self.loop = loop
    self.settings = settings
  }

  package func start() {
    guard task == nil else { return }
    task = loop.start { [self] in
      var isFailing = false
      while !Task.isCancelled {
        do {
          try await round()
          isFailing = false
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

  package func round() async throws {
    try await markGone()
    let events = try await calls.pool.transaction { [self] transaction -> [Event] in
      guard try await transaction.query("SELECT pg_try_advisory_xact_lock($1)", Self.lock)[0].get(0, as: Bool.self)
      else {
        return []
      }
      var due: [UUID: [Call.Action]] = [:]
      let late = try await transaction.query(
        "SELECT id FROM calls WHERE deadline <= now() ORDER BY deadline LIMIT $1", Self.batch)
      for id in try late.column(0, as: UUID.self) { due[id, default: []].append(.expire) }
      let gone = try await transaction.query(
        """
        SELECT cp.call_id, cp.user_id, p.user_id IS NULL OR v.blocked FROM call_participants cp
        JOIN calls c ON c.id = cp.call_id JOIN conversations v ON v.id = c.conversation_id
        LEFT JOIN participants p ON p.conversation_id = c.conversation_id AND p.user_id = cp.user_id
        WHERE cp.state IN ('ringing', 'joined')
          AND (p.user_id IS NULL OR v.blocked OR cp.gone_since <= now() - $1 * interval '1 microsecond')
        LIMIT $2
        """, Int64(settings.grace.nanoseconds / 1000), Self.batch)
      for index in 0..<gone.count {
        let (call, user, isRemoved) = try gone[index].decode((UUID, UUID, Bool).self)
        due[call, default: []].append(isRemoved ? .remove(user) : .lose(user))
      }
      var events: [Event] = []
      // In the order of their identifiers, as nobody else locks more than one.
      for (id, actions) in due.sorted(by: { $0.key < $1.key }) {
        guard var held = try await CallStore.lock(id, transaction) else { continue }
        if let event = try await calls.change(&held, actions, transaction) { events.append(event) }
      }
      return events
    }
    calls.publish(events)
  }

  /// Writes down since when participants have had no connection. Where Redis is away or was emptied lately nobody is said
  /// to be gone. A statement by itself, which waits for nobody: whoever changes a call writes to these rows too.
  private func markGone() async throws {
    let rows = try await calls.pool.query(
      "SELECT user_id FROM call_participants WHERE state = 'joined' ORDER BY user_id LIMIT $1", Self.usersOfAQuery)
    let users = try rows.column(0, as: UUID.self)
    guard !users.isEmpty, let (connected, isSettled) = try? await presence.connected(users) else { return }
    let there = Array(connected)
    let away = isSettled ? users.filter { !connected.contains($0) } : []
    _ = try await calls.pool.query(
      """
      WITH changed AS (
        SELECT call_id, user_id, user_id = ANY ($1) AS is_there FROM call_participants
        WHERE state = 'joined' AND (
          user_id = ANY ($1) AND gone_since IS NOT NULL OR user_id = ANY ($2) AND gone_since IS NULL)
        FOR UPDATE SKIP LOCKED)
      UPDATE call_participants cp SET gone_since = CASE WHEN c.is_there THEN NULL ELSE now() END
      FROM changed c WHERE cp.call_id = c.call_id AND cp.user_id = c.user_id
      """, there, away)
  }
}
