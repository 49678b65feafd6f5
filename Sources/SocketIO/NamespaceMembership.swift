/// Where one session stands with one namespace, and what a packet means there.
///
/// absent -CONNECT-> connecting -(the application answers)-> connected -DISCONNECT-> absent.
/// The protocol has clients wait for the answer to their CONNECT. Those that do not are served all the same as long as
/// what they send early can be held.
package enum NamespaceMembership: UInt8, Sendable {
  case absent, connecting, connected

  package enum Step: Equatable, Sendable {
    case connect
    case deliver
    /// Keep it until the application has answered the CONNECT.
    case hold
    case leave
    case violation(SocketIOProtocolError)
  }

  package func receiving(_ type: SocketIOPacketType) -> Step {
    switch (type, self) {
    case (.connectError, _): .violation(.badPayload)
    case (.connect, .absent): .connect
    case (.connect, _): .violation(.alreadyConnected)
    case (_, .absent): .violation(.notConnected)
    case (.disconnect, _): .leave
    case (_, .connecting): .hold
    case (_, .connected): .deliver
    }
  }
}
