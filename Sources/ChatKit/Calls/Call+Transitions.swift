package import Primitives

// What may happen to a call, and what comes of it. Nothing here waits, looks anything up or tells anybody.
extension Call {
  package enum Action: Sendable, Equatable {
    /// Rings users until a time; `busy` are those wanted who are in another call.
    case ring([UUID], busy: [UUID], until: Timestamp)
    /// Also of who was not rung, or has left: any member may come in while it goes on.
    case accept(UUID)
    case decline(UUID)
    /// Leaves; who is rung declines.
    case hangUp(UUID)
    /// All connections of a participant have been gone for a while. Who is rung stays so: a push may wake them.
    case lose(UUID)
    /// A participant is no member of the conversation any more.
    case remove(UUID)
    /// Ends what rings for too long.
    case expire
  }

  package struct Change: Sendable, Equatable {
    package enum Kind: String, Sendable, CaseIterable {
      case invited = "invite"
      case busy, accepted, declined, missed, left, ended

      /// What sockets are told it is.
      package var event: String { "call:\(rawValue)" }
    }

    package var kind: Kind
    /// Whom it is about; none for the end.
    package var users: [UUID]

    package init(_ kind: Kind, _ users: [UUID]) {
      self.kind = kind
      self.users = users
    }
  }

  package enum Refusal: Error, Equatable {
    case over
    /// As many are in it, or rung, as may be.
    case full
    case notInvited
    /// Declining what one has accepted.
    case joined
  }

  /// A call that its creator is in, and nobody else yet: `ring` follows.
  package static func begin(
    _ id: UUID, in conversation: UUID, by creator: UUID, media: Media, at time: Timestamp
  ) -> Call {
    Call(
      id: id, conversation: conversation, creator: creator, media: media, version: 0, createdAt: time,
      participants: [Participant(user: creator, state: .joined, joinedAt: time)])
  }

  /// Applies an action; what is so already changes nothing, so that it may be repeated.
  /// - Parameter most: how many may be in it, or rung, at once.
  package mutating func apply(_ action: Action, at time: Timestamp, most: Int) throws(Refusal) -> [Change] {
    if state == .ended {
      switch action {
      case .ring, .accept: throw .over
      case .decline, .hangUp, .lose, .remove, .expire: return []
      }
    }
    var changes: [Change] = []
    switch action {
    case .ring(let users, let busy, let until): changes = try ring(users, busy, until, time, most)
    case .accept(let user):
      if participant(user)?.state == .joined { return [] }
      // Who is rung has a place already.
      guard participant(user)?.state == .ringing || liveCount < most else { throw .full }
      set(user) {
        $0.state = .joined
        $0.joinedAt = time
        $0.leftAt = nil
      }
      changes = [Change(.accepted, [user])]
    case .decline(let user): changes = try decline(user, time)
    case .hangUp(let user):
      changes = participant(user)?.state == .joined ? leave(user, time) : try decline(user, time)
    case .lose(let user):
      if participant(user)?.state == .joined { changes = leave(user, time) }
    case .remove(let user):
      switch participant(user)?.state {
      case .joined: changes = leave(user, time)
      case .ringing:
        set(user) { $0.state = .missed }
        changes = [Change(.missed, [user])]
      default: break
      }
    case .expire:
      let late = participants.filter { $0.state == .ringing && ($0.ringingUntil ?? time) <= time }.map(\.user)
      for user in late { set(user) { $0.state = .missed } }
      if !late.isEmpty { changes = [Change(.missed, late)] }
    }
    guard !changes.isEmpty else { return [] }
    settle(&changes, time)
    version += 1
    return changes
  }

  private var liveCount: Int { participants.count { $0.state.isLive } }

  private mutating func set(_ user: UUID, _ change: (inout Participant) -> Void) {
    if let index = participants.firstIndex(where: { $0.user == user }) { return change(&participants[index]) }
    var participant = Participant(user: user, state: .missed)
    change(&participant)
    participants.insert(participant, at: participants.firstIndex { $0.user > user } ?? participants.count)
  }

  private mutating func ring(
    _ users: [UUID], _ busy: [UUID], _ until: Timestamp, _ time: Timestamp, _ most: Int
  ) throws(Refusal) -> [Change] {
    let fresh = users.filter { participant($0)?.state.isLive != true }
    guard liveCount + fresh.count <= most else { throw .full }
    let wanted = busy.filter { participant($0)?.state.isLive != true }
    for user in fresh {
      set(user) {
        $0.state = .ringing
        $0.ringingSince = time
        $0.ringingUntil = until
      }
    }
    for user in wanted { set(user) { $0.state = .busy } }
    return [Change(.invited, fresh), Change(.busy, wanted)].filter { !$0.users.isEmpty }
  }

  private mutating func decline(_ user: UUID, _ time: Timestamp) throws(Refusal) -> [Change] {
    switch participant(user)?.state {
    case nil: throw .notInvited
    case .joined: throw .joined
    case .ringing:
      set(user) { $0.state = .declined }
      return [Change(.declined, [user])]
    default: return []
    }
  }

  private mutating func leave(_ user: UUID, _ time: Timestamp) -> [Change] {
    set(user) {
      $0.state = .left
      $0.leftAt = time
    }
    return [Change(.left, [user])]
  }

  /// A call with two in it has been answered; one with nobody in it, or with one for whom nobody rings, is over.
  private mutating func settle(_ changes: inout [Change], _ time: Timestamp) {
    let joined = participants.count { $0.state == .joined }
    let ringing = participants.count { $0.state == .ringing }
    if joined >= 2, state == .ringing {
      state = .active
      answeredAt = time
    }
    guard joined == 0 || joined == 1 && ringing == 0 else { return }
    outcome =
      if answeredAt != nil { .completed } else if joined == 0 { .cancelled } else { failure }
    let unheard = participants.filter { $0.state == .ringing }.map(\.user)
    for user in unheard { set(user) { $0.state = .missed } }
    if !unheard.isEmpty { changes.append(Change(.missed, unheard)) }
    for user in participants.filter({ $0.state == .joined }).map(\.user) { _ = leave(user, time) }
    state = .ended
    endedAt = time
    changes.append(Change(.ended, []))
  }

  /// Why nobody has answered.
  private var failure: Outcome {
    let states = participants.map(\.state)
    if states.contains(.declined) { return .declined }
    if states.contains(.missed) { return .missed }
    return states.contains(.busy) ? .busy : .cancelled
  }
}
