import ChatKit
import HTTP
import JSON
import Logging
import Primitives

/// `/api/messages`: sending, changing and finding messages.
struct MessageRoutes: Sendable {
  let messages: MessageService
  let editor: MessageEditor
  let search: MessageSearch
  let log: Log

  func add(to router: Router) {
    addSending(to: router)
    let find = Operation("searchMessages", "Find messages by their words", tag: "Messages").cost(.search)
      .details(
        """
        All words, in one's own conversations; "quoted" ones in that order, `or`, and `-` before what must not be there. A \
        message is found about a second after it was sent. Encrypted conversations are not searched.
        """
      )
      .query("q", .string(length: 1...search.limits.query), "The words.", isRequired: true)
      .query("conversationId", .uuid, "In this conversation only.")
      .query("limit", .integer(1...Int64(search.limits.page)).standard(20), "Messages on a page at most.")
      .query("cursor", .uuid, "Where the page begins: the `next` of the one before.")
      .answer(
        .ok,
        .object(
          .required("messages", .array(.message), "The newest first."),
          .optional("next", .uuid, "For `cursor`: the next page begins there. Absent on the last one."),
          .optional("encryptedConversations", .integer(1...Int64.max), "So many were not searched."))
      )
      .problems(.notFound, .conversationEncrypted)
    router.get("/api/messages/search", find) { request, context in try await self.find(request, context) }
    addOne(to: router)
    addReactions(to: router)
  }

  private func addSending(to router: Router) {
    let send = Operation("sendMessage", "Send a message", tag: "Messages").cost(.send)
      .details("Answered when it is committed. The same key with the same request gives the same answer for a day.")
      .header("Idempotency-Key", .string(length: 1...255, pattern: "^[!-~]+$"), "One's own name for this message.")
      .body(Self.draft(messages.limits.body))
      .answer(.created, .message)
      .answerHeader("Idempotency-Replayed", .oneOf("true"), "It had been sent before.")
      .problems(
        .notFound, .idempotencyKeyReused, .contentRefused, .outcomeUnknown, .conversationArchived, .blocked, .readOnly,
        .slowMode, .keyUnavailable)
    router.post("/api/messages", send) { request, context in try await self.send(request, context) }
    let batch = Operation("sendMessages", "Send several messages", tag: "Messages").cost(.send)
      .details("They are stored in their order, each for itself: element n of the answer is of message n.")
      .body(
        .object(
          .required("messages", .array(Self.draft(messages.limits.body), count: 1...messages.limits.batch)))
      )
      .answer(
        .ok,
        .object(
          .required(
            "results",
            .array(
              .object(
                .required("status", .integer(200...599), "As if it had been sent alone."),
                .optional("message", .message), .optional("replayed", .boolean),
                .optional("error", .socketError))))))
    router.post("/api/messages/batch", batch) { request, context in try await sendBatch(request, context) }
  }

  /// What is sent, over either route.
  private static func draft(_ most: Int) -> Schema {
    .object(
      .required("conversationId", .uuid),
      .omittable(
        "body", .string(length: 0...most), "At most \(most) bytes. Texts need one; of others it is the caption."),
      .omittable("type", .oneOf("text", "image", "file").standard("text")),
      .omittable("replyTo", .uuid, "A message of the same conversation."),
      .omittable("attachmentId", .uuid, "Of an image or a file."),
      .omittable("idempotencyKey", .string(length: 1...255, pattern: "^[!-~]+$")))
  }

  private func addOne(to router: Router) {
    let tag = Schema.string(pattern: "^\"[0-9]+\"$")
    let read = Operation("getMessage", "Read a message", tag: "Messages")
      .answer(.ok, .reactedMessage).answerHeader("ETag", tag, "This state of the message.")
      .problems(.keyUnavailable, .decryptionFailed)
    router.get("/api/messages/:id", read) { _, context in
      let (message, reactions) = try await messages.message(try Self.id(context), for: try context.claims().user)
      return Self.answer(message, reactions)
    }
    let edit = Operation("editMessage", "Give a message another body", tag: "Messages").cost(.send)
      .details("Its sender only.")
      .header("If-Match", .string, "Change only this state of the message.")
      .body(.object(.required("body", .string(length: 0...messages.limits.body))))
      .answer(.ok, .message).answerHeader("ETag", tag, "The new state of the message.")
      .problems(
        .forbidden, .conflict, .preconditionFailed, .tooLarge, .contentRefused, .outcomeUnknown, .conversationArchived,
        .blocked, .readOnly, .keyUnavailable)
    router.patch("/api/messages/:id", edit) { request, context in
      let claims = try context.claims()
      let message = try await editor.edit(
        try Self.id(context), body: try Payload(request).string("body"), version: try request.ifMatch(),
        by: claims.user, of: claims.workspace, trace: context.trace)
      return Self.answer(message)
    }
    let delete = Operation("deleteMessage", "Delete a message", tag: "Messages").cost(.send)
      .details("Its sender, or an admin of the conversation. A tombstone stays in its place.")
      .header("If-Match", .string, "Delete only this state of the message.")
      .answer(.ok, .message).answerHeader("ETag", tag, "The tombstone.")
      .problems(.forbidden, .preconditionFailed, .outcomeUnknown)
    router.delete("/api/messages/:id", delete) { request, context in
      let message = try await editor.delete(
        try Self.id(context), version: try request.ifMatch(), by: try context.claims().user, trace: context.trace)
      return Self.answer(message)
    }
  }

