package import Postgres
import Primitives

/// Makes the users of a file, batch by batch. A batch is one statement: what a command that died has done of it is all of it or
/// nothing, and a repetition finds those who exist.
package struct UserImport: Sendable {
  private let pool: PostgresPool
  private let intake: UserIntake
  private let hasher: PasswordHasher
  private let workspace: String

  package init(pool: PostgresPool, hasher: PasswordHasher, workspace: String, by actor: OperatorIdentity) {
    self.pool = pool
    self.hasher = hasher
    self.workspace = workspace
    intake = UserIntake(pool: pool, by: actor)
  }

  /// Results in the order of the rows.
  /// - Parameter isDry: nothing is made; who would be is said to be created, under an identifier that nobody has.
  package func take(_ rows: [ImportFile<UserImportRow>.Row], isDry: Bool = false) async throws -> [ImportResult] {
    var results: [ImportResult] = []
    var candidates: [(index: Int, row: UserImportRow)] = []
    for (index, row) in rows.enumerated() {
      switch row.content {
      case .failure(let error): results.append(ImportResult(line: row.line, outcome: .invalid(error.message)))
      case .success(let content):
        results.append(
          ImportResult(line: row.line, name: content.draft.username, outcome: .invalid("it was not looked at")))
        candidates.append((index, content))
      }
    }
    // Hashing is what takes time: not for those who are there.
    var known = try await existing(candidates.map(\.row.draft.username))
    var fresh: [(index: Int, row: UserImportRow)] = []
    var names = Set<String>()
    for candidate in candidates where known[candidate.row.draft.username.lowercased()] == nil {
      if names.insert(candidate.row.draft.username.lowercased()).inserted { fresh.append(candidate) }
    }
    let drafts = isDry ? fresh.map(\.row.draft) : try await hashed(fresh.map(\.row))
    let made = isDry ? drafts.map { _ in UUID.v7() } : try await intake.create(drafts, in: workspace)
    for (candidate, id) in zip(fresh, made) {
      guard let id else { continue }
      results[candidate.index].outcome = .created(id)
      known[candidate.row.draft.username.lowercased()] = id
    }
    // Those who have come meanwhile, and the second of two of one name.
    let unclear = candidates.filter { known[$0.row.draft.username.lowercased()] == nil }
    known.merge(try await existing(unclear.map(\.row.draft.username))) { $1 }
    for candidate in candidates {
      if case .created = results[candidate.index].outcome { continue }
      if let id = known[candidate.row.draft.username.lowercased()] { results[candidate.index].outcome = .exists(id) }
    }
    return results
  }

  private func existing(_ names: [String]) async throws -> [String: UUID] {
    guard !names.isEmpty else { return [:] }
    let rows = try await pool.query(
      """
      SELECT lower(u.username), u.id FROM users u
      WHERE u.workspace_id = (SELECT id FROM workspaces WHERE name = $1) AND lower(u.username) = ANY ($2)
      """, workspace, names.map { $0.lowercased() })
    var found: [String: UUID] = [:]
    for row in 0..<rows.count {
      let (name, id) = try rows[row].decode((String, UUID).self)
      found[name] = id
    }
    return found
  }

  /// As many at a time as the hasher has threads.
  private func hashed(_ rows: [UserImportRow]) async throws -> [UserIntake.Draft] {
    var drafts = rows.map(\.draft)
    try await withThrowingTaskGroup(of: (Int, String).self) { [hasher] tasks in
      for (index, row) in rows.enumerated() {
        guard let password = row.password else { continue }
        tasks.addTask { (index, try await hasher.hash(password)) }
      }
      for try await (index, hash) in tasks { drafts[index].passwordHash = hash }
    }
    return drafts
  }
}
