import Postgres

/// Plans, applies and exports manifests, over all kinds and backends. On the loop of its pool.
package struct Manifests: Sendable {
  private let backends: ManifestBackends

  package init(_ backends: ManifestBackends) { self.backends = backends }

  /// "chatd" and "mani" in ASCII, as one number: one at a time applies.
  private static let lock: Int64 = 0x6368_6174_6d61_6e69

  // MARK: Planning

  /// What has to be done. Changes nothing.
  ///
  /// An empty database counts as one in which there is nothing, and the schema is part of the plan; where migrations are pending
  /// otherwise it throws `ManifestError` refused.
  package func plan(
    _ manifests: [Manifest], _ options: ManifestPlan.Options = ManifestPlan.Options()
  ) async throws -> ManifestPlan {
    let state = try await state(of: manifests, options)
    let plan = try ManifestPlan(manifests, state, options)
    guard state.schema > 0 else { return plan }
    var changes: [ManifestChange] = []
    for change in plan.changes {
      guard change.action != .delete, let kind = ManifestKinds.named(change.id.kind),
        let manifest = manifests.first(where: { $0.id == change.id })
      else {
        changes.append(change)
        continue
      }
      changes.append(try await kind.examine(change, manifest, backends))
    }
    return plan.with(changes)
  }

  private func state(
    of manifests: [Manifest], _ options: ManifestPlan.Options
  ) async throws -> ManifestPlan.State {
    var state = ManifestPlan.State()
    state.neededSchema = Migration.all.map(\.version).max() ?? 0
    state.schema = try await schemaVersion()
    guard state.schema == 0 || state.schema >= state.neededSchema else {
      throw ManifestError(
        .refused,
        "the schema is at version \(state.schema) and this program needs \(state.neededSchema): 'chatctl migrate up' first"
      )
    }
    let isEmpty = state.schema == 0
    if !isEmpty { state.records = try await ManifestOwners(backends.postgres).records() }
    let named = Set(manifests.map(\.id))
    let orphans = state.records.values.filter {
      options.prunes && $0.owner == options.owner && !named.contains($0.id)
    }
    let all = manifests + orphans.map { Manifest($0.id, spec: .empty) }
    for kind in ManifestKinds.all where kind.note == nil && (!isEmpty || kind == TopicKind.self) {
      let ours = all.filter { $0.id.kind == kind.name }
      guard !ours.isEmpty else { continue }
      state.states.merge(try await kind.states(of: ours, backends)) { $1 }
    }
    return state
  }

  private func schemaVersion() async throws -> Int {
    let table = try await backends.postgres.query("SELECT to_regclass('schema_migrations') IS NOT NULL")
    guard try table.get(0, 0, as: Bool.self) else { return 0 }
    return try await backends.postgres.query("SELECT coalesce(max(version), 0) FROM schema_migrations").get(0, 0)
  }

  // MARK: Applying

  /// A change that is about to be carried out, or has been.
  package enum Progress: Sendable {
    case started(ManifestChange)
    case finished(ManifestChange)
  }

  /// Carries a plan out, change by change, each of which leaves everything consistent. `progress` may throw to stop after one.
  ///
  /// Throws `ManifestError`: refused where a change is impossible (and nothing is done then), moved where the state is not that
  /// of the plan, locked while somebody else applies.
  /// - Parameter migrate: brings an empty database to this program's schema.
  package func apply(
    _ plan: ManifestPlan, migrate: () async throws -> Void, progress: (Progress) throws -> Void
  ) async throws {
    if let change = plan.changes.first(where: { $0.risk == .impossible }) {
      let difference = change.differences.first { $0.risk == .impossible }
      throw ManifestError(
        .refused, "\(change.id): \(difference?.field ?? ""): \(difference?.note ?? "it cannot be done")")
    }
    try await locked {
      let now = try await state(of: plan.manifests, plan.options)
      guard now.hash(plan.manifests, owner: plan.options.owner) == plan.stateHash else {
        throw ManifestError(.moved, "the state has moved since the plan was made (\(plan.createdAt)): make a new one")
      }
      var plan = plan
      if let schema = plan.changes.first, schema.id == ManifestPlan.schemaID {
        try progress(.started(schema))
        try await migrate()
        try progress(.finished(schema))
        // What the migrations have made is there now.
        plan = try await self.plan(plan.manifests, plan.options)
      }
      let owners = ManifestOwners(backends.postgres)
      for change in plan.changes {
        try progress(.started(change))
        try await apply(change, plan, owners)
        try progress(.finished(change))
      }
      for id in plan.gone { try await owners.forget(id) }
      for manifest in plan.manifests where ManifestKinds.named(manifest.id.kind)?.note == nil {
        try await owners.record(manifest, owner: plan.options.owner)
      }
    }
  }

  private func apply(_ change: ManifestChange, _ plan: ManifestPlan, _ owners: ManifestOwners) async throws {
    guard let kind = ManifestKinds.named(change.id.kind) else { return }
    if change.action == .delete {
      try await kind.remove(change.id, backends)
      return try await owners.forget(change.id)
    }
    guard let manifest = plan.manifests.first(where: { $0.id == change.id }) else { return }
    try await kind.apply(change, manifest, backends)
    try await owners.record(manifest, owner: plan.options.owner)
  }

  private func locked(_ body: () async throws -> Void) async throws {
    try await backends.postgres.withConnection { connection in
      guard try await connection.query("SELECT pg_try_advisory_lock($1)", Self.lock).get(0, 0, as: Bool.self) else {
        let holder = try await LockHolder.of(Self.lock, connection).map { "\($0)" } ?? "somebody"
        throw ManifestError(.locked, "manifests are being applied by \(holder)")
      }
      do {
        try await body()
      } catch {
        _ = try? await connection.execute("SELECT pg_advisory_unlock($1)", Self.lock)
        throw error
      }
      try await connection.execute("SELECT pg_advisory_unlock($1)", Self.lock)
    }
  }

  // MARK: Waiting

  /// What is not in force everywhere yet: nil when all is.
  package func unsettled(_ plan: ManifestPlan) async throws -> String? {
    let again = try await self.plan(plan.manifests, plan.options)
    if let change = again.changes.first { return "\(change.id) is not as it should be yet" }
    for manifest in plan.manifests where manifest.id.kind == CheckKind.name {
      if let reason = try await CheckKind.failure(manifest, backends) { return "\(manifest.id): \(reason)" }
    }
    // Where nobody runs, nobody publishes.
    let rows = try await backends.postgres.query(
      "SELECT EXISTS (SELECT FROM nodes WHERE lease_until > now()), (SELECT count(*) FROM outbox)")
    let (isRunning, events) = try rows[0].decode((Bool, Int64).self)
    return isRunning && events > 0 ? "\(events) events are not published yet" : nil
  }

  // MARK: Exporting

  /// Writes manifests of what there is, kind by kind.
  /// - Parameter kinds: names; none for all.
  package func export(
    _ kinds: [String], _ scope: ManifestScope, _ write: (Manifest) throws -> Void
  ) async throws {
    for kind in ManifestKinds.all where kinds.isEmpty || kinds.contains(kind.name) {
      try await kind.export(scope, backends, write)
    }
  }
}
