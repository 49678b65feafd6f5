package import Networking
import Postgres
package import Primitives

extension KeyRing {
  /// How far a re-encryption has come: continue from it after an interruption.
  package struct Progress: Sendable, Equatable {
    /// The conversations up to this one, by identifier, are done.
    package var after: UUID?
    /// Bodies that are sealed with the active key now.
    package var moved = 0
    /// Bodies that somebody changed meanwhile, with the active key: nothing was left to do.
    package var overtaken = 0
    /// Bodies that cannot be read, and stay as they are.
    package var unreadable = 0

    package init(after: UUID? = nil) { self.after = after }
  }

  /// Seals what other keys have sealed with the active one, the workspace's own where it has one, conversation by
  /// conversation, while the system runs. An edit at the same time wins. May be cut short anywhere and repeated.
  /// - Parameters:
  ///   - workspace: only what is said there.
  ///   - from: where an earlier one has stopped.
  ///   - batch: bodies in one statement.
  ///   - pause: after each batch.
  ///   - rate: bodies in a second at most.
  ///   - report: told after each batch, and after each conversation; throws to stop.
  /// Throws `KeyError` noMasterKey, wrongMasterKey, wrongState (no key is active).
  package func reencrypt(
    of workspace: UUID? = nil, from: Progress = Progress(), batch: Int = 200, pause: Duration = .milliseconds(20),
    rate: Int? = nil, on loop: EventLoop, report: (Progress) async throws -> Void = { _ in }
  ) async throws -> Progress {
    _ = try requireMaster()
    let keys = try await keys()
    guard keys.active != nil else { throw KeyError(.wrongState, "no key is active: promote one first") }
    var progress = from
    var throttle = rate.map { Throttle($0, loop) }
    while true {
      let rows = try await pool.query(
        """
        SELECT id, workspace_id FROM conversations
        WHERE encrypted AND ($1::uuid IS NULL OR id > $1) AND ($2::uuid IS NULL OR workspace_id = $2)
        ORDER BY id LIMIT 200
        """, progress.after, workspace)
      if rows.isEmpty { return progress }
      for row in rows {
        let conversation: UUID = try row.get(0)
        guard let target = keys.active(for: try row.get(1)) else { continue }
        var last: Int64 = 0
        while let part = try await reencrypt(conversation, after: last, to: target, keys, batch, &progress) {
          last = part.last
          try await throttle?.passed(part.count)
          guard part.count == batch else { break }
          try await report(progress)
          try await loop.sleep(for: pause)
        }
        progress.after = conversation
        try await report(progress)
      }
    }
  }

  /// A batch of a conversation's bodies. Nil where nothing is left behind `after`.
  private func reencrypt(
    _ conversation: UUID, after: Int64, to target: Int32, _ keys: MessageKeys, _ batch: Int, _ progress: inout Progress
  ) async throws -> (last: Int64, count: Int)? {
    let rows = try await pool.query(
      """
      SELECT seq, id, key_version, ciphertext, iv, auth_tag FROM messages
      WHERE conversation_id = $1 AND seq > $2 AND key_version <> $3 ORDER BY seq LIMIT $4
      """, conversation, after, target, Int64(batch))
    guard rows.count > 0 else { return nil }
    var last = after
    var seqs: [Int64] = []
    var old: [[UInt8]] = []
    var fresh: [SealedBody] = []
    for row in rows {
      last = try row.get(0)
      let id: UUID = try row.get(1)
      let stored = SealedBody(
        keyVersion: try row.get(2), ciphertext: try row.get(3), iv: try row.get(4), tag: try row.get(5))
      guard let body = try? keys.openBytes(stored, conversation: conversation, message: id) else {
        progress.unreadable += 1
        continue
      }
      seqs.append(last)
      old.append(stored.iv)
      fresh.append(try keys.seal(body, version: target, conversation: conversation, message: id))
    }
    // What was read is replaced, and nothing else: a vector is never used twice.
    let moved = try await pool.execute(
      """
      UPDATE messages m SET key_version = $2, ciphertext = i.ciphertext, iv = i.iv, auth_tag = i.auth_tag
      FROM unnest($3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])
        AS i (seq, old_iv, ciphertext, iv, auth_tag)
      WHERE m.conversation_id = $1 AND m.seq = i.seq AND m.key_version <> $2 AND m.iv = i.old_iv
      """, conversation, target, seqs, old, fresh.map(\.ciphertext), fresh.map(\.iv), fresh.map(\.tag))
    progress.moved += moved
    progress.overtaken += seqs.count - moved
    return (last, rows.count)
  }

  /// So many in a second, however they are parcelled.
  private struct Throttle {
    private let rate: Int
    private let loop: EventLoop
    private var free: UInt64

    init(_ rate: Int, _ loop: EventLoop) {
      self.rate = max(1, rate)
      self.loop = loop
      free = loop.now
    }

    /// Returns when the next may come.
    mutating func passed(_ count: Int) async throws {
      let now = loop.now
      free = max(free, now) &+ UInt64(count) * 1_000_000_000 / UInt64(rate)
      if free > now { try await loop.sleep(for: .nanoseconds(Int64(free - now))) }
    }
  }

  package struct Verification: Sendable {
    package var checked = 0
    /// What does not open, and why; a hundred at most.
    package var failures: [(conversation: UUID, seq: Int64, version: Int32, reason: Unreadable)] = []

    package init() {}
  }

  /// Opens a sample of the messages of each key.
  /// - Parameter sample: messages of each key at most.
  package func verify(sample: Int = 1000) async throws -> Verification {
    _ = try requireMaster()
    var problems: [KeyError] = []
    let records = try await MessageKeyRecord.all(pool)
    let keys = MessageKeys(records, master: master, problems: &problems)
    var verification = Verification()
    for record in records where record.state != .destroyed {
      let rows = try await pool.query(
        """
        SELECT conversation_id, seq, id, ciphertext, iv, auth_tag FROM messages WHERE key_version = $1
        ORDER BY random() LIMIT $2
        """, record.version, Int64(sample))
      for row in rows {
        verification.checked += 1
        let conversation: UUID = try row.get(0)
        let seq: Int64 = try row.get(1)
        let id: UUID = try row.get(2)
        let stored = SealedBody(
          keyVersion: record.version, ciphertext: try row.get(3), iv: try row.get(4), tag: try row.get(5))
        do throws(Unreadable) {
          _ = try keys.openBytes(stored, conversation: conversation, message: id)
        } catch {
          guard verification.failures.count < 100 else { continue }
          verification.failures.append((conversation, seq, record.version, error))
        }
      }
    }
    return verification
  }
}
