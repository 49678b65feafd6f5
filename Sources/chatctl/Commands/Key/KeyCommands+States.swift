import ChatKit
import Commands
import Primitives

extension KeyCommands {
  private static let waitOption = Option<Duration?>(
    "wait", .duration, defaultText: "not at all", help: "Wait so long until every live node has loaded it.")

  static let list = Command.operation(
    "list", summary: "List the keys, and how many messages each has sealed",
    discussion: "The census reads every message once.",
    examples: [
      Example("chatctl key list --embedded .chatd", "Which key is active, and what the others are still needed for")
    ],
    records: RecordSchema(
      "key",
      [
        .init("version", .integer, "Its version"), .init("state", "enabled, active, disabled or destroyed"),
        .init("messages", .integer, "Messages that are sealed with it"),
        .init("nodes", "Live nodes that have loaded it"),
        .init("createdAt", .time, "When it was added"), .init("activatedAt", .time, "When it was promoted"),
        .init("disabledAt", .time, "Since when it is disabled"),
        .init("destroyedAt", .time, wide: true, "When it was destroyed"),
        .init("wrappedBy", wide: true, "The fingerprint of the master key that wraps it"),
      ])
  ) { session in
    let pool = try session.connections.postgres()
    let entries = try await KeyRing(pool, master: nil).list()
    let nodes = try await Node.all(pool).filter(\.isAlive)
    let writer = try session.records()
    for entry in entries {
      let key = entry.key
      let loaded = nodes.filter { $0.keyVersions.contains(key.version) }.count
      try writer.add([
        .integer(Int(key.version)), .string(key.state.rawValue), .integer(Int(entry.messages)),
        .string("\(loaded)/\(nodes.count)"), .time(key.createdAt), RecordValue(key.activatedAt),
        RecordValue(key.disabledAt), RecordValue(key.destroyedAt), .string(Hex.encode(key.wrappedBy)),
      ])
    }
    try writer.finish()
    return .done
  }

  static let add = Command.operation(
    "add", summary: "Add a key",
    discussion:
      "Nodes load it within two seconds; nothing is sealed with it until it is promoted. Its version is the answer.",
    examples: [Example("chatctl key add --wait 30s --embedded .chatd", "And wait until it can be promoted")],
    options: [waitOption], exitCodes: refusals, changes: true
  ) { session in
    let ring = try ring(session)
    let version = try await ring.add()
    if let limit = session[waitOption], !session.isDryRun { try await wait(for: version, limit, ring, session) }
    try session.output.line("\(version)")
    say(session, "added key \(version); 'chatctl key promote \(version)' makes it the active one", "add key \(version)")
    return .done
  }

  static let promote = Command.operation(
    "promote", summary: "Seal new messages with a key from now on",
    discussion: "Refused while a live node has not loaded it: that one could not read what is written.",
    examples: [Example("chatctl key promote 2 --wait 30s --embedded .chatd", "As soon as every node has it")],
    options: [waitOption], arguments: [version], exitCodes: refusals, changes: true
  ) { session in
    let ring = try ring(session)
    let version = Int32(session[version])
    if let limit = session[waitOption] { try await wait(for: version, limit, ring, session) }
    try await ring.promote(version)
    say(session, "key \(version) is active", "promote key \(version)")
    return .done
  }

  static let disable = Command.operation(
    "disable", summary: "Take a key out of use",
    discussion:
      "What it has sealed is unreadable (key_unavailable) until it is enabled again, or was re-encrypted before.",
    examples: [Example("chatctl key disable 1 --embedded .chatd", "When nothing is left of it")],
    arguments: [version], exitCodes: refusals, changes: true, asks: true
  ) { session in
    let ring = try ring(session)
    let version = Int32(session[version])
    let messages = try await ring.list().first { $0.key.version == version }?.messages ?? 0
    if messages > 0, !session.isDryRun {
      try session.confirm(
        "Disable key \(version), and make \(messages.grouped) messages unreadable until it is enabled again")
    }
    try await ring.disable(version)
    let what = "key \(version), which \(messages.grouped) messages need"
    say(session, "disabled \(what)", "disable \(what)")
    return .done
  }

  static let enable = Command.operation(
    "enable", summary: "Put a disabled key back into use",
    examples: [Example("chatctl key enable 1 --embedded .chatd", "Its messages can be read again")],
    arguments: [version], exitCodes: refusals, changes: true
  ) { session in
    let version = Int32(session[version])
    try await ring(session).enable(version)
    say(session, "key \(version) is enabled", "enable key \(version)")
    return .done
  }
}
