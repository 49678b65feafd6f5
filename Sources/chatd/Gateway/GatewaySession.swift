import ChatKit
import Primitives
import SocketIO

/// A socket with its user: who the token says. On the loop only.
final class GatewaySession: @unchecked Sendable {
  /// A room that the socket is in, and where it stands among the members.
  struct Place {
    let room: Room
    var index: Int
  }

  let socket: Socket
  let user: UUID
  let username: String
  var places: [Place] = []
  var isClosed = false

  init(socket: Socket, claims: AccessClaims) {
    self.socket = socket
    user = claims.user
    username = claims.username
  }

  func place(in room: Room) -> Int? { places.firstIndex { $0.room === room } }
}
