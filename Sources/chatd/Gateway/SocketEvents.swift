import CLinux
import ChatKit
import HTTP
import JSON
import Logging
import Networking
import Primitives
import SocketIO

/// What clients may say over a socket, and who they are. Every event is answered in its ack:
/// `{"ok": true, …}` or `{"ok": false, "error": {"code", "message"}}`.
///
/// The user is who the token says; an identifier of a user in a payload is ignored.
final class SocketEvents: @unchecked Sendable {
  let hub: Hub
  private let messages: MessageService
  private let tokens: TokenVerifier
  private let loop: EventLoop
  private let log: Log
  private let metrics: SocketEventMetrics
  private var traces = TraceSource()

  init(
    hub: Hub, messages: MessageService, tokens: TokenVerifier, loop: EventLoop, log: Log, metrics: SocketEventMetrics
  ) {
    self.metrics = metrics
    self.hub = hub
    self.messages = messages
    self.tokens = tokens
    self.loop = loop
    self.log = log
  }

  func attach(to server: SocketIOServer) {
    let namespace = server.namespace("/")
    namespace.onConnect = { [self] (socket, auth) async throws(ConnectRefusal) in try await connect(socket, auth) }
    namespace.onEvent = { [self] socket, event, arguments, ack in received(socket, event, arguments, ack) }
    namespace.onDisconnect = { [self] socket, reason in
      metrics.disconnected(reason)
      if let session = socket.data as? GatewaySession { hub.remove(session, isKept: reason.isRecoverable) }
    }
  }

  // MARK: Connecting

  private func connect(_ socket: Socket, _ auth: JSONValue?) async throws(ConnectRefusal) {
    guard let token = auth?["token"]?.string else {
      throw Self.refusal(ChatError(.unauthenticated, "Connect with auth: {token}."))
    }
    let claims: AccessClaims
    do {
      claims = try tokens.keys.verify(token, at: Timestamp.now().seconds)
    } catch {
      throw Self.refusal(ChatError(.unauthenticated, "The access token is not valid: \(error)."))
    }
    if await recover(socket, auth, claims) { return }
    let privateID = isRecoveryOffered(socket, auth) ? SessionID(SecureRandom.token()) : nil
    let session = GatewaySession(socket: socket, claims: claims, privateID: privateID)
    session.trace = Self.trace(auth)
    socket.data = session
    if let privateID { socket.recover(id: nil, privateID: privateID.description) }
    hub.recovery?.admit(session)
    await hub.add(session)
  }

  private static func trace(_ auth: JSONValue?) -> TraceContext? {
    auth?["traceparent"]?.withUTF8 { TraceContext(utf8: $0) } ?? nil
  }

  /// Lets a client that comes back, with a token of the same user, continue as the socket that it was. False where that
  /// cannot be without a gap or a repetition.
  private func recover(_ socket: Socket, _ auth: JSONValue?, _ claims: AccessClaims) async -> Bool {
    guard let recovery = hub.recovery, let text = auth?["pid"]?.string, let privateID = SessionID(text),
      let offset = auth?["offset"]?.string.flatMap({ RecoveryOffset($0) }),
      let answer = await recovery.take(privateID, at: offset, user: claims.user), !socket.isGone
    else { return false }
    let fresh = socket.id
    guard socket.recover(id: answer.socket, privateID: text) else { return false }
    let session = GatewaySession(socket: socket, claims: claims, privateID: privateID)
    session.trace = Self.trace(auth)
    socket.data = session
    await hub.add(session)
    if await hub.restore(session, answer) { return true }
    hub.remove(session)
    socket.data = nil
    socket.discardHeld()
    socket.recover(id: fresh, privateID: nil)
    return false
  }

  /// Whoever says `recovery` in the CONNECT is believed. Otherwise it is offered to all but programs in Python, whose
  /// handlers take as many arguments as they name: an offset more would be an error there.
  private func isRecoveryOffered(_ socket: Socket, _ auth: JSONValue?) -> Bool {
    guard hub.recovery != nil else { return false }
    return auth?["recovery"]?.bool ?? (socket.handshake.tag == Self.takesOffsets)
  }

  static let takesOffsets: UInt8 = 1

