import Networking
package import Postgres
package import Primitives

/// The people and rooms of a load.
package struct Population: Sendable {
  package struct Person: Sendable {
    package let id: UUID
    package let name: String
    package let token: String
    /// Where it has to be refreshed: users who were registered like anybody.
    package var session: Session?

    package init(id: UUID, name: String, token: String, session: Session? = nil) {
      self.id = id
      self.name = name
      self.token = token
      self.session = session
    }
  }

  /// What an access token is renewed with.
  package struct Session: Sendable {
    package var refreshToken: String
    /// Seconds that the access token is good for.
    package var expiresIn: Int
  }

  package struct Room: Sendable {
    package let id: UUID
    /// By their places among the people.
    package let members: [Int]

    package init(id: UUID, members: [Int]) {
      self.id = id
      self.members = members
    }
  }

  package let people: [Person]
  package let rooms: [Room]

  package init(people: [Person], rooms: [Room]) {
    self.people = people
    self.rooms = rooms
  }

  /// How the people of a run begin, so that they can be found again: `load-<run>-`.
  package static func prefix(_ run: String) -> String { "load-\(run)-" }

  package static func name(_ prefix: String, _ number: Int) -> String {
    let digits = "\(number)"
    return prefix + String(repeating: "0", count: max(0, 6 - digits.count)) + digits
  }

  // MARK: Into the store

  /// Writes people and rooms straight into the store, and signs their tokens: registering costs argon2id each, which is not
  /// what is measured.
  /// - Parameters:
  ///   - prefix: what the users' names begin with; the rooms' titles are the same without its last character.
  ///   - rooms: the members of each, and whether it is encrypted.
  package static func write(
    prefix: String, users: Int, rooms: [(members: [Int], isEncrypted: Bool)], tokens: TokenMint,
    lifetime: Duration = .seconds(24 * 3600), to pool: PostgresPool
  ) async throws -> Population {
    let people = try (0..<users).map { number in
      let id = UUID.v7()
      let name = name(prefix, number)
      return Person(id: id, name: name, token: try tokens.mint(for: id, named: name, lifetime: lifetime))
    }
    let made = rooms.map { Room(id: UUID.v7(), members: $0.members) }
    let inserted = try await pool.query(
      """
      INSERT INTO users (id, workspace_id, username, display_name, password_hash)
      SELECT u.id, w.id, u.name, u.name, '' FROM unnest($1::uuid[], $2::text[]) AS u (id, name), workspaces w
      WHERE w.name = 'main'
      """, people.map(\.id), people.map(\.name))
    guard inserted.affected == users else {
      throw LoadFailure("\(inserted.affected) of \(users) users were made: is there a workspace 'main'?")
    }
    _ = try await pool.query(
      """
      INSERT INTO conversations (id, workspace_id, type, title, created_by, encrypted)
      SELECT r.id, w.id, 'group', $2, r.owner, r.encrypted
      FROM unnest($1::uuid[], $3::uuid[], $4::boolean[]) AS r (id, owner, encrypted), workspaces w
      WHERE w.name = 'main'
      """, made.map(\.id), String(prefix.dropLast()), made.map { people[$0.members[0]].id }, rooms.map(\.isEncrypted))
    for room in made {
      _ = try await pool.query(
        "INSERT INTO participants (conversation_id, user_id) SELECT $1, unnest($2::uuid[])", room.id,
        room.members.map { people[$0].id })
    }
    // Autovacuum would do it in a minute; the planner should know now.
    _ = try await pool.query("ANALYZE users, conversations, participants")
    return Population(people: people, rooms: made)
  }
}
