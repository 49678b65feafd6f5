import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/users`: profiles, search, and who may use the system.
struct UserRoutes: Sendable {
  let accounts: AccountService

  func add(to router: Router) {
    let version = Schema.string(pattern: "^\"[0-9]+\"$")
    let me = Operation("getMe", "Read one's own profile", tag: "Users")
      .answer(.ok, .user).answerHeader("ETag", version, "This state of the profile.")
    router.get("/api/users/me", me) { _, context in
      Self.answer(try await accounts.user(try context.claims().user))
    }
    let change = Operation("changeMe", "Change one's own profile", tag: "Users")
      .header("If-Match", .string, "Change only this state of the profile.")
      .body(
        .object(
          .omittable("displayName", .displayName),
          .omittable("avatarUrl", .string(length: 1...2048, format: "uri"), "http or https; null removes it."))
      )
      .answer(.ok, .user).answerHeader("ETag", version, "The new state of the profile.")
      .problems(.preconditionFailed, .notFound)
    router.patch("/api/users/me", change) { request, context in
      try await self.change(request, context)
    }
    let search = Operation("searchUsers", "Find users by the beginning of a name", tag: "Users").cost(.search)
      .query("q", .string(length: 1...64), "The beginning of a name or display name.", isRequired: true)
      .paged(default: 20, most: 50)
      .answer(.ok, .page("users", .user))
    router.get("/api/users/search", search) { request, context in
      try await self.search(request, context)
    }
    let read = Operation("getUser", "Read somebody's profile", tag: "Users")
      .answer(.ok, .user).answerHeader("ETag", version, "This state of the profile.")
    router.get("/api/users/:id", read) { _, context in
      let claims = try context.claims()
      return Self.answer(try await accounts.user(try context.parameter("id", as: UUID.self), seenBy: claims))
    }
    for (verb, disabled) in [("disable", true), ("enable", false)] {
      let operation = Operation(
        "\(verb)User", disabled ? "Keep somebody from logging in" : "Let somebody log in again", tag: "Users"
      )
      .details("For administrators.").answer(.noContent).problems(.forbidden, .conflict)
      router.post("/api/users/:id/\(verb)", operation) { _, context in
        let claims = try context.claims()
        try await accounts.set(disabled: disabled, of: try context.parameter("id", as: UUID.self), by: claims)
        return HTTPResponse(status: .noContent)
      }
    }
  }

  private static func answer(_ user: User) -> HTTPResponse {
    var response = HTTPResponse.json(.ok) { user.write(to: &$0) }
    response.headers.set("ETag", "\"\(user.version)\"")
    return response
  }

  private func change(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let claims = try context.claims()
    let body = try Payload(request)
    let change = ProfileChange(
      displayName: try body.optionalString("displayName"),
      avatarURL: body.isNull("avatarUrl") ? .some(nil) : try body.optionalString("avatarUrl").map { .some($0) })
    return Self.answer(try await accounts.change(change, of: claims.user, at: try request.ifMatch()))
  }

  private func search(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let claims = try context.claims()
    let query = request.query
    var cursor: UserCursor?
    if let text = query["cursor"] {
      guard let parsed = UserCursor(text) else { throw ChatError.invalid("cursor", "The cursor is not one of ours.") }
      cursor = parsed
    }
    let found = try await accounts.search(
      query["q"] ?? "", for: claims, after: cursor, limit: try request.limit(default: 20, most: 50))
    return .json(.ok) { json in
      json.beginObject()
      json.key("users")
      json.beginArray()
      for user in found.users { user.write(to: &json) }
      json.endArray()
      if let next = found.next { json.field("next", next.text) }
      json.endObject()
    }
  }
}
