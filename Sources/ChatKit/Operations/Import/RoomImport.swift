package import Postgres
import Primitives

/// Makes the rooms of a file, batch by batch. A room is one transaction: a command that died has made it with all its members
/// or not at all, and a repetition finds those that are there.
package struct RoomImport: Sendable {
  private let pool: PostgresPool
  private let intake: RoomIntake
  private let workspace: String
  /// Where all conversations are.
  private let isEncrypted: Bool
  private let parallel: Int

  /// - Parameters:
  ///   - parallel: rooms that are made at the same time.
  ///   - isEncrypted: all of them are; else those of which the row says so.
  package init(
    pool: PostgresPool, workspace: String, isEncrypted: Bool, parallel: Int, by actor: OperatorIdentity
  ) {
    self.pool = pool
    self.workspace = workspace
    self.isEncrypted = isEncrypted
    self.parallel = parallel
    intake = RoomIntake(pool: pool, by: actor)
  }

  /// Users that rows name.
  private struct People {
    var known: [String: (id: UUID, isDisabled: Bool)] = [:]
    var isTold = false

    func ids(_ names: [String]) throws -> [UUID] {
      try names.map { name in
        guard let found = known[name.lowercased()] else {
          throw ChatError(.notFound, "there is no user '\(name)' in the workspace")
        }
        guard !found.isDisabled else { throw ChatError(.invalidRequest, "user '\(name)' is disabled") }
        return found.id
      }
    }
  }

  /// What tells one room of a file from another: an identifier; the title of a channel; the title and the owner of a group.
  private enum Identity: Hashable {
    case id(UUID)
    case channel(String)
    case group(String, owner: UUID)
  }

  /// Results in the order of the rows. Throws `ChatError` notFound (the workspace).
  /// - Parameter isDry: nothing is made; what would be is said to be created.
  package func take(_ rows: [ImportFile<RoomImportRow>.Row], isDry: Bool = false) async throws -> [ImportResult] {
    let found = try await pool.query("SELECT id FROM workspaces WHERE name = $1", workspace)
    guard found.count == 1 else { throw ChatError(.notFound, "there is no workspace '\(workspace)'") }
    let workspaceId = try found[0].decode(UUID.self)
    let contents = rows.map { try? $0.content.get() }
    let people = try await people(contents.compactMap(\.self), workspaceId)
    var results: [ImportResult] = []
    var fresh: [(index: Int, draft: RoomIntake.Draft)] = []
    var drafts: [RoomIntake.Draft?] = []
    for row in rows {
      do {
        let content = try row.content.get()
        drafts.append(try draft(content, people, workspaceId))
        results.append(ImportResult(line: row.line, name: content.title, outcome: .invalid("it was not looked at")))
      } catch {
        drafts.append(nil)
        let why = (error as? ChatError)?.message ?? "\(error)"
        results.append(ImportResult(line: row.line, name: try? row.content.get().title, outcome: .invalid(why)))
      }
    }
    let known = try await existing(drafts.compactMap(\.self), workspaceId)
    var first: [Identity: Int] = [:]
    var repetitions: [(index: Int, of: Int)] = []
    for (index, draft) in drafts.enumerated() {
      guard let draft else { continue }
      let identity = Self.identity(of: draft)
      if let id = known[identity] {
        results[index].outcome = .exists(id)
      } else if let earlier = first[identity] {
        repetitions.append((index, earlier))
      } else {
        first[identity] = index
        fresh.append((index, draft))
      }
    }
    for (index, outcome) in try await made(fresh, isDry: isDry) { results[index].outcome = outcome }
    // The second of two that are the same room shares the fate of the first.
    for (index, earlier) in repetitions {
      if case .created(let id) = results[earlier].outcome {
        results[index].outcome = .exists(id)
      } else {
        results[index].outcome = results[earlier].outcome
      }
    }
    return results
  }

  private func draft(_ row: RoomImportRow, _ people: People, _ workspace: UUID) throws -> RoomIntake.Draft {
    let owner = try people.ids([row.owner])[0]
    var draft = RoomIntake.Draft(type: row.type, title: row.title, owner: owner, workspace: workspace)
    draft.id = row.id
    draft.admins = Set(try people.ids(row.admins)).subtracting([owner])
    draft.members = Set(try people.ids(row.members)).subtracting(draft.admins).subtracting([owner])
    draft.isEncrypted = row.isEncrypted || isEncrypted
    draft.isReadOnly = row.isReadOnly
    draft.slowMode = row.slowMode
    draft.isArchived = row.isArchived
    return draft
  }

  private static func identity(of draft: RoomIntake.Draft) -> Identity {
    if let id = draft.id { return .id(id) }
    return draft.type == .channel ? .channel(draft.title.lowercased()) : .group(draft.title, owner: draft.owner)
  }

  /// Makes them, so many at a time; what is wrong with one does not keep the others from being made.
  private func made(
    _ drafts: [(index: Int, draft: RoomIntake.Draft)], isDry: Bool
  ) async throws -> [(Int, ImportResult.Outcome)] {
    if isDry { return drafts.map { ($0.index, .created($0.draft.id ?? .v7())) } }
    return try await withThrowingTaskGroup(of: (Int, ImportResult.Outcome).self) { [intake, parallel] tasks in
      var outcomes: [(Int, ImportResult.Outcome)] = []
      for (number, (index, draft)) in drafts.enumerated() {
        if number >= parallel, let outcome = try await tasks.next() { outcomes.append(outcome) }
        tasks.addTask {
          do { return (index, .created(try await intake.create(draft))) } catch let error as ChatError {
            return (index, .invalid(error.message))
          }
        }
      }
      for try await outcome in tasks { outcomes.append(outcome) }
      return outcomes
    }
  }

  private func people(_ rows: [RoomImportRow], _ workspace: UUID) async throws -> People {
    let names = Set(rows.flatMap { [$0.owner] + $0.members + $0.admins }.map { $0.lowercased() })
    var people = People()
    guard !names.isEmpty else { return people }
    let rows = try await pool.query(
      """
      SELECT lower(u.username), u.id, u.disabled_at IS NOT NULL FROM users u
      WHERE u.workspace_id = $1 AND (lower(u.username) = ANY ($2) OR u.id = ANY ($3))
      """, workspace, Array(names), names.compactMap { UUID($0) })
    for row in rows {
      let (name, id, isDisabled) = try row.decode((String, UUID, Bool).self)
      people.known[name] = (id, isDisabled)
      people.known[id.description] = (id, isDisabled)
    }
    return people
  }

  /// Those of them that are there.
  private func existing(_ drafts: [RoomIntake.Draft], _ workspace: UUID) async throws -> [Identity: UUID] {
    var found: [Identity: UUID] = [:]
    let ids = drafts.compactMap(\.id)
    if !ids.isEmpty {
      let rows = try await pool.query("SELECT id FROM conversations WHERE id = ANY ($1)", ids)
      for id in try rows.column(0, as: UUID.self) { found[.id(id)] = id }
    }
    let channels = drafts.filter { $0.id == nil && $0.type == .channel }.map { $0.title.lowercased() }
    if !channels.isEmpty {
      let rows = try await pool.query(
        """
        SELECT DISTINCT ON (lower(c.title)) lower(c.title), c.id FROM conversations c
        WHERE c.workspace_id = $1 AND c.type = 'channel' AND lower(c.title) COLLATE "C" = ANY ($2)
        ORDER BY lower(c.title), c.id
        """, workspace, channels)
      for row in rows {
        let (title, id) = try row.decode((String, UUID).self)
        found[.channel(title.lowercased())] = id
      }
    }
    let groups = drafts.filter { $0.id == nil && $0.type == .group }
    if !groups.isEmpty {
      let rows = try await pool.query(
        """
        SELECT c.title, p.user_id, c.id FROM unnest($1::uuid[]) AS o (id)
        JOIN participants p ON p.user_id = o.id JOIN conversations c ON c.id = p.conversation_id
        WHERE c.type = 'group' AND c.created_by = p.user_id AND c.title = ANY ($2) ORDER BY c.id DESC
        """, Array(Set(groups.map(\.owner))), groups.map(\.title))
      for row in rows {
        let (title, owner, id) = try row.decode((String, UUID, UUID).self)
        found[.group(title, owner: owner)] = id
      }
    }
    return found
  }
}
