import ChatKit
import Commands
import HTTP
import JSON
import Networking
import Primitives

/// `chatctl trace`: the way of one message.
enum TraceCommand {
  private static let message = Argument("message", ValueType<UUID>.id.named("MESSAGE"), help: "The message's id.")
  private static let scan = Option(
    "scan", .int(1...100_000_000, unit: "records"), default: 100_000,
    help: "How many records of the bus are looked at, from the message's time on.")

  private static let nodes = Option(
    repeated: "node", .string("PLACE", example: "http://10.0.0.6:9090"),
    help: "The admin listener of another chatd, by URL or socket, that is asked what it remembers. May be repeated.")

  static let command = Command.operation(
    "trace", summary: "Show the way of a message, hop by hop",
    discussion: """
      From the store, the bus and its groups: when the request was read, when its transaction was committed, whether it waits in \
      the outbox, its partition and offset and when the bus had it, whether each group has passed it, what the inbox worker has \
      done, and who has said that they got it or read it.

      Times before the bus are the API's clock, that of the bus its own; the event bears the first two only when the process that \
      committed it has published it too, and not the relay. When the bus acknowledged it, when a gateway has read it and written it \
      to sockets, each chatd remembers of its last thousands of messages: it is asked by its admin listener (--admin-url, \
      --embedded, and --node for others). 'unknown' is said where nobody can know. The exit code is 1 while it waits \
      somewhere, or was parked.
      """,
    examples: [Example("chatctl trace 0193a1b2-0000-7000-8000-000000000001", "Where a message is, and since when")],
    group: "Operating", options: [scan, nodes], arguments: [message],
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
      topic: connections.options.bus.topic, limit: session[scan], nodes: { try await remembered($0, $1, $2, session) })
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

  /// What the processes remember whose admin listeners are known. One that does not answer is told of.
  private static func remembered(
    _ conversation: UUID, _ seq: Int64, _ event: UUID?, _ session: Session
  ) async throws -> [NodeHops] {
    var listeners: [(place: String, client: HTTPClient, url: String)] = []
    if let (client, url) = try? session.connections.admin() {
      listeners.append((session.connections.tool.adminURL ?? "the embedded folder", client, url))
    }
    for place in session[nodes] {
      if place.hasPrefix("/") {
        var configuration = HTTPClientConfiguration()
        configuration.address = SocketAddress(.unix(place))
        listeners.append((place, session.connections.http(configuration), "http://localhost"))
      } else {
        listeners.append((place, session.connections.http(), place.hasSuffix("/") ? String(place.dropLast()) : place))
      }
    }
    if listeners.isEmpty { session.talk("--admin-url or --node would tell when gateways had it") }
    let query = "conversation=\(conversation)&seq=\(seq)" + (event.map { "&event=\($0)" } ?? "")
    var found: [NodeHops] = []
    for (place, client, url) in listeners {
      do {
        let answer = try await client.send(.get, "\(url)/hops?\(query)", timeout: .seconds(2))
        guard answer.status == .ok, let root = try? JSONDocument(parsing: answer.bytes).root else {
          session.talk("\(place) answers \(answer.status.code)")
          continue
        }
        found.append(
          NodeHops(
            place: place, published: root["published"]?.array?.compactMap { $0.timestamp } ?? [],
            deliveries: root["deliveries"]?.array?.compactMap { delivery in
              delivery["delivered"]?.timestamp.map {
                NodeHops.Delivery(
                  consumed: delivery["consumed"]?.timestamp, delivered: $0, receivers: delivery["receivers"]?.int ?? 0)
              }
            } ?? []))
      } catch {
        session.talk("\(place) does not answer: \(error)")
      }
    }
    return found
  }

  private static func time(_ time: Timestamp?, _ session: Session) -> RecordValue {
    guard let time else { return .null }
    let format = session[CommonOptions.output]
    return format == .table || format == .wide ? .string("\(time)") : .time(time)
  }
}
