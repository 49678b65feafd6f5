// The inbox worker: what follows from events for people who are not looking. docs/INBOX.md has the whole.
//
// Pattern. A member of the bus's group `inbox`. A batch of events is one transaction (`InboxBatch`) with all effects
// (`InboxEffect`: counts, mentions, webhooks, push), after which the bus is told that it is done. Effects only write to
// PostgreSQL; what leaves the house (webhooks, push) lies in queues there and is sent by pumps (`DeliveryPump`).
//
// Concurrency. One worker a process, on one loop. The bus calls `consume` for one batch of a partition at a time.
//
// Lifecycle. `start` joins the group; `stop` finishes the batch in hand and leaves it.
//
// Invariants.
// - An effect is there exactly once, whatever dies: it commits with the event's id and the conversation's position.
// - Events of one key are done in their order. One that fails parks its key (`DeadLetters`), and what follows waits there.
// - A backend that is away parks nothing: the bus brings the events again until it is back.
// - What the bus has lost of a conversation's log is read from the store (`InboxCatchUp`): at the next entry of that
//   conversation, at the start, and every few minutes.

package import Networking
package import Postgres
package import Primitives

/// A member of the group `inbox`. On its loop only.
package final class InboxWorker: @unchecked Sendable {
  package static let group = "inbox"

  package struct Settings: Sendable {
    /// The consumer group.
    package var group = InboxWorker.group
    /// How often an event is tried before it is parked.
    package var attempts = 5
    /// Between these attempts.
    package var retry = RetrySchedule(first: .milliseconds(100), longest: .seconds(2))
    /// A batch of fewer than `many` events is followed by the next one after this time at the earliest, so that some
    /// gather: a transaction costs the store about as much for one event as for ten.
    package var gather = Duration.milliseconds(25)
    package var many = 128
    /// Between two looks for replays, and for letters that the topic does not have yet.
    package var upkeep = Duration.seconds(1)
    /// Between two comparisons of all conversations with what was done.
    package var comparison = Duration.seconds(300)
    /// How long the bus may take for what such a comparison found missing, before it is read from the store.
    package var patience = Duration.seconds(10)

    package init() {}
  }

  package struct Counters: Sendable {
    /// Events whose effects were committed.
    package var processed = 0
    /// That had been processed before.
    package var repeated = 0
    /// Attempts that failed by the event's fault.
    package var failed = 0
    /// Events put among the dead letters.
    package var parked = 0
    /// Parked events that were done after all.
    package var replayed = 0
    /// Messages that the store had and the bus did not bring in time.
    package var caughtUp = 0
  }

  private let pool: PostgresPool
  private let bus: any EventBus
  private let deadBus: any EventBus
  private let loop: EventLoop
  private let settings: Settings
  private let batch: InboxBatch
  private let catchUp: InboxCatchUp
  private let replay: DeadLetterReplay
  private let updates: InboxUpdates?
  private var subscription: (any BusSubscription)?
  private var upkeepTask: Task<Void, Never>?
  private let bell: Doorbell
  private var comparesAt: UInt64 = 0
  /// What was missing at the last comparison, and when it is to be there.
  private var missing: [InboxBatch.Gap] = []
  private var missingUntil: UInt64 = 0
  private var isStopping = false
  package private(set) var counters = Counters()
  /// Told after each commit: there may be something in the queues.
  package var committed: () -> Void = {}
  /// Told of each event that is parked.
  package var parked: (_ event: UUID, _ key: UUID, InboxFailure) -> Void = { _, _, _ in }
  /// Told of what failed and is tried again.
  package var report: (any Error) -> Void = { _ in }

  /// - Parameters:
  ///   - deadBus: the topic of dead letters, on the same kind of bus.
  ///   - vault: opens what is encrypted; without it such bodies are taken for empty.
  package init(
    pool: PostgresPool, bus: any EventBus, deadBus: any EventBus, updates: InboxUpdates?, effects: [any InboxEffect],
    loop: EventLoop, vault: MessageVault? = nil, settings: Settings = Settings()
  ) {
    self.pool = pool
    self.bus = bus
    self.deadBus = deadBus
    self.updates = updates
    self.loop = loop
    self.settings = settings
    batch = InboxBatch(effects: effects)
    catchUp = InboxCatchUp(batch: batch, pool: pool, vault: vault)
    replay = DeadLetterReplay(batch: batch, catchUp: catchUp, pool: pool)
    bell = Doorbell(loop: loop)
  }

  /// Joins the group. The bus has been prepared.
  package func start() {
    guard subscription == nil else { return }
    subscription = bus.subscribe(group: settings.group) { [self] in try await consume($0) }
    upkeepTask = loop.start { [self] in await keepUp() }
  }

  package func stop() async {
    isStopping = true
    await subscription?.close()
    bell.ring()
    upkeepTask?.cancel()
    await upkeepTask?.value
    await updates?.stop()
  }

  /// Compares all conversations with what was done, soon: the bus may have lost something.
  package func compareSoon() {
    comparesAt = 0
    bell.ring()
  }

  // MARK: Consuming

  /// Throws when a backend is away: the bus brings the events again.
  package func consume(_ payloads: [[UInt8]]) async throws {
    let begin = loop.now
    do {
      var items: [InboxBatch.Item] = []
      for payload in payloads {
        guard let received = ReceivedEvent(payload: payload) else {
          if let parcel = DeadLetters.unreadable(payload) { try await park(parcel) }
          continue
        }
        let opened = await catchUp.vault?.openSealed(received)
        do throws(InboxFailure) {
          items.append(InboxBatch.Item(event: try InboxEvent(received, opened: opened), payload: payload))
        } catch {
          try await process(items)
          items = []
          counters.failed += 1
          try await park(
            DeadLetters.Parcel(
              event: received.id, key: received.conversationId, type: received.kind.rawValue, seq: received.seq,
              payload: payload, failure: error, attempts: 1))
        }
      }
      try await process(items)
    } catch {
      if !isStopping { report(error) }
      throw error
    }
    let spent = loop.now &- begin
    guard payloads.count < settings.many, spent < settings.gather.nanoseconds, !isStopping else { return }
    try? await loop.sleep(for: settings.gather - .nanoseconds(Int64(spent)))
  }

  private func process(_ items: [InboxBatch.Item]) async throws {
    guard !items.isEmpty else { return }
    do {
      try await attempt(items)
    } catch {
      guard let failure = InboxFailure(blaming: error, in: "batch") else { throw error }
      counters.failed += 1
      guard items.count == 1, let item = items.first else {
        // One by one, in their order: the others must not suffer for it.
        for item in InboxBatch.sorted(items) { try await process([item]) }
        return
      }
      try await insist(item, failure)
    }
  }

  private func attempt(_ items: [InboxBatch.Item]) async throws {
    while true {
      let outcome = try await batch.run(items, pool: pool)
      guard outcome.gaps.isEmpty else {
        for gap in outcome.gaps { try await fill(gap) }
        continue
      }
      counters.processed += outcome.done.count
      counters.repeated += outcome.repeated.count
      counters.parked += outcome.parked
      if outcome.parked > 0 { bell.ring() }
      await tell(outcome.done + outcome.repeated)
      return
    }
  }

  private func fill(_ gap: InboxBatch.Gap) async throws {
    let done: [InboxEvent]
    do {
      done = try await catchUp.run(gap)
    } catch {
      throw InboxFailure(blaming: error, in: "catch-up") ?? error
    }
    counters.caughtUp += done.count
    await tell(done)
  }

  private func tell(_ events: [InboxEvent]) async {
    guard !events.isEmpty else { return }
    committed()
    await updates?.committed(events)
  }

  /// Tries an event that has failed by itself, and parks it in the end.
  private func insist(_ item: InboxBatch.Item, _ first: InboxFailure) async throws {
    var failure = first
    for attempt in 1..<max(1, settings.attempts) {
      try await loop.sleep(for: settings.retry.pause(after: attempt))
      do {
        return try await self.attempt([item])
      } catch {
        guard let again = InboxFailure(blaming: error, in: "batch") else { throw error }
        counters.failed += 1
        failure = again
      }
    }
    try await park(DeadLetters.Parcel(item, failure: failure, attempts: settings.attempts))
  }

  private func park(_ parcel: DeadLetters.Parcel) async throws {
    let count = try await pool.transaction { transaction in
      try await DeadLetters.lock([parcel.key], in: transaction)
      return try await DeadLetters.park([parcel], in: transaction)
    }
    counters.parked += count
    if count > 0, let failure = parcel.failure { parked(parcel.event, parcel.key, failure) }
    bell.ring()
  }

  // MARK: Upkeep

  private func keepUp() async {
    while !isStopping {
      do {
        try await publishLetters()
        for key in try await replay.requested() where !isStopping { try await redo(key) }
        if loop.now >= comparesAt {
          missing = try await catchUp.behind(limit: Self.missingLimit)
          missingUntil = loop.now &+ settings.patience.nanoseconds
          // Spread, for all workers do it; and again soon when there is more.
          let pause = missing.count < Self.missingLimit ? settings.comparison : settings.patience * 2
          comparesAt = loop.now &+ (pause * Double.random(in: 0.75...1.25)).nanoseconds
        }
        if !missing.isEmpty, loop.now >= missingUntil { try await fillMissing() }
      } catch {
        if !isStopping { report(error) }
      }
      await bell.wait(for: settings.upkeep)
    }
  }

  private func redo(_ key: UUID) async throws {
    let outcome = try await replay.run(key)
    counters.replayed += outcome.done.count
    counters.failed += outcome.failed
    await tell(outcome.done)
  }

  /// What was parked, to the topic; once at least.
  private func publishLetters() async throws {
    while true {
      let rows = try await pool.query(
        """
        SELECT id, consumer, key, event_id, type, seq, effect, error, attempts, parked_at,
          replay_requested_at IS NOT NULL, dropped_at IS NOT NULL, payload
        FROM dead_letters WHERE published_at IS NULL ORDER BY id LIMIT 100
        """)
      guard rows.count > 0 else { return }
      var ids: [Int64] = []
      var events: [BusEvent] = []
      for row in rows {
        var letter = try DeadLetters.letter(row)
        letter.payload = try row.get(12, as: [UInt8].self)
        ids.append(letter.id)
        events.append(letter.busEvent)
      }
      try await deadBus.publish(events)
      _ = try await pool.query("UPDATE dead_letters SET published_at = now() WHERE id = ANY ($1)", ids)
    }
  }

  /// Of most the bus has brought the rest meanwhile; filling does nothing there.
  private func fillMissing() async throws {
    while let gap = missing.popLast(), !isStopping {
      do {
        try await fill(gap)
      } catch let failure as InboxFailure {
        // It will be parked when its event comes, or stay a gap: the others go on.
        report(failure)
      }
    }
  }

  /// Conversations that one comparison looks after.
  private static let missingLimit = 10_000
}
