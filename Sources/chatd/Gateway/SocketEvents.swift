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
  private let editor: MessageEditor
  private let receipts: ReceiptService
  let calls: CallService
  private let tokens: TokenVerifier
  private let loop: EventLoop
  private let log: Log
  private let metrics: SocketEventMetrics
  private let limits: CallLimits?
  private var traces = TraceSource()

  init(
    hub: Hub, messages: MessageService, editor: MessageEditor, receipts: ReceiptService, calls: CallService,
    tokens: TokenVerifier,
    loop: EventLoop, log: Log, metrics: SocketEventMetrics, limits: CallLimits?
  ) {
    self.receipts = receipts
    self.calls = calls
    self.limits = limits
    self.metrics = metrics
    self.hub = hub
    self.messages = messages
    self.editor = editor
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
    let vocabulary = auth?["vocabulary"]?.string ?? Vocabulary.modern.rawValue
    guard let vocabulary = Vocabulary(rawValue: vocabulary) else {
      throw Self.refusal(ChatError.invalid("vocabulary", "vocabulary is one of: modern, legacy."))
    }
    if let limits {
      do {
        try await limits.admit(
          .connect, user: claims.user, workspace: claims.workspace, address: socket.handshake.peer)
      } catch {
        throw Self.refusal(ChatError(mapping: error, log: log))
      }
    }
    if await recover(socket, auth, claims, vocabulary) { return }
    let privateID = isRecoveryOffered(socket, auth) ? SessionID(SecureRandom.token()) : nil
    let session = GatewaySession(socket: socket, claims: claims, privateID: privateID, vocabulary: vocabulary)
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
  private func recover(
    _ socket: Socket, _ auth: JSONValue?, _ claims: AccessClaims, _ vocabulary: Vocabulary
  ) async -> Bool {
    guard let recovery = hub.recovery, let text = auth?["pid"]?.string, let privateID = SessionID(text),
      let offset = auth?["offset"]?.string.flatMap({ RecoveryOffset($0) }),
      let answer = await recovery.take(privateID, at: offset, user: claims.user), !socket.isGone
    else { return false }
    let fresh = socket.id
    guard socket.recover(id: answer.socket, privateID: text) else { return false }
    let session = GatewaySession(socket: socket, claims: claims, privateID: privateID, vocabulary: vocabulary)
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
    if let retryAfter = error.retryAfter { json.field("retryAfter", retryAfter) }
    json.endObject()
    return ConnectRefusal(error.message, data: json.bytes)
  }

  // MARK: Events

  private func received(_ socket: Socket, _ event: String, _ arguments: Arguments, _ ack: Ack?) {
    guard let session = socket.data as? GatewaySession else { return }
    let (event, implied) = session.vocabulary.request(event)
    let payload = Payload(arguments, vocabulary: session.vocabulary, implied: implied)
    let started = loop.now
    loop.start { [self] in
      do {
        if let limits {
          try await limits.admit(
            CostClass(event: event), user: session.user, workspace: session.workspace, address: socket.handshake.peer)
        }
        let answer = try await answer(event, payload, session)
        ack?.send(json: session.vocabulary == .legacy ? Vocabulary.legacy(answer: answer) : answer)
        metrics.answered(event, from: started, to: clinux_monotonic_ns(), error: nil)
      } catch is CancellationError {
        // The socket is gone.
      } catch {
        let error = ChatError(
          mapping: error,
          log: log.with(["event": .string(String(event.prefix(64))), "user_id": .describing(session.user)]))
        var shown = error
        shown.field = error.field.map { session.vocabulary.field($0) }
        ack?.send(json: Self.failure(shown))
        metrics.answered(event, from: started, to: clinux_monotonic_ns(), error: error)
      }
    }
  }

  private func answer(_ event: String, _ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    switch event {
    case "join": return try await join(payload, session)
    case "leave": return try leave(payload, session)
    case "message:send": return try await send(payload, session)
    case "message:edit": return try await edit(payload, session)
    case "message:delete": return try await delete(payload, session)
    case "reaction": return try await react(payload, session)
    case "message:read": return try await move(try payload.cursorMove(.read, of: session.user))
    case "message:delivered": return try await move(try payload.cursorMove(.delivered, of: session.user))
    case "typing": return try await typing(payload, session)
    case "presence:subscribe": return try await subscribeToPresence(payload, session)
    case "presence:unsubscribe": return try unsubscribeFromPresence(payload, session)
    case "call:invite": return try await invite(payload, session)
    case "call:accept": return try await answer(.accept, payload, session)
    case "call:decline": return try await answer(.decline, payload, session)
    case "call:hangup": return try await answer(.hangUp, payload, session)
    case "call:signal": return try await signal(payload, session)
    case "call:state": return try await state(payload, session)
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
    let draft = try payload.draft(
      from: session.user, named: session.username, of: session.workspace, trace: trace(payload, session))
    let outcome = try await messages.send(draft)
    return Self.success { json in
      json.key("message")
      outcome.message.write(to: &json)
      if outcome.isReplayed { json.field("replayed", true) }
    }
  }

  private func edit(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let message = try await editor.edit(
      try payload.uuid("messageId"), body: try payload.string("body"),
      version: try payload.optionalInt64("version", atLeast: 1), by: session.user, of: session.workspace,
      trace: trace(payload, session))
    return Self.success { json in
      json.key("message")
      message.write(to: &json)
    }
  }

  private func delete(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let message = try await editor.delete(
      try payload.uuid("messageId"), version: try payload.optionalInt64("version", atLeast: 1), by: session.user,
      trace: trace(payload, session))
    return Self.success { json in
      json.key("message")
      message.write(to: &json)
    }
  }

  private func react(_ payload: Payload, _ session: GatewaySession) async throws -> [UInt8] {
    let id = try payload.uuid("messageId")
    let count = try await editor.react(
      id, emoji: try payload.string("emoji"), isAdded: try payload.optionalBool("added") ?? true, by: session.user,
      trace: trace(payload, session))
    return Self.success { json in
      json.field("messageId", id)
      json.field("emoji", count.emoji)
      json.field("total", count.total)
      json.field("own", count.isOwn)
    }
  }

  private func trace(_ payload: Payload, _ session: GatewaySession) -> TraceContext? {
    traces.next(after: payload.trace() ?? session.trace)
  }

  private func move(_ move: CursorMove) async throws -> [UInt8] {
    let position = try await receipts.move(move)
    return Self.success { position.writeFields(to: &$0) }
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
