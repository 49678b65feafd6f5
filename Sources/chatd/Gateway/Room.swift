import ChatKit
import Primitives
import SocketIO

/// The members, on one loop, of one room. A room named by a conversation's identifier is in that conversation's order:
/// its messages pass `Hub.receive`, which delivers each seq once and none before its predecessor. On the loop only.
final class Room: @unchecked Sendable {
  let name: String
  let conversation: UUID?
  private(set) var members: ContiguousArray<GatewaySession> = []
  /// Members whose packets bear an offset.
  private var recoverableCount = 0
  /// Members who are spoken to in the older names.
  private var legacyCount = 0
  /// Joins under way: not members yet, but to be told when their user is removed.
  var joins: [Join] = []
  /// What has been delivered; nil until the store was asked.
  var lastSeq: Int64?
  /// The hub's ordinal of the last delivery; 0 before the first.
  var lastOrdinal: UInt64 = 0
  /// Delivered when the gap before them is closed.
  var held: [Int64: RoomEvent] = [:]
  /// The highest seq that anybody has spoken of.
  var highestSeen: Int64 = 0
  /// The conversation's epoch in which the members, and those who are joining, were found to be participants.
  var epoch: Int64 = 0
  /// The highest epoch that anybody has spoken of.
  var highestEpoch: Int64 = 0
  /// The store is being asked who the participants are; nothing is delivered until it has answered.
  var isVerifying = false
  /// Events without a seq that came while the store was asked, and who is not to have them.
  private var waiting: [(event: RoomEvent, except: GatewaySession?)] = []
  /// Somebody is about to read, or reads, what is missing from the store.
  var isFilling = false

  init(name: String, conversation: UUID?) {
    self.name = name
    self.conversation = conversation
  }

  var isEmpty: Bool { members.isEmpty && joins.isEmpty }

  /// - Parameter since: the session has been sent every message after it.
  func insert(_ session: GatewaySession, since: Int64 = 0) {
    guard session.place(in: self) == nil else { return }
    session.places.append(GatewaySession.Place(room: self, index: members.count, since: since))
    members.append(session)
    if session.isRecoverable { recoverableCount += 1 }
    if session.vocabulary == .legacy { legacyCount += 1 }
  }

  /// The last member takes the place that becomes free.
  func remove(_ session: GatewaySession) {
    guard let place = session.place(in: self) else { return }
    let index = session.places[place].index
    session.places.swapAt(place, session.places.count - 1)
    session.places.removeLast()
    if session.isRecoverable { recoverableCount -= 1 }
    if session.vocabulary == .legacy { legacyCount -= 1 }
    let last = members.removeLast()
    guard index < members.count else { return }
    members[index] = last
    if let moved = last.place(in: self) { last.places[moved].index = index }
  }

  /// Takes out a member that is no participant any more.
  func putOut(_ session: GatewaySession) {
    if let conversation, let sent = session.sent(of: self) { session.sent[conversation] = sent }
    remove(session)
  }

  static let waitingLimit = 64

  /// Keeps an event without a seq until the store has said who the members are. Beyond the limit it is dropped: such an
  /// event is only true now.
  func hold(_ event: RoomEvent, except: GatewaySession? = nil) {
    if waiting.count < Self.waitingLimit { waiting.append((event, except)) }
  }

  func takeWaiting() -> [(event: RoomEvent, except: GatewaySession?)] {
    let taken = waiting
    waiting = []
    return taken
  }

  /// Sends an event to all members, with `offset` to those who can be recovered.
  func deliver(_ event: RoomEvent, offset: @autoclosure () -> [UInt8]) {
    if members.isEmpty { return }
    if recoverableCount == 0, legacyCount == 0 {
      let packet = event.packet()
      for member in members { member.socket.send(packet) }
      return
    }
    if recoverableCount == members.count, legacyCount == 0 {
      let marked = event.packet(offset: offset())
      for member in members { member.socket.send(marked) }
      return
    }
    var packets = PacketSet(event, offset: recoverableCount == 0 ? nil : offset())
    for member in members { member.socket.send(packets.packet(for: member)) }
  }
}

/// A join under way: what is delivered to the room meanwhile waits in `pending`, behind what comes from the store.
final class Join: @unchecked Sendable {
  let session: GatewaySession
  /// The user was removed, or the socket closed, while the store was asked.
  var isCancelled = false
  /// Set when the join reads from the store: packets of the room from then on.
  var pending: [RoomEvent]?
  /// There were more than may wait: read on from the store instead.
  var hasOverflowed = false

  init(_ session: GatewaySession) { self.session = session }

  static let pendingLimit = 512

  func hold(_ event: RoomEvent) {
    guard let count = pending?.count, !hasOverflowed else { return }
    if count < Self.pendingLimit {
      pending?.append(event)
    } else {
      hasOverflowed = true
      pending = []
    }
  }
}
