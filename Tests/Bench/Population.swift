import ChatKit
import Networking
import Postgres
import Primitives

/// People and rooms, written straight into the store: registering costs argon2id each, which is not what is measured.
struct Population: Sendable {
  struct Person: Sendable {
    let id: UUID
    let token: String
  }

  struct Room: Sendable {
    let id: UUID
    let members: [Person]
  }

  let rooms: [Room]

  /// Every room has people of its own.
  static func make(rooms: Int, of size: Int, in daemon: Daemon, _ loop: EventLoop) async throws -> Population {
    let tokens = try Tokens(key: daemon.tokenKey)
    let ids = (0..<rooms).map { _ in UUID.v7() }
    var members: [UUID] = []
    var names: [String] = []
    var memberships: [UUID] = []
    var built: [Room] = []
    for room in ids {
      let people = try (0..<size).map { _ in
        let id = UUID.v7()
        let name = "bench-\(id)"
        names.append(name)
        members.append(id)
        memberships.append(room)
        return Person(id: id, token: try tokens.mint(for: id, named: name))
      }
      built.append(Room(id: room, members: people))
    }
    let pool = PostgresPool(PostgresConfiguration(connectionString: daemon.postgres), loop: loop)
    try await insert(ids, members, names, memberships, pool)
    await pool.close()
    return Population(rooms: built)
  }

  private static func insert(
    _ rooms: [UUID], _ members: [UUID], _ names: [String], _ memberships: [UUID], _ pool: PostgresPool
  ) async throws {
    let made = try await pool.query(
      """
      INSERT INTO users (id, workspace_id, username, display_name, password_hash)
      SELECT u.id, w.id, u.name, u.name, '' FROM unnest($1::uuid[], $2::text[]) AS u (id, name), workspaces w
      WHERE w.name = 'main'
      """, members, names)
    _ = try await pool.query(
      """
      INSERT INTO conversations (id, workspace_id, type, title, created_by)
      SELECT r.id, w.id, 'group', 'Bench', r.id FROM unnest($1::uuid[]) AS r (id), workspaces w WHERE w.name = 'main'
      """, rooms)
    _ = try await pool.query(
      """
      INSERT INTO participants (conversation_id, user_id)
      SELECT * FROM unnest($1::uuid[], $2::uuid[])
      """, memberships, members)
    guard made.affected == members.count else {
      throw BenchFailure("\(made.affected) of \(members.count) users were made")
    }
    // Autovacuum would do it in a minute; the planner should know now.
    _ = try await pool.query("ANALYZE")
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
