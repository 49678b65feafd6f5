import ChatKit
import HTTP
import JSON

/// `/api/messages`.
struct MessageRoutes: Sendable {
  let messages: MessageService

  func add(to router: Router) {
    let send = Operation("sendMessage", "Send a message", tag: "Messages").cost(.send)
      .details("Answered when it is committed. The same key with the same request gives the same answer for a day.")
      .header("Idempotency-Key", .string(length: 1...255, pattern: "^[!-~]+$"), "One's own name for this message.")
      .body(
        .object(
          .required("conversationId", .uuid),
          .required("body", .string(length: 1...messages.limits.body), "At most \(messages.limits.body) bytes."),
          .omittable("type", .oneOf("text")), .omittable("replyTo", .uuid))
      )
      .answer(.created, .message)
      .answerHeader("Idempotency-Replayed", .oneOf("true"), "It had been sent before.")
      .problems(.notFound, .idempotencyKeyReused, .outcomeUnknown)
    router.post("/api/messages", send) { request, context in
      let claims = try context.claims()
      let draft = try Payload(request).draft(
        from: claims.user, idempotencyKey: request.headers["idempotency-key"], trace: context.trace)
      let outcome = try await messages.send(draft)
      var response = HTTPResponse.json(.created) { outcome.message.write(to: &$0) }
      if outcome.isReplayed { response.headers.set("Idempotency-Replayed", "true") }
      return response
    }
  }
}
