// Calls: who rings whom, who is in one, who has left. Media go between the clients, or through a TURN server; the server
// relays what they say to each other to get there (`CallService.signal`), and says where TURN is (`IceServers`).
//
// Pattern. `Call` is a state machine without I/O: `apply` takes an action and says what changed. `CallStore` reads and
// writes it; `CallService` does what clients ask, `CallSweeper` what nobody asks for: rings that nobody answers, people
// who are gone.
//
// Invariants.
// - An action is applied to the call as it is under the lock of its row, and stored with its event in one transaction. So
//   two gateways agree, whoever was first; and `version` puts the events in order.
// - Unique indices say that a conversation has one call at a time, and that a user is in one call, or rung by one.
// - A call does not depend on a process: what happens by itself has its time in a row.

package import JSON
package import Primitives

/// One call of a conversation, and its participants.
package struct Call: Sendable, Equatable {
  package enum Media: String, Sendable, CaseIterable {
    case audio, video
  }

  package enum State: String, Sendable, CaseIterable {
    /// Nobody has answered yet.
    case ringing
    case active
    case ended
  }

  /// How it ended.
  package enum Outcome: String, Sendable, CaseIterable {
    /// Somebody answered.
    case completed
    /// Who began it hung up before anybody answered.
    case cancelled
    case declined
    case missed
    /// Whoever was wanted was in another call.
    case busy
  }

  package struct Participant: Sendable, Equatable {
    package enum State: String, Sendable, CaseIterable {
      case ringing, joined, declined, missed, busy, left

      /// In the call, or rung by it.
      package var isLive: Bool { self == .ringing || self == .joined }
    }

    package var user: UUID
    package var state: State
    package var ringingSince: Timestamp?
    package var ringingUntil: Timestamp?
    package var joinedAt: Timestamp?
    package var leftAt: Timestamp?

    package init(
      user: UUID, state: State, ringingSince: Timestamp? = nil, ringingUntil: Timestamp? = nil,
      joinedAt: Timestamp? = nil, leftAt: Timestamp? = nil
    ) {
      self.user = user
      self.state = state
      self.ringingSince = ringingSince
      self.ringingUntil = ringingUntil
      self.joinedAt = joinedAt
      self.leftAt = leftAt
    }
  }

  package var id: UUID
  package var conversation: UUID
  package var creator: UUID
  package var media: Media
  package var state: State
  package var outcome: Outcome?
  /// Rises with each change.
  package var version: Int64
  package var createdAt: Timestamp
  package var answeredAt: Timestamp?
  package var endedAt: Timestamp?
  /// In the order of the users' identifiers.
  package var participants: [Participant]

  package init(
    id: UUID, conversation: UUID, creator: UUID, media: Media, state: State = .ringing, outcome: Outcome? = nil,
    version: Int64 = 1, createdAt: Timestamp, answeredAt: Timestamp? = nil, endedAt: Timestamp? = nil,
    participants: [Participant] = []
  ) {
    self.id = id
    self.conversation = conversation
    self.creator = creator
    self.media = media
    self.state = state
    self.outcome = outcome
    self.version = version
    self.createdAt = createdAt
    self.answeredAt = answeredAt
    self.endedAt = endedAt
    self.participants = participants
  }

  package func participant(_ user: UUID) -> Participant? { participants.first { $0.user == user } }

  /// When somebody has been rung for long enough; nil where nobody is rung.
  package var deadline: Timestamp? {
    participants.filter { $0.state == .ringing }.compactMap(\.ringingUntil).min()
  }

  /// From the first answer to the end.
  package var duration: Duration? {
    guard let answeredAt, let endedAt else { return nil }
    return endedAt - answeredAt
  }

  package func write(to json: inout JSONWriter) {
    json.beginObject()
    json.field("id", id)
    json.field("conversationId", conversation)
    json.field("creatorId", creator)
    json.field("media", media.rawValue)
    json.field("state", state.rawValue)
    if let outcome { json.field("outcome", outcome.rawValue) }
    json.field("version", version)
    json.field("createdAt", createdAt)
    if let answeredAt { json.field("answeredAt", answeredAt) }
    if let endedAt { json.field("endedAt", endedAt) }
    if let duration { json.field("duration", Int64(duration.components.seconds)) }
    json.key("participants")
    json.beginArray()
    for participant in participants {
      json.beginObject()
      json.field("userId", participant.user)
      json.field("state", participant.state.rawValue)
      if let since = participant.ringingSince { json.field("ringingSince", since) }
      if participant.state == .ringing, let until = participant.ringingUntil { json.field("ringingUntil", until) }
      if let at = participant.joinedAt { json.field("joinedAt", at) }
      if let at = participant.leftAt { json.field("leftAt", at) }
      json.endObject()
    }
    json.endArray()
    json.endObject()
  }
}
