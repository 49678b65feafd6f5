import Commands
import Primitives

/// `chatctl top`: how the nodes fare, now.
enum TopCommands {
  private static let places = Argument(
    repeated: "listener", ValueType<String>.string("URL", example: "http://10.0.0.5:9090"), times: 0...64,
    help: "The admin listeners of the nodes, URLs or sockets' paths; --admin-url or the embedded folder's without any.")
  private static let interval = Option(
    "interval", .duration(.milliseconds(200) ... .seconds(60)), default: .seconds(2), help: "Between two looks.")
  private static let once = Flag("once", help: "Look twice, write what was between, and end; so it is in a pipe.")

  private static let schema = RecordSchema(
    "node",
    [
      .init("node", "Host and process, or the listener"), .init("role", "Its role"),
      .init("version", wide: true, "Its version"), .init("state", "ok, or why there is no more of it"),
      .init("up", .duration, "Since when it runs"), .init("cpu", .number, "Of a core"),
      .init("loop", .number, "The busiest loop's share of time"), .init("memory", .size, "Resident"),
      .init("sockets", .integer, "Connected"), .init("requests", .number, "HTTP, a second"),
      .init("requestP99", .duration, "99 % of the requests took no longer"),
      .init("messages", .number, "Stored, a second"), .init("deliveries", .number, "To sockets, a second"),
      .init("deliveryP99", .duration, "From the commit to the socket"),
      .init("loopLag", .duration, wide: true, "p99: by how much the loops were late"),
      .init("lag", .integer, "Events that the slowest group has not read"),
      .init("outboxAge", .duration, wide: true, "Of the oldest event in the outbox"),
      .init("deadLetters", .integer, wide: true, "Parked events"),
      .init("errors", .number, wide: true, "Unexpected, a second"),
    ])

  static let command = Command.operation(
    "top", summary: "Watch the nodes: rates, latencies, lag",
    discussion: """
      From the metrics of the nodes' admin listeners and the table of nodes. On a terminal it is drawn anew until Ctrl-C; in a \
      pipe, or with --once, it is written once. Figures are of the time between two looks.
      """,
    examples: [
      Example("chatctl top --embedded .chatd", "What 'make run' has started"),
      Example("chatctl top http://10.0.0.5:9090 http://10.0.0.6:9090 --once -o json", "Two nodes, for a program"),
    ],
    group: "Looking", options: [interval, once], arguments: [places],
    exitCodes: [.init(.done), .init(.usage), .init(.unavailable, "no node could be read"), .init(.interrupted)],
    records: schema
  ) { session in
    let collector = try NodeCollector(session, places: session[places])
    let isLive = session.output.data.isTerminal && !session[once] && session[CommonOptions.output] == .table
    var before = await collector.read()
    guard isLive else {
      try await session.sleep(for: session[interval])
      let rows = await collector.rows(since: &before)
      let writer = try session.records()
      for row in rows { try writer.add(row.values) }
      try writer.finish()
      return rows.contains { $0.rates != nil } ? .done : .unavailable
    }
    let view = LiveView(session)
    defer { view.end() }
    while true {
      try await session.sleep(for: session[interval])
      try view.draw(frame(await collector.rows(since: &before), session))
    }
  }

  private static func frame(_ rows: [NodeRow], _ session: Session) -> String {
    let shown = schema.fields.indices.filter { !schema.fields[$0].isWide }
    var table = TextTable(shown.map { schema.fields[$0].heading })
    for row in rows {
      let values = row.values
      table.add(shown.map { values[$0].cell })
    }
    let rates = rows.compactMap(\.rates)
    func total(_ path: KeyPath<NodeRates, Double?>) -> Int { Int(rates.compactMap { $0[keyPath: path] }.reduce(0, +)) }
    let head =
      "chatctl top   \(CellText.time(Timestamp.now()))   \(rates.count) of \(rows.count) nodes   "
      + "\(total(\.sockets).grouped) sockets   \(total(\.messages).grouped) messages/s   "
      + "\(total(\.deliveries).grouped) deliveries/s"
    return "\(head)\n\n\(table.text(width: session.terminal.columns, isStyled: session.terminal.isStyled))"
  }
}
