package import Commands
import Postgres
import Primitives

/// How much a whole workspace may do in a time, of all its users together. What one user and one address may do is chatd's
/// configuration (`limits`).
package enum RateLimitKind: ManifestKind {
  package static let name = "RateLimit"
  package static let summary = "How many messages all users of a workspace together may send"
  package static let isScoped = true
  package static let nameType = ValueType<String>.choice("NAME", [Choice("sends")])

  package static func declare(_ spec: inout ManifestReader) {
    spec.value("sends", .rate, isRequired: true, "Messages, edits and reactions: COUNT/DURATION, or none.")
  }

  package static func judged(_ difference: ManifestDifference) -> ManifestDifference {
    var difference = difference
    if difference.to != .string("none") {
      (difference.risk, difference.note) = (.caution, "who sends more gets 429, within seconds")
    }
    return difference
  }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(id, .delete, [ManifestDifference("sends", from: actual["sends"], to: .string("none"), .caution)])
  }

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    var limits: [String: ManifestValue] = [:]
    try await read(nil, backends) { limits[$0] = $1 }
    return Dictionary(
      uniqueKeysWithValues: manifests.compactMap { manifest in
        limits[manifest.id.workspace ?? "main"].map { (manifest.id, $0) }
      })
  }

  private static func read(
    _ workspace: String?, _ backends: ManifestBackends, _ body: (String, ManifestValue) throws -> Void
  ) async throws {
    let rows = try await backends.postgres.query(
      "SELECT name, send_count, send_window FROM workspaces WHERE $1::text IS NULL OR name = $1 ORDER BY id", workspace)
    for row in rows {
      let (name, count, window) = try row.decode((String, Int32?, Int32?).self)
      var rate: Rate?
      if let count, let window { rate = Rate(Int(count), per: .seconds(Int64(window))) }
      try body(name, .fields([("sends", .string(RateLimit(rate).description))]))
    }
  }

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    try await set(desired.spec["sends"]?.string.flatMap { Rate($0) }, of: desired.id, backends)
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    try await set(nil, of: id, backends)
  }

  private static func set(_ rate: Rate?, of id: ManifestID, _ backends: ManifestBackends) async throws {
    try await backends.postgres.execute(
      "UPDATE workspaces SET send_count = $2, send_window = $3 WHERE id = $1", try await backends.workspace(of: id),
      rate.map { Int32($0.count) }, rate.map { Int32($0.seconds) })
  }

  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {
    try await read(scope.workspace, backends) { workspace, state in
      guard state["sends"] != .string("none") else { return }
      try write(Manifest(ManifestID(name, "sends", workspace: workspace), spec: state))
    }
  }
}
