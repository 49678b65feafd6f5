package import Postgres
package import Primitives

/// Finds out the way of messages.
package struct MessageTracer: Sendable {
  private let pool: PostgresPool
  private let probe: any BusProbe
  private let lag: any LagSource
  private let topic: String
  /// Records of the bus that are looked at.
  private let limit: Int
  private let nodes: Nodes

  /// Asks processes what they remember of a message: its conversation, seq, and event where that is known.
  package typealias Nodes = @Sendable (_ conversation: UUID, _ seq: Int64, _ event: UUID?) async throws -> [NodeHops]

  package init(
    pool: PostgresPool, probe: any BusProbe, lag: any LagSource, topic: String, limit: Int = 100_000,
    nodes: @escaping Nodes = { _, _, _ in [] }
  ) {
    self.nodes = nodes
    self.pool = pool
    self.probe = probe
    self.lag = lag
    self.topic = topic
    self.limit = limit
  }

  /// Nil when there is no such message.
  package func trace(_ message: UUID) async throws -> MessageTrace? {
    let rows = try await pool.query(
      """
      SELECT m.conversation_id, m.seq, coalesce(u.username, m.sender_id::text), m.created_at, m.edited_at, m.deleted_at,
        m.type, m.key_version
      FROM messages m LEFT JOIN users u ON u.id = m.sender_id WHERE m.id = $1
      """, message)
    guard let row = rows.first else { return nil }
    let (room, seq, sender, at, edited, deleted, type, key) = try row.decode(
      (UUID, Int64, String, Timestamp, Timestamp?, Timestamp?, String, Int32?).self)
    var trace = MessageTrace(message: message, conversation: room, seq: seq, sender: sender, hops: [])
    let outbox = try await outbox(room, seq)
    let found = try await probe.find(room: room, since: at - .seconds(5), limit: limit) { event in
      event.kind == .messageCreated && event.seq == seq
    }
    let record = found.record
    trace.context = record?.event.trace
    let hops = record?.event.hops
    trace.hops.append(
      TraceHop(
        "api", .done, at: hops?.received ?? at,
        hops == nil ? "accepted from \(sender) (by the store's time)" : "the request of \(sender) was read"))
    let sealed = key.map { ", encrypted with key \($0)" } ?? ""
    trace.hops.append(
      TraceHop("commit", .done, at: hops?.committed, "\(type) in \(room), seq \(seq)\(sealed)"))
    let remembered = try await nodes(room, seq, record?.event.id)
    trace.hops.append(self.outbox(outbox, record, published: remembered.flatMap(\.published).min()))
    trace.hops.append(bus(record, found.isExhaustive, isWaiting: outbox != nil))
    trace.hops += try await groups(record, consumed: remembered.flatMap(\.deliveries).compactMap(\.consumed).min())
    trace.hops += Self.sockets(remembered)
    trace.hops += try await effects(room, seq, record?.event.id, accepted: at)
    trace.hops += try await receivers(room, seq, message)
    if let edited { trace.hops.append(TraceHop("edited", .done, at: edited, "its text was changed last then")) }
    if let deleted { trace.hops.append(TraceHop("deleted", .done, at: deleted, "it was taken back")) }
    return trace
  }

  // MARK: On the way

  private func outbox(_ room: UUID, _ seq: Int64) async throws -> Timestamp? {
    try await pool.query(
      "SELECT created_at FROM outbox WHERE conversation_id = $1 AND seq = $2 AND type = 'message.created'", room, seq
    ).first?.get(0, as: Timestamp.self)
  }

  private func outbox(_ since: Timestamp?, _ record: BusRecord?, published: Timestamp?) -> TraceHop {
    guard let since else {
      return TraceHop(
        "outbox", .done, at: published,
        "acknowledged by the bus and taken out" + (published == nil ? "; no process remembers when" : ""))
    }
    return record == nil
      ? TraceHop("outbox", .waiting, at: since, "waits to be published")
      : TraceHop("outbox", .waiting, at: since, "is on the bus, and not taken out yet: it will be published again")
  }

  private func bus(_ record: BusRecord?, _ isExhaustive: Bool, isWaiting: Bool) -> TraceHop {
    if let record {
      return TraceHop("bus", .done, at: record.at, "\(topic), partition \(record.partition) at \(record.position)")
    }
    if isWaiting { return TraceHop("bus", .waiting, "not on \(topic) yet") }
    return TraceHop(
      "bus", .unknown,
      isExhaustive ? "no longer on \(topic): deleted since" : "not among the \(limit) records behind its time")
  }

  /// - Parameter consumed: when the gateways' group has read it.
  private func groups(_ record: BusRecord?, consumed: Timestamp?) async throws -> [TraceHop] {
    guard let record else { return [] }
    return try await lag.sample(nil, topic: topic).filter { $0.partition == record.partition }.map { sample in
      let owner = sample.owner.map { ", which \($0) reads" } ?? ", which nobody reads"
      // Where nothing waits, a group stands at the last record that it was given.
      switch sample.messages == 0 ? true : probe.isDone(record, by: sample.position) {
      case true?:
        let time = sample.group == Self.gateways ? consumed : nil
        return TraceHop(
          sample.group, .done, at: time, "the group has passed it" + (time == nil ? "; no process remembers when" : ""))
      case false?:
        let waiting = sample.messages.map { ", \($0) waiting" } ?? ""
        return TraceHop(
          sample.group, .waiting,
          "the group stands at \(sample.position ?? "?") of partition \(sample.partition)\(waiting)\(owner)")
      case nil: return TraceHop(sample.group, .unknown, "the group has not said how far it is\(owner)")
      }
    }
  }

  private static let gateways = "gateway"

  /// Each process that has written it to sockets.
  private static func sockets(_ nodes: [NodeHops]) -> [TraceHop] {
    nodes.compactMap { node in
      guard let last = node.deliveries.map(\.delivered).max() else { return nil }
      let sockets = node.deliveries.reduce(0) { $0 + $1.receivers }
      return TraceHop(
        "sockets", .done, at: last,
        "written to \(sockets) socket\(sockets == 1 ? "" : "s") by the chatd of \(node.place)")
    }
  }

  // MARK: What follows

  private func effects(
    _ room: UUID, _ seq: Int64, _ event: UUID?, accepted: Timestamp
  ) async throws -> [TraceHop] {
    var hops: [TraceHop] = []
    if let event {
      let done = try await pool.query("SELECT processed_at FROM processed_events WHERE event_id = $1 LIMIT 1", event)
      if let at = try done.first?.get(0, as: Timestamp.self) {
        hops.append(TraceHop("effects", .done, at: at, "mentions, counts, webhooks and push were dealt with"))
      } else if accepted > .now() - .seconds(3600) {
        hops.append(TraceHop("effects", .waiting, "no inbox worker has done it yet"))
      } else {
        // What was done is remembered for so long at least (inbox.memory).
        hops.append(TraceHop("effects", .unknown, "not done, or so long ago that it is no longer remembered"))
      }
    }
    let dead = try await pool.query(
      """
      SELECT parked_at, coalesce(effect, ''), coalesce(error, 'waits behind another of its room') FROM dead_letters
      WHERE key = $1 AND seq = $2 LIMIT 1
      """, room, seq)
    if let row = dead.first {
      let (at, effect, error) = try row.decode((Timestamp, String, String).self)
      hops.append(TraceHop("dead letter", .failed, at: at, effect.isEmpty ? error : "\(effect): \(error)"))
    }
    guard let event else { return hops }
    let rows = try await pool.query(
      """
      SELECT (SELECT count(*) FROM webhook_deliveries WHERE event_id = $1),
        (SELECT count(*) FROM push_queue WHERE event_id = $1)
      """, event)
    let (webhooks, push) = try rows[0].decode((Int64, Int64).self)
    if webhooks > 0 { hops.append(TraceHop("webhooks", .waiting, "\(webhooks) deliveries are still to be made")) }
    if push > 0 { hops.append(TraceHop("push", .waiting, "\(push) notifications are still to be sent")) }
    return hops
  }

  /// Who of the members has it, as their clients have said.
  private func receivers(_ room: UUID, _ seq: Int64, _ message: UUID) async throws -> [TraceHop] {
    let rows = try await pool.query(
      """
      SELECT count(*), count(*) FILTER (WHERE greatest(p.delivered_seq, p.read_seq) >= $2),
        count(*) FILTER (WHERE p.read_seq >= $2)
      FROM participants p JOIN messages m ON m.conversation_id = p.conversation_id AND m.seq = $2
      WHERE p.conversation_id = $1 AND p.user_id <> m.sender_id AND p.joined_seq < $2
      """, room, seq)
    let (all, delivered, read) = try rows[0].decode((Int64, Int64, Int64).self)
    var hops = [
      TraceHop(
        "receivers", all == 0 || delivered > 0 ? .done : .unknown,
        "\(all) members, \(delivered) have said that they got it, \(read) have read it")
    ]
    let reads = try await pool.query(
      """
      SELECT u.username, r.at FROM receipts r JOIN users u ON u.id = r.user_id
      WHERE r.conversation_id = $1 AND r.to_seq >= $2 AND r.from_seq < $2 ORDER BY r.at LIMIT 20
      """, room, seq)
    for index in 0..<reads.count {
      let (name, at) = try reads[index].decode((String, Timestamp).self)
      hops.append(TraceHop("read", .done, at: at, "by \(name)"))
    }
    return hops
  }
}
