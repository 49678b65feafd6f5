import JSON
import Postgres
import Primitives

/// What an operator does by hand (`RoomAdministration`), by the same moves, and in the audit log like that.
extension RoomKind {
  private static var actor: OperatorIdentity { .current }

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let workspace = try await backends.workspace(of: desired.id)
    let bound = try await ManifestOwners(backends.postgres).objects(name)[desired.id]
    let removal = try await backends.postgres.transaction { transaction -> (room: UUID, epoch: Int64)? in
      let room: UUID
      var lastSeq: Int64 = 0
      if change.action == .create {
        room = try await create(desired, workspace, transaction)
      } else {
        (room, lastSeq) = try await find(desired, bound, workspace, transaction)
        try await settle(settings(desired.spec), room, workspace, transaction)
      }
      let moves = try await moves(of: change, desired, workspace, transaction)
      let epoch = try await move(moves, in: room, of: workspace, at: lastSeq, desired.id, transaction)
      try await ManifestOwners(transaction).bind(desired.id, to: room)
      return epoch.map { (room, $0) }
    }
    // Whoever was removed is delivered nothing more, from the moment that the gateways hear of it.
    if let removal { await (try await backends.rooms()).notice(removal.epoch, in: removal.room) }
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    guard let room = try await ManifestOwners(backends.postgres).objects(name)[id] else { return }
    let workspace = try await backends.workspace(of: id)
    try await backends.postgres.transaction { transaction in
      try await settle(RoomMoves.Settings(isArchived: true), room, workspace, transaction)
    }
  }

  private static func settings(_ spec: ManifestValue) -> RoomMoves.Settings {
    RoomMoves.Settings(
      title: spec["title"]?.string, isArchived: spec["archived"]?.boolean, isReadOnly: spec["readOnly"]?.boolean,
      slowMode: spec["slowMode"]?.string.flatMap { Duration(text: $0) }.map { Int32($0.components.seconds) })
  }

  private static func create(
    _ desired: Manifest, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> UUID {
    let spec = desired.spec
    let founder = spec["members"]?.elements?.first { $0["role"] == .string("admin") }?["user"]?.string
    let users = try await transaction.query(
      "SELECT id FROM users WHERE workspace_id = $1 AND lower(username) = lower($2)", workspace, founder)
    let draft = RoomMoves.Draft(
      id: spec["id"]?.string.flatMap { UUID($0) } ?? UUID.v7(), workspace: workspace,
      type: spec["type"]?.string.flatMap { ConversationType(rawValue: $0) } ?? .channel,
      title: spec["title"]?.string ?? desired.id.name,
      creator: try users.first?.get(0, as: UUID.self) ?? OperatorIdentity.id,
      isEncrypted: spec["encrypted"]?.boolean ?? false, settings: settings(spec))
    do {
      try await RoomMoves.make(draft, transaction)
    } catch let error as ChatError {
      let advice = error.code == .keyUnavailable ? "; a KeyPolicy in the manifests makes one" : ""
      throw ManifestError(.refused, "\(desired.id): \(error.message)\(advice)")
    }
    try await actor.record(.roomCreated, of: draft.id, in: workspace, transaction) { json in
      json.field("type", draft.type.rawValue)
    }
    return draft.id
  }

  /// Locks it: messages that are sent meanwhile come before the change, or after it.
  private static func find(
    _ desired: Manifest, _ bound: UUID?, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> (room: UUID, lastSeq: Int64) {
    let rows = try await transaction.query(
      """
      SELECT id, last_seq FROM conversations WHERE workspace_id = $1 AND type <> 'direct'
        AND (id = $2 OR $2::uuid IS NULL AND lower(title) = lower($3)) FOR NO KEY UPDATE
      """, workspace, desired.spec["id"]?.string.flatMap { UUID($0) } ?? bound,
      desired.spec["title"]?.string ?? desired.id.name)
    guard rows.count == 1 else { throw ManifestError(.noSuch, "\(desired.id) is not there any more") }
    return try rows[0].decode((UUID, Int64).self)
  }

  /// Title, archive, and who may send how often.
  private static func settle(
    _ settings: RoomMoves.Settings, _ room: UUID, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws {
    guard let event = try await RoomMoves.settle(settings, of: room, by: OperatorIdentity.id, transaction) else {
      return
    }
    try await Outbox.lay([event], transaction)
    try await actor.record(.roomChanged, of: room, in: workspace, transaction) { json in
      if let title = settings.title { json.field("title", title) }
      if let isArchived = settings.isArchived { json.field("archived", isArchived) }
      if let isReadOnly = settings.isReadOnly { json.field("readOnly", isReadOnly) }
      if let slowMode = settings.slowMode { json.field("slowMode", Int(slowMode)) }
    }
  }

  // MARK: Members

  private struct Move {
    let user: UUID
    /// Nil for who is to go.
    let role: ParticipantRole?
    /// When the plan was made.
    let isIn: Bool
  }

  private static func moves(
    of change: ManifestChange, _ desired: Manifest, _ workspace: UUID, _ transaction: PostgresTransaction
  ) async throws -> [Move] {
    var wanted: [(name: String, role: String?, isIn: Bool)] = []
    for difference in change.differences {
      if difference.field == "members" {
        for member in difference.to?.elements ?? [] {
          wanted.append(((member["user"]?.string ?? "").lowercased(), member["role"]?.string ?? "member", false))
        }
      } else if difference.field.hasPrefix("members.") {
        wanted.append((difference.field.dropFirst(8).lowercased(), difference.to?.string, difference.from != nil))
      }
    }
    guard !wanted.isEmpty else { return [] }
    let rows = try await transaction.query(
      "SELECT lower(username), id FROM users WHERE workspace_id = $1 AND lower(username) = ANY ($2)", workspace,
      wanted.map(\.name))
    var users: [String: UUID] = [:]
    for row in rows { users[try row.get(0)] = try row.get(1, as: UUID.self) }
    return try wanted.map { name, role, isIn in
      guard let user = users[name] else {
        throw ManifestError(
          .noSuch, "\(desired.id): there is no user '\(name)' in workspace '\(desired.id.workspace ?? "main")'")
      }
      return Move(user: user, role: role.map { ParticipantRole(rawValue: $0) ?? .member }, isIn: isIn)
    }
  }

  /// Lets members in, sets roles, and lets members out, in this order: there is an admin all the time. Answers the epoch after
  /// a removal. Throws `ManifestError` refused where nobody would be an admin, or too many be in it.
  private static func move(
    _ moves: [Move], in room: UUID, of workspace: UUID, at lastSeq: Int64, _ id: ManifestID,
    _ transaction: PostgresTransaction
  ) async throws -> Int64? {
    guard !moves.isEmpty else { return nil }
    let operatorID = OperatorIdentity.id
    var events: [Event] = []
    for role in [ParticipantRole.admin, .member] {
      let users = moves.filter { $0.role == role && !$0.isIn }.map(\.user)
      events += try await ParticipantMoves.add(users, to: room, at: lastSeq, as: role, by: operatorID, transaction)
    }
    for move in moves where move.role == .admin {
      events += try await ParticipantMoves.set(.admin, of: move.user, in: room, by: operatorID, transaction) ?? []
    }
    let gone = moves.filter { $0.role == nil }.map(\.user)
    try await requireAdmin(
      of: room, without: gone, orOf: moves.filter { $0.role == .member && $0.isIn }.map(\.user), id, transaction)
    for move in moves where move.role == .member && move.isIn {
      events += try await ParticipantMoves.set(.member, of: move.user, in: room, by: operatorID, transaction) ?? []
    }
    var epoch: Int64?
    for user in gone {
      guard let removal = try await ParticipantMoves.remove(user, from: room, by: operatorID, transaction) else {
        continue
      }
      events += removal.events
      epoch = removal.epoch
    }
    do { try await WorkspaceQuota.requireParticipants(in: room, of: workspace, transaction) } catch let error
      as ChatError
    { throw ManifestError(.refused, "\(id): \(error.message)") }
    try await Outbox.lay(events, transaction)
    for move in moves {
      let action: AuditLog.Action = move.role == nil ? .memberRemoved : move.isIn ? .memberRoleSet : .memberAdded
      try await actor.record(action, of: room, in: workspace, transaction) { json in
        json.field("userId", move.user)
        if let role = move.role { json.field("role", role.rawValue) }
      }
    }
    return epoch
  }

  /// - Parameters:
  ///   - gone: who will not be in it.
  ///   - demoted: who will be no admin.
  private static func requireAdmin(
    of room: UUID, without gone: [UUID], orOf demoted: [UUID], _ id: ManifestID, _ transaction: PostgresTransaction
  ) async throws {
    let rows = try await transaction.query(
      """
      SELECT count(*) FILTER (WHERE role = 'admin' AND user_id <> ALL ($3)), count(*)
      FROM participants WHERE conversation_id = $1 AND user_id <> ALL ($2)
      """, room, gone, demoted)
    let (admins, all) = try rows[0].decode((Int64, Int64).self)
    guard admins > 0 || all == 0 else {
      throw ManifestError(.refused, "\(id) would be left without an admin: give a member role: admin")
    }
  }
}
