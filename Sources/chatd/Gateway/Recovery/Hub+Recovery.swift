import ChatKit
import Primitives
import SocketIO

extension Hub {
  /// Puts a recovered socket, whose CONNECT is not answered yet, into its rooms, and sends what it has missed from the
  /// store. False where that cannot be whole: a room that is not the user's any more, too much, the store away.
  func restore(_ session: GatewaySession, _ answer: RecoveryAnswer) async -> Bool {
    guard let recovery else { return false }
    do {
      guard try await isWorthRestoring(session, answer.positions, recovery.limits) else { return false }
      for position in answer.positions {
        let joined = try await join(
          session, conversation: position.conversation, afterSeq: position.seq, isRestoring: true)
        guard !joined.isReset, !session.socket.isGone, session.socket.heldByteCount <= recovery.limits.missedBytes
        else { return false }
      }
      var fresh: [String] = []
      for name in answer.names {
        let (room, isNew) = room(named: name, conversation: nil)
        room.insert(session)
        if isNew { fresh.append(AdapterChannel.room(name)) }
      }
      await subscribe(fresh)
    } catch {
      return false
    }
    // A removal may have been noticed meanwhile.
    for position in answer.positions {
      guard let room = existingRoom(position.conversation.description), session.place(in: room) != nil else {
        return false
      }
    }
    recovery.admit(session)
    recovery.restored(session)
    return true
  }

  /// Asked before anything is sent; each join asks again.
  private func isWorthRestoring(
    _ session: GatewaySession, _ positions: [RecoverableSession.Position], _ limits: Recovery.Limits
  ) async throws -> Bool {
    guard !positions.isEmpty else { return true }
    let seqs = try await store.lastSeqs(of: positions.map(\.conversation))
    var missed: Int64 = 0
    for position in positions {
      guard let last = seqs[position.conversation], last >= position.seq else { return false }
      missed += last - position.seq
    }
    guard missed <= Int64(limits.missed) else { return false }
    return try await store.strangers(positions.map { ($0.conversation, session.user) }).isEmpty
  }
}
