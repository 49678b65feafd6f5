package import Commands
import Postgres
import Primitives

/// People's accounts.
package enum UserKind: ManifestKind {
  package static let name = "User"
  package static let summary = "A person's account"
  package static let isScoped = true
  package static let nameType = ValueType<String>.username

  package static func declare(_ spec: inout ManifestReader) {
    spec.value("displayName", .text(1...128), defaultText: "the name, when it is made", "What others see.")
    spec.value(
      "role", .choice("ROLE", [Choice("user"), Choice("admin", "administers the workspace")]),
      defaultText: "user, when it is made", "What the user may do.")
    spec.flag("disabled", "Whether nobody can log in as this user.")
    spec.secretFile(
      "passwordFile",
      "A file with the password; without one nobody can log in until there is one. Where it is not the user's password, it is made so."
    )
  }

  package static func judged(_ difference: ManifestDifference) -> ManifestDifference {
    var difference = difference
    switch (difference.field, difference.to) {
    case ("role", .some(.string("admin"))):
      (difference.risk, difference.note) = (.caution, "administers the workspace from then on")
    case ("role", _): (difference.risk, difference.note) = (.caution, "administers the workspace no more")
    case ("disabled", .some(.boolean(true))): (difference.risk, difference.note) = (.caution, "all sessions end")
    case ("passwordFile", _): (difference.risk, difference.note) = (.caution, "another password: all sessions end")
    default: break
    }
    return difference
  }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(
      id, .delete,
      [
        ManifestDifference(
          "disabled", from: .boolean(false), to: .boolean(true), .caution,
          "is disabled, and owned by nobody: what a person has said stays")
      ])
  }

  // MARK: What there is

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    var states: [ManifestID: ManifestValue] = [:]
    for (workspace, manifests) in Dictionary(grouping: manifests, by: { $0.id.workspace ?? "main" }) {
      let rows = try await backends.postgres.query(
        """
        SELECT lower(u.username), u.display_name, u.role, u.disabled_at IS NOT NULL, u.password_hash
        FROM users u JOIN workspaces w ON w.id = u.workspace_id
        WHERE w.name = $1 AND lower(u.username) = ANY ($2)
        """, workspace, manifests.map { $0.id.name.lowercased() })
      var found: [String: (state: ManifestValue, hash: String)] = [:]
      for row in rows {
        let (name, displayName, role, isDisabled, hash) = try row.decode((String, String, String, Bool, String).self)
        found[name] = (state(displayName, role, isDisabled), hash)
      }
      for manifest in manifests {
        guard let (state, hash) = found[manifest.id.name.lowercased()] else { continue }
        states[manifest.id] = state
        guard let path = manifest.spec["passwordFile"]?.string else { continue }
        let isRight = try await backends.passwords.verify(password(path), hash)
        states[manifest.id] = state.setting("passwordFile", .string(isRight ? path : "another password"))
      }
    }
    return states
  }

  private static func state(_ displayName: String, _ role: String, _ isDisabled: Bool) -> ManifestValue {
    .fields([
      ("displayName", .string(displayName)), ("role", .string(role)), ("disabled", .boolean(isDisabled)),
    ])
  }

  private static func password(_ path: String) throws -> String {
    let password = try Secret(name: "passwordFile", file: path, credential: "").read() ?? ""
    do { try AccountService.check(password: password) } catch {
      throw ManifestError(.invalid, "\(path): a password has at least 8 characters, and at most 1024 bytes")
    }
    return password
  }

  // MARK: Changing

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let workspace = try await backends.workspace(of: desired.id)
    let spec = desired.spec
    var hash: String?
    if change.differences.contains(where: { $0.field == "passwordFile" }), let path = spec["passwordFile"]?.string {
      hash = try await backends.passwords.hash(password(path))
    }
    if change.action == .create {
      let draft = UserIntake.Draft(
        username: desired.id.name, displayName: spec["displayName"]?.string,
        role: spec["role"]?.string == "admin" ? .admin : .user, passwordHash: hash,
        isDisabled: spec["disabled"]?.boolean ?? false)
      _ = try await UserIntake(pool: backends.postgres, by: .current).create(
        [draft], in: desired.id.workspace ?? "main")
      return
    }
    try await update(
      desired.id.name, in: workspace, displayName: spec["displayName"]?.string, role: spec["role"]?.string,
      isDisabled: spec["disabled"]?.boolean, hash: hash, backends)
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    let workspace = try await backends.workspace(of: id)
    try await update(id.name, in: workspace, displayName: nil, role: nil, isDisabled: true, hash: nil, backends)
  }

  /// Nil leaves a part as it is. Who is disabled, and whose password is another, has no session any more.
  private static func update(
    _ name: String, in workspace: UUID, displayName: String?, role: String?, isDisabled: Bool?, hash: String?,
    _ backends: ManifestBackends
  ) async throws {
    let (user, revoked) = try await backends.postgres.transaction { transaction -> (UUID, Set<UUID>) in
      let rows = try await transaction.query(
        """
        UPDATE users SET display_name = coalesce($3, display_name), role = coalesce($4, role),
          disabled_at = CASE WHEN $5::boolean IS NULL THEN disabled_at WHEN $5 THEN coalesce(disabled_at, now()) END,
          password_hash = coalesce($6, password_hash), version = version + 1
        WHERE workspace_id = $1 AND lower(username) = lower($2) RETURNING id
        """, workspace, name, displayName, role, isDisabled, hash)
      guard let row = rows.first else { throw ManifestError(.noSuch, "there is no user \(name) any more") }
      let user: UUID = try row.get(0)
      guard isDisabled == true || hash != nil else { return (user, []) }
      return (user, try await UserSessions.revoke(.all, of: user, in: transaction))
    }
    guard isDisabled == true || !revoked.isEmpty else { return }
    let rooms = try await backends.rooms()
    await UserSessions(pool: backends.postgres, rooms: rooms).closeSockets(of: revoked)
    if isDisabled == true { await rooms.disconnect([AdapterChannel.userRoom(user)]) }
  }

  // MARK: Exporting

  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {
    var last: UUID?
    while true {
      let rows = try await backends.postgres.query(
        """
        SELECT u.id, w.name, u.username, u.display_name, u.role, u.disabled_at IS NOT NULL
        FROM users u JOIN workspaces w ON w.id = u.workspace_id
        WHERE ($1::uuid IS NULL OR u.id > $1) AND ($2::text IS NULL OR w.name = $2) ORDER BY u.id LIMIT 500
        """, last, scope.workspace)
      for row in rows {
        let (id, workspace, name, displayName, role, isDisabled) = try row.decode(
          (UUID, String, String, String, String, Bool).self)
        last = id
        try write(
          Manifest(ManifestID(Self.name, name, workspace: workspace), spec: state(displayName, role, isDisabled)))
      }
      if rows.count < 500 { return }
    }
  }
}
