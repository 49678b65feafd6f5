import ChatKit
import HTTP
import JSON
import Primitives

/// Channels are found, joined and left; groups can be left too.
struct ChannelRoutes: Sendable {
  let accounts: AccountService
  let conversations: ConversationService
  let emitter: RoomEmitter

  func add(to router: Router) {
    let search = Operation(
      "listChannels", "List the workspace's channels, or find some by their titles", tag: "Conversations"
    )
    .cost(.search)
    .query("q", .string(length: 0...64, pattern: "^[^\\u0000]*$"), "A part of the title, in any case.")
    .paged(default: 50, most: conversations.limits.page)
    .answer(.ok, .page("channels", .channel))
    router.get("/api/conversations/channels", search) { request, context in
      try await channels(request, try context.claims())
    }
    let join = Operation("joinConversation", "Join a channel", tag: "Conversations")
      .details("What was said before is history, and not unread.")
      .answer(.ok, .inboxEntry).problems(.conversationArchived, .limitReached)
    router.post("/api/conversations/:id/join", join) { _, context in
      let user = try await accounts.user(try context.claims().user)
      let id = try context.parameter("id", as: UUID.self)
      try await conversations.join(id, by: user)
      let entry = try await conversations.entry(id, for: user.id)
      return .json(.ok) { entry.write(to: &$0) }
    }
    let leave = Operation("leaveConversation", "Leave a channel or a group", tag: "Conversations")
      .details("Where the only admin leaves, who has been in it longest is the next.")
      .answer(.noContent).problems(.forbidden)
    router.post("/api/conversations/:id/leave", leave) { _, context in
      let user = try await accounts.user(try context.claims().user)
      let conversation = try context.parameter("id", as: UUID.self)
      let epoch = try await conversations.remove(user.id, from: conversation, by: user)
      await emitter.notice(epoch, in: conversation)
      return HTTPResponse(status: .noContent)
    }
  }

  private func channels(_ request: HTTPRequest, _ claims: AccessClaims) async throws -> HTTPResponse {
    let query = request.query
    var cursor: ChannelCursor?
    if let text = query["cursor"] {
      guard let parsed = ChannelCursor(text) else {
        throw ChatError.invalid("cursor", "The cursor is not one of ours.")
      }
      cursor = parsed
    }
    let found = try await conversations.channels(
      matching: query["q"] ?? "", in: claims.workspace, for: claims.user, after: cursor,
      limit: try request.limit(default: 50, most: conversations.limits.page))
    return .json(.ok) { json in
      json.beginObject()
      json.key("channels")
      json.beginArray()
      for channel in found.channels { channel.write(to: &json) }
      json.endArray()
      if let next = found.next { json.field("next", next.text) }
      json.endObject()
    }
  }
}
