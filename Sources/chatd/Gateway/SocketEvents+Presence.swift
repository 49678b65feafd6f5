import ChatKit
import JSON
import Primitives

// Who is online: whom a socket is told of by `presence`.
extension SocketEvents {
  /// `{userIds}`: these users from now on, as far as they may be seen. `{conversationId}`: one that was joined, of whose
  /// members the socket is told already. The answer is how they are now; of a large conversation, how many are online.
  func subscribeToPresence(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    if let conversation = try payload.optionalUUID("conversationId") {
      guard let room = hub.existingRoom(conversation.description), session.place(in: room) != nil else {
        throw ChatError(.forbidden, "Join the conversation first.")
      }
      let found = try await hub.presence.conversation(conversation, for: session.user)
      return Self.success { json in
        json.field("conversationId", conversation)
        json.presence(found)
      }
    }
    let statuses = try await hub.presence.subscribe(session, to: try payload.uuids("userIds"))
    return Self.success { $0.statuses(statuses) }
  }

  /// `{userIds}`, or all.
  func unsubscribeFromPresence(_ payload: Payload, _ session: GatewaySession) throws -> [UInt8] {
    let users = try payload.uuids("userIds")
    hub.presence.unsubscribe(session, from: users.isEmpty ? nil : users)
    return Self.success { _ in }
  }
}
