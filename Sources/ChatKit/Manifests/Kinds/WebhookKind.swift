import Commands
import Postgres
package import Primitives

/// Addresses that are told of a workspace's events. A manifest's name is bound to a webhook when it is applied; before that it
/// means the one of that URL.
package enum WebhookKind: ManifestKind {
  package static let name = "Webhook"
  package static let summary = "An address that is told of a workspace's events"
  package static let isScoped = true

  package static func declare(_ spec: inout ManifestReader) {
    spec.value(
      "url", .string("URL", example: "https://example.com/hook"), isRequired: true, "Where it is told, by POST.")
    spec.list(
      "events", .string("EVENT", example: "message.created"), default: ["*"], "The kinds of events; '*' is all.")
    spec.flag("enabled", default: true, "Whether it is told. One that fails for long is disabled by itself.")
    spec.secretFile(
      "secretFile",
      "A file with the secret that signs what is sent (whsec_…, or any text of 16 bytes and more). Needed to make one.")
  }

  package static func check(_ spec: ManifestValue) -> [String] {
    do {
      try WebhookService.check(url: spec["url"]?.string ?? "")
      _ = try WebhookService.checked(spec["events"]?.elements?.compactMap(\.string) ?? [])
      return []
    } catch {
      return ["spec: \((error as? ChatError)?.message ?? "\(error)")"]
    }
  }

  package static func judged(_ difference: ManifestDifference) -> ManifestDifference {
    var difference = difference
    switch difference.field {
    case "url": (difference.risk, difference.note) = (.caution, "what waits to be sent goes to the new address")
    case "secretFile": (difference.risk, difference.note) = (.caution, "the receiver must know the new secret")
    case "enabled" where difference.to == .boolean(false):
      (difference.risk, difference.note) = (.caution, "it is told nothing more")
    default: break
    }
    return difference
  }

  package static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange? {
    guard let actual else {
      var change = ManifestChange(desired.id, .create, ManifestDiff.creation(desired.spec))
      if desired.spec["secretFile"] == nil {
        change.differences.append(
          ManifestDifference(
            "secretFile", from: nil, to: nil, .impossible,
            "it does not exist yet: name a file with the secret that its receiver knows"))
      }
      return change
    }
    let differences = ManifestDiff.differences(desired.spec, actual).map(judged)
    return differences.isEmpty ? nil : ManifestChange(desired.id, .update, differences)
  }

  // MARK: What there is

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    let bound = try await ManifestOwners(backends.postgres).objects(name)
    var states: [ManifestID: ManifestValue] = [:]
    for manifest in manifests {
      let rows = try await backends.postgres.query(
        """
        SELECT h.url, h.events, h.state = 'active', h.secret FROM webhooks h JOIN workspaces w ON w.id = h.workspace_id
        WHERE w.name = $1 AND (h.id = $2 OR $2::uuid IS NULL AND h.url = $3) ORDER BY h.id LIMIT 1
        """, manifest.id.workspace, bound[manifest.id], manifest.spec["url"]?.string ?? "")
      guard let row = rows.first else { continue }
      let (url, events, isActive, secret) = try row.decode((String, [String], Bool, [UInt8]).self)
      var state = state(url, events, isActive)
      if let path = manifest.spec["secretFile"]?.string {
        state = state.setting("secretFile", .string(try Self.secret(path) == secret ? path : "another secret"))
      }
      states[manifest.id] = state
    }
    return states
  }

  private static func state(_ url: String, _ events: [String], _ isActive: Bool) -> ManifestValue {
    .fields([
      ("url", .string(url)), ("events", .list(events.sorted().map { .string($0) })), ("enabled", .boolean(isActive)),
    ])
  }

  /// Throws `ManifestError` invalid.
  private static func secret(_ path: String) throws -> [UInt8] {
    let text = try Secret(name: "secretFile", file: path, credential: "").read() ?? ""
    if text.hasPrefix("whsec_"), let bytes = Base64.standard.decode(String(text.dropFirst(6))) { return bytes }
    guard text.utf8.count >= 16 else { throw ManifestError(.invalid, "\(path): a secret has at least 16 bytes") }
    return Array(text.utf8)
  }

  // MARK: Changing

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let workspace = try await backends.workspace(of: desired.id)
    let spec = desired.spec
    let url = spec["url"]?.string ?? ""
    let events = spec["events"]?.elements?.compactMap(\.string) ?? ["*"]
    let isActive = spec["enabled"]?.boolean ?? true
    let secret = try spec["secretFile"]?.string.map { try Self.secret($0) }
    let bound = try await ManifestOwners(backends.postgres).objects(name)[desired.id]
    try await backends.postgres.transaction { transaction in
      let rows: PostgresRows
      if change.action == .create, let secret {
        rows = try await transaction.query(
          """
          INSERT INTO webhooks (id, workspace_id, url, secret, events, state, disabled_at, created_by)
          VALUES ($1, $2, $3, $4, $5, CASE WHEN $6 THEN 'active' ELSE 'disabled' END, CASE WHEN NOT $6 THEN now() END, $7)
          RETURNING id
          """, UUID.v7(), workspace, url, secret, events, isActive, UUID(high: 0, low: 0))
      } else {
        rows = try await transaction.query(
          """
          UPDATE webhooks SET url = $3, secret = coalesce($4, secret), events = $5,
            state = CASE WHEN $6 THEN 'active' ELSE 'disabled' END,
            disabled_at = CASE WHEN NOT $6 THEN coalesce(disabled_at, now()) END,
            failing_since = CASE WHEN state <> 'active' AND $6 THEN NULL ELSE failing_since END
          WHERE workspace_id = $2 AND (id = $1 OR $1::uuid IS NULL AND url = $3) RETURNING id
          """, bound, workspace, url, secret, events, isActive)
      }
      guard let row = rows.first else { throw ManifestError(.noSuch, "\(desired.id) is not there any more") }
      try await ManifestOwners(transaction).bind(desired.id, to: row.get(0, as: UUID.self))
    }
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    guard let bound = try await ManifestOwners(backends.postgres).objects(name)[id] else { return }
    try await backends.postgres.execute("DELETE FROM webhooks WHERE id = $1", bound)
  }

  // MARK: Exporting

  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {
    let bound = try await ManifestOwners(backends.postgres).objects(name)
    let rows = try await backends.postgres.query(
      """
      SELECT h.id, w.name, h.url, h.events, h.state = 'active' FROM webhooks h JOIN workspaces w ON w.id = h.workspace_id
      WHERE $1::text IS NULL OR w.name = $1 ORDER BY h.id
      """, scope.workspace)
    for row in rows {
      let (id, workspace, url, events, isActive) = try row.decode((UUID, String, String, [String], Bool).self)
      let known = bound.first { $0.value == id && $0.key.workspace == workspace }?.key
      try write(
        Manifest(
          known ?? ManifestID(name, "webhook-\(id.description.suffix(12))", workspace: workspace),
          spec: state(url, events, isActive)))
    }
  }
}