  private func addReactions(to router: Router) {
    let emoji = Schema.string(length: 1...editor.limits.emoji)
    let react = Operation("addReaction", "React to a message", tag: "Messages").cost(.send)
      .body(.object(.required("emoji", emoji, "At most \(editor.limits.emoji) bytes, without spaces.")))
      .answer(.ok, .reaction, "How many there are now.")
      .problems(.conflict, .outcomeUnknown, .conversationArchived, .blocked)
    router.post("/api/messages/:id/reactions", react) { request, context in
      try await self.react(try Payload(request).string("emoji"), isAdded: true, context)
    }
    let unreact = Operation("removeReaction", "Take a reaction back", tag: "Messages").cost(.send)
      .query("emoji", emoji, "Which; it may be in a body as well.")
      .body(.object(.omittable("emoji", emoji)), isRequired: false)
      .answer(.ok, .reaction, "How many are left.")
      .problems(.conflict, .outcomeUnknown, .conversationArchived)
    router.delete("/api/messages/:id/reactions", unreact) { request, context in
      // Many clients send no body with DELETE.
      let named = request.query["emoji"]
      guard named != nil || !request.body.isEmpty else { throw ChatError.invalid("emoji", "emoji is missing.") }
      return try await self.react(try named ?? Payload(request).string("emoji"), isAdded: false, context)
    }
  }

  private static func id(_ context: RequestContext) throws -> UUID { try context.parameter("id", as: UUID.self) }

  private static func answer(_ message: Message, _ reactions: [ReactionCount] = []) -> HTTPResponse {
    var response = HTTPResponse.json(.ok) { message.write(to: &$0, reactions: reactions) }
    response.headers.set("ETag", "\"\(message.version)\"")
    return response
  }

  private func send(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let claims = try context.claims()
    let draft = try Payload(request).draft(
      from: claims.user, named: claims.username, of: claims.workspace,
      idempotencyKey: request.headers["idempotency-key"],
      trace: context.trace)
    let outcome = try await messages.send(draft)
    var response = HTTPResponse.json(.created) { outcome.message.write(to: &$0) }
    if outcome.isReplayed { response.headers.set("Idempotency-Replayed", "true") }
    return response
  }

  /// Each message has an answer of its own, as if it had been sent alone.
  private func sendBatch(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let claims = try context.claims()
    let drafts = try Payload(request).objects("messages", most: messages.limits.batch).map { row in
      Result {
        try row.draft(from: claims.user, named: claims.username, of: claims.workspace, trace: context.trace)
      }
      .mapError { ($0 as? ChatError) ?? ChatError(.invalidRequest, "The message cannot be read.") }
    }
    let outcomes = try await messages.send(batch: drafts, by: claims.user)
    let log = log.with(context.logFields)
    return .json(.ok) { json in
      json.beginObject()
      json.key("results")
      json.beginArray()
      for outcome in outcomes {
        json.beginObject()
        switch outcome {
        case .success(let outcome):
          json.field("status", HTTPStatus.created.code)
          json.key("message")
          outcome.message.write(to: &json)
          if outcome.isReplayed { json.field("replayed", true) }
        case .failure(let error):
          let error = ChatError(mapping: error, log: log)
          json.field("status", error.status.code)
          json.key("error")
          error.write(to: &json)
        }
        json.endObject()
      }
      json.endArray()
      json.endObject()
    }
  }

  private func find(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let claims = try context.claims()
    let found = try await search.search(
      request.query["q"] ?? "", in: try request.uuid("conversationId"), for: claims.user, workspace: claims.workspace,
      before: try request.uuid("cursor"), limit: try request.limit(default: 20, most: search.limits.page))
    return .json(.ok) { json in
      json.beginObject()
      json.key("messages")
      json.beginArray()
      for message in found.messages { message.write(to: &json) }
      json.endArray()
      if let next = found.next { json.field("next", next) }
      if found.encrypted > 0 { json.field("encryptedConversations", found.encrypted) }
      json.endObject()
    }
  }

  private func react(_ emoji: String, isAdded: Bool, _ context: RequestContext) async throws -> HTTPResponse {
    let count = try await editor.react(
      try Self.id(context), emoji: emoji, isAdded: isAdded, by: try context.claims().user, trace: context.trace)
    return .json(.ok) { count.write(to: &$0) }
  }
}
