import ChatKit
import Commands
import Primitives

/// `chatctl topic`: the topics of the bus.
enum TopicCommands {
  static let group = Command(
    "topic", summary: "Look at and change the bus's topics",
    discussion: """
      On Kafka topics with their settings; what Kafka would do without a word is said before it is done: new partitions move \
      rooms, a shorter retention deletes, and settings that are not named would be reset (here they are kept). On Redis Streams a \
      topic is the streams NAME:0, NAME:1 …; it can be listed, described and deleted, and has no settings.
      """,
    examples: [
      Example("chatctl topic list", "Which there are"),
      Example("chatctl topic diff", "Whether they are as chatd needs them"),
    ],
    group: "Operating", subcommands: [list, describe, TopicChanges.diff, TopicChanges.apply, delete])

  static let topicName = ValueType<String>.string("TOPIC").completed(
    by: DynamicCompletion.of("topic") { connections, request in
      try await connections.topicStore().names().filter { $0.hasPrefix(request.prefix) && !$0.hasPrefix("__") }
        .prefix(DynamicCompletion.limit).map { Candidate($0) }
    })

  private static let topic = Argument("topic", topicName, help: "The topic's name.")

  // MARK: list

  private static let all = Flag("all", help: "Kafka's internal topics too.")

  private static let list = Command.operation(
    "list", summary: "List the topics",
    examples: [Example("chatctl topic list", "Which there are, with how much is in them")],
    options: [all], exitCodes: [.init(.done), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "topic",
      [
        .init("name", "The name"), .init("partitions", .integer, "How many partitions"),
        .init("replication", .integer, "Copies of each; null on Redis Streams"),
        .init("records", .integer, "Records in it"), .init("degraded", .integer, "Partitions that lack a copy"),
        .init("config", .object, wide: true, "Settings of its own"),
      ])
  ) { session in
    let store = try await session.connections.topicStore()
    let writer = try session.records()
    for name in try await store.names() where session[all] || !name.hasPrefix("__") {
      guard let state = try await store.state(of: name, withTimes: false) else { continue }
      try writer.add([
        .string(name), .integer(state.partitions.count), .init(state.replication), .integer(state.records),
        .integer(state.degraded), config(state, own: true),
      ])
    }
    try writer.finish()
    return .done
  }

  private static func config(_ state: TopicState, own: Bool) -> RecordValue {
    .object(
      state.config.filter { !own || $0.value.isOwn }.sorted { $0.key < $1.key }.map { ($0.key, .init($0.value.value)) })
  }

  // MARK: describe

  private static let describe = Command.operation(
    "describe", summary: "Show a topic's partitions and settings",
    discussion: "With -o json or yaml all settings in force, else those of its own.",
    examples: [Example("chatctl topic describe chat.events", "Partitions, times, settings")],
    arguments: [topic],
    exitCodes: [.init(.done), .init(.no, "there is no such topic"), .init(.usage), .init(.unavailable)],
    records: RecordSchema(
      "topic",
      [
        .init("name", "The name"), .init("replication", .integer, "Copies of each partition"),
        .init("records", .integer, "Records in it"),
        .init("partitions", .list, "Of each: id, leader, replicas, inSync, first, end, records, oldest, newest"),
        .init("config", .object, "Settings in force"),
        .init("ownConfig", .list, "Names of those set on the topic itself"),
      ])
  ) { session in
    let store = try await session.connections.topicStore()
    let name = session[topic]
    guard let state = try await store.state(of: name, withTimes: true) else {
      throw CommandFailure(.no, "there is no topic \(name)", hint: "'chatctl topic list' lists them.")
    }
    let format = session[CommonOptions.output]
    if format == .table || format == .wide {
      try session.output.data.write(text(state, session))
      return .done
    }
    let writer = try session.records(isList: false)
    try writer.add([
      .string(name), .init(state.replication), .integer(state.records), .list(state.partitions.map(object)),
      config(state, own: false), .init(state.config.filter { $0.value.isOwn }.map(\.key).sorted()),
    ])
    try writer.finish()
    return .done
  }

  private static func object(_ partition: TopicState.Partition) -> RecordValue {
    .object([
      ("id", .integer(partition.id)), ("leader", .init(partition.leader)),
      ("replicas", .list(partition.replicas.map { .integer($0) })),
      ("inSync", .list(partition.inSync.map { .integer($0) })), ("first", .init(partition.first)),
      ("end", .init(partition.end)), ("records", .integer(partition.records)), ("oldest", .init(partition.oldest)),
      ("newest", .init(partition.newest)),
    ])
  }

  private static func text(_ state: TopicState, _ session: Session) -> String {
    let width = session.output.data.isTerminal ? session.terminal.columns : nil
    var partitions = TextTable([
      "PARTITION", "LEADER", "REPLICAS", "IN SYNC", "FIRST", "END", "RECORDS", "OLDEST", "NEWEST",
    ])
    for partition in state.partitions {
      guard case .object(let fields) = object(partition) else { continue }
      partitions.add(fields.map(\.1.cell))
    }
    var text = "\(state.name): \(CellText.grouped(state.records)) records in \(state.partitions.count) partitions"
    if let copies = state.replication { text += ", \(copies) copies of each" }
    text += "\n\n" + partitions.text(width: width, isStyled: session.terminal.isStyled)
    let own = state.config.filter(\.value.isOwn).sorted { $0.key < $1.key }
    guard !own.isEmpty else { return text }
    var settings = TextTable(["SETTING", "VALUE"])
    for (name, setting) in own { settings.add([name, setting.value.map(CellText.printable) ?? "-"]) }
    return text + "\n" + settings.text(width: width, isStyled: session.terminal.isStyled)
  }

  // MARK: delete

  private static let force = Flag("force", help: "Though consumers are reading it.")

  private static let delete = Command.operation(
    "delete", summary: "Delete a topic with all that is in it",
    discussion: """
      Events that were not consumed are lost to live delivery; messages are in the store all the same. The topic's name has to be \
      typed, or --yes given. A topic that is being read is refused without --force.
      """,
    examples: [Example("chatctl topic delete chat.events.dead --dry-run", "What would go")],
    options: [force], arguments: [topic],
    exitCodes: [
      .init(.done), .init(.no, "there is no such topic"), .init(.usage), .init(.unavailable),
      .init(.busy, "somebody reads it"),
    ], changes: true, asks: true
  ) { session in
    let name = session[topic]
    let store = try await session.connections.topicStore()
    guard let state = try await store.state(of: name, withTimes: false) else {
      throw CommandFailure(.no, "there is no topic \(name)", hint: "'chatctl topic list' lists them.")
    }
    let readers = try await session.connections.lagSource().sample(nil, topic: name).filter { $0.owner != nil }
    let groups = Set(readers.map(\.group)).sorted()
    guard groups.isEmpty || session[force] || session.isDryRun else {
      throw CommandFailure(
        .busy, "\(name) is being read by \(groups.joined(separator: ", "))",
        hint: "Stop its consumers first, or give --force.")
    }
    let records = CellText.grouped(state.records)
    if session.isDryRun {
      let by = groups.isEmpty ? "" : ", which \(groups.joined(separator: ", ")) read"
      session.talk("would delete the topic \(name) with \(records) records\(by)")
      return .done
    }
    try session.confirm("Delete the topic \(name) with \(records) records", typing: name)
    try await store.delete(name)
    session.talk("deleted the topic \(name)")
    return .done
  }
}
