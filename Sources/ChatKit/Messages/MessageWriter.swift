package import Networking
package import Postgres
import Primitives

/// The batch writer: whatever gathers while the store is busy goes out as one statement and one commit.
///
/// There is no timer: the first message of an idle moment leaves at the end of its tick, alone, and those that arrive
/// while it is under way leave together when it is done. So the batch grows with the load and the latency does not.
///
/// Failure. A batch whose connection broke is in doubt: committed or not. It is sent again with the same identifiers,
/// after asking the store which of them it has; a message identifier is unique, so that a commit which was still under
/// way cannot double it. Only when `patience` is over is its sender told that the outcome is unknown. A batch that the
/// store refuses as a whole is sent again a row at a time: one bad row must not fail its neighbours.
///
/// Bodies that go to encrypted conversations are sealed just before the statement leaves, with the key that is active then.
/// The store refuses a plain one there: then this process learns that the conversation is encrypted, and sends it again.
///
/// One writer a loop; on that loop only.
package final class MessageWriter: @unchecked Sendable {
  package struct Limits: Sendable {
    /// Rows in one statement.
    package var batch = 64
    /// Messages that may wait; more are refused as `overloaded`.
    package var queue = 10_000
    /// How long a message may wait for a store that is away.
    package var patience = Duration.seconds(10)

    package init() {}
  }

  /// How a draft ended.
  package enum Outcome: Sendable {
    case stored(Message)
    /// The same request was answered before: here is that message.
    case replayed(Message)
  }

  package struct Counters: Sendable {
    package var batches = 0
    package var stored = 0
    package var replayed = 0
    package var retries = 0
  }

  private final class Pending: @unchecked Sendable {
    let draft: MessageDraft
    let deadline: UInt64
    var continuation: UnsafeContinuation<Outcome, any Error>?
    /// An attempt was sent and not answered.
    var isInDoubt = false
    /// Of an encrypted conversation: as the last attempt had it.
    var sealed: SealedBody?
    var fingerprint: [UInt8]

    init(_ draft: MessageDraft, deadline: UInt64, _ continuation: UnsafeContinuation<Outcome, any Error>) {
      self.draft = draft
      fingerprint = draft.fingerprint
      self.deadline = deadline
      self.continuation = continuation
    }

    func message(seq: Int64, at time: Timestamp) -> Message {
      var message = draft.message(seq: seq, at: time)
      message.keep(sealed)
      return message
    }

    func finish(_ result: Result<Outcome, any Error>) {
      continuation?.resume(with: result)
      continuation = nil
    }
  }

  private let store: PostgresPool
  private let loop: EventLoop
  private let limits: Limits
  private let vault: MessageVault?
  private let stored: ([StoredMessage]) -> Void
  private var queue: ContiguousArray<Pending> = []
  private var isBusy = false
  private var isScheduled = false
  package private(set) var counters = Counters()

  /// `store` should be a pool of one connection that nobody else uses; `stored` is told of each batch right after its
  /// commit, before the senders are. Without a `vault` nothing is stored in encrypted conversations.
  package init(
    store: PostgresPool, loop: EventLoop, limits: Limits = Limits(), vault: MessageVault? = nil,
    stored: @escaping ([StoredMessage]) -> Void
  ) {
    self.store = store
    self.loop = loop
    self.limits = limits
    self.vault = vault
    self.stored = stored
  }

  /// Messages that wait or are under way.
  package var depth: Int { queue.count }

  /// Stores the draft and answers after the commit.
  ///
  /// Throws `ChatError`: notFound (no such conversation, or not a participant), conversationArchived, blocked, readOnly,
  /// slowMode, idempotencyKeyReused, keyUnavailable, overloaded, unavailable (nothing was stored), outcomeUnknown.
  package func write(_ draft: MessageDraft) async throws -> Outcome {
    loop.assertCurrent()
    guard queue.count < limits.queue else {
      throw ChatError(.overloaded, "Too many messages are waiting to be stored.", retryAfter: 1)
    }
    return try await withUnsafeThrowingContinuation { continuation in
      queue.append(Pending(draft, deadline: loop.now &+ limits.patience.nanoseconds, continuation))
      schedule()
    }
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
      }
    }
  }

  /// The oldest messages, at most one with a given idempotency key: the second must see the first one committed.
  private func takeBatch() -> ContiguousArray<Pending> {
    if queue.count == 1 {
      defer { queue.removeAll(keepingCapacity: true) }
      return queue
    }
    var batch = ContiguousArray<Pending>()
    batch.reserveCapacity(min(queue.count, limits.batch))
    var left = ContiguousArray<Pending>()
    var keys = Set<KeyOfSender>()
    for (index, pending) in queue.enumerated() {
      if batch.count == limits.batch {
        left.append(contentsOf: queue[index...])
        break
      }
      if let key = pending.draft.idempotencyKey, !keys.insert(KeyOfSender(pending.draft.senderId, key)).inserted {
        left.append(pending)
      } else {
        batch.append(pending)
      }
    }
    queue = left
    return batch
  }

  private struct KeyOfSender: Hashable {
    let sender: UUID
    let key: String
    init(_ sender: UUID, _ key: String) {
      self.sender = sender
      self.key = key
    }
  }

  // MARK: One batch

  /// Sends until every row has its answer.
  private func send(_ first: ContiguousArray<Pending>) async {
    var batch = first
    var attempt = 0
    while !batch.isEmpty {
      do {
        if attempt > 0 { batch = try await settleDoubts(batch) }
        guard !batch.isEmpty else { return }
        batch = try await execute(batch)
      } catch let error as PostgresError {
        if !error.isRetriable && !Self.isRace(error) {
          return await sendApart(batch, because: error)
        }
        attempt += 1
        counters.retries += 1
        if error.outcome == .unknown { for pending in batch { pending.isInDoubt = true } }
        batch = giveUpOnLate(batch, error)
        if !batch.isEmpty { try? await loop.sleep(for: Self.pause(attempt)) }
      } catch {
        for pending in batch { pending.finish(.failure(ChatError(.internal, "The message could not be stored."))) }
        return
      }
    }
  }

  private static func pause(_ attempt: Int) -> Duration { .milliseconds(min(500, 10 << min(attempt, 6))) }

  /// Two processes stored under one idempotency key, or one identifier, at once: the repetition sees the other's row.
  private static func isRace(_ error: PostgresError) -> Bool { error.sqlState == .uniqueViolation }

  private func giveUpOnLate(_ batch: ContiguousArray<Pending>, _ error: PostgresError) -> ContiguousArray<Pending> {
    ContiguousArray(
      batch.filter { pending in
        guard loop.now >= pending.deadline else { return true }
        let failure =
          pending.isInDoubt
          ? ChatError(
            .outcomeUnknown, "The store went away while the message was being stored; repeat with the same key.",
            retryAfter: 1)
          : ChatError(.unavailable, "The store is not available; nothing was stored.", retryAfter: 1)
        pending.finish(.failure(failure))
        return false
      })
  }

  /// Answers those of a batch in doubt that the store has after all; the rest may be sent again.
  private func settleDoubts(_ batch: ContiguousArray<Pending>) async throws -> ContiguousArray<Pending> {
    let doubtful = batch.filter(\.isInDoubt)
    guard !doubtful.isEmpty else { return batch }
    let rows = try await store.query(
      """
      SELECT m.id, m.seq, m.created_at, c.epoch FROM messages m JOIN conversations c ON c.id = m.conversation_id
      WHERE m.id = ANY ($1) AND m.conversation_id = ANY ($2)
      """,
      doubtful.map(\.draft.id), doubtful.map(\.draft.conversationId))
    var found: [UUID: (Int64, Timestamp, Int64)] = [:]
    for index in 0..<rows.count {
      let (id, seq, at, epoch) = try rows[index].decode((UUID, Int64, Timestamp, Int64).self)
      found[id] = (seq, at, epoch)
    }
    var known: [StoredMessage] = []
    let left = ContiguousArray<Pending>(
      batch.filter { pending in
        guard let (seq, at, epoch) = found[pending.draft.id] else { return true }
        let message = pending.message(seq: seq, at: at)
        known.append(StoredMessage(draft: pending.draft, message: message, epoch: epoch))
        pending.finish(.success(.stored(message)))
        return false
      })
    counters.stored += known.count
    if !known.isEmpty { stored(known) }
    return left
  }

  private func sendApart(_ batch: ContiguousArray<Pending>, because error: PostgresError) async {
    if batch.count > 1 {
      for pending in batch { await send([pending]) }
      return
    }
    batch[0].finish(.failure(ChatError(.internal, "The message could not be stored.")))
    log(error)
  }

  /// Called with what the store refused for good; a fault of ours.
  package var log: (PostgresError) -> Void = { _ in }

  /// Seals what is to be sealed; answers those that can go.
  private func seal(_ batch: ContiguousArray<Pending>) async throws -> ContiguousArray<Pending> {
    guard let vault else { return batch }
    let encrypted = try await vault.encrypted(among: batch.lazy.map(\.draft.conversationId))
    guard !encrypted.isEmpty else { return batch }
    return batch.filter { pending in
      let draft = pending.draft
      guard let workspace = encrypted[draft.conversationId] else { return true }
      do {
        pending.sealed = try vault.seal(
          draft.body, workspace: workspace, conversation: draft.conversationId, message: draft.id)
        pending.fingerprint = try vault.keys.authenticated(draft.fingerprint)
        return true
      } catch {
        pending.finish(.failure(error))
        return false
      }
    }
  }

  /// Answers those that are to be sent again: they were not sealed, and had to be.
  private func execute(_ whole: ContiguousArray<Pending>) async throws -> ContiguousArray<Pending> {
    let batch = try await seal(whole)
    guard !batch.isEmpty else { return [] }
    let now = Timestamp.now()
    // A batch without them pays nothing: for an array that is NULL the rows are filled with NULLs.
    let isSealed = batch.contains { $0.sealed != nil }
    let rows = try await store.query(
      """
      SELECT status, message_id, seq, created_at, epoch
      FROM send_messages($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
      """,
      batch.map(\.draft.conversationId), batch.map(\.draft.senderId), batch.map(\.draft.id),
      batch.map(\.draft.eventId), batch.map(\.draft.idempotencyKey), batch.map(\.fingerprint),
      batch.map(\.draft.type.rawValue), batch.map { $0.sealed == nil ? $0.draft.body : nil },
      batch.map(\.draft.replyTo), batch.map(\.draft.attachmentId),
      isSealed ? batch.map(\.sealed?.keyVersion) : nil, isSealed ? batch.map(\.sealed?.ciphertext) : nil,
      isSealed ? batch.map(\.sealed?.iv) : nil, isSealed ? batch.map(\.sealed?.tag) : nil, now)
    counters.batches += 1
    var unsealed: ContiguousArray<Pending> = []
    var answers: [(Pending, Result<Outcome, any Error>)] = []
    var fresh: [StoredMessage] = []
    answers.reserveCapacity(batch.count)
    for (index, pending) in batch.enumerated() {
      // Not as a tuple: a pack of types is looked up anew for each row.
      let row = rows[index]
      let status: Int32 = try row.get(0)
      let id: UUID? = try row.get(1)
      let seq: Int64? = try row.get(2)
      let at: Timestamp? = try row.get(3)
      let epoch: Int64? = try row.get(4)
      switch (status, id, seq, at) {
      case (0, _, let seq?, let at?):
        let message = pending.message(seq: seq, at: at)
        fresh.append(StoredMessage(draft: pending.draft, message: message, epoch: epoch ?? 0))
        answers.append((pending, .success(.stored(message))))
      case (1, let id?, let seq?, let at?):
        var message = pending.draft.message(seq: seq, at: at)
        message.id = id
        counters.replayed += 1
        answers.append((pending, .success(.replayed(message))))
      case (2, _, _, _):
        let error = ChatError(
          .idempotencyKeyReused, "This idempotency key was used for another message; use a new key for a new message.",
          field: "Idempotency-Key")
        answers.append((pending, .failure(error)))
      case (4, _, _, _): answers.append((pending, .failure(ChatError.archived)))
      case (5, _, _, _): unsealed.append(pending)
      case (6, _, _, _): answers.append((pending, .failure(ChatError.blocked)))
      case (7, _, _, _): answers.append((pending, .failure(ChatError.readOnly)))
      case (8, _, _, let at?): answers.append((pending, .failure(ChatError.slow(until: at))))
      default:
        answers.append((pending, .failure(ChatError.noSuchConversation)))
      }
    }
    counters.stored += fresh.count
    if !fresh.isEmpty { stored(fresh) }
    for (pending, result) in answers { pending.finish(result) }
    guard !unsealed.isEmpty else { return [] }
    guard let vault else {
      for pending in unsealed { pending.finish(.failure(Unreadable.keyUnavailable.error)) }
      return []
    }
    for pending in unsealed { await vault.learned(isEncrypted: pending.draft.conversationId) }
    // Without keys even now nothing would be sealed, however often it is tried.
    guard vault.keys.isInUse else {
      for pending in unsealed { pending.finish(.failure(Unreadable.keyUnavailable.error)) }
      return []
    }
    return unsealed
  }
}
