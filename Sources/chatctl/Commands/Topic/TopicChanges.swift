import ChatKit
import Commands
import Primitives

/// `chatctl topic diff` and `apply`: from what a topic is to what it should be.
enum TopicChanges {
  private static let topics = Argument(
    repeated: "topic", TopicCommands.topicName,
    help: "Topics; those that chatd needs (bus.topic, and of dead letters) where none is named.")
  private static let partitions = Option<Int?>(
    "to-partitions", .int(1...100_000), help: "How many partitions it should have.")
  private static let replication = Option<Int?>(
    "to-replication", .int(1...100), help: "How many copies, of a topic that is made.")
  private static let config = Option(
    repeated: "set",
    ValueType<String>(
      metavariable: "NAME=VALUE", expectation: "NAME=VALUE, for example retention.ms=7d",
      parse: { $0.contains("=") && !$0.hasPrefix("=") ? $0 : nil }),
    help: "A setting it should have; may be repeated. Milliseconds and bytes may be written 7d and 1GiB.")
  private static let unset = Option(
    repeated: "unset", .string("NAME", example: "retention.ms"),
    help: "A setting that should be what is inherited; may be repeated.")
  private static let options: [any ParameterKey] = [ManifestCommands.files, partitions, replication, config, unset]

  private static let records = RecordSchema(
    "change", key: "topic",
    [
      .init("topic", "The topic"), .init("action", "create, alter, or keep"),
      .init("what", "What of it: topic, partitions, replication, or a setting"), .init("from", "What it is"),
      .init("to", "What it should be; null for what is inherited"),
      .init("risk", "safe, disruptive, destructive, impossible"),
      .init("warning", "What the bus would do without a word"),
    ])

  private static let wishes = """
    What is wanted is said by options, for one topic, or by manifests of kind Topic (-f), as for 'chatctl apply'; without any \
    the topics that chatd needs are compared with its settings: there, with partitions enough. Settings that are not named stay \
    as they are, and are shown as kept.
    """

  // MARK: The commands

  static let diff = Command.operation(
    "diff", summary: "Show how topics differ from what they should be",
    discussion: wishes + """
       Kafka is asked whether it would take the change. For new partitions all rooms of the database are counted whose events \
      would move.
      """,
    examples: [
      Example("chatctl topic diff", "Whether chatd's topics are as it needs them"),
      Example("chatctl topic diff -f manifests/", "Whether they are as the manifests have them"),
      Example("chatctl topic diff chat.events --to-partitions 16 --set retention.ms=3d", "What that would mean"),
    ],
    options: options, arguments: [topics], rules: [.custom(check)],
    exitCodes: [
      .init(.done, "there is no difference"), .init(.no, "there is"), .init(.invalidInput, "a manifest is wrong"),
      .init(.usage), .init(.unavailable),
    ],
    records: records
  ) { session in
    let plans = try await plans(session)
    try write(plans, session)
    return plans.allSatisfy(\.changes.isEmpty) ? .done : .no
  }

  static let apply = Command.operation(
    "apply", summary: "Make topics what they should be",
    discussion: wishes + """
       The plan is printed first; what is disruptive or destructive asks, or needs --yes. A plan with something impossible is \
      refused as a whole. Applying it again changes nothing.
      """,
    examples: [
      Example("chatctl topic apply", "Make what chatd needs and is missing"),
      Example("chatctl topic apply -f manifests/installation/topics.yaml", "Make what manifests have"),
      Example("chatctl topic apply chat.events --set retention.ms=14d --yes", "Keep events for two weeks"),
    ],
    options: options, arguments: [topics], rules: [.custom(check)],
    exitCodes: [
      .init(.done, "it is as it should be"), .init(.no, "it cannot be done, or was not confirmed"),
      .init(.invalidInput, "a manifest is wrong"), .init(.usage), .init(.unavailable),
    ],
    records: records, changes: true, asks: true
  ) { session in
    let plans = try await plans(session)
    try write(plans, session)
    let changes = plans.flatMap(\.changes)
    if changes.isEmpty {
      session.talk("nothing to change")
      return .done
    }
    if let wrong = changes.first(where: { $0.risk == .impossible }) {
      throw CommandFailure(.no, "\(wrong.topic): \(wrong.what): \(wrong.warning ?? "it cannot be done")")
    }
    if session.isDryRun { return .done }
    let risky = changes.filter { $0.risk > .safe }
    if !risky.isEmpty {
      let worst = risky.map(\.risk).max() ?? .disruptive
      try session.confirm("Apply \(changes.count) changes, \(risky.count) of which are \(worst.rawValue) or less")
    }
    let store = try await session.connections.topicStore()
    for plan in plans where !plan.changes.isEmpty {
      try await store.apply(plan.changes, plan.desired)
      try await settle(plan, store, session)
    }
    session.talk("applied \(changes.count) changes")
    return .done
  }

