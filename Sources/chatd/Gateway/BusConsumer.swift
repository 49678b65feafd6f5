import ChatKit
import JSON
import Logging
import Metrics
import Primitives

/// The gateways' part of the bus: one of them consumes an event and says it to the rooms it concerns, through Redis, so
/// that all of them, and programs that are not ours, hear it. The bus is told it is done after Redis has taken it.
final class BusConsumer: Sendable {
  static let group = "gateway"
  private let emitter: RoomEmitter
  private let vault: MessageVault
  private let hops: HopMetrics
  private let log: Log

  init(emitter: RoomEmitter, vault: MessageVault, hops: HopMetrics, log: Log) {
    self.vault = vault
    self.emitter = emitter
    self.hops = hops
    self.log = log
  }

  func consume(_ payloads: [[UInt8]]) async throws {
    let consumed = Timestamp.now()
    var emissions: [RoomEmitter.Emission] = []
    var news: [PresenceNews] = []
    emissions.reserveCapacity(payloads.count)
    for payload in payloads {
      // An event of a later version, or of another kind, is somebody else's.
      // What is no edge is refused at a glance where it is JSON.
      let isJSON = payload.first == UInt8(ascii: "{")
      if isJSON, let edge = PresenceEdge(payload: payload) {
        news.append(.edge(edge))
        continue
      }
      guard let event = ReceivedEvent(payload: payload) else {
        if !isJSON, let edge = PresenceEdge(payload: payload) { news.append(.edge(edge)) }
        continue
      }
      hops.consumed.add()
      if let committed = event.hops?.committed { HopMetrics.observe(hops.consume, committed, consumed) }
      log.debug("event consumed", fields(event))
      // From here on it is what members may read.
      append(event, await vault.open(event), at: consumed, to: &emissions)
      if event.kind == .participantChanged, let change = event.data.value.flatMap({ ParticipantChange($0) }) {
        news.append(.members(conversation: change.conversation, user: change.user))
      }
    }
    if !news.isEmpty {
      hops.consumed.add(news.count { if case .edge = $0 { true } else { false } })
      try await emitter.emit([RoomEmitter.Emission(PresenceNews.encode(news), on: PresenceNews.channel)])
    }
    guard !emissions.isEmpty else { return }
    try await emitter.emit(emissions)
    // They went out together, so each took as long as all.
    let emitted = Timestamp.now()
    for _ in emissions { HopMetrics.observe(hops.emit, consumed, emitted) }
    log.debug("events emitted", ["count": .count(emissions.count)])
  }

  private func fields(_ event: ReceivedEvent) -> Log.Fields {
    [
      "event_id": .describing(event.id), "type": .string(event.kind.rawValue),
      "conversation_id": .describing(event.conversationId), "seq": .count(event.seq ?? 0),
      "trace_id": .string(event.trace?.traceID ?? ""),
    ]
  }

  private func append(
    _ event: ReceivedEvent, _ data: EventData, at time: Timestamp, to emissions: inout [RoomEmitter.Emission]
  ) {
    let room = event.conversationId.description
    switch event.kind {
    case .messageCreated, .messageUpdated, .messageDeleted, .reactionChanged:
      // A trace that nobody keeps need not go further: conversation and seq say which message it is.
      let trace = event.trace.flatMap { $0.isSampled ? $0 : nil }
      let origin = EmissionOrigin(trace: trace, received: event.hops?.received, emitted: time)
      emissions.append(
        emitter.emission(
          LogEntry.eventName(of: event.kind) ?? "", data, to: room, seq: event.seq, epoch: event.epoch,
          origin: origin))
    case .participantChanged:
      guard let change = event.data.value.flatMap({ ParticipantChange($0) }) else { return }
      switch change.change {
      case .joined:
        emissions.append(emitter.emission("participant:joined", event.data, to: room))
        // The one concerned is not in the room yet.
        emissions.append(
          emitter.emission("participant:joined", event.data, to: AdapterChannel.userRoom(change.user)))
      case .left:
        // The epoch makes every gateway ask who is still in the room.
        emissions.append(emitter.emission("participant:left", event.data, to: room, epoch: event.epoch))
        emissions.append(emitter.emission("participant:left", event.data, to: AdapterChannel.userRoom(change.user)))
      case .updated:
        emissions.append(emitter.emission("participant:updated", event.data, to: room))
        // Who has not joined the room sees the new role in the list of conversations.
        emissions.append(
          emitter.emission("conversation:updated", to: AdapterChannel.userRoom(change.user)) { json in
            json.beginObject()
            json.field("conversationId", change.conversation)
            json.field("userId", change.user)
            if let role = change.role { json.field("role", role.rawValue) }
            json.endObject()
          })
      }
    case .conversationChanged:
      let addressee = event.data.value.flatMap { ConversationChange.addressee($0) }
      emissions.append(
        emitter.emission("conversation:updated", event.data, to: addressee.map { AdapterChannel.userRoom($0) } ?? room))
    case .callChanged:
      if let data = event.data.value { emissions += CallChange.emissions(data, emitter) }
    case .messageRead:
      emissions.append(emitter.emission("read:receipt", event.data, to: room, epoch: event.epoch))
    case .messageDelivered:
      emissions.append(emitter.emission("delivered:receipt", event.data, to: room, epoch: event.epoch))
    }
  }
}
