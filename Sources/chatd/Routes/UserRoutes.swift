import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/users`: profiles, search, and who may use the system.
struct UserRoutes: Sendable {
  let accounts: AccountService

  func add(to router: Router) {
    router.get("/api/users/me") { _, context in
      Self.answer(try await accounts.user(try context.claims().user))
    }
    router.patch("/api/users/me") { request, context in try await change(request, context) }
    router.get("/api/users/search") { request, context in try await search(request, context) }
    router.get("/api/users/:id") { _, context in
      let claims = try context.claims()
      return Self.answer(try await accounts.user(try context.parameter("id", as: UUID.self), seenBy: claims))
    }
    for (path, disabled) in [("/api/users/:id/disable", true), ("/api/users/:id/enable", false)] {
      router.post(path) { _, context in
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
    return Self.answer(try await accounts.change(change, of: claims.user, at: try Self.version(request)))
  }

  /// Of `If-Match` (RFC 9110, 13.1.1), which has one entity tag here: nil without it, and for `*`.
  private static func version(_ request: HTTPRequest) throws -> Int64? {
    guard let field = request.headers["if-match"] else { return nil }
    if field == "*" { return nil }
    guard field.utf8.count >= 3, field.hasPrefix("\""), field.hasSuffix("\""),
      let version = Int64(field.dropFirst().dropLast())
    else { throw ChatError(.preconditionFailed, "If-Match names no state of this profile.") }
    return version
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
      query["q"] ?? "", in: claims.workspace, after: cursor, limit: try request.limit(default: 20, most: 50))
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
