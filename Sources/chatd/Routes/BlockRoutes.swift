import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/users/:id/block`: who wants nothing of whom.
struct BlockRoutes: Sendable {
  let blocks: BlockService
  let emitter: RoomEmitter

  func add(to router: Router) {
    let block = Operation("blockUser", "Block somebody", tag: "Users")
      .details(
        """
        The two begin no direct conversation, send nothing in the one they have, and are told nothing of each other's \
        presence and mentions. The other is not told.
        """
      )
      .answer(.noContent).problems(.conflict, .limitReached)
    router.put("/api/users/:id/block", block) { _, context in
      let claims = try context.claims()
      let user = try context.parameter("id", as: UUID.self)
      try await blocks.block(user, by: claims)
      tell(claims.user, user)
      return HTTPResponse(status: .noContent)
    }
    let unblock = Operation("unblockUser", "Block somebody no more", tag: "Users").answer(.noContent)
    router.delete("/api/users/:id/block", unblock) { _, context in
      let claims = try context.claims()
      let user = try context.parameter("id", as: UUID.self)
      try await blocks.unblock(user, by: claims)
      tell(claims.user, user)
      return HTTPResponse(status: .noContent)
    }
    let list = Operation("listBlocks", "List whom one blocks", tag: "Users")
      .paged(default: 50, most: blocks.limits.page)
      .answer(.ok, .page("blocks", .block))
    router.get("/api/users/blocks", list) { request, context in
      let limit = try request.limit(default: 50, most: blocks.limits.page)
      let found = try await blocks.blocks(
        by: try context.claims().user, after: try request.cursor(), limit: limit)
      return .json(.ok) { json in
        json.beginObject()
        json.key("blocks")
        json.beginArray()
        for block in found {
          json.beginObject()
          json.field("userId", block.userId)
          json.field("username", block.username)
          json.field("displayName", block.displayName)
          json.field("blockedAt", block.blockedAt)
          json.endObject()
        }
        json.endArray()
        if found.count == limit, let last = found.last { json.field("next", last.userId) }
        json.endObject()
      }
    }
  }

  /// Gateways read the blocks of the two anew. Those that cannot hear it read all anew when they hear again.
  private func tell(_ one: UUID, _ other: UUID) {
    emitter.post([RoomEmitter.Emission(PresenceNews.encode([.blocks(one, other)]), on: PresenceNews.channel)])
  }
}
