import Networking
import Postgres
import Primitives

/// Looks through a large table for rows of a person that no index leads to: some blocks at a time, in the order in which they
/// lie, so that it reads as a disk likes it, keeps no snapshot, can be slowed down, and goes on at any block.
///
/// A row that is changed meanwhile, by a re-encryption for instance, may move to a block that was looked at: whoever must be
/// sure looks again in one snapshot, when all is done.
struct TableWalk: Sendable {
  /// A table without partitions, or one of them.
  private struct Part {
    var name: String
    var blocks: Int64
  }

  /// Where a row is.
  struct Hit: Sendable {
    var conversation: UUID
    var seq: Int64
  }

  private static let blockSize: Int64 = 8192
  /// Blocks of one query, where nothing slows it down.
  private static let batch: Int64 = 512
  private static let queryTimeout = Duration.seconds(600)

  let pool: PostgresPool
  let loop: EventLoop
  /// Bytes a second; nil for as fast as it goes.
  let rate: Int?

  /// - Parameters:
  ///   - table: a partitioned one.
  ///   - seq: the column that says which row of a conversation.
  ///   - condition: `$1` is the person.
  ///   - place: where an earlier walk came to.
  ///   - body: told of what was found, what was looked at since, of how much, in bytes, and where it is then.
  func run(
    _ table: String, seq: String, where condition: String, of user: UUID, from place: String?,
    _ body: (_ hits: [Hit], _ looked: Int, _ total: Int, _ place: String) async throws -> Void
  ) async throws {
    let parts = try await parts(of: table)
    let total = Int(parts.reduce(0) { $0 + $1.blocks } * Self.blockSize)
    var (first, block) = Self.position(place, in: parts)
    // What an earlier walk has looked at counts as looked at.
    var looked = parts[..<first].reduce(0) { $0 + $1.blocks } + block
    let size = rate.map { max(1, min(Self.batch, Int64($0) / Self.blockSize / 4)) } ?? Self.batch
    while first < parts.count {
      let part = parts[first]
      while block < part.blocks {
        let began = loop.now
        let end = min(part.blocks, block + size)
        let rows = try await pool.run(
          PostgresStatement(
            unchecked: """
              SELECT conversation_id, \(seq) FROM ONLY \(part.name)
              WHERE ctid >= $2::text::tid AND ctid < $3::text::tid AND \(condition) ORDER BY 1, 2
              """), PostgresParameters(user, "(\(block),0)", "(\(end),0)"), timeout: Self.queryTimeout)
        let hits = try rows.decode((UUID, Int64).self).map { Hit(conversation: $0, seq: $1) }
        let count = end - block
        looked += count
        block = end
        try await body(hits, Int(looked * Self.blockSize), total, "\(part.name):\(block)")
        try await pause(since: began, blocks: count)
      }
      first += 1
      block = 0
    }
  }

  /// What a table's blocks are now; what is added later is not the person's, who cannot come in any more.
  private func parts(of table: String) async throws -> [Part] {
    let rows = try await pool.query(
      """
      SELECT inhrelid::regclass::text, pg_relation_size(inhrelid) / current_setting('block_size')::bigint
      FROM pg_inherits WHERE inhparent = $1::text::regclass ORDER BY inhrelid
      """, table)
    return try rows.decode((String, Int64).self).map { Part(name: $0, blocks: $1) }
  }

  private static func position(_ place: String?, in parts: [Part]) -> (index: Int, block: Int64) {
    guard let place, let colon = place.lastIndex(of: ":"), let block = Int64(place[place.index(after: colon)...]),
      let index = parts.firstIndex(where: { $0.name == place[..<colon] })
    else { return (0, 0) }
    return (index, min(max(0, block), parts[index].blocks))
  }

  private func pause(since began: UInt64, blocks: Int64) async throws {
    guard let rate, rate > 0 else { return }
    let due = UInt64(Double(blocks * Self.blockSize) / Double(rate) * 1e9)
    let passed = loop.now &- began
    if passed < due { try await loop.sleep(for: .nanoseconds(Int64(due - passed))) }
  }
}
