package import Postgres
package import Primitives

/// How many rooms' events change their partition when there are more partitions. Counted by the rooms that there are.
package struct KeyMovement: Sendable, Equatable {
  package var moved = 0
  package var rooms = 0

  /// Reads all rooms, a page at a time.
  /// - Parameters:
  ///   - partition: where a room is among so many partitions.
  ///   - progress: told of each page how many rooms it had.
  package static func count(
    from old: Int, to new: Int, _ client: some PostgresClient, partition: (_ key: UUID, _ count: Int) -> Int,
    progress: (Int) throws -> Void = { _ in }
  ) async throws -> KeyMovement {
    var result = KeyMovement()
    var last = UUID(high: 0, low: 0)
    while true {
      let ids = try await client.query(
        "SELECT id FROM conversations WHERE id > $1 ORDER BY id LIMIT 10000", last
      ).column(0, as: UUID.self)
      guard let end = ids.last else { return result }
      result.rooms += ids.count
      result.moved += ids.count { partition($0, old) != partition($0, new) }
      last = end
      try progress(ids.count)
    }
  }
}
