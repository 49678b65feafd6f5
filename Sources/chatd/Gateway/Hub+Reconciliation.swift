import ChatKit
import Networking
import Primitives
import SocketIO

/// After a broken subscription: what was said meanwhile, and who was removed, is read from the store.
extension Hub {
  /// Compares every conversation's room with the store. Repeats until it has succeeded.
  func reconcile() {
    presence.reconcile()
    guard !isReconciling else {
      mustReconcileAgain = true
      return
    }
    isReconciling = true
    loop.start { [self] in
      var failures = 0
      repeat {
        mustReconcileAgain = false
        do {
          try await reconcileOnce()
          failures = 0
        } catch {
          failures += 1
          mustReconcileAgain = true
          try? await loop.sleep(for: .milliseconds(min(1000, 20 << min(failures, 6))))
        }
      } while mustReconcileAgain
      counters.reconciliations += 1
      isReconciling = false
    }
  }

  private func reconcileOnce() async throws {
    let concerned = rooms.values.filter { $0.conversation != nil }
    for start in stride(from: 0, to: concerned.count, by: 1000) {
      let chunk = concerned[start..<min(start + 1000, concerned.count)]
      let seqs = try await store.lastSeqs(of: chunk.compactMap(\.conversation))
      for room in chunk {
        guard let conversation = room.conversation, let seq = seqs[conversation] else { continue }
        // A room whose first join is still asking learns of it when that settles.
        room.highestSeen = max(room.highestSeen, seq)
        if let last = room.lastSeq, seq > last { await fill(room, through: seq) }
      }
    }
    try await expelStrangers(concerned)
    // A request to close the sockets of a session may have been missed as well.
    for room in rooms.values where room.conversation == nil {
      for member in room.members where member.socket.id == room.name { watch.check(member.session) }
    }
  }

  /// Closes the connections of a session that is revoked.
  func expel(session: UUID) {
    for member in sockets(of: session) { member.socket.disconnect(close: true) }
  }

  func expelStrangers(_ concerned: [Room]) async throws {
    var pairs: [(conversation: UUID, user: UUID)] = []
    for room in concerned {
      guard let conversation = room.conversation else { continue }
      for user in Set(room.members.map(\.user) + room.joins.map(\.session.user)) { pairs.append((conversation, user)) }
    }
    for start in stride(from: 0, to: pairs.count, by: 1000) {
      let chunk = Array(pairs[start..<min(start + 1000, pairs.count)])
      for (conversation, user) in try await store.strangers(chunk) {
        guard let room = rooms[conversation.description] else { continue }
        for join in room.joins where join.session.user == user { join.isCancelled = true }
        for member in room.members where member.user == user {
          room.putOut(member)
          recovery?.changed(member)
        }
        forgetIfEmpty(room)
      }
    }
  }

  /// Says that nobody is here any more, as far as Redis takes it now.
  func close() async {
    typing.close()
    presence.close()
    await leases.close()
    await recovery?.close()
  }
}
