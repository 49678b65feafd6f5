import ChatKit
import HTTP
import JSON

/// `/api/messages`.
struct MessageRoutes: Sendable {
  let messages: MessageService

  func add(to router: Router) {
    router.post("/api/messages") { request, context in
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