  /// Brokers learn of a change a moment after it was answered: until then the next plan would find it undone.
  private static func settle(_ plan: Plan, _ store: any TopicStore, _ session: Session) async throws {
    for _ in 0..<50 {
      let actual = try? await store.state(of: plan.desired.name, withTimes: false)
      if let actual, TopicPlan.changes(plan.desired, actual).isEmpty { return }
      try await session.sleep(for: .milliseconds(200))
    }
    session.talk("\(plan.desired.name): the brokers have taken the change and do not show it yet")
  }

  // MARK: Plans

  private struct Plan {
    var desired: TopicSpec
    var changes: [TopicChange]
    var kept: [(name: String, value: String?)]
  }

  private static let check: @Sendable (Invocation) throws -> Void = { invocation in
    guard isWished(invocation) else { return }
    if !invocation[ManifestCommands.files].isEmpty {
      throw UsageError(.conflict, "manifests say what is wanted: give -f or the options for one topic")
    }
    guard invocation[topics].count != 1 else { return }
    throw UsageError(.missingArgument, "say of which topic, one, that is wanted")
  }

  private static func isWished(_ invocation: Invocation) -> Bool {
    invocation[partitions] != nil || invocation[replication] != nil || !invocation[config].isEmpty
      || !invocation[unset].isEmpty
  }

  private static func desired(_ invocation: Invocation, _ name: String) -> TopicSpec {
    var settings: [String: String?] = [:]
    for text in invocation[config] {
      let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
      settings[String(parts[0])] = .some(String(parts[1]))
    }
    for name in invocation[unset] { settings[name] = .some(nil) }
    return TopicSpec(
      name, partitions: invocation[partitions], replication: invocation[replication], config: settings)
  }

  private static func plans(_ session: Session) async throws -> [Plan] {
    let manifests = try manifests(session)
    let store = try await session.connections.topicStore()
    let options = session.connections.options
    let named = session[topics].isEmpty ? TopicContract.names(options.bus) : session[topics]
    var plans: [Plan] = []
    for name in manifests?.map(\.id.name) ?? named {
      let actual = try await store.state(of: name, withTimes: false)
      let desired: TopicSpec
      if let manifest = manifests?.first(where: { $0.id.name == name }) {
        desired = TopicKind.specification(manifest)
        if !session.connections.isKafka { session.talk("Topic \(name): \(TopicKind.redisRemark)") }
      } else {
        desired =
          isWished(session.invocation)
          ? self.desired(session.invocation, name) : TopicContract.spec(name, options, actual: actual)
      }
      // The streams of Redis come and go with their events.
      let isStream = !session.connections.isKafka && !isWished(session.invocation)
      let raw = isStream ? [] : TopicPlan.changes(desired, actual)
      var changes = try await store.examine(raw, desired)
      for index in changes.indices {
        guard case .partitions(let from, let to) = changes[index].kind, to > from, from > 0 else { continue }
        let counted = try await moved(from, to, store, session)
        changes[index].warning = (changes[index].warning.map { "\($0): " } ?? "") + counted
      }
      plans.append(Plan(desired: desired, changes: changes, kept: TopicPlan.kept(desired, actual)))
    }
    return plans
  }

  /// Those of kind Topic; nil where none were named.
  private static func manifests(_ session: Session) throws -> [Manifest]? {
    guard !session[ManifestCommands.files].isEmpty else { return nil }
    let all = try ManifestCommands.manifests(session).filter { $0.id.kind == TopicKind.name }
    let known = all.map(\.id.name)
    for name in session[topics] where !known.contains(name) {
      throw UsageError(
        .invalidValue,
        "no manifest is of the topic '\(name)'"
          + (known.isEmpty ? ": there are none of kind Topic" : "; there are \(known.joined(separator: ", "))"))
    }
    guard !all.isEmpty else {
      throw CommandFailure(
        .invalidInput,
        "there is no manifest of kind Topic in \(session[ManifestCommands.files].joined(separator: ", "))")
    }
    return all.filter { session[topics].isEmpty || session[topics].contains($0.id.name) }
  }

  private static func moved(_ from: Int, _ to: Int, _ store: any TopicStore, _ session: Session) async throws -> String
  {
    guard session.connections.hasPostgres else { return "--postgres would count the rooms" }
    let progress = Progress("counting rooms", unit: "rooms", session)
    let count = try await KeyMovement.count(
      from: from, to: to, session.connections.postgres(), partition: { store.partition(of: $0, among: $1) },
      progress: { progress.advance(by: $0) })
    progress.finish()
    return "\(CellText.grouped(count.moved)) of \(CellText.grouped(count.rooms)) rooms"
  }

  private static func write(_ plans: [Plan], _ session: Session) throws {
    let writer = try session.records()
    for plan in plans {
      for change in plan.changes {
        try writer.add([
          .string(change.topic), .string(change.kind == .create ? "create" : "alter"), .string(change.what),
          .init(change.from), .init(change.to), .string(change.risk.rawValue), .init(change.warning),
        ])
      }
      for (name, value) in plan.kept {
        try writer.add([
          .string(plan.desired.name), .string("keep"), .string(name), .init(value), .init(value),
          .string(TopicChange.Risk.safe.rawValue), .null,
        ])
      }
    }
    try writer.finish()
  }
}
