import ChatKit
import HTTP
import JSON
import Primitives

/// The list of one's conversations, and what one wants of each for oneself.
struct InboxRoutes: Sendable {
  let conversations: ConversationService

  func add(to router: Router) {
    let list = Operation(
      "listConversations", "List one's conversations, the newest activity first", tag: "Conversations"
    )
    .details("With each its last message, and how many messages and mentions are unread, counted up to 999.")
    .query("archived", .boolean.standard(false), "Those that one has laid aside, instead of the others.")
    .paged(default: 50, most: conversations.limits.page)
    .answer(.ok, .page("conversations", .inboxEntry))
    router.get("/api/conversations", list) { request, context in
      try await self.list(request, try context.claims())
    }
    let settings = Operation("setConversationSettings", "Mute a conversation, or lay it aside", tag: "Conversations")
      .details(
        """
        For oneself. `muted` without `mutedUntil` is for good. What is laid aside (`archived`) is not in the list of \
        conversations until its next message.
        """
      )
      .body(
        .object(.omittable("muted", .boolean), .omittable("mutedUntil", .time), .omittable("archived", .boolean))
      )
      .answer(.ok, .inboxEntry)
    router.patch("/api/conversations/:id/settings", settings) { request, context in
      try await self.settings(request, context)
    }
  }

  private func list(_ request: HTTPRequest, _ claims: AccessClaims) async throws -> HTTPResponse {
    let query = request.query
    var cursor: InboxCursor?
    if let text = query["cursor"] {
      guard let parsed = InboxCursor(text) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      cursor = parsed
    }
    let archived = query["archived"] ?? "false"
    guard ["true", "false"].contains(archived) else {
      throw ChatError.invalid("archived", "archived is one of: true, false.")
    }
    let limit = try request.limit(default: 50, most: conversations.limits.page)
    let found = try await conversations.inbox(
      of: claims.user, archived: archived == "true", after: cursor, limit: limit)
    return .json(.ok) { json in
      json.beginObject()
      json.key("conversations")
      json.beginArray()
      for entry in found.entries { entry.write(to: &json) }
      json.endArray()
      if let next = found.next { json.field("next", next.text) }
      json.endObject()
    }
  }

  private func settings(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let claims = try context.claims()
    let body = try Payload(request)
    let muted = try body.optionalBool("muted")
    var settings = ParticipantSettings(isArchived: try body.optionalBool("archived"))
    if let until = try body.optionalTime("mutedUntil") {
      guard muted != false else { throw ChatError.invalid("mutedUntil", "What is not muted has no mutedUntil.") }
      settings.mute = .until(until)
    } else if let muted {
      settings.mute = muted ? .forever : .off
    } else if body.isNull("mutedUntil") {
      settings.mute = .off
    }
    guard settings.mute != nil || settings.isArchived != nil else {
      throw ChatError(.invalidRequest, "Say what is to change: muted, mutedUntil, archived.")
    }
    let entry = try await conversations.set(
      settings, of: claims.user, in: try context.parameter("id", as: UUID.self))
    return .json(.ok) { entry.write(to: &$0) }
  }
}
