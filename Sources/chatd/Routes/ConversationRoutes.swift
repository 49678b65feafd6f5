import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/conversations` and who is in them.
struct ConversationRoutes: Sendable {
  let accounts: AccountService
  let conversations: ConversationService
  let messages: MessageService
  let emitter: RoomEmitter

  func add(to router: Router) {
    let create = Operation("createConversation", "Begin a conversation", tag: "Conversations")
      .details(
        """
        A direct one between two people exists once: whoever begins it again gets the one that there is. Groups and \
        channels have a title; a channel can be found and joined by anybody of the workspace.
        """
      )
      .body(
        .object(
          .required("type", .oneOf("direct", "group", "channel")),
          .omittable("participants", .users(most: conversations.limits.participants), "Besides oneself."),
          .omittable("title", .string(length: 1...conversations.limits.title, pattern: "^[^\\u0000]*$")),
          .omittable(
            "encrypted", .boolean.standard(false),
            "Encrypt its messages at rest, if the server does that; it may do so anyway."))
      )
      .answer(.created, .conversation).answerHeader("Location", .string, "Its path.")
      .answer(.ok, .conversation, "The direct conversation that there is.")
      .problems(.notFound, .blocked, .limitReached, .conflict, .keyUnavailable)
    router.post("/api/conversations", create) { request, context in
      try await self.create(request, try context.claims())
    }
    let read = Operation("getConversation", "Read a conversation", tag: "Conversations")
      .details("To those who do not take part a channel is what they could join, and anything else does not exist.")
      .answer(.ok, .anyOf(.inboxEntry, .channel))
    router.get("/api/conversations/:id", read) { _, context in
      try await show(try context.parameter("id", as: UUID.self), try context.claims())
    }
    let update = Operation(
      "updateConversation", "Rename a conversation, archive it for all, or restrict who sends to it",
      tag: "Conversations"
    )
    .details(
      """
      For its admins. To an archived conversation nothing is sent; it can be read, and taken out again. Neither reading \
      only nor slow mode concerns admins.
      """
    )
    .body(
      .object(
        .omittable("title", .string(length: 1...conversations.limits.title, pattern: "^[^\\u0000]*$")),
        .omittable("archived", .boolean),
        .omittable("readOnly", .boolean, "Only admins send."),
        .omittable(
          "slowMode", .integer(0...Int64(conversations.limits.slowMode)),
          "Seconds between two messages of one member; 0 for none."))
    )
    .answer(.ok, .inboxEntry).problems(.forbidden)
    router.patch("/api/conversations/:id", update) { request, context in
      try await self.update(request, context)
    }
    let participants = Operation("listParticipants", "List who is in a conversation", tag: "Conversations")
      .paged(default: 100, most: conversations.limits.participants)
      .answer(.ok, .page("participants", .participant))
    router.get("/api/conversations/:id/participants", participants) { request, context in
      try await self.participants(request, context)
    }
    let add = Operation("addParticipants", "Add people to a conversation", tag: "Conversations")
      .details("For its admins. Names `userId`, or `participants`.")
      .body(
        .object(
          .omittable("userId", .uuid), .omittable("participants", .users(most: conversations.limits.participants)))
      )
      .answer(.ok, .object(.required("added", .integer(0...Int64.max), "How many were not in it before.")))
      .problems(.forbidden, .limitReached)
    router.post("/api/conversations/:id/participants", add) { request, context in
      let id = try context.parameter("id", as: UUID.self)
      let body = try Payload(request)
      let named = try body.uuids("participants")
      let users = try body.optionalUUID("userId").map { [$0] } ?? named
      let actor = try await accounts.user(try context.claims().user)
      let added = try await conversations.add(users, to: id, by: actor)
      return .json(.ok) { json in
        json.beginObject()
        json.field("added", added)
        json.endObject()
      }
    }
    let remove = Operation(
      "removeParticipant", "Remove somebody from a conversation, or leave it", tag: "Conversations"
    )
    .details("Admins remove anybody, others themselves.")
    .answer(.noContent).problems(.forbidden)
    router.delete("/api/conversations/:id/participants/:userId", remove) { _, context in
      let actor = try await accounts.user(try context.claims().user)
      let conversation = try context.parameter("id", as: UUID.self)
      let epoch = try await conversations.remove(
        try context.parameter("userId", as: UUID.self), from: conversation, by: actor)
      await emitter.notice(epoch, in: conversation)
      return HTTPResponse(status: .noContent)
    }
    let promote = Operation("setParticipantRole", "Promote or demote somebody", tag: "Conversations")
      .details("For admins of groups and channels. There is always an admin: the only one cannot be demoted.")
      .body(.object(.required("role", .participantRole)))
      .answer(.noContent).problems(.forbidden, .conflict)
    router.patch("/api/conversations/:id/participants/:userId", promote) { request, context in
      let actor = try await accounts.user(try context.claims().user)
      guard let role = ParticipantRole(rawValue: try Payload(request).string("role")) else {
        throw ChatError.invalid("role", "role is one of: admin, member.")
      }
      try await conversations.set(
        role, of: try context.parameter("userId", as: UUID.self), in: try context.parameter("id", as: UUID.self),
        by: actor)
      return HTTPResponse(status: .noContent)
    }
    let history = Operation("listMessages", "Read a conversation's history, the oldest first", tag: "Messages")
      .query("limit", .integer(1...Int64(messages.limits.page)).standard(50), "Messages on a page at most.")
      .query("cursor", .cursor, "`older` or `newer` of another page.")
      .details("A page begins at one place only. Reactions are as the one who asks sees them.")
      .query("afterSeq", .integer(0...Int64.max), "Begin after this message.")
      .query("beforeSeq", .integer(0...Int64.max), "End before this message.")
      .query("after", .time, "Begin at this time.")
      .query("before", .time, "End before this time.")
      .answer(
        .ok,
        .object(
          .required("messages", .array(.reactedMessage)),
          .required("lastSeq", .integer(0...Int64.max), "Join after it: nothing is missed."),
          .optional("older", .cursor, "For `cursor`: the page before. Absent on the first one."),
          .optional("newer", .cursor, "For `cursor`: the page after. Absent on the last one.")))
    router.get("/api/conversations/:id/messages", history) { request, context in
      try await self.history(request, context)
    }
    let typing = Operation("sayTyping", "Say that one is typing, or not any more", tag: "Conversations")
      .body(.object(.omittable("isTyping", .boolean.standard(true))))
      .answer(.noContent)
    router.post("/api/conversations/:id/typing", typing) { request, context in
      try await self.typing(request, context)
    }
  }

  private func create(_ request: HTTPRequest, _ claims: AccessClaims) async throws -> HTTPResponse {
    let body = try Payload(request)
    guard let type = ConversationType(rawValue: try body.string("type")) else {
      throw ChatError.invalid("type", "type is one of: direct, group, channel.")
    }
    let creator = try await accounts.user(claims.user)
    let (conversation, isNew) = try await conversations.create(
      type, title: try body.optionalString("title"), members: try body.uuids("participants"),
      encrypted: try body.optionalBool("encrypted") ?? false, by: creator)
    var response = HTTPResponse.json(isNew ? .created : .ok) { conversation.write(to: &$0) }
    response.headers.set("Location", "/api/conversations/\(conversation.id)")
    return response
  }

  /// To those who do not take part a channel is what they could join, and anything else does not exist.
  private func show(_ id: UUID, _ claims: AccessClaims) async throws -> HTTPResponse {
    do {
      let entry = try await conversations.entry(id, for: claims.user)
      return .json(.ok) { entry.write(to: &$0) }
    } catch let error as ChatError where error.code == .notFound {
      let channel = try await conversations.channel(id, in: claims.workspace, for: claims.user)
      return .json(.ok) { channel.write(to: &$0) }
    }
  }

  private func update(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let actor = try await accounts.user(try context.claims().user)
    let body = try Payload(request)
    let title = try body.optionalString("title")
    let archived = try body.optionalBool("archived")
    let readOnly = try body.optionalBool("readOnly")
    let slowMode = try body.optionalInt64("slowMode", atLeast: 0)
    guard title != nil || archived != nil || readOnly != nil || slowMode != nil else {
      throw ChatError(.invalidRequest, "Say what is to change: title, archived, readOnly, slowMode.")
    }
    let entry = try await conversations.update(
      try context.parameter("id", as: UUID.self), title: title, isArchived: archived, isReadOnly: readOnly,
      slowMode: slowMode.map { Int32(clamping: $0) }, by: actor)
    return .json(.ok) { entry.write(to: &$0) }
  }

  private func participants(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let id = try context.parameter("id", as: UUID.self)
    _ = try await conversations.conversation(id, for: try context.claims().user)
    var after: UUID?
    if let cursor = request.query["cursor"] {
      guard let id = UUID(cursor) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      after = id
    }
    let limit = try request.limit(default: 100, most: conversations.limits.participants)
    let found = try await conversations.participants(of: id, after: after, limit: limit)
    return .json(.ok) { json in
      json.beginObject()
      json.key("participants")
      json.beginArray()
      for participant in found { participant.write(to: &json) }
      json.endArray()
      if found.count == limit, let last = found.last { json.field("next", last.userId) }
      json.endObject()
    }
  }

  private func history(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let id = try context.parameter("id", as: UUID.self)
    let page = try await messages.history(
      of: id, for: try context.claims().user, from: try Self.start(request.query),
      limit: try request.limit(default: 50, most: messages.limits.page))
    return .json(.ok) { json in
      json.beginObject()
      json.key("messages")
      json.beginArray()
      for message in page.messages { message.write(to: &json, reactions: page.reactions[message.seq] ?? []) }
      json.endArray()
      json.field("lastSeq", page.lastSeq)
      if let older = page.older { json.field("older", older.text) }
      if let newer = page.newer { json.field("newer", newer.text) }
      json.endObject()
    }
  }

  /// Where a page begins: the cursor of another page, a place in the log, or a time. One of them at most, but for a cursor,
  /// which comes before all.
  private static func start(_ query: HTTPQuery) throws -> MessageService.Start {
    if let text = query["cursor"] {
      guard let cursor = Cursor(text) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      return .cursor(cursor)
    }
    let named = ["afterSeq", "beforeSeq", "after", "before"].compactMap { name in query[name].map { (name, $0) } }
    guard let (name, text) = named.first else { return .newest }
    guard named.count == 1 else { throw ChatError.invalid(named[1].0, "\(name) says already where the page begins.") }
    if name.hasSuffix("Seq") {
      guard let seq = Int64(text), seq >= 0 else { throw ChatError.invalid(name, "\(name) must be an integer.") }
      return .cursor(Cursor(name == "afterSeq" ? .after : .before, seq))
    }
    guard let time = Timestamp(rfc3339: text) else {
      throw ChatError.invalid(name, "\(name) must be a time of RFC 3339.")
    }
    return name == "after" ? .after(time) : .before(time)
  }

  private func typing(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let id = try context.parameter("id", as: UUID.self)
    let claims = try context.claims()
    let body = try Payload(request)
    let isTyping = try body.optionalBool("isTyping") ?? true
    _ = try await conversations.conversation(id, for: claims.user)
    let typing = Typing(conversation: id, user: claims.user, username: claims.username, isTyping: isTyping)
    try await emitter.emit([emitter.emission(Typing.event, to: id.description) { typing.write(to: &$0) }])
    return HTTPResponse(status: .noContent)
  }
}

extension Schema {
  fileprivate static func users(most: Int) -> Schema { .array(.uuid, count: 0...most) }
}
