import ChatKit
import JSON
import Primitives

// Calls over a socket; the same over HTTP is in `CallRoutes`. What comes of it everybody is told by `call:…` events.
extension SocketEvents {
  /// `{conversationId, media, userIds?}`
  func invite(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let (call, _) = try await calls.invite(
      try payload.uuid("conversationId"), media: try payload.media(), users: try payload.uuids("userIds"),
      by: session.user)
    return Self.success(call)
  }

  /// `{callId}`
  func answer(_ answer: CallService.Answer, _ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    Self.success(try await calls.answer(answer, to: try payload.uuid("callId"), by: session.user))
  }

  /// `{callId, to, data}`
  func signal(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let id = try payload.uuid("callId")
    try await calls.signal(try payload.json("data"), to: try payload.uuid("to"), in: id, from: session.user)
    return Self.success { $0.field("callId", id) }
  }

  /// `{callId?}`: a call, or the one that the user is in or rung by. What a client asks for when it comes back.
  func state(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    if let id = try payload.optionalUUID("callId") {
      return Self.success(try await calls.call(id, for: session.user))
    }
    return Self.success(try await calls.current(of: session.user))
  }

  private static func success(_ call: Call?) -> [UInt8] {
    success { json in
      guard let call else { return }
      json.key("call")
      call.write(to: &json)
    }
  }
}

extension Payload {
  /// The field `media`. Throws `ChatError` invalidRequest.
  func media() throws -> Call.Media {
    guard let media = Call.Media(rawValue: try string("media")) else {
      throw ChatError.invalid("media", "media is one of: audio, video.")
    }
    return media
  }
}
