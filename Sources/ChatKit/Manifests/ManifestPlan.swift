package import Primitives

/// What has to be done so that the manifests are so, and the state of which that was said.
package struct ManifestPlan: Sendable {
  package let manifests: [Manifest]
  /// In the order in which they are carried out.
  package let changes: [ManifestChange]
  /// What is to be known, and is no change.
  package let notes: [String]
  /// Recorded as the owner's, and there no more.
  let gone: [ManifestID]
  package let options: Options
  /// Of all that was read.
  package let stateHash: String
  package let createdAt: Timestamp

  package struct Options: Sendable, Equatable {
    /// Whose the manifests are.
    package var owner: String
    /// Whether what is the owner's and is not in the manifests is removed.
    package var prunes: Bool
    /// How much of it at most.
    package var pruneLimit: Int

    package init(owner: String = "default", prunes: Bool = false, pruneLimit: Int = 10) {
      self.owner = owner
      self.prunes = prunes
      self.pruneLimit = pruneLimit
    }
  }

  package var risk: ManifestRisk { changes.map(\.risk).max() ?? .safe }

  /// What there is, as it was read for a plan.
  package struct State: Sendable {
    package var states: [ManifestID: ManifestValue] = [:]
    package var records: [ManifestID: ManifestOwners.Record] = [:]
    /// The schema's version; 0 for an empty database.
    package var schema = 0
    /// What this program needs.
    package var neededSchema = 0

    package init() {}

    /// Equal for equal states, whatever else has happened.
    func hash(_ manifests: [Manifest], owner: String) -> String {
      let ids = Set(states.keys).union(manifests.map(\.id))
      let lines = ids.map { id in
        let state = states[id].map { ManifestKinds.named(id.kind)?.identity($0) ?? $0 }
        return "\(id)=\(state.map { ManifestOwners.hash($0) } ?? "none") \(records[id]?.owner ?? "")"
      }
      let text = (["schema=\(schema)", "owner=\(owner)"] + lines.sorted()).joined(separator: "\n")
      return Hex.encode(SHA256.digest(Array(text.utf8)))
    }
  }

  /// Pure.
  /// Throws `ManifestError` refused when more would be removed than may be.
  package init(
    _ manifests: [Manifest], _ state: State, _ options: Options, now: Timestamp = .now()
  ) throws(ManifestError) {
    self.manifests = manifests
    self.options = options
    createdAt = now
    stateHash = state.hash(manifests, owner: options.owner)
    var changes: [ManifestChange] = []
    if state.schema < state.neededSchema { changes.append(Self.schema(state)) }
    for kind in ManifestKinds.all where kind.note == nil {
      for manifest in manifests where manifest.id.kind == kind.name {
        var change = kind.plan(manifest, state.states[manifest.id], now: now)
        // Who applies what is another's takes it over; that is not to happen by the way.
        if let other = state.records[manifest.id]?.owner, !other.isEmpty, other != options.owner {
          let taken = ManifestDifference(
            "owner", from: .string(other), to: .string(options.owner), .caution, "it is taken over")
          change = ManifestChange(manifest.id, change?.action ?? .update, (change?.differences ?? []) + [taken])
        }
        if let change { changes.append(change) }
      }
    }
    let named = Set(manifests.map(\.id))
    let orphans = state.records.values.filter { $0.owner == options.owner && !named.contains($0.id) }.map(\.id)
    var removals: [ManifestChange] = []
    if options.prunes {
      for kind in ManifestKinds.all.reversed() where kind.note == nil {
        for id in orphans.sorted(by: { $0.path < $1.path }) where id.kind == kind.name {
          guard let actual = state.states[id] else { continue }
          removals.append(kind.removal(id, actual))
        }
      }
      guard removals.count <= options.pruneLimit else {
        throw ManifestError(
          .refused,
          "\(removals.count) things of owner '\(options.owner)' are not in the manifests, and would be removed; "
            + "--prune-limit is \(options.pruneLimit): \(removals.prefix(5).map { "\($0.id)" }.joined(separator: ", "))…"
        )
      }
    }
    gone = options.prunes ? orphans.filter { state.states[$0] == nil } : []
    self.changes = changes + removals
    let remarks = manifests.compactMap { manifest in
      ManifestKinds.named(manifest.id.kind)?.remark(manifest, state.states[manifest.id]).map { "\(manifest.id): \($0)" }
    }
    notes = Self.notes(manifests, orphans: options.prunes ? 0 : orphans.count, options) + remarks
  }

  /// The same with other changes: what the backends have added to them.
  func with(_ changes: [ManifestChange]) -> ManifestPlan { ManifestPlan(self, changes) }

  private init(_ other: ManifestPlan, _ changes: [ManifestChange]) {
    manifests = other.manifests
    self.changes = changes
    notes = other.notes
    gone = other.gone
    options = other.options
    stateHash = other.stateHash
    createdAt = other.createdAt
  }

  static let schemaID = ManifestID("Schema", "database")

  private static func schema(_ state: State) -> ManifestChange {
    ManifestChange(
      schemaID, state.schema == 0 ? .create : .update,
      [
        ManifestDifference(
          "version", from: state.schema == 0 ? nil : .integer(state.schema), to: .integer(state.neededSchema), .safe,
          "as 'chatctl migrate up' does")
      ])
  }

  private static func notes(_ manifests: [Manifest], orphans: Int, _ options: Options) -> [String] {
    var notes: [String] = []
    for kind in ManifestKinds.all {
      guard let note = kind.note else { continue }
      for manifest in manifests where manifest.id.kind == kind.name { notes.append("\(manifest.id): \(note)") }
    }
    if orphans > 0 {
      let things =
        orphans == 1 ? "1 thing of owner '\(options.owner)' is" : "\(orphans) things of owner '\(options.owner)' are"
      notes.append("\(things) not in the manifests: --prune removes what is there of it")
    }
    return notes
  }
}
