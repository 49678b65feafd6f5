import ChatKit
import HTTP
import JSON
import Networking

/// `/api/auth`: getting in, the password, and the keys of the tokens.
struct AuthRoutes: Sendable {
  let accounts: AccountService
  let tokens: TokenVerifier

  func add(to router: Router) {
    router.post("/api/auth/register") { request, _ in
      let inCookies = try TokenCookies.areWanted(request)
      let body = try Payload(request)
      let session = try await accounts.register(
        username: try body.string("username"), password: try body.string("password"),
        displayName: try body.optionalString("displayName"), client: ClientInfo(request))
      return Self.answer(.created, session, inCookies)
    }
    router.post("/api/auth/login") { request, _ in
      let inCookies = try TokenCookies.areWanted(request)
      let body = try Payload(request)
      let session = try await accounts.login(
        username: try body.string("username"), password: try body.string("password"), client: ClientInfo(request))
      return Self.answer(.ok, session, inCookies)
    }
    router.post("/api/auth/refresh") { request, _ in
      let inCookies = try TokenCookies.areWanted(request)
      let token: String
      if inCookies, let cookie = TokenCookies.value(of: TokenCookies.refresh, in: request) {
        token = cookie
      } else {
        token = try Payload(request).string("refreshToken")
      }
      return Self.answer(.ok, try await accounts.refresh(token, client: ClientInfo(request)), inCookies)
    }
    router.post("/api/auth/ticket") { _, context in
      let ticket = try await accounts.ticket(for: try context.claims())
      var response = HTTPResponse.json(.ok) { json in
        json.beginObject()
        json.field("token", ticket.token)
        json.field("expiresIn", ticket.expiresIn)
        json.endObject()
      }
      response.headers.set("Cache-Control", "no-store")
      return response
    }
    router.post("/api/auth/password") { request, context in
      let claims = try context.claims()
      let body = try Payload(request)
      try await accounts.changePassword(
        for: claims, from: try body.string("current"), to: try body.string("new"))
      return HTTPResponse(status: .noContent)
    }
    router.get("/api/auth/jwks") { _, _ in
      var response = HTTPResponse(bytes: tokens.keys.publicKeys, contentType: "application/jwk-set+json")
      // A key is known everywhere before it signs; who exchanges keys waits longer than that in between.
      response.headers.set("Cache-Control", "public, max-age=300")
      return response
    }
  }

  /// - Parameter inCookies: the tokens are in cookies, and not in the body, where a script would find them.
  private static func answer(
    _ status: HTTPStatus, _ session: AccountService.Session, _ inCookies: Bool
  ) -> HTTPResponse {
    var response = HTTPResponse.json(status) { json in
      json.beginObject()
      json.key("user")
      session.user.write(to: &json)
      if !inCookies { json.field("accessToken", session.accessToken) }
      json.field("expiresIn", session.expiresIn)
      if !inCookies { json.field("refreshToken", session.refreshToken) }
      json.endObject()
    }
    if inCookies { TokenCookies.set(session, on: &response) }
    // RFC 6749, 5.1.
    response.headers.set("Cache-Control", "no-store")
    return response
  }
}

extension ClientInfo {
  /// Who sent the request, or whom a trusted proxy names.
  init(_ request: HTTPRequest) {
    self.init(userAgent: request.headers["user-agent"], address: request.peer?.host)
  }
}
