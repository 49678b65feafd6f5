package import Primitives

/// For how long a conversation does not alert one of its participants.
package enum Mute: Sendable, Equatable {
  case off
  case until(Timestamp)
  case forever

  /// How forever is stored: the last second that RFC 3339 can say.
  private static let never = Timestamp(seconds: 253_402_300_799)

  var end: Timestamp? {
    switch self {
    case .off: nil
    case .until(let time): min(time, Self.never)
    case .forever: Self.never
    }
  }

  init(end: Timestamp?) {
    switch end {
    case .some(let end) where end >= Self.never: self = .forever
    case .some(let end) where end > .now(): self = .until(end)
    default: self = .off
    }
  }
}

/// What a participant wants of a conversation for themselves; nil leaves a part as it is.
package struct ParticipantSettings: Sendable {
  package var mute: Mute?
  /// Out of the inbox until the next message.
  package var isArchived: Bool?

  package init(mute: Mute? = nil, isArchived: Bool? = nil) {
    self.mute = mute
    self.isArchived = isArchived
  }
}
