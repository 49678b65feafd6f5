import Commands
import Networking
import Postgres
package import Primitives

/// How long a key of messages is used: of those for all workspaces, or of a workspace's own. Applying it takes the step that is
/// due: a key is added, promoted, disabled or destroyed. Run from a timer it keeps the keys young.
package enum KeyPolicyKind: ManifestKind {
  package static let name = "KeyPolicy"
  package static let summary = "How long a key of messages is used; each 'apply' takes the step that is due"

  package static func declare(_ spec: inout ManifestReader) {
    let range = Duration.seconds(60) ... .seconds(31_536_000 * 10)
    spec.value(
      "workspace", .workspaceName, defaultText: "the keys of all workspaces that have none of their own",
      "The workspace whose own keys it is about; it is given one where it has none.")
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

  package static func remark(_ desired: Manifest, _ actual: ManifestValue?) -> String? {
    let timed = ["rotateAfter", "disableAfter", "destroyAfter"].filter { desired.spec[$0] != nil }
    guard !timed.isEmpty else { return nil }
    return "nothing looks at \(timed.joined(separator: ", ")) between two applies: a timer does (chatctl-apply.timer)"
  }

  /// Two would pull at the same keys.
  package static func conflicts(_ manifests: [Manifest]) -> [(manifest: Manifest, problem: String)] {
    var seen: [String: Manifest] = [:]
    return manifests.compactMap { manifest in
      let scope = manifest.spec["workspace"]?.string ?? ""
      guard let other = seen.updateValue(manifest, forKey: scope) else { return nil }
      let whose = scope.isEmpty ? "all workspaces" : "workspace '\(scope)'"
      return (manifest, "\(manifest.id): the keys of \(whose) have a policy already; it is in \(other.place)")
    }
  }

  // MARK: What there is

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    let records = try await MessageKeyRecord.all(backends.postgres)
    let workspaces = try await backends.workspaces()
    var states: [ManifestID: ManifestValue] = [:]
    for manifest in manifests {
      var scope: UUID?
      if let name = manifest.spec["workspace"]?.string {
        // One that is still to be made has no keys.
        guard let id = workspaces[name] else { continue }
        scope = id
      }
      let ours = records.filter { $0.state != .destroyed && $0.workspaceId == scope }
      states[manifest.id] = .fields([
        ("keys", .list(try await keys(ours, manifest.spec, backends))),
        // Versions are counted over all workspaces.
        ("next", .integer(Int(records.last?.version ?? 0) + 1)),
      ])
    }
    return states
  }

  private static func keys(
    _ records: [MessageKeyRecord], _ spec: ManifestValue, _ backends: ManifestBackends
  ) async throws -> [ManifestValue] {
    let asksForUse = spec["disableAfter"] != nil || spec["destroyAfter"] != nil
    var keys: [ManifestValue] = []
    for record in records {
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
    return keys
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
    let next = following ?? actual?["next"]?.integer ?? (keys.map(\.version).max() ?? 0) + 1
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
        let scope = try await scope(desired, backends)
        try await activate(Int32(version), of: scope, ring, backends)
      } else if difference.field.hasPrefix("keys."), let version = Int32(difference.field.dropFirst(5)) {
        if difference.to == .string("disabled") { try await ring.disable(version) }
        if difference.to == .string("destroyed"), let after = desired.spec["destroyAfter"]?.string {
          try await ring.destroy(version, waiting: Duration(text: after) ?? .seconds(86_400))
        }
      }
    }
  }

  /// Nil for all workspaces. Throws `ManifestError` noSuch.
  private static func scope(_ desired: Manifest, _ backends: ManifestBackends) async throws -> UUID? {
    guard let name = desired.spec["workspace"]?.string else { return nil }
    return try await backends.workspace(of: ManifestID(self.name, desired.id.name, workspace: name))
  }

  /// Live nodes load a key within some seconds; then it can be promoted.
  private static func activate(
    _ version: Int32, of workspace: UUID?, _ ring: KeyRing, _ backends: ManifestBackends
  ) async throws {
    let records = try await MessageKeyRecord.all(backends.postgres)
    if records.isEmpty, workspace == nil { return try await ring.addFirst() }
    var version = version
    // Another one's number may have come between.
    if !records.contains(where: { $0.version == version && $0.workspaceId == workspace }) {
      version = try await ring.add(for: workspace)
    }
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
