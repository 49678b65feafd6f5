import ChatKit
import HTTP
import JSON

/// `/api/auth` and `/api/users/me`.
struct AuthRoutes: Sendable {
  let accounts: AccountService

  func add(to router: Router) {
    router.post("/api/auth/register") { request, _ in
      let body = try Payload(request)
      let session = try await accounts.register(
        username: try body.string("username"), password: try body.string("password"),
        displayName: try body.optionalString("displayName"))
      return Self.answer(.created, session)
    }
    router.post("/api/auth/login") { request, _ in
      let body = try Payload(request)
      let session = try await accounts.login(
        username: try body.string("username"), password: try body.string("password"))
      return Self.answer(.ok, session)
    }
    router.post("/api/auth/refresh") { request, _ in
      let body = try Payload(request)
      return Self.answer(.ok, try await accounts.refresh(try body.string("refreshToken")))
    }
    router.post("/api/auth/logout") { request, _ in
      let body = try Payload(request)
      try await accounts.logout(try body.string("refreshToken"))
      return HTTPResponse(status: .noContent)
    }
    router.get("/api/users/me") { _, context in
      let user = try await accounts.user(try context.claims().user)
      return .json(.ok) { user.write(to: &$0) }
    }
  }

  private static func answer(_ status: HTTPStatus, _ session: AccountService.Session) -> HTTPResponse {
    var response = HTTPResponse.json(status) { json in
      json.beginObject()
      json.key("user")
      session.user.write(to: &json)
      json.field("accessToken", session.accessToken)
      json.field("expiresIn", session.expiresIn)
      json.field("refreshToken", session.refreshToken)
      json.endObject()
    }
    // RFC 6749, 5.1.
    response.headers.set("Cache-Control", "no-store")
    return response
  }
}