  /// For `EngineIOConfiguration.tag`. Python's clients name themselves; its WebSocket without a name sends an Origin, which
  /// programs on node do not, and a browser sends both.
  static func tag(_ request: HTTPRequest) -> UInt8 {
    guard let agent = request.headers["user-agent"] else {
      return request.headers["origin"] == nil ? takesOffsets : 0
    }
    return agent.lowercased().contains("python") ? 0 : takesOffsets
  }

  private static func refusal(_ error: ChatError) -> ConnectRefusal {
    var json = JSONWriter()
    json.beginObject()
    json.field("code", error.code.rawValue)
    json.endObject()
    return ConnectRefusal(error.message, data: json.bytes)
  }

  // MARK: Events

  private func received(_ socket: Socket, _ event: String, _ arguments: Arguments, _ ack: Ack?) {
    guard let session = socket.data as? GatewaySession else { return }
    let payload = Payload(arguments)
    let started = loop.now
    loop.start { [self] in
      do {
        let answer = try await answer(event, payload, session)
        ack?.send(json: answer)
        metrics.answered(event, from: started, to: clinux_monotonic_ns(), error: nil)
      } catch is CancellationError {
        // The socket is gone.
      } catch {
        let error = ChatError(
          mapping: error,
          log: log.with(["event": .string(String(event.prefix(64))), "user_id": .describing(session.user)]))
        ack?.send(json: Self.failure(error))
        metrics.answered(event, from: started, to: clinux_monotonic_ns(), error: error)
      }
    }
  }

  private func answer(_ event: String, _ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    switch event {
    case "join": return try await join(payload, session)
    case "leave": return try leave(payload, session)
    case "message:send": return try await send(payload, session)
    case "typing": return try await typing(payload, session)
    case "presence:subscribe": return try await subscribeToPresence(payload, session)
    case "presence:unsubscribe": return try unsubscribeFromPresence(payload, session)
    default: throw ChatError(.invalidRequest, "There is no event \(event.prefix(64)).")
    }
  }

  private func join(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let conversation = try payload.uuid("conversationId")
    let afterSeq = try payload.optionalInt64("afterSeq", atLeast: 0)
    let joined = try await hub.join(session, conversation: conversation, afterSeq: afterSeq)
    return Self.success { json in
      json.field("conversationId", conversation)
      json.field("lastSeq", joined.lastSeq)
      json.field("replayed", joined.replayed)
      if joined.isReset { json.field("reset", true) }
    }
  }

  private func leave(_ payload: Payload, _ session: GatewaySession) throws -> [UInt8] {
    let conversation = try payload.uuid("conversationId")
    hub.leave(session, conversation: conversation)
    return Self.success { $0.field("conversationId", conversation) }
  }

  private func send(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let parent = payload.trace() ?? session.trace
    let draft = try payload.draft(from: session.user, trace: traces.next(after: parent))
    let outcome = try await messages.send(draft)
    return Self.success { json in
      json.key("message")
      outcome.message.write(to: &json)
      if outcome.isReplayed { json.field("replayed", true) }
    }
  }

  /// Only who is in the room may say so: the check costs no look-up, and who has not joined cannot see the answer.
  private func typing(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let conversation = try payload.uuid("conversationId")
    let isTyping = try payload.optionalBool("isTyping") ?? true
    guard let room = hub.existingRoom(conversation.description), session.place(in: room) != nil else {
      throw ChatError(.forbidden, "Join the conversation first.")
    }
    let typing = Typing(
      conversation: conversation, user: session.user, username: session.username, isTyping: isTyping)
    hub.say(Typing.event, to: room.name, except: session) { typing.write(to: &$0) }
    return Self.success { $0.field("conversationId", conversation) }
  }

  // MARK: Answers

  static func success(_ body: (inout JSONWriter) -> Void) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.field("ok", true)
    body(&json)
    json.endObject()
    return json.bytes
  }

  private static func failure(_ error: ChatError) -> [UInt8] {
    var json = JSONWriter()
    json.beginObject()
    json.field("ok", false)
    json.key("error")
    error.write(to: &json)
    json.endObject()
    return json.bytes
  }
}
