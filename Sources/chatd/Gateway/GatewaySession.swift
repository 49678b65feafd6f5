import ChatKit
import Primitives
import SocketIO

/// A socket with its user: who the token says. On the loop only.
final class GatewaySession: @unchecked Sendable {
  /// A room that the socket is in, and where it stands among the members.
  struct Place {
    let room: Room
    var index: Int
    /// The socket has been sent every message of the room after this one.
    var since: Int64
    /// The ordinal that the hub gave to the join, and the newest message that the socket had then; for recovery.
    var joined: UInt64 = 0
    var joinedSeq: Int64 = 0
  }

  /// Messages after `since`, up to and with `through`, that this connection has been sent of one conversation.
  struct Sent {
    var since: Int64
    var through: Int64
  }

  let socket: Socket
  let user: UUID
  /// That was logged in to.
  let session: UUID
  let username: String
  let workspace: UUID
  /// The trace that the client's handshake named.
  var trace: TraceContext?
  var places: [Place] = []
  var isClosed = false
  /// Of `PresenceLeases`, while the socket is there.
  var lease: Int32?
  /// Of conversations that the socket was put out of. A client that joins again speaks of what it has read; what was
  /// still on its way must not be sent twice.
  var sent: [UUID: Sent] = [:]
  /// The secret by which the client continues the session; nil where it is not offered.
  let privateID: SessionID?
  /// Joins, of rooms that the socket is in already, that are under way: what the client has is not known meanwhile.
  var rejoins = 0

  /// The names by which the client speaks.
  let vocabulary: Vocabulary

  var isRecoverable: Bool { privateID != nil }

  init(socket: Socket, claims: AccessClaims, privateID: SessionID?, vocabulary: Vocabulary = .modern) {
    self.vocabulary = vocabulary
    self.privateID = privateID
    self.socket = socket
    user = claims.user
    session = claims.session
    username = claims.username
    workspace = claims.workspace
  }

  func place(in room: Room) -> Int? { places.firstIndex { $0.room === room } }

  /// What the socket has been sent of the room, as a member or before it was put out.
  func sent(of room: Room) -> Sent? {
    if let place = place(in: room) {
      return Sent(since: places[place].since, through: room.lastSeq ?? places[place].since)
    }
    return room.conversation.flatMap { sent.removeValue(forKey: $0) }
  }
}
