import ChatKit
import Commands
import Primitives

extension RoomCommands {
  private static let readOnly = Flag(
    "read-only", isInvertible: true, help: "Only admins of the room send; --no-read-only: all members.")
  private static let slowMode = Option<Duration?>(
    "slow-mode", .duration(.zero ... .seconds(21_600)), defaultText: "as it is",
    help: "Between two messages of one member, admins excepted, in whole seconds; 0s for none.")

  static let restrict = Command.operation(
    "restrict", summary: "Say who may send to a room, and how often",
    discussion: """
      What is not named stays as it is. Members are told, as they are of a change by an admin of the room; messages of who may \
      not send are refused with 403, those that come too early with 429 and the time to wait.
      """,
    examples: [
      Example("chatctl room restrict general --slow-mode 10s", "When a room floods"),
      Example("chatctl room restrict general --read-only", "Only its admins send"),
      Example("chatctl room restrict general --no-read-only --slow-mode 0s", "As before"),
    ],
    options: [readOnly, slowMode], arguments: [ScopeOptions.room], rules: [.atLeastOne(of: [readOnly, slowMode])],
    exitCodes: codes + [.init(.notPermitted, "it is a direct conversation")], changes: true
  ) { session in
    let isReadOnly = session.invocation.isGiven(readOnly) ? session[readOnly] : nil
    let slow = session[slowMode]
    if let slow, slow.components.attoseconds != 0 {
      throw CommandFailure(.usage, "--slow-mode is whole seconds, and not \(slow.text)")
    }
    let seconds = slow.map { Int32($0.components.seconds) }
    let room = try await session.room()
    var wish: [String] = []
    if let isReadOnly { wish.append(isReadOnly ? "read-only" : "not read-only") }
    if let slow { wish.append(slow == .zero ? "without slow mode" : "in slow mode of \(slow.text)") }
    let text = wish.joined(separator: ", ")
    guard room.type != .direct else {
      throw ChatError(.forbidden, "\(room.id) is a direct conversation: it is between two, and has no admins")
    }
    if session.isDryRun {
      session.talk("\(room.name) would be \(text), for \(room.members) members")
      return .done
    }
    let isChanged = try await session.roomAdministration().restrict(
      readOnly: isReadOnly, slowMode: seconds, of: room)
    session.talk("\(room.name) is \(text)\(isChanged ? "" : " already")")
    return .done
  }
}
