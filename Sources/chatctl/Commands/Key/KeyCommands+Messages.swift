import ChatKit
import Commands
import Primitives

extension KeyCommands {
  private static let rate = Option<Int?>(
    "rate", .int(1...1_000_000, unit: "messages a second"),
    defaultText: "as fast as batches of 200 with 20 ms between them",
    help: "Messages in a second at most.")
  private static let after = Option<UUID?>(
    "after", .id.named("CONVERSATION"), help: "Go on after this conversation, as an interrupted run has said.")
  private static let sample = Option(
    "sample", .int(0...1_000_000), default: 1000, help: "Messages of each key that are opened, chosen at random.")

  static let reencrypt = Command.operation(
    "reencrypt", summary: "Seal with the active key what others have sealed",
    discussion: """
      Conversation by conversation, while the system runs; an edit at the same time wins. It may be interrupted and repeated at \
      any time. At its end a sample of the messages is opened, as 'key verify' does.
      """,
    examples: [
      Example("chatctl key reencrypt --rate 500 --embedded .chatd", "Slowly, beside people's work"),
      Example("chatctl key reencrypt --dry-run --embedded .chatd", "How many there are"),
    ],
    options: [rate, after, sample],
    exitCodes: [
      .init(.done), .init(.no, "no key is active, or a message of the sample does not open"),
      .init(.partlyDone, "some could not be read, and stay as they are"), .init(.usage), .init(.unavailable),
      .init(.interrupted, "with the command that goes on"),
    ],
    records: RecordSchema(
      "reencryption",
      [
        .init("key", .integer, "The active key"), .init("moved", .integer, "Sealed with it now"),
        .init("overtaken", .integer, "Changed meanwhile by somebody"),
        .init("unreadable", .integer, "Could not be opened"),
        .init("left", .integer, "Still sealed with others"),
        .init("checked", .integer, "Opened at the end, as a sample"),
        .init("failures", .integer, "Of the sample, that did not open"),
      ]), changes: true
  ) { session in
    let ring = try ring(session)
    let from = session[after]
    guard let active = try await ring.keys().active else {
      throw CommandFailure(.no, "no key is active", hint: "Add one, and promote it: 'chatctl key add'.")
    }
    var progress = KeyRing.Progress(after: from)
    if !session.isDryRun {
      let total = try await others(ring, active)
      let bar = Progress("re-encrypting", total: from == nil ? total : nil, unit: "messages", session)
      defer { bar.finish() }
      progress = try await session.resumable {
        try await ring.reencrypt(from: progress, rate: session[rate], on: session.loop) { now in
          bar.advance(by: now.moved + now.overtaken + now.unreadable - bar.done)
          try session.checkpoint(resume: resume(now, session))
        }
      }
    }
    let verification = session.isDryRun ? KeyRing.Verification() : try await ring.verify(sample: session[sample])
    let writer = try session.records(isList: false)
    try writer.add([
      .integer(Int(active)), .integer(progress.moved), .integer(progress.overtaken), .integer(progress.unreadable),
      .integer(try await others(ring, active)), .integer(verification.checked), .integer(verification.failures.count),
    ])
    try writer.finish()
    guard verification.failures.isEmpty else { return .no }
    return progress.unreadable > 0 ? .partlyDone : .done
  }

  private static func others(_ ring: KeyRing, _ active: Int32) async throws -> Int {
    Int(try await ring.list().filter { $0.key.version != active }.reduce(0) { $0 + $1.messages })
  }

  private static func resume(_ progress: KeyRing.Progress, _ session: Session) -> String {
    session.invocation.line(with: progress.after.map { [(after.parameter.name, [$0.description])] } ?? [])
  }

  static let verify = Command.operation(
    "verify", summary: "Open a sample of the messages of each key",
    examples: [Example("chatctl key verify --sample 5000 --embedded .chatd", "1 when one does not open")],
    options: [sample],
    exitCodes: [
      .init(.done, "all of the sample opened"), .init(.no, "a message does not open; it is listed"), .init(.usage),
      .init(.unavailable),
    ],
    records: RecordSchema(
      "message", key: "seq",
      [
        .init("conversation", "Its conversation"), .init("seq", .integer, "Its place there"),
        .init("key", .integer, "The key that sealed it"), .init("reason", "key_unavailable or decryption_failed"),
      ])
  ) { session in
    let verification = try await ring(session).verify(sample: session[sample])
    let writer = try session.records()
    for failure in verification.failures {
      try writer.add([
        .string(failure.conversation.description), .integer(Int(failure.seq)), .integer(Int(failure.version)),
        .string(failure.reason.rawValue),
      ])
    }
    if !verification.failures.isEmpty || session[CommonOptions.output] != .table { try writer.finish() }
    session.talk("\(verification.checked.grouped) messages were opened, \(verification.failures.count) could not be")
    return verification.failures.isEmpty ? .done : .no
  }
}
