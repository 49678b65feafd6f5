import ChatKit
import Commands
import Primitives

/// `chatctl trace`: the way of one message.
enum TraceCommand {
  private static let message = Argument("message", ValueType<UUID>.id.named("MESSAGE"), help: "The message's id.")
  private static let scan = Option(
    "scan", .int(1...100_000_000, unit: "records"), default: 100_000,
    help: "How many records of the bus are looked at, from the message's time on.")

  static let command = Command.operation(
    "trace", summary: "Show the way of a message, hop by hop",
    discussion: """
      From the store, the bus and its groups: when the request was read, when its transaction was committed, whether it waits in \
      the outbox, its partition and offset and when the bus had it, whether each group has passed it, what the inbox worker has \
      done, and who has said that they got it or read it.

      Times before the bus are the API's clock, that of the bus its own; the event bears the first two only when the process that \
      committed it has published it too, and not the relay. When a gateway has written to a socket nothing keeps: 'unknown' is \
      said where nobody can know. The exit code is 1 while it waits somewhere, or was parked.
      """,
    examples: [Example("chatctl trace 0193a1b2-0000-7000-8000-000000000001", "Where a message is, and since when")],
    group: "Operating", options: [scan], arguments: [message],
    exitCodes: [
      .init(.done, "it has come to where it should"),
      .init(.no, "it waits somewhere, was parked, or there is no such message"), .init(.usage), .init(.unavailable),
    ],
    records: RecordSchema(
      "hop", key: "hop",
      [
        .init("hop", "The station"), .init("state", "done, waiting, failed, or unknown"),
        .init("at", .time, "When; null where nothing has kept it"),
        .init("after", .duration, "Since the first time that is known"), .init("detail", "What happened"),
      ])
  ) { session in
    let connections = session.connections
    let tracer = MessageTracer(
      pool: try connections.postgres(), probe: try await connections.busProbe(), lag: try await connections.lagSource(),
      topic: connections.options.bus.topic, limit: session[scan])
    guard let trace = try await tracer.trace(session[message]) else {
      throw CommandFailure(.no, "there is no message \(session[message])")
    }
    let writer = try session.records()
    let start = trace.hops.compactMap(\.at).first
    for hop in trace.hops {
      // Milliseconds matter here, so that a time is more than a table has.
      try writer.add([
        .string(hop.name), .string(hop.state.rawValue), time(hop.at, session),
        .init(hop.at.flatMap { at in start.map { at - $0 } }), .string(hop.detail),
      ])
    }
    try writer.finish()
    if let context = trace.context { session.talk("trace \(context)") }
    return trace.isComplete ? .done : .no
  }

  private static func time(_ time: Timestamp?, _ session: Session) -> RecordValue {
    guard let time else { return .null }
    let format = session[CommonOptions.output]
    return format == .table || format == .wide ? .string("\(time)") : .time(time)
  }
}
