// Receipts: how far each member of a conversation has read, and got, its messages.
//
// A cursor is a row of `participants`, so an unread count is counted and never written, and reading costs a write for the
// reader alone. `CursorWriter` moves them in batches (this file), `ReceiptService` is what routes and sockets ask.
//
// Invariants.
// - A cursor only moves forward, and never beyond the conversation's end. So a move can be merged with others (the highest
//   wins) and repeated, and a batch in doubt is simply sent again.
// - An acknowledged move is committed.
// - The others of a small room are told at most once a second for each reader, whichever processes the reader speaks to:
//   the participant's row says when they last were. What came too soon is owed, and told a moment later. A process that is
//   killed forgets what it owes: then the others learn of it with the reader's next move, or from the participants' list.
// - `receipts` has a row for each move, so "who has read this message, and when" is answered without a row a message.

package import Networking
package import Postgres
import Primitives

/// The batch writer of cursors: whatever gathers while the store is busy is merged, and goes out as one statement and one
/// commit. One a loop; on that loop only.
package final class CursorWriter: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Readers in one statement.
    package var batch = 256
    /// Readers that may wait; more are refused as `overloaded`.
    package var queue = 10_000
    /// How long a move may wait for a store that is away.
    package var patience = Duration.seconds(10)
    /// Between two receipts of one reader that the others are told of.
    package var pause = Duration.seconds(1)
    /// In rooms of more members nobody is told; who wants to know asks.
    package var room = 50

    package init() {}
  }

  package struct Counters: Sendable {
    package var batches = 0
    /// Moves that were asked for; fewer rows are written, for those of one reader are merged.
    package var moves = 0
    package var written = 0
    package var retries = 0
    /// Receipts that the others of a room were told of.
    package var told = 0
  }

  /// What may be told now.
  package struct Told: Sendable {
    package var position: CursorPosition
    /// For the room; their outbox rows are committed. Empty in big rooms.
    package var events: [Event]
    /// The read cursor moved, which the reader's other devices want to know.
    package var isRead: Bool
  }

  private final class Pending: @unchecked Sendable {
    let key: CursorMove.Key
    let deadline: UInt64
    var read: Int64 = 0
    var delivered: Int64 = 0
    var owesRead = false
    var owesDelivered = false
    var continuations: ContiguousArray<UnsafeContinuation<CursorPosition, any Error>> = []

    init(_ key: CursorMove.Key, deadline: UInt64) {
      self.key = key
      self.deadline = deadline
    }

    func fail(_ error: ChatError) {
      for continuation in continuations { continuation.resume(throwing: error) }
      continuations = []
    }
  }

  /// What the others are to be told later.
  private struct Debt {
    var read: Bool
    var delivered: Bool
  }

  private let store: PostgresPool
  let loop: EventLoop
  private let limits: Limits
  private let told: ([Told]) -> Void
  private var queue: ContiguousArray<Pending> = []
  /// Those of the queue.
  private var waiting: [CursorMove.Key: Pending] = [:]
  private var debts: [CursorMove.Key: Debt] = [:]
  private var isBusy = false
  private var isScheduled = false
  private var isEnding = false
  private var endings: [UnsafeContinuation<Void, Never>] = []
  package private(set) var counters = Counters()
  /// Called with what the store refused for good; a fault of ours.
  package var log: (PostgresError) -> Void = { _ in }

  /// `told` is called after the commit, before the readers are answered.
  package init(
    store: PostgresPool, loop: EventLoop, limits: Limits = Limits(), told: @escaping ([Told]) -> Void
  ) {
    self.store = store
    self.loop = loop
    self.limits = limits
    self.told = told
  }

  /// Readers that wait.
  package var depth: Int { queue.count }

  /// Moves cursors forward and answers, after the commit, where they are.
  ///
  /// Throws `ChatError`: notFound (not a participant), overloaded, unavailable.
  package func move(_ move: CursorMove) async throws -> CursorPosition {
    loop.assertCurrent()
    counters.moves += 1
    guard queue.count < limits.queue || waiting[move.key] != nil else {
      throw ChatError(.overloaded, "Too many cursors are waiting to be stored.", retryAfter: 1)
    }
    return try await withUnsafeThrowingContinuation { continuation in
      let pending = pending(move.key)
      pending.read = max(pending.read, move.read)
      pending.delivered = max(pending.delivered, move.delivered)
      pending.continuations.append(continuation)
      schedule()
    }
  }

  /// Tells what is owed, and returns when nothing is under way. No more moves after it.
  package func finish() async {
    isEnding = true
    for key in debts.keys { settle(key) }
    guard isBusy || !queue.isEmpty else { return }
    await withUnsafeContinuation { endings.append($0) }
  }

  private func pending(_ key: CursorMove.Key) -> Pending {
    if let pending = waiting[key] { return pending }
    let pending = Pending(key, deadline: loop.now &+ limits.patience.nanoseconds)
    waiting[key] = pending
    queue.append(pending)
    return pending
  }

  private func schedule() {
    guard !isBusy, !isScheduled, !queue.isEmpty else { return }
    isScheduled = true
    loop.atTickEnd { [self] in
      isScheduled = false
      guard !isBusy, !queue.isEmpty else { return }
      isBusy = true
      let batch = takeBatch()
      loop.start { [self] in
        await send(batch)
        isBusy = false
        schedule()
        guard queue.isEmpty else { return }
        for ending in endings { ending.resume() }
        endings = []
      }
    }
  }

  private func takeBatch() -> ContiguousArray<Pending> {
    let batch = ContiguousArray(queue.prefix(limits.batch))
    queue.removeFirst(batch.count)
    for pending in batch { waiting[pending.key] = nil }
    return batch
  }

  // MARK: What is owed

  /// Asks again when it may be told.
  private func owe(_ key: CursorMove.Key, read: Bool, delivered: Bool) {
    if var debt = debts[key] {
      debt.read = debt.read || read
      debt.delivered = debt.delivered || delivered
      debts[key] = debt
      return
    }
    guard debts.count < limits.queue, !isEnding else { return }
    debts[key] = Debt(read: read, delivered: delivered)
    loop.schedule(after: limits.pause) { [self] in settle(key) }
  }

  private func settle(_ key: CursorMove.Key) {
    guard let debt = debts.removeValue(forKey: key) else { return }
    let pending = pending(key)
    pending.owesRead = pending.owesRead || debt.read
    pending.owesDelivered = pending.owesDelivered || debt.delivered
    schedule()
  }

  // MARK: One batch

  /// Sends until every row has its answer.
  private func send(_ first: ContiguousArray<Pending>) async {
    var batch = first
    var attempt = 0
    while !batch.isEmpty {
      do {
        return try await execute(batch)
      } catch let error as PostgresError {
        guard error.isRetriable else { return await sendApart(batch, because: error) }
        attempt += 1
        counters.retries += 1
        batch = giveUpOnLate(batch)
        if !batch.isEmpty { try? await loop.sleep(for: .milliseconds(min(500, 10 << min(attempt, 6)))) }
      } catch {
        for pending in batch { pending.fail(ChatError(.internal, "The cursor could not be stored.")) }
        return
      }
    }
  }

  private func giveUpOnLate(_ batch: ContiguousArray<Pending>) -> ContiguousArray<Pending> {
    batch.filter { pending in
      guard isEnding || loop.now >= pending.deadline else { return true }
      pending.fail(ChatError(.unavailable, "The store is not available; try again.", retryAfter: 1))
      return false
    }
  }

  private func sendApart(_ batch: ContiguousArray<Pending>, because error: PostgresError) async {
    guard batch.count == 1 else {
      for pending in batch { await send([pending]) }
      return
    }
    batch[0].fail(ChatError(.internal, "The cursor could not be stored."))
    log(error)
  }

  private func execute(_ batch: ContiguousArray<Pending>) async throws {
    let readEvents = batch.map { _ in UUID.v7() }
    let deliveredEvents = batch.map { _ in UUID.v7() }
    let rows = try await store.query(
      """
      SELECT is_member, read_seq, delivered_seq, read_told, delivered_told, is_small, epoch, at
      FROM move_cursors($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
      """,
      batch.map(\.key.conversation), batch.map(\.key.user), batch.map(\.read), batch.map(\.delivered),
      batch.map(\.owesRead), batch.map(\.owesDelivered), readEvents, deliveredEvents,
      isEnding ? 0 : Int64(limits.pause.nanoseconds / 1000), Int64(limits.room))
    counters.batches += 1
    counters.written += batch.count
    var news: [Told] = []
    for (index, pending) in batch.enumerated() {
      let row = rows[index]
      guard try row.get(0, as: Bool.self) else {
        pending.fail(ChatError.noSuchConversation)
        continue
      }
      let position = CursorPosition(
        conversation: pending.key.conversation, user: pending.key.user, read: try row.get(1, as: Int64.self),
        delivered: try row.get(2, as: Int64.self))
      let readTold = try row.get(3, as: Int32.self)
      let deliveredTold = try row.get(4, as: Int32.self)
      if readTold == 2 || deliveredTold == 2 {
        owe(pending.key, read: readTold == 2, delivered: deliveredTold == 2)
      }
      if readTold == 1 || deliveredTold == 1 {
        var told = Told(position: position, events: [], isRead: readTold == 1)
        if try row.get(5, as: Bool?.self) == true {
          let epoch = try row.get(6, as: Int64.self)
          let at = try row.get(7, as: Timestamp.self)
          if readTold == 1 {
            told.events.append(CursorReceipt(.read, position, at: at).event(readEvents[index], epoch: epoch))
          }
          if deliveredTold == 1 {
            told.events.append(
              CursorReceipt(.delivered, position, at: at).event(deliveredEvents[index], epoch: epoch))
          }
          counters.told += told.events.count
        }
        news.append(told)
      }
      let continuations = pending.continuations
      pending.continuations = []
      for continuation in continuations { continuation.resume(returning: position) }
    }
    if !news.isEmpty { told(news) }
  }
}
