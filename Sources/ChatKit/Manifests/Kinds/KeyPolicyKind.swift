import Commands
import Networking
import Postgres
package import Primitives

/// How long a key of messages is used, of those for all workspaces. Applying it takes the step that is due: a key is added, promoted, disabled or destroyed. Run
/// from a timer it keeps the keys young.
package enum KeyPolicyKind: ManifestKind {
  package static let name = "KeyPolicy"
  package static let summary = "How long a key of messages is used"

  package static func declare(_ spec: inout ManifestReader) {
    let range = Duration.seconds(60) ... .seconds(31_536_000 * 10)
    spec.value(
      "rotateAfter", .duration(range), defaultText: "never",
      "A key that has been active for longer is followed by a new one. There is one in any case.")
    spec.value(
      "disableAfter", .duration(range), defaultText: "never",
      "A key that no message needs is disabled so long after it was followed by another.")
    spec.value(
      "destroyAfter", .duration(range), defaultText: "never",
      "A disabled key that no message needs is destroyed so long after it was disabled.")
  }

  // MARK: What there is

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    let asksForUse = manifests.contains { $0.spec["disableAfter"] != nil || $0.spec["destroyAfter"] != nil }
    var keys: [ManifestValue] = []
    for record in try await MessageKeyRecord.all(backends.postgres)
    where record.state != .destroyed && record.workspaceId == nil {
      var isNeeded = true
      if asksForUse, record.state != .active {
        let rows = try await backends.postgres.query(
          "SELECT EXISTS (SELECT FROM messages WHERE key_version = $1)", record.version)
        isNeeded = try rows.get(0, 0)
      }
      keys.append(
        .fields([
          ("version", .integer(Int(record.version))), ("state", .string(record.state.rawValue)),
          ("activatedAt", record.activatedAt.map { .string("\($0)") }),
          ("disabledAt", record.disabledAt.map { .string("\($0)") }), ("needed", .boolean(isNeeded)),
        ]))
    }
    return Dictionary(uniqueKeysWithValues: manifests.map { ($0.id, ManifestValue.fields([("keys", .list(keys))])) })
  }

  package static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange? {
    let keys = (actual?["keys"]?.elements ?? []).compactMap { Key($0) }
    var differences: [ManifestDifference] = []
    func isPast(_ field: String, _ since: Timestamp?) -> Bool {
      guard let after = desired.spec[field]?.string.flatMap({ Duration(text: $0) }), let since else { return false }
      return since + after <= now
    }
    let active = keys.first { $0.state == "active" }
    let following = keys.last { $0.state == "enabled" && $0.version > (active?.version ?? 0) }?.version
    let next = following ?? (keys.map(\.version).max() ?? 0) + 1
    if let active {
      if isPast("rotateAfter", active.activatedAt) {
        differences.append(
          ManifestDifference(
            "active", from: .integer(active.version), to: .integer(next), .caution,
            "active since \(active.activatedAt.map { "\($0)" } ?? "?"); new messages are sealed with the next one"))
      }
    } else {
      differences.append(
        ManifestDifference("active", from: nil, to: .integer(next), following == nil ? .safe : .caution))
    }
    for key in keys where !key.isNeeded && key.version < (active?.version ?? 0) {
      if key.state == "enabled", isPast("disableAfter", active?.activatedAt) {
        differences.append(
          ManifestDifference(
            "keys.\(key.version)", from: .string("enabled"), to: .string("disabled"), .caution, "no message needs it"))
      } else if key.state == "disabled", isPast("destroyAfter", key.disabledAt) {
        differences.append(
          ManifestDifference(
            "keys.\(key.version)", from: .string("disabled"), to: .string("destroyed"), .destructive,
            "no message needs it; backups that do cannot be read any more"))
      }
    }
    return differences.isEmpty ? nil : ManifestChange(desired.id, active == nil ? .create : .update, differences)
  }

  private struct Key {
    let version: Int
    let state: String
    let activatedAt: Timestamp?
    let disabledAt: Timestamp?
    let isNeeded: Bool

    init?(_ value: ManifestValue) {
      guard let version = value["version"]?.integer, let state = value["state"]?.string else { return nil }
      self.version = version
      self.state = state
      activatedAt = value["activatedAt"]?.string.flatMap { Timestamp(rfc3339: $0) }
      disabledAt = value["disabledAt"]?.string.flatMap { Timestamp(rfc3339: $0) }
      isNeeded = value["needed"]?.boolean ?? true
    }
  }

  /// Nothing of it exists but the keys, and those are not its own.
  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(id, .delete, [ManifestDifference("", from: nil, to: nil, .safe, "the keys stay as they are")])
  }

  // MARK: Changing

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    let ring = try backends.keys()
    for difference in change.differences {
      if difference.field == "active", let version = difference.to?.integer {
        try await activate(Int32(version), ring, backends)
      } else if difference.field.hasPrefix("keys."), let version = Int32(difference.field.dropFirst(5)) {
        if difference.to == .string("disabled") { try await ring.disable(version) }
        if difference.to == .string("destroyed"), let after = desired.spec["destroyAfter"]?.string {
          try await ring.destroy(version, waiting: Duration(text: after) ?? .seconds(86_400))
        }
      }
    }
  }

  /// Live nodes load a key within some seconds; then it can be promoted.
  private static func activate(_ version: Int32, _ ring: KeyRing, _ backends: ManifestBackends) async throws {
    let records = try await MessageKeyRecord.all(backends.postgres)
    if records.isEmpty { return try await ring.addFirst() }
    var version = version
    // Another one's number may have come between.
    if !records.contains(where: { $0.version == version && $0.workspaceId == nil }) { version = try await ring.add() }
    let deadline = ContinuousClock.now + .seconds(15)
    while true {
      do {
        return try await ring.promote(version)
      } catch let error as KeyError {
        guard error.code == .nodesBehind, ContinuousClock.now < deadline else { throw error }
        try await backends.postgres.loop.sleep(for: .milliseconds(250))
      }
    }
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {}

  /// How long a key is to be used is stored nowhere but in the manifest.
  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {}
}
