package import Commands
package import Primitives

/// The bus's topics. On Redis Streams there is nothing to set: a stream is made by its first event.
package enum TopicKind: ManifestKind {
  package static let name = "Topic"
  package static let summary = "A topic of the bus: its partitions, copies and settings"
  package static let nameType = ValueType<String>(
    metavariable: "TOPIC", expectation: "a topic's name of 1 to 249 characters out of a-z, A-Z, 0-9, '.', '_' and '-'",
    parse: { text in
      let isName = text.utf8.allSatisfy { byte in
        (0x61...0x7a).contains(byte | 0x20) || (0x30...0x39).contains(byte) || [0x2d, 0x2e, 0x5f].contains(byte)
      }
      return isName && (1...249).contains(text.utf8.count) && text != "." && text != ".." ? text : nil
    })

  package static func declare(_ spec: inout ManifestReader) {
    spec.value("partitions", .int(1...10_000), "How many there are. There can be more later, and never less.")
    spec.value("replication", .int(1...100), "Copies of each partition.")
    spec.map("config", "Kafka's settings of the topic, such as retention.ms: 7d; null takes one back to the broker's.")
  }

  /// What a manifest wants, for the planning that `apply` and `topic apply` share.
  package static func specification(_ desired: Manifest) -> TopicSpec {
    var config: [String: String?] = [:]
    for field in desired.spec["config"]?.fields ?? [] { config[field.name] = .some(field.value.string) }
    return TopicSpec(
      desired.id.name, partitions: desired.spec["partitions"]?.integer,
      replication: desired.spec["replication"]?.integer, config: config)
  }

  // MARK: The plan

  package static let redisRemark =
    "Redis Streams make it with its first event; what it is like are chatd's settings (bus.partitions, bus.retention)"

  private static let redis = ManifestValue.fields([("bus", .string("redis"))])

  package static func remark(_ desired: Manifest, _ actual: ManifestValue?) -> String? {
    actual == redis ? redisRemark : nil
  }

  package static func plan(_ desired: Manifest, _ actual: ManifestValue?, now: Timestamp) -> ManifestChange? {
    guard actual != redis else { return nil }
    return change(TopicPlan.changes(specification(desired), actual.map { topic(desired.id.name, $0) }), desired.id)
  }

  private static func change(_ changes: [TopicChange], _ id: ManifestID) -> ManifestChange? {
    guard !changes.isEmpty else { return nil }
    let isNew = changes.contains { $0.kind == .create }
    let differences = changes.map { change in
      ManifestDifference(
        change.what, from: change.from.map { .string($0) }, to: change.to.map { .string($0) }, risk(change.risk),
        change.warning)
    }
    return ManifestChange(id, isNew ? .create : .update, differences)
  }

  private static func risk(_ risk: TopicChange.Risk) -> ManifestRisk {
    switch risk {
    case .safe: .safe
    case .disruptive: .caution
    case .destructive: .destructive
    case .impossible: .impossible
    }
  }

  package static func removal(_ id: ManifestID, _ actual: ManifestValue) -> ManifestChange {
    ManifestChange(
      id, .delete, [ManifestDifference("", from: actual["partitions"], to: nil, .destructive, "its records are gone")])
  }

  /// With what the bus itself says: records that would go, and how many rooms' events move.
  package static func examine(
    _ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends
  ) async throws -> ManifestChange {
    // Of a stream there is nothing to change but whose it is.
    guard backends.options.bus.kind == .kafka else { return change }
    let store = try await backends.topics()
    let spec = specification(desired)
    let changes = TopicPlan.changes(spec, try await store.state(of: spec.name, withTimes: false))
    var examined: [TopicChange] = []
    for var one in try await store.examine(changes, spec) {
      if case .partitions(let from, let to) = one.kind, one.risk != .impossible {
        let movement = try await KeyMovement.count(
          from: from, to: to, backends.postgres, partition: { store.partition(of: $0, among: $1) })
        one.warning = (one.warning ?? "keys move") + " (\(movement.moved) of \(movement.rooms) rooms)"
      }
      examined.append(one)
    }
    guard var result = self.change(examined, desired.id) else { return change }
    result.differences += change.differences.filter { $0.field == "owner" }
    return result
  }

  // MARK: What there is

  package static func states(
    of manifests: [Manifest], _ backends: ManifestBackends
  ) async throws -> [ManifestID: ManifestValue] {
    guard backends.options.bus.kind == .kafka else {
      return Dictionary(uniqueKeysWithValues: manifests.map { ($0.id, redis) })
    }
    let store = try await backends.topics()
    var states: [ManifestID: ManifestValue] = [:]
    for manifest in manifests {
      guard let topic = try await store.state(of: manifest.id.name, withTimes: false) else { continue }
      let named = Set(specification(manifest).config.keys)
      states[manifest.id] = state(topic) { $0.value.isOwn || named.contains($0.key) }
    }
    return states
  }

  private static func state(
    _ topic: TopicState, settings isShown: ((key: String, value: TopicState.Setting)) -> Bool
  ) -> ManifestValue {
    let settings = topic.config.filter { isShown(($0.key, $0.value)) }.sorted { $0.key < $1.key }
    return .fields([
      ("partitions", .integer(topic.partitions.count)), ("replication", topic.replication.map { .integer($0) }),
      (
        "config",
        .object(
          settings.map { name, setting in
            let value = setting.value.map { ManifestValue.string($0) } ?? .null
            return .init(name, .fields([("value", value), ("own", .boolean(setting.isOwn))]))
          })
      ),
    ])
  }

  /// As `state` has written it.
  private static func topic(_ name: String, _ state: ManifestValue) -> TopicState {
    let copies = Array(0..<(state["replication"]?.integer ?? 0))
    var config: [String: TopicState.Setting] = [:]
    for field in state["config"]?.fields ?? [] {
      config[field.name] = TopicState.Setting(field.value["value"]?.string, isOwn: field.value["own"]?.boolean ?? false)
    }
    return TopicState(
      name,
      partitions: (0..<(state["partitions"]?.integer ?? 0)).map {
        TopicState.Partition(id: $0, replicas: copies, inSync: copies)
      }, config: config)
  }

  // MARK: Changing

  package static func apply(_ change: ManifestChange, _ desired: Manifest, _ backends: ManifestBackends) async throws {
    guard backends.options.bus.kind == .kafka else { return }
    let store = try await backends.topics()
    let spec = specification(desired)
    let changes = TopicPlan.changes(spec, try await store.state(of: spec.name, withTimes: false))
    if !changes.isEmpty { try await store.apply(changes, spec) }
  }

  package static func remove(_ id: ManifestID, _ backends: ManifestBackends) async throws {
    try await backends.topics().delete(id.name)
  }

  /// Those of chatd: a cluster has others' too.
  package static func export(
    _ scope: ManifestScope, _ backends: ManifestBackends, _ write: (Manifest) throws -> Void
  ) async throws {
    guard backends.options.bus.kind == .kafka else { return }
    let store = try await backends.topics()
    for name in TopicContract.names(backends.options.bus) {
      guard let topic = try await store.state(of: name, withTimes: false) else { continue }
      var config: [ManifestValue.Field] = []
      for (key, setting) in topic.config.sorted(by: { $0.key < $1.key }) where setting.isOwn {
        config.append(.init(key, setting.value.map { .string($0) } ?? .null))
      }
      try write(
        Manifest(
          ManifestID(self.name, name),
          spec: .fields([
            ("partitions", .integer(topic.partitions.count)), ("replication", topic.replication.map { .integer($0) }),
            ("config", config.isEmpty ? nil : .object(config)),
          ])))
    }
  }
}
