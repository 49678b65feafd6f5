import ChatKit
import HTTP
import JSON
import Primitives

/// How far one has read and got conversations, and who has read a message.
struct ReceiptRoutes: Sendable {
  let receipts: ReceiptService

  func add(to router: Router) {
    let read = Operation("readConversation", "Say how far one has read a conversation", tag: "Messages")
      .details("Without `seq`: all of it. A cursor only moves forward.")
      .body(.object(.omittable("seq", .seq, "All messages through this one.")), isRequired: false)
      .answer(.ok, .cursorPosition)
    router.post("/api/conversations/:id/read", read) { request, context in
      let user = try context.claims().user
      let id = try context.parameter("id", as: UUID.self)
      // Without a body: all of it.
      let move =
        request.body.isEmpty
        ? CursorMove(conversation: id, user: user, read: .max)
        : try Payload(request).cursorMove(.read, of: user, in: id)
      return try await moved(move)
    }
    for (kind, path, id, summary) in [
      (.read, "/api/messages/read", "readMessages", "Say how far one has read conversations"),
      (.delivered, "/api/messages/delivered", "receiveMessages", "Say how far one has got conversations"),
    ] as [(CursorReceipt.Kind, String, String, String)] {
      router.post(path, operation(id, summary)) { request, context in
        try await move(kind, request, try context.claims().user)
      }
    }
    let receipts = Operation("listReceipts", "Ask who has read a message, or got it", tag: "Messages")
      .details("The sender is left out, and who came into the conversation later.")
      .paged(default: 100, most: self.receipts.limits.page)
      .answer(
        .ok,
        .object(
          .required("messageId", .uuid), .required("conversationId", .uuid), .required("seq", .seq),
          .required("receipts", .array(.receipt)), .optional("next", .cursor)))
    router.get("/api/messages/:id/receipts", receipts) { request, context in
      try await list(request, context)
    }
  }

  private func operation(_ id: String, _ summary: String) -> Operation {
    Operation(id, summary, tag: "Messages")
      .details("One conversation, or several in `cursors`, each with an answer of its own. Without `seq`: all of it.")
      .body(
        .object(
          .omittable("conversationId", .uuid), .omittable("seq", .seq, "All messages through this one."),
          .omittable(
            "cursors",
            .array(
              .object(.required("conversationId", .uuid), .omittable("seq", .seq)), count: 0...receipts.limits.batch)))
      )
      .answer(
        .ok,
        .anyOf(
          .cursorPosition,
          .object(
            .required(
              "cursors",
              .array(
                .anyOf(
                  .cursorPosition,
                  .object(
                    .required("conversationId", .uuid),
                    .required(
                      "error", .object(.required("code", .string), .required("message", .string)))))))))
      )
      .problems(.notFound)
  }

  private func moved(_ move: CursorMove) async throws -> HTTPResponse {
    let position = try await receipts.move(move)
    return .json(.ok) { json in
      json.beginObject()
      position.writeFields(to: &json)
      json.endObject()
    }
  }

  /// One conversation, or several in `cursors`, each with an answer of its own.
  private func move(_ kind: CursorReceipt.Kind, _ request: HTTPRequest, _ user: UUID) async throws -> HTTPResponse {
    let body = try Payload(request)
    let several = try body.optionalObjects("cursors")
    if several.isEmpty { return try await moved(try body.cursorMove(kind, of: user)) }
    guard several.count <= receipts.limits.batch else {
      throw ChatError.invalid("cursors", "At most \(receipts.limits.batch) conversations can be named at once.")
    }
    let moves = try several.enumerated().map { index, item in
      do {
        return try item.cursorMove(kind, of: user)
      } catch var error as ChatError {
        error.field = error.field.map { "cursors[\(index)].\($0)" }
        throw error
      }
    }
    let answers = try await receipts.move(moves)
    return .json(.ok) { json in
      json.beginObject()
      json.key("cursors")
      json.beginArray()
      for (move, answer) in zip(moves, answers) {
        json.beginObject()
        switch answer {
        case .success(let position): position.writeFields(to: &json)
        case .failure(let error):
          json.field("conversationId", move.key.conversation)
          json.key("error")
          (error as? ChatError ?? ChatError(.internal, "Something went wrong on our side.")).write(to: &json)
        }
        json.endObject()
      }
      json.endArray()
      json.endObject()
    }
  }

  private func list(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    var after: UUID?
    if let cursor = request.query["cursor"] {
      guard let id = UUID(cursor) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      after = id
    }
    let page = try await receipts.receipts(
      of: try context.parameter("id", as: UUID.self), for: try context.claims().user, after: after,
      limit: try request.limit(default: 100, most: receipts.limits.page))
    return .json(.ok) { json in
      json.beginObject()
      json.field("messageId", page.message)
      json.field("conversationId", page.conversation)
      json.field("seq", page.seq)
      json.key("receipts")
      json.beginArray()
      for receipt in page.receipts { receipt.write(to: &json) }
      json.endArray()
      if let next = page.next { json.field("next", next) }
      json.endObject()
    }
  }
}
