import ChatKit
import Networking
import Primitives
import SocketIO

extension Hub {
  /// How a join ended.
  struct Joined {
    /// The newest message that the client has or was sent; what follows comes by itself.
    var lastSeq: Int64
    /// Messages sent again before this answer.
    var replayed: Int
    /// `afterSeq` cannot be continued from: the client must read the history again.
    var isReset: Bool
  }

  /// Puts a socket into a conversation's room, and first sends what came after `afterSeq`.
  ///
  /// The order is the proof. (1) The join is registered, so that a removal from now on cancels it. (2) Redis confirms
  /// the subscription, so nothing said from now on is missed. (3) The store says whether the user is a participant and
  /// how far the conversation is. (4) From here the room's packets also go to the join's `pending`, (5) while what lies
  /// between `afterSeq` and that point is read, as long as the user is a participant, and sent. (6) `pending` is sent
  /// and the socket becomes a member, in one go on the loop. So the socket has every seq once, in order, without a gap.
  ///
  /// A socket that can be recovered is told, last, where it stands (`offset`), unless `isRestoring`.
  func join(
    _ session: GatewaySession, conversation: UUID, afterSeq: Int64?, isRestoring: Bool = false
  ) async throws -> Joined {
    let name = conversation.description
    let (room, isNew) = room(named: name, conversation: conversation)
    guard !room.joins.contains(where: { $0.session === session }) else {
      throw ChatError(.conflict, "A join of this conversation is under way.")
    }
    guard session.place(in: room) != nil || session.places.count < limits.rooms + Limits.ownRooms else {
      throw ChatError(.overloaded, "A socket can be in \(limits.rooms) conversations at once.")
    }
    let join = Join(session)
    room.joins.append(join)
    let isRejoin = session.place(in: room) != nil
    if isRejoin { recovery?.suspend(session) }
    defer {
      room.joins.removeAll { $0 === join }
      forgetIfEmpty(room)
      if isRejoin { recovery?.resume(session) }
    }
    let joined = try await perform(join, room, isNew, conversation, afterSeq)
    if !isRestoring { recovery?.joined(session, room) }
    return joined
  }

  private func perform(
    _ join: Join, _ room: Room, _ isNew: Bool, _ conversation: UUID, _ afterSeq: Int64?
  ) async throws -> Joined {
    let session = join.session
    let name = room.name
    if isNew || room.lastSeq == nil { await subscribe([AdapterChannel.room(name)]) }
    var position: MessageStore.Position
    repeat {
      guard let found = try await store.position(of: session.user, in: conversation) else {
        room.putOut(session)
        throw ChatError.noSuchConversation
      }
      try check(join)
      position = found
      // Somebody was removed after the store was asked, and the room knows already: perhaps it was this one.
    } while position.epoch < room.epoch
    settle(room, at: position)
    guard let afterSeq else { return finish(join, room, replayed: 0, isReset: false) }
    if afterSeq > room.lastSeq ?? 0, afterSeq <= position.lastSeq { await reach(position.lastSeq, in: room) }
    // The client may not have read yet what this connection has been sent already.
    if let sent = session.sent(of: room), (sent.since..<sent.through).contains(afterSeq) {
      return try await replay(join, room, conversation, after: sent.through, since: sent.since)
    }
    return try await replay(join, room, conversation, after: afterSeq, since: afterSeq)
  }

  func leave(_ session: GatewaySession, conversation: UUID) {
    guard let room = existingRoom(conversation.description) else { return }
    for join in room.joins where join.session === session { join.isCancelled = true }
    room.remove(session)
    recovery?.changed(session)
    forgetIfEmpty(room)
  }

  private func replay(
    _ join: Join, _ room: Room, _ conversation: UUID, after: Int64, since: Int64
  ) async throws -> Joined {
    try check(join)
    let base = room.lastSeq ?? 0
    guard after <= base, base - after <= Int64(limits.replay) else {
      return finish(join, room, replayed: 0, isReset: true)
    }
    // A member that joins again is resent from where it says; until then it must not have newer ones.
    room.remove(join.session)
    var sent = after
    var isComplete = false
    defer {
      if !isComplete { join.session.sent[conversation] = GatewaySession.Sent(since: since, through: sent) }
    }
    while true {
      let target = room.lastSeq ?? 0
      join.pending = []
      join.hasOverflowed = false
      while sent < target {
        let page = try await store.entries(
          of: conversation, for: join.session.user, after: sent, through: target, limit: limits.page)
        try check(join)
        guard let last = page.last else { break }
        for entry in page {
          join.session.socket.send(RoomEvent.entry(entry).packet(in: join.session.vocabulary))
        }
        sent = last.seq
        try await drained(join)
      }
      guard sent >= target else {
        isComplete = true
        return finish(join, room, replayed: Int(sent - after), isReset: true)
      }
      if !join.hasOverflowed { break }
    }
    isComplete = true
    let pending = join.pending ?? []
    for event in pending { join.session.socket.send(event.packet(in: join.session.vocabulary)) }
    return finish(join, room, since: since, replayed: Int(sent - after) + pending.count, isReset: false)
  }

  private func finish(
    _ join: Join, _ room: Room, since: Int64? = nil, replayed: Int, isReset: Bool
  ) -> Joined {
    room.insert(join.session, since: since ?? room.lastSeq ?? 0)
    presence.joined(room)
    return Joined(lastSeq: room.lastSeq ?? 0, replayed: replayed, isReset: isReset)
  }

  private func check(_ join: Join) throws {
    if join.session.isClosed { throw CancellationError() }
    if join.isCancelled { throw ChatError.noSuchConversation }
  }

  /// Waits until the socket has taken most of what was sent, so that a long replay does not look like a slow receiver.
  private func drained(_ join: Join) async throws {
    while join.session.socket.outboundCount > limits.replayBuffer {
      try await loop.sleep(for: .milliseconds(10))
      try check(join)
    }
  }
}
