import ChatKit
import Primitives

/// The gateways' part of the bus: one of them consumes an event and says it to the rooms it concerns, through Redis, so
/// that all of them, and programs that are not ours, hear it. The bus is told it is done after Redis has taken it.
final class BusConsumer: Sendable {
  static let group = "gateway"
  private let emitter: RoomEmitter

  init(emitter: RoomEmitter) { self.emitter = emitter }

  func consume(_ payloads: [[UInt8]]) async throws {
    var emissions: [RoomEmitter.Emission] = []
    emissions.reserveCapacity(payloads.count)
    for payload in payloads {
      // An event of a later version, or of another kind, is somebody else's.
      guard let event = ReceivedEvent(payload: payload) else { continue }
      append(event, to: &emissions)
    }
    try await emitter.emit(emissions)
  }

  private func append(_ event: ReceivedEvent, to emissions: inout [RoomEmitter.Emission]) {
    let room = event.conversationId.description
    switch event.kind {
    case .messageCreated:
      emissions.append(emitter.emission("message:new", event.data, to: room, seq: event.seq, epoch: event.epoch))
    case .participantChanged:
      guard let change = ParticipantChange(event.data) else { return }
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
      }
    case .conversationChanged:
      emissions.append(emitter.emission("conversation:updated", event.data, to: room))
    }
  }
}
