import Postgres
import Primitives

/// Does parked letters again whose replay was asked for, key by key and in order: each in a transaction of its own that
/// removes it. The first of a key that fails stays with those behind it, and the request is over for them.
struct DeadLetterReplay: Sendable {
  let batch: InboxBatch
  let catchUp: InboxCatchUp
  let pool: PostgresPool

  struct Outcome: Sendable {
    var done: [InboxEvent] = []
    var failed = 0
  }

  /// Keys with letters to be replayed.
  func requested() async throws -> [UUID] {
    try await pool.query(
      """
      SELECT DISTINCT key FROM dead_letters WHERE consumer = $1 AND replay_requested_at IS NOT NULL LIMIT 100
      """, InboxBatch.consumer
    ).column(0, as: UUID.self)
  }

  func run(_ key: UUID) async throws -> Outcome {
    var outcome = Outcome()
    while true {
      let step: Step
      do {
        step = try await next(key)
      } catch {
        guard let failure = InboxFailure(blaming: error, in: "replay") else { throw error }
        try await failed(key, failure)
        outcome.failed += 1
        return outcome
      }
      switch step {
      case .over: return outcome
      case .done(let events): outcome.done += events
      case .gap(let gap):
        do {
          outcome.done += try await catchUp.run(gap)
        } catch {
          guard let failure = InboxFailure(blaming: error, in: "catch-up") else { throw error }
          try await failed(key, failure)
          outcome.failed += 1
          return outcome
        }
      }
    }
  }

  private enum Step: Sendable {
    case over
    case done([InboxEvent])
    case gap(InboxBatch.Gap)
  }

  private struct GapFirst: Error { let gap: InboxBatch.Gap }

  private func next(_ key: UUID) async throws -> Step {
    do {
      return try await pool.transaction { transaction -> Step in
        try await DeadLetters.lock([key], in: transaction)
        try await DeadLetters.settle(key, in: transaction)
        let rows = try await transaction.query(
          """
          SELECT id, payload, replay_requested_at IS NOT NULL FROM dead_letters WHERE consumer = $1 AND key = $2
          ORDER BY id LIMIT 1
          """, InboxBatch.consumer, key)
        guard let row = rows.first else { return .over }
        let (id, payload, isAsked) = try row.decode((Int64, [UInt8], Bool).self)
        guard isAsked else { return .over }
        guard let received = ReceivedEvent(payload: payload) else {
          throw InboxFailure("decoding", "it is no event that this version can read")
        }
        let event = try InboxEvent(received, opened: await catchUp.vault?.openSealed(received))
        let outcome: InboxBatch.Outcome
        do {
          outcome = try await batch.run(
            [InboxBatch.Item(event: event, payload: payload)], in: transaction, isReplay: true)
        } catch let gaps as InboxBatch.GapsFound {
          guard let gap = gaps.gaps.first else { throw gaps }
          throw GapFirst(gap: gap)
        }
        _ = try await transaction.query("DELETE FROM dead_letters WHERE id = $1", id)
        try await DeadLetters.settle(key, in: transaction)
        return .done(outcome.done)
      }
    } catch let first as GapFirst {
      return .gap(first.gap)
    }
  }

  private func failed(_ key: UUID, _ failure: InboxFailure) async throws {
    try await pool.transaction { transaction in
      try await DeadLetters.lock([key], in: transaction)
      _ = try await transaction.query(
        """
        UPDATE dead_letters SET effect = $3, error = $4, attempts = attempts + 1 WHERE id = (
          SELECT min(id) FROM dead_letters WHERE consumer = $1 AND key = $2)
        """, InboxBatch.consumer, key, failure.effect, failure.reason.clean)
      _ = try await transaction.query(
        "UPDATE dead_letters SET replay_requested_at = NULL WHERE consumer = $1 AND key = $2", InboxBatch.consumer, key
      )
    }
  }
}
