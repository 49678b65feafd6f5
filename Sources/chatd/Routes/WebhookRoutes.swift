import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/webhooks`: who is told of a workspace's events. For administrators.
struct WebhookRoutes: Sendable {
  let accounts: AccountService
  let webhooks: WebhookService

  func add(to router: Router) {
    let create = Operation("createWebhook", "Have a server told of events", tag: "Webhooks")
      .details(
        """
        For administrators. Requests are signed as Standard Webhooks has it: `webhook-id`, `webhook-timestamp`, and \
        `webhook-signature`, HMAC-SHA256 over `id.timestamp.body`.
        """
      )
      .body(
        .object(
          .required("url", .string(length: 1...2048, format: "uri"), "http or https; a public address."),
          .omittable("events", .array(.string(length: 1...64), count: 0...32), "Kinds of events; all without it."))
      )
      .answer(.created, .webhook, "With its secret, which is not shown again.")
      .answerHeader("Location", .string, "The webhook.")
      .problems(.forbidden, .conflict)
    router.post("/api/webhooks", create) { request, context in
      let admin = try await admin(context)
      let body = try Payload(request)
      let (webhook, secret) = try await webhooks.create(
        url: try body.string("url"), events: try body.strings("events"), in: admin.workspaceId, by: admin.id)
      var response = HTTPResponse.json(.created) { webhook.write(to: &$0, secret: secret) }
      response.headers.set("Location", "/api/webhooks/\(webhook.id)")
      return response
    }
    let list = Operation("listWebhooks", "List the webhooks", tag: "Webhooks")
      .details("For administrators.")
      .answer(.ok, .object(.required("webhooks", .array(.webhook)))).problems(.forbidden)
    router.get("/api/webhooks", list) { _, context in
      let found = try await webhooks.list(in: try await admin(context).workspaceId)
      return .json(.ok) { json in
        json.beginObject()
        json.key("webhooks")
        json.beginArray()
        for webhook in found { webhook.write(to: &json) }
        json.endArray()
        json.endObject()
      }
    }
    let read = Operation("getWebhook", "Read a webhook", tag: "Webhooks")
      .details("For administrators.").answer(.ok, .webhook).problems(.forbidden, .notFound)
    router.get("/api/webhooks/:id", read) { _, context in
      let admin = try await admin(context)
      let webhook = try await webhooks.webhook(try context.parameter("id", as: UUID.self), in: admin.workspaceId)
      return .json(.ok) { webhook.write(to: &$0) }
    }
    let delete = Operation("deleteWebhook", "Remove a webhook", tag: "Webhooks")
      .details("For administrators. What is still to be sent to it goes with it.")
      .answer(.noContent).problems(.forbidden, .notFound)
    router.delete("/api/webhooks/:id", delete) { _, context in
      let admin = try await admin(context)
      try await webhooks.delete(try context.parameter("id", as: UUID.self), in: admin.workspaceId)
      return HTTPResponse(status: .noContent)
    }
    let enable = Operation("enableWebhook", "Use a webhook again that was disabled", tag: "Webhooks")
      .details("For administrators. Its parked deliveries are tried again.")
      .answer(.noContent).problems(.forbidden, .notFound)
    router.post("/api/webhooks/:id/enable", enable) { _, context in
      let admin = try await admin(context)
      try await webhooks.enable(try context.parameter("id", as: UUID.self), in: admin.workspaceId)
      return HTTPResponse(status: .noContent)
    }
    let deliveries = Operation(
      "listWebhookDeliveries", "List what is still to be sent, or was given up", tag: "Webhooks"
    )
    .details("For administrators.")
    .query("state", .oneOf("pending", "parked"), "Only those.")
    .paged(default: 50, most: 200)
    .answer(.ok, .page("deliveries", .webhookDelivery)).problems(.forbidden, .notFound)
    router.get("/api/webhooks/:id/deliveries", deliveries) { request, context in
      try await self.deliveries(request, context)
    }
  }

  private func deliveries(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let admin = try await admin(context)
    let query = request.query
    var isParked: Bool?
    if let state = query["state"] {
      guard state == "pending" || state == "parked" else {
        throw ChatError.invalid("state", "state is one of: pending, parked.")
      }
      isParked = state == "parked"
    }
    var after: UUID?
    if let cursor = query["cursor"] {
      guard let id = UUID(cursor) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      after = id
    }
    let limit = try request.limit(default: 50, most: 200)
    let found = try await webhooks.deliveries(
      of: try context.parameter("id", as: UUID.self), in: admin.workspaceId, isParked: isParked, after: after,
      limit: limit)
    return .json(.ok) { json in
      json.beginObject()
      json.key("deliveries")
      json.beginArray()
      for delivery in found { delivery.write(to: &json) }
      json.endArray()
      if found.count == limit, let last = found.last { json.field("next", last.id) }
      json.endObject()
    }
  }

  /// Who asks, as the store has it: the token may be older than the role. Throws `ChatError` forbidden.
  private func admin(_ context: RequestContext) async throws -> User {
    let user = try await accounts.user(try context.claims().user)
    guard user.role == .admin else { throw ChatError(.forbidden, "Only an administrator may do that.") }
    return user
  }
}
