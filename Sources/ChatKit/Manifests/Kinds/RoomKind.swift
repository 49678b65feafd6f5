import Commands
import Postgres
package import Primitives

/// Groups and channels. A manifest's name is bound to a room when it is applied (or `id` says which one is meant); before that it
/// means the one room of that title. What changes one is in +Apply.
package enum RoomKind: ManifestKind {
  package static let name = "Room"
  package static let summary = "A group or a channel, and who is in it"
  package static let isScoped = true

  package static func declare(_ spec: inout ManifestReader) {
    spec.value("id", .roomID, defaultText: "found by the title, or made", "The room's identifier.")
    spec.value(
      "type",
      .choice("TYPE", [Choice("group", "for those who were asked in"), Choice("channel", "open to the workspace")]),
      default: "channel", "It cannot be changed.")
    spec.value("title", .text(1...200), defaultText: "the name", "What people see.")
    spec.flag("encrypted", "Whether what is said is encrypted at rest. It cannot be changed.")
    spec.flag("archived", "Whether nothing more is said in it.")
    spec.flag("readOnly", "Whether only its admins send.")
    spec.value(
      "slowMode", .duration(.zero ... .seconds(21_600)),
      "How long a member waits between two messages; 0s for not at all.")
    spec.value(
      "membership",
      .choice("MEMBERSHIP", [Choice("atLeast", "others may be in it"), Choice("exact", "others are removed")]),
      default: "atLeast", "Whether 'members' are all that there are.")
    spec.objects("members", key: "user", "Who is in it.") { member in
      member.value("user", .username, isRequired: true, "The user's name, in the room's workspace.")
      member.value(
        "role", .choice("ROLE", [Choice("member"), Choice("admin")]), default: "member", "What the user may do in it.")
    }
  }

  package static func check(_ spec: ManifestValue) -> [String] {
    var problems: [String] = []
    let members = spec["members"]?.elements ?? []
    if !members.isEmpty, spec["membership"] == .string("exact"), !hasAdmin(members) {
      problems.append("spec.members: a room with somebody in it has an admin: give one of them role: admin")
    }
    if let text = spec["slowMode"]?.string, let pause = Duration(text: text), pause.components.attoseconds != 0 {
      problems.append("spec.slowMode: whole seconds")
    }
    return problems
  }

  private static func hasAdmin(_ members: [ManifestValue]) -> Bool {
    members.contains { $0["role"] == .string("admin") }
  }

  // MARK: The plan

  package static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange? {
    let members = desired.spec["members"]?.elements ?? []
    guard let actual else {
      let set = ManifestDiff.creation(desired.spec).filter { $0.field != "membership" }
      var change = ManifestChange(desired.id, .create, set)
      if !members.isEmpty, !hasAdmin(members) {
        change.differences.append(
          ManifestDifference(
            "members", from: nil, to: nil, .impossible,
            "it is to be made, and has no admin: give one of them role: admin"))
      }
      return change
    }
    let plain = ManifestValue.object(
      (desired.spec.fields ?? []).filter { !["members", "membership", "id"].contains($0.name) })
    var differences = ManifestDiff.differences(plain, actual).map(judged)
    if actual["ambiguous"] != nil {
      differences.append(
        ManifestDifference(
          "id", from: actual["ambiguous"], to: nil, .impossible, "several rooms have this title: say which with spec.id"
        ))
    }
    differences += memberDifferences(
      members, actual["members"]?.elements ?? [], isExact: desired.spec["membership"] == .string("exact"))
    return differences.isEmpty ? nil : ManifestChange(desired.id, .update, differences)
  }

  package static func judged(_ difference: ManifestDifference) -> ManifestDifference {
    var difference = difference
    switch (difference.field, difference.to) {
    case ("type", _), ("encrypted", _):
      (difference.risk, difference.note) = (.impossible, "it is decided when a room is made")
    case ("archived", .some(.boolean(true))):
      (difference.risk, difference.note) = (.caution, "nothing more is said in it")
    case ("readOnly", .some(.boolean(true))): (difference.risk, difference.note) = (.caution, "only its admins send")
    default: break
    }
    return difference
  }

  private static func memberDifferences(
    _ desired: [ManifestValue], _ actual: [ManifestValue], isExact: Bool
  ) -> [ManifestDifference] {
    func roles(_ members: [ManifestValue]) -> [String: ManifestValue] {
      var roles: [String: ManifestValue] = [:]
      for member in members { roles[(member["user"]?.text ?? "").lowercased()] = member["role"] ?? .string("member") }
      return roles
    }
    let (wanted, has) = (roles(desired), roles(actual))
    var differences: [ManifestDifference] = []
    for (user, role) in wanted.sorted(by: { $0.key < $1.key }) where has[user] != role {
      let note = role == .string("admin") ? "administers the room" : "administers the room no more"
      let isNew = has[user] == nil
      differences.append(
        ManifestDifference(
          "members.\(user)", from: has[user], to: role, isNew ? .safe : .caution, isNew ? nil : note))
    }
    for (user, role) in has.sorted(by: { $0.key < $1.key }) where isExact && wanted[user] == nil {
      differences.append(
        ManifestDifference("members.\(user)", from: role, to: nil, .caution, "is removed from the room"))
    }
    return differences
  }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(
      id, .delete,
      [
        ManifestDifference(
          "archived", from: .boolean(false), to: .boolean(true), .caution,
          "is archived, and owned by nobody: what was said stays")
      ])
  }

  // MARK: What there is

  private static let columns =
    "c.id, c.type, c.title, c.encrypted, c.archived_at IS NOT NULL, c.read_only, c.slow_seconds"

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    let bound = try await ManifestOwners(backends.postgres).objects(name)
    var states: [ManifestID: ManifestValue] = [:]
    for manifest in manifests {
      let wanted = manifest.spec["id"]?.string.flatMap { UUID($0) } ?? bound[manifest.id]
      let rows = try await backends.postgres.query(
        PostgresStatement(
          unchecked: """
            SELECT \(columns) FROM conversations c JOIN workspaces w ON w.id = c.workspace_id
            WHERE w.name = $1 AND c.type <> 'direct'
              AND (c.id = $2 OR $2::uuid IS NULL AND lower(c.title) = lower($3) AND ($4::text IS NULL OR c.type = $4))
            ORDER BY c.id LIMIT 2
            """), manifest.id.workspace, wanted, manifest.spec["title"]?.string ?? manifest.id.name,
        manifest.spec["type"]?.string)
      guard let row = rows.first else { continue }
      var state = try state(row)
      if rows.count > 1 { state = state.setting("ambiguous", .string("several")) }
      states[manifest.id] = state.setting("members", try await members(of: row.get(0), manifest.spec, backends))
    }
    return states
  }

  private static func state(_ row: PostgresRow) throws -> ManifestValue {
    let (id, type, title, isEncrypted, isArchived, isReadOnly, slow) = try row.decode(
      (UUID, String, String?, Bool, Bool, Bool, Int32).self)
    return .fields([
      ("id", .string(id.description)), ("type", .string(type)), ("title", title.map { .string($0) }),
      ("encrypted", .boolean(isEncrypted)), ("archived", .boolean(isArchived)), ("readOnly", .boolean(isReadOnly)),
      ("slowMode", .string(Duration.seconds(Int64(slow)).text)),
    ])
  }

  /// Those that the manifest has a say of: the ones that it names, or all.
  private static func members(
    of room: UUID, _ spec: ManifestValue, _ backends: ManifestBackends
  ) async throws -> ManifestValue {
    let isExact = spec["membership"] == .string("exact") && spec["members"] != nil
    let names = isExact ? nil : (spec["members"]?.elements ?? []).compactMap { $0["user"]?.string?.lowercased() }
    if let names, names.isEmpty { return .list([]) }
    let rows = try await backends.postgres.query(
      """
      SELECT u.username, p.role FROM participants p JOIN users u ON u.id = p.user_id
      WHERE p.conversation_id = $1 AND ($2::text[] IS NULL OR lower(u.username) = ANY ($2)) ORDER BY u.username
      """, room, names)
    return .list(
      try rows.decode((String, String).self).map { user, role in
        .fields([("user", .string(user)), ("role", .string(role))])
      })
  }

  // MARK: Exporting

  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {
    let bound = try await ManifestOwners(backends.postgres).objects(name)
    let names = Dictionary(bound.map { ($0.value, $0.key) }) { first, _ in first }
    let all = ManifestValue.fields([("membership", .string("exact")), ("members", .list([]))])
    var last: UUID?
    while true {
      let rows = try await backends.postgres.query(
        PostgresStatement(
          unchecked: """
            SELECT \(columns), w.name, (SELECT count(*) FROM participants p WHERE p.conversation_id = c.id)
            FROM conversations c JOIN workspaces w ON w.id = c.workspace_id
            WHERE c.type <> 'direct' AND ($1::uuid IS NULL OR c.id > $1) AND ($2::text IS NULL OR w.name = $2)
            ORDER BY c.id LIMIT 200
            """), last, scope.workspace)
      for row in rows {
        let id: UUID = try row.get(0)
        last = id
        var state = try state(row)
        if try row.get(8, as: Int64.self) <= Int64(scope.members) {
          state = state.setting("members", try await members(of: id, all, backends))
        }
        let slug = slug(state["title"]?.string ?? "", id)
        try write(Manifest(names[id] ?? ManifestID(name, slug, workspace: row.get(7)), spec: state))
      }
      if rows.count < 200 { return }
    }
  }

  /// A name that is the room's alone: its title as far as that can be one, and the end of its identifier.
  private static func slug(_ title: String, _ id: UUID) -> String {
    var slug = ""
    for byte in title.lowercased().utf8.prefix(40) {
      let isPlain = (0x61...0x7a).contains(byte) || (0x30...0x39).contains(byte)
      if isPlain {
        slug.unicodeScalars.append(Unicode.Scalar(byte))
      } else if !slug.isEmpty, slug.last != "-" {
        slug += "-"
      }
    }
    while slug.last == "-" { slug.removeLast() }
    return (slug.isEmpty ? "room" : slug) + "-" + id.description.suffix(6)
  }
}

extension ValueType where Value == String {
  fileprivate static var roomID: ValueType {
    ValueType(metavariable: "ID", expectation: "an identifier (a UUID)", parse: { UUID($0)?.description })
  }
}
