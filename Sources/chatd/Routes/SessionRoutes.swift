import ChatKit
import HTTP
import JSON
import Primitives

/// `/api/auth/sessions` and `/api/auth/logout`: where a user is logged in, and how that ends.
struct SessionRoutes: Sendable {
  let accounts: AccountService

  func add(to router: Router) {
    let list = Operation("listSessions", "List where one is logged in", tag: "Accounts")
      .answer(.ok, .object(.required("sessions", .array(.sessionSummary))), "The newest first, 200 at most.")
    router.get("/api/auth/sessions", list) { _, context in
      let sessions = try await accounts.sessions(for: try context.claims())
      var response = HTTPResponse.json(.ok) { json in
        json.beginObject()
        json.key("sessions")
        json.beginArray()
        for session in sessions { session.write(to: &json) }
        json.endArray()
        json.endObject()
      }
      response.headers.set("Cache-Control", "no-store")
      return response
    }
    let end = Operation("endSession", "End one of one's sessions", tag: "Accounts").answer(.noContent)
    router.delete("/api/auth/sessions/:id", end) { _, context in
      let claims = try context.claims()
      _ = try await accounts.revoke(.one(try context.parameter("id", as: UUID.self)), for: claims)
      return HTTPResponse(status: .noContent)
    }
    let endOthers = Operation("endOtherSessions", "End all sessions but this one", tag: "Accounts")
      .answer(.ok, .object(.required("revoked", .integer(0...Int64.max), "How many they were.")))
    router.delete("/api/auth/sessions", endOthers) { _, context in
      let claims = try context.claims()
      let count = try await accounts.revoke(.allBut(claims.session), for: claims)
      return .json(.ok) { json in
        json.beginObject()
        json.field("revoked", count)
        json.endObject()
      }
    }
    let logout = Operation("logout", "End a session", tag: "Accounts").open
      .details("The one of the refresh token in the body or in its cookie, or else the one of the access token.")
      .query("all", .boolean.standard(false), "End all of the user's sessions.")
      .body(.object(.omittable("refreshToken", .string)), isRequired: false)
      .answer(.noContent).problems(.unauthenticated, .notFound)
    router.post("/api/auth/logout", logout) { request, context in try await self.logout(request, context) }
  }

  /// The session that the refresh token in the body belongs to, or else the one that asks; `?all=true`: all of the user.
  private func logout(_ request: HTTPRequest, _ context: RequestContext) async throws -> HTTPResponse {
    let all = request.query["all"] ?? "false"
    guard all == "true" || all == "false" else { throw ChatError.invalid("all", "all must be true or false.") }
    if all == "false", !request.body.isEmpty, let token = try Payload(request).optionalString("refreshToken") {
      try await accounts.logout(token)
      return HTTPResponse(status: .noContent)
    }
    var response = HTTPResponse(status: .noContent)
    let token = TokenCookies.value(of: TokenCookies.refresh, in: request)
    if token != nil { TokenCookies.clear(on: &response) }
    // The access token's cookie may have gone before the other one.
    if all == "false", !context.hasClaims, let token {
      try await accounts.logout(token)
      return response
    }
    let claims = try context.claims()
    _ = try await accounts.revoke(all == "true" ? .all : .one(claims.session), for: claims)
    return response
  }
}
