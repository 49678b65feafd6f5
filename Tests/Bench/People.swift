import ChatKit
import Load
import Networking
import Postgres
import Primitives

/// The people and rooms of a scenario: every room has people of its own.
struct People: Sendable {
  struct Room: Sendable {
    let id: UUID
    let members: [Population.Person]
  }

  let rooms: [Room]

  static func make(rooms: Int, of size: Int, in daemon: Daemon, _ loop: EventLoop) async throws -> People {
    let tokens = TokenMint(try Secrets.tokenKeys(in: daemon.secrets))
    let pool = PostgresPool(PostgresConfiguration(connectionString: daemon.postgres), loop: loop)
    let population = try await Population.write(
      prefix: "bench-\(UUID.v7())-", users: rooms * size,
      rooms: (0..<rooms).map { (members: Array(($0 * size)..<(($0 + 1) * size)), isEncrypted: false) }, tokens: tokens,
      to: pool)
    await pool.close()
    return People(
      rooms: population.rooms.map { room in Room(id: room.id, members: room.members.map { population.people[$0] }) })
  }

  /// Messages in the store, by their count and by the rooms' counters.
  static func storedMessages(in daemon: Daemon, _ loop: EventLoop) async throws -> (rows: Int64, counted: Int64) {
    let pool = PostgresPool(PostgresConfiguration(connectionString: daemon.postgres), loop: loop)
    let rows = try await pool.query(
      "SELECT (SELECT count(*) FROM messages), (SELECT coalesce(sum(last_seq), 0)::bigint FROM conversations)")
    let found = try rows[0].decode((Int64, Int64).self)
    await pool.close()
    return (found.0, found.1)
  }
}
