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
    router.post("/api/conversations") { request, context in
      try await create(request, try context.claims())
    }
    router.get("/api/conversations") { request, context in
      try await list(request, try context.claims())
    }
    router.get("/api/conversations/:id") { _, context in
      let id = try context.parameter("id", as: UUID.self)
      let conversation = try await conversations.conversation(id, for: try context.claims().user)
      return .json(.ok) { conversation.write(to: &$0) }
    }
    router.get("/api/conversations/:id/participants") { request, context in
      try await participants(request, context)
    }
    router.post("/api/conversations/:id/participants") { request, context in
      let id = try context.parameter("id", as: UUID.self)
      let body = try Payload(request)
      let users = try body.optionalUUID("userId").map { [$0] } ?? body.uuids("participants")
      let actor = try await accounts.user(try context.claims().user)
      let added = try await conversations.add(users, to: id, by: actor)
      return .json(.ok) { json in
        json.beginObject()
        json.field("added", added)
        json.endObject()
      }
    }
    router.delete("/api/conversations/:id/participants/:userId") { _, context in
      let actor = try await accounts.user(try context.claims().user)
      let conversation = try context.parameter("id", as: UUID.self)
      let epoch = try await conversations.remove(
        try context.parameter("userId", as: UUID.self), from: conversation, by: actor)
      await emitter.notice(epoch, in: conversation)
      return HTTPResponse(status: .noContent)
    }
    router.get("/api/conversations/:id/messages") { request, context in
      try await history(request, context)
    }
    router.post("/api/conversations/:id/typing") { request, context in
      try await typing(request, context)
    }
  }

  private func create(_ request: HTTPRequest, _ claims: AccessClaims) async throws -> HTTPResponse {
    let body = try Payload(request)
    guard let type = ConversationType(rawValue: try body.string("type")) else {
      throw ChatError.invalid("type", "type is one of: direct, group.")
    }
    let creator = try await accounts.user(claims.user)
    let (conversation, isNew) = try await conversations.create(
      type, title: try body.optionalString("title"), members: try body.uuids("participants"), by: creator)
    var response = HTTPResponse.json(isNew ? .created : .ok) { conversation.write(to: &$0) }
    response.headers.set("Location", "/api/conversations/\(conversation.id)")
    return response
  }

  private func list(_ request: HTTPRequest, _ claims: AccessClaims) async throws -> HTTPResponse {
    var before: UUID?
    if let cursor = request.query["cursor"] {
      guard let id = UUID(cursor) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      before = id
    }
    let limit = try request.limit(default: 50, most: conversations.limits.page)
    let found = try await conversations.conversations(of: claims.user, before: before, limit: limit)
    return .json(.ok) { json in
      json.beginObject()
      json.key("conversations")
      json.beginArray()
      for conversation in found { conversation.write(to: &json) }
      json.endArray()
      if found.count == limit, let last = found.last { json.field("next", last.id) }
      json.endObject()
    }
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
    var cursor: Cursor?
    if let text = request.query["cursor"] {
      guard let parsed = Cursor(text) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      cursor = parsed
    } else if let text = request.query["afterSeq"] {
      guard let seq = Int64(text), seq >= 0 else { throw ChatError.invalid("afterSeq", "afterSeq must be an integer.") }
      cursor = Cursor(.after, seq)
    } else if let text = request.query["beforeSeq"] {
      guard let seq = Int64(text), seq >= 0 else {
        throw ChatError.invalid("beforeSeq", "beforeSeq must be an integer.")
      }
      cursor = Cursor(.before, seq)
    }
    let page = try await messages.history(
      of: id, for: try context.claims().user, cursor: cursor,
      limit: try request.limit(default: 50, most: messages.limits.page))
    return .json(.ok) { json in
      json.beginObject()
      json.key("messages")
      json.beginArray()
      for message in page.messages { message.write(to: &json) }
      json.endArray()
      if let older = page.older { json.field("older", older.text) }
      if let newer = page.newer { json.field("newer", newer.text) }
      json.endObject()
    }
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

extension HTTPRequest {
  /// The `limit` parameter. Throws `ChatError` invalidRequest.
  func limit(default standard: Int, most: Int) throws -> Int {
    guard let text = query["limit"] else { return standard }
    guard let limit = Int(text), (1...most).contains(limit) else {
      throw ChatError.invalid("limit", "limit must be 1 to \(most).")
    }
    return limit
  }
}
